"""Clients of a Kafka cluster from an Airflow connection, and what its errors mean to us.

Airflow's hook makes the configuration: it resolves the callbacks that its administrator allows, and the tokens of
managed clusters. Nothing is committed to a consumer group, and no topic is made by asking for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.engine_errors import Kind, VendorError, tls_error
from dataflow_provider.connectors.hook_connection import airflow_connection, missing_driver

TEST_TIMEOUT_S = 10.0
DEFAULT_TIMEOUT_S = 60.0
_SLICE_S = 0.5
_PATIENCE_S = 3.0
_QUEUE_KBYTES = 16_384
_QUIET = 2
"""Syslog level; what matters comes to `Session.heard`, and the rest would go to stderr."""
_REFUSED = ("plugin.library.paths", "ssl.engine.location", "sasl.kerberos.kinit.cmd")
"""They load libraries into the worker, or run commands on it."""


class SetupError(ValueError):
    """The connection's fields do not say how to connect."""


class BrokerError(Exception):
    """Calls failed; `error` is the client's own, `heard` what it told besides, `about` what was asked for."""

    def __init__(self, error: KafkaError, heard: KafkaError | None = None, about: str = "", *, lost: bool = False):
        self.error, self.heard, self.about, self.lost = error, heard, about, lost
        super().__init__(error.str())


@dataclass
class Session:
    """An open connection: its clients are made when they are first needed."""

    connection: ConnectionSpec
    config: Mapping[str, Any]
    heard: KafkaError | None = None
    closing: list[Callable[[], Any]] = field(default_factory=list)
    _admin: Any = None

    def admin(self) -> Any:
        if self._admin is None:
            self._admin = AdminClient(self._configured())
        return self._admin

    def consumer(self, **options: Any) -> Any:
        """Return a consumer that joins no group; it is closed with the session."""
        ours = {
            "group.id": self.config.get("group.id", "dataflow"),
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "allow.auto.create.topics": False,
            "queued.max.messages.kbytes": _QUEUE_KBYTES,
            **options,
        }
        consumer = Consumer(self._configured(ours))
        self.closing.append(consumer.close)
        return consumer

    def producer(self, **options: Any) -> Any:
        return Producer(self._configured({"enable.idempotence": True, "acks": "all", **options}))

    def partitions(self, topic: str, timeout_s: float) -> tuple[int, ...] | None:
        """Return the partitions of a topic; None when there is none of that name."""
        # All topics: some brokers make one that is asked for by name.
        found = self._metadata(f"topic `{topic}`", timeout_s).get(topic)
        if found is None or not found.partitions:
            return None
        return tuple(sorted(found.partitions))

    def topics(self, timeout_s: float) -> dict[str, int]:
        """Return the number of partitions of each topic, without those of the cluster itself."""
        found = self._metadata("", timeout_s)
        return {name: len(found[name].partitions) for name in sorted(found) if not name.startswith("__")}

    def _metadata(self, about: str, timeout_s: float) -> dict[str, Any]:
        """Return what the cluster says of its topics; a refused login is told at once, dead brokers a little later."""
        admin, asked = self.admin(), Clock(timeout_s)
        patience = Clock(min(timeout_s, _PATIENCE_S))
        self.heard = None
        while True:
            try:
                return dict(admin.list_topics(timeout=_SLICE_S).topics)
            except KafkaException as exc:
                admin.poll(0)
                if asked.over or self.is_refused or (self.is_dead and patience.over):
                    servers = f"brokers `{self.config['bootstrap.servers']}`"
                    about = ", ".join(filter(None, (about, servers)))
                    raise BrokerError(exc.args[0], self.heard, about) from None

    @property
    def is_dead(self) -> bool:
        """Whether no broker can be reached just now, by what the client has heard."""
        return self.heard is not None and kind_of(self.heard) is Kind.UNREACHABLE

    @property
    def is_refused(self) -> bool:
        """Whether the brokers have said that trying again does not help."""
        return self.heard is not None and kind_of(self.heard) in (Kind.LOGIN, Kind.RIGHTS, Kind.SETUP)

    def close(self) -> None:
        while self.closing:
            self.closing.pop()()

    def _hear(self, error: KafkaError) -> None:
        # That all brokers are down says nothing about why, and comes after the reason where there is one.
        if error.code() != KafkaError._ALL_BROKERS_DOWN:
            self.heard = error

    def _configured(self, ours: Mapping[str, Any] | None = None) -> dict[str, Any]:
        told = {**self.config, **(ours or {})}
        theirs = told.get("error_cb")

        def hear(error: KafkaError) -> None:
            self._hear(error)
            if theirs is not None:
                theirs(error)

        return {**told, "error_cb": hear}


@contextmanager
def asking(session: Session, about: str) -> Iterator[None]:
    """Turn what the client raises inside into a `BrokerError` that says what was asked for."""
    session.heard = None
    try:
        yield
    except KafkaException as exc:
        raise BrokerError(exc.args[0], session.heard, about) from None


