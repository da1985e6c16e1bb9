"""Rows as records of a topic: at least once, each with headers by which a reader can tell that it has it already."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.cimpl import NewTopic

from dataflow_provider.connectors.engine_errors import Kind
from dataflow_provider.connectors.impl.kafka_clients import (
    DEFAULT_TIMEOUT_S,
    TEST_TIMEOUT_S,
    BrokerError,
    Session,
    asking,
    kind_of,
)
from dataflow_provider.connectors.impl.kafka_read import no_topic
from dataflow_provider.connectors.json_values import JsonError, text_of, to_json
from dataflow_provider.connectors.requests import LoadRequest
from dataflow_provider.errors import AuthorError, Place, TerminalError
from dataflow_provider.spec.service_nodes import KafkaTargetOptions, TopicCreate
from dataflow_provider.spec.suggestions import did_you_mean

RUN_HEADER, RECORD_HEADER = "_run_id", "_record_id"
_QUEUE_KBYTES = 32_768
_LINGER_MS = 20
_FLUSH_S = 0.5
_OVERHEAD_BYTES = 1_024
"""What a record has beside key and value, its headers among them."""


@dataclass
class TopicWrite:
    """One load into one topic."""

    session: Session
    request: LoadRequest
    delivered: int = 0
    failed: KafkaError | None = None
    _columns: tuple[str, ...] = ()
    _keys: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        self.topic = str(self.request.options["topic"])
        self.options: KafkaTargetOptions = self.request.options.get("options") or KafkaTargetOptions()
        self.timeout_s = DEFAULT_TIMEOUT_S if self.options.timeout is None else self.options.timeout.total_seconds()
        self._keys = tuple(self.request.options.get("key") or ())
        self.is_csv = self.request.options.get("format") == "csv"

    def write(self, batches: Iterator[Any]) -> int:
        """Send every row and return how many the brokers have confirmed, which are all."""
        self._require_topic()
        producer = self.session.producer(
            **{
                "partitioner": self.options.partitioner,
                "compression.type": self.options.compression,
                "message.max.bytes": self.options.max_record_bytes + _OVERHEAD_BYTES,
                "message.timeout.ms": int(self.timeout_s * 1000),
                "queue.buffering.max.kbytes": _QUEUE_KBYTES,
                "linger.ms": _LINGER_MS,
            }
        )
        try:
            for batch in batches:
                self._require_columns(batch.schema.names)
                for row in batch.to_pylist():
                    self._send(producer, row)
                self._require_none_failed()
            # Piece by piece, so that a signal is heard meanwhile; each record waits for `message.timeout.ms` at most.
            while producer.flush(_FLUSH_S):
                pass
        finally:
            producer.purge()
        self._require_none_failed()
        return self.delivered

    def _send(self, producer: Any, row: dict[str, Any]) -> None:
        key, value = self._encoded(row)
        if len(value) + len(key or b"") > self.options.max_record_bytes:
            raise TerminalError(
                "DF-KAFKA-004",
                f"a row makes a record of {len(value)} bytes, and {self._named()} takes "
                f"{self.options.max_record_bytes}{self._sent()}",
                place=Place(node=self.request.node),
                hint="Raise `options.max_record_bytes`, and `max.message.bytes` of the topic, or send fewer columns.",
            )
        digest = hashlib.sha256(b"\0".join((self.request.marker.encode(), key or b"", value))).hexdigest()[:32]
        headers = [(RUN_HEADER, self.request.marker.encode()), (RECORD_HEADER, digest.encode())]
        while True:
            try:
                producer.produce(self.topic, value, key, headers=headers, on_delivery=self._confirmed)
                break
            except BufferError:
                # As much as may wait is waiting.
                producer.poll(0.1)
                self._require_none_failed()
            except KafkaException as exc:
                self.failed = exc.args[0]
                self._require_none_failed()
        producer.poll(0)

    def _confirmed(self, error: KafkaError | None, message: Any) -> None:
        if error is None:
            self.delivered += 1
        elif self.failed is None:
            self.failed = error

    def _require_none_failed(self) -> None:
        if self.failed is None:
            return
        about = f"topic `{self.topic}`{self._sent()}"
        if kind_of(self.failed) is Kind.RANGE:
            raise TerminalError(
                "DF-KAFKA-004",
                f"{self._named()} refuses a record for its size{self._sent()}",
                place=Place(node=self.request.node),
                hint="Raise `max.message.bytes` of the topic, or send fewer columns.",
            )
        raise BrokerError(self.failed, self.session.heard, about, lost=True)

    def _sent(self) -> str:
        return f" ({self.delivered} records are in the topic; a retry sends them again with the same headers)"

    def _named(self) -> str:
        return f"topic `{self.topic}` of connection `{self.session.connection.conn_id}`"

    # ------------------------------------------------------------ the topic

    def _require_topic(self) -> None:
        ask_s = min(self.timeout_s, TEST_TIMEOUT_S)
        if self.session.partitions(self.topic, ask_s) is not None:
            return
        create: TopicCreate | None = self.request.options.get("create")
        if create is None or not create.if_missing:
            raise no_topic(self.session, self.topic, self.request.node, ask_s)
        wanted = NewTopic(self.topic, create.partitions or -1, create.replication or -1)
        try:
            with asking(self.session, f"topic `{self.topic}` cannot be made"):
                self.session.admin().create_topics([wanted], request_timeout=ask_s)[self.topic].result()
        except BrokerError as exc:
            # Another run may have made it meanwhile.
            if exc.error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise

    def _require_columns(self, names: Sequence[str]) -> None:
        if self._columns:
            return
        self._columns = tuple(names)
        missing = [one for one in self._keys if one not in names]
        if missing:
            raise AuthorError(
                "DF-KAFKA-005",
                f"`key` names the column `{missing[0]}`, which does not reach `{self.request.node}`",
                place=Place(node=self.request.node),
                hint=did_you_mean(missing[0], names),
            )

    # ------------------------------------------------------------ one record

    def _encoded(self, row: dict[str, Any]) -> tuple[bytes | None, bytes]:
        try:
            return self._key(row), self._csv(row) if self.is_csv else to_json(row).encode()
        except JsonError as exc:
            raise TerminalError(
                "DF-RUN-024", f"a row cannot be sent{self._sent()}: {exc}", place=Place(node=self.request.node)
            ) from None

    def _key(self, row: dict[str, Any]) -> bytes | None:
        """Return one column as its text, several as a JSON object; a NULL alone is no key."""
        if len(self._keys) > 1:
            return to_json({name: row[name] for name in self._keys}).encode()
        value = row[self._keys[0]] if self._keys else None
        return None if value is None else text_of(value).encode()

    def _csv(self, row: dict[str, Any]) -> bytes:
        line = io.StringIO()
        writer = csv.writer(
            line, delimiter=self.options.delimiter or ",", quotechar=self.options.quote or '"', lineterminator=""
        )
        writer.writerow(["" if value is None else text_of(value) for value in row.values()])
        return line.getvalue().encode()