def open_session(connection: ConnectionSpec) -> Session:
    """Return a session; no broker is asked yet.

    Raises:
        SetupError: when the fields do not say how to connect.
        AuthorError: `DF-CONN-014` when Airflow's Kafka provider is not installed.
    """
    extra = _extra(connection)
    try:
        from airflow.providers.apache.kafka.hooks.base import KafkaBaseHook
    except ImportError as exc:
        raise missing_driver(connection, "kafka", str(exc)) from exc

    class ConfigHook(KafkaBaseHook):
        """Airflow's hook up to its configuration; the clients need options of ours beside it."""

        def _get_client(self, config: dict[str, Any]) -> dict[str, Any]:
            return config

        @classmethod
        def get_connection(cls, conn_id: str) -> Any:
            return airflow_connection(connection, extra)

    hook: Any = ConfigHook
    try:
        config = dict(hook(kafka_config_id=connection.conn_id).get_conn)
    except ValueError as exc:
        raise SetupError(str(exc)) from exc
    return Session(connection, config)


def _extra(connection: ConnectionSpec) -> dict[str, Any]:
    """Return the configuration as Airflow keeps it in the extra; host, port and login stand for its usual keys."""
    extra = {name: value for name, value in connection.extra.items() if value not in (None, "")}
    refused = [name for name in _REFUSED if name in extra]
    if refused:
        raise SetupError(f"`{refused[0]}` is refused: it would run code on the worker")
    if connection.host:
        port = f":{connection.port}" if connection.port else ""
        extra.setdefault("bootstrap.servers", f"{connection.host}{port}")
    if connection.login:
        extra.setdefault("sasl.username", connection.login)
        extra.setdefault("sasl.password", connection.password or "")
    if not extra.get("bootstrap.servers"):
        raise SetupError("it names no `bootstrap.servers`")
    extra.setdefault("client.id", "dataflow")
    extra.setdefault("log_level", _QUIET)
    return extra


# ---------------------------------------------------------------- errors

_KINDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (Kind.LOGIN, ("_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "UNSUPPORTED_SASL_MECHANISM", "ILLEGAL_SASL_STATE")),
    (
        Kind.RIGHTS,
        (
            "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED",
            "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "POLICY_VIOLATION",
        ),
    ),
    (Kind.MISSING, ("UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION", "UNKNOWN_TOPIC_ID")),
    (Kind.SETUP, ("_INVALID_ARG", "_CONFLICT", "_UNKNOWN_PROTOCOL", "INVALID_CONFIG")),
    (Kind.RANGE, ("MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_MSG_SIZE")),
    (Kind.CONVERSION, ("_BAD_MSG", "INVALID_MSG", "_BAD_COMPRESSION", "INVALID_RECORD")),
    (
        Kind.UNREACHABLE,
        ("_TRANSPORT", "_RESOLVE", "_ALL_BROKERS_DOWN", "_SSL", "_TIMED_OUT", "_MSG_TIMED_OUT", "_DESTROY",
         "BROKER_NOT_AVAILABLE", "NETWORK_EXCEPTION"),
    ),
)  # fmt: skip


def kind_of(error: KafkaError) -> Kind:
    """Return what an error of the client means; what may pass by itself is `BUSY`."""
    name = error.name()
    if name == "_SSL" and tls_error(KafkaException(error)) is not None:
        return Kind.SETUP
    found = next((kind for kind, names in _KINDS if name in names), None)
    if found is not None:
        return found
    return Kind.BUSY if error.retriable() else Kind.REFUSED


def vendor_error(exc: BrokerError) -> VendorError:
    """Return the error with the reason that the client heard of, which says more than that nothing came in time."""
    error, kind = exc.error, kind_of(exc.error)
    if exc.heard is not None and kind in (Kind.UNREACHABLE, Kind.BUSY):
        heard = kind_of(exc.heard)
        error, kind = exc.heard, heard if heard in (Kind.LOGIN, Kind.RIGHTS, Kind.SETUP) else kind
    if exc.lost and kind is Kind.UNREACHABLE:
        kind = Kind.LOST
    about = f"{exc.about}: " if exc.about else ""
    return VendorError(kind, error.name(), about + " ".join(error.str().split()), _HINTS.get(kind))


_HINTS: Mapping[Kind, str] = {
    Kind.UNREACHABLE: "Check `bootstrap.servers`, `security.protocol` and whether the brokers run.",
    Kind.LOST: "Check whether the brokers run; the run tries again, with the same records.",
    Kind.LOGIN: "Check `security.protocol`, `sasl.mechanism`, login and password of the connection.",
    Kind.RIGHTS: "Grant the login the rights on the topic.",
    Kind.SETUP: "Correct the fields or the extra of the connection; see librdkafka's CONFIGURATION.md.",
}


class Clock:
    """How long nothing has come."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.reset()

    def reset(self) -> None:
        self.last = time.monotonic()

    @property
    def over(self) -> bool:
        return time.monotonic() - self.last > self.timeout_s
