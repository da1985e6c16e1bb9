"""Records of a topic between two offsets of each partition, in the order of each partition, with bounded memory."""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from confluent_kafka import KafkaError, TopicPartition

from dataflow_provider.connectors.impl.kafka_clients import (
    DEFAULT_TIMEOUT_S,
    TEST_TIMEOUT_S,
    BrokerError,
    Clock,
    Session,
    asking,
)
from dataflow_provider.connectors.impl.kafka_offsets import (
    ADDED,
    KEY,
    OFFSET,
    PARTITION,
    TIMESTAMP,
    Range,
    first_moment,
    narrowed,
    offsets_at,
    watermarks,
)
from dataflow_provider.connectors.json_records import Record, RecordReader, json_or_error
from dataflow_provider.connectors.json_values import JsonError
from dataflow_provider.connectors.requests import ExtractRequest, Span
from dataflow_provider.errors import AuthorError, Place, TerminalError
from dataflow_provider.spec.service_nodes import KafkaSourceOptions
from dataflow_provider.spec.suggestions import did_you_mean

logger = logging.getLogger(__name__)

_POLL_S = 0.5
_NO_TIMESTAMP = 0


@dataclass
class TopicRead:
    """One read of one topic."""

    session: Session
    request: ExtractRequest
    skipped: int = 0
    _ended: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.topic = str(self.request.options["topic"])
        self.options: KafkaSourceOptions = self.request.options.get("options") or KafkaSourceOptions()
        self.timeout_s = DEFAULT_TIMEOUT_S if self.options.timeout is None else self.options.timeout.total_seconds()
        self.ask_s = min(self.timeout_s, TEST_TIMEOUT_S)
        self.about = f"topic `{self.topic}`"
        schema: Mapping[str, str] | None = self.request.options.get("schema")
        self.wanted = tuple(one for one in ADDED if not schema or one in schema)
        self.fields = tuple(one for one in schema or () if one not in ADDED)

    # ------------------------------------------------------------ which records

    def freeze(self, since: Mapping[str, Any] | None, initial: Any) -> Span:
        """Return the offsets that a run reads: those after `since`, else from `initial` on, to the last one now."""
        consumer, kept = self._now()
        if since is None:
            starts = self._initial(consumer, kept, initial)
        else:
            wanted = [Range(int(one), int(offset), int(offset)) for one, offset in since.items()]
            self._require_there(wanted, kept, "read before")
            # A partition that is new since is read from its first record on.
            starts = {one.partition: int(since.get(str(one.partition), one.start)) for one in kept}
            starts = self._require_kept(starts, kept)
        return Span(
            self.topic,
            {str(one.partition): starts[one.partition] for one in kept},
            {str(one.partition): max(one.end, starts[one.partition]) for one in kept},
        )

    def _now(self) -> tuple[Any, list[Range]]:
        found = self.session.partitions(self.topic, self.ask_s)
        if found is None:
            raise no_topic(self.session, self.topic, self.request.node, self.ask_s)
        consumer = self.session.consumer()
        return consumer, watermarks(self.session, consumer, self.topic, found, self.ask_s)

    def _initial(self, consumer: Any, kept: Sequence[Range], initial: Any) -> dict[int, int]:
        if initial in (None, "earliest"):
            return {one.partition: one.start for one in kept}
        if initial == "latest":
            return {one.partition: one.end for one in kept}
        moment = _moment(initial)
        found = offsets_at(self.session, consumer, self.topic, kept, moment, self.ask_s)
        return {one.partition: max(one.start, found[one.partition]) for one in kept}

    def _ranges(self) -> tuple[Any, list[Range]]:
        """Return what this read takes of each partition."""
        consumer, kept = self._now()
        span, part = self.request.span, self.request.partition
        wanted = kept
        if span is not None:
            ends = {int(one): int(offset) for one, offset in span.end.items()}
            wanted = [Range(int(one), int(start), ends[int(one)]) for one, start in span.start.items()]
        if part is not None:
            wanted = [one for one in wanted if one.partition % part.count == part.index]
        wanted = narrowed(wanted, self.request.predicates)
        moment = first_moment(self.request.predicates)
        if moment is not None and wanted:
            firsts = offsets_at(self.session, consumer, self.topic, wanted, moment, self.ask_s)
            wanted = [Range(one.partition, max(one.start, firsts[one.partition]), one.end) for one in wanted]
        wanted = [one for one in wanted if not one.is_empty]
        if span is not None:
            self._require_there(wanted, kept, "frozen for this run")
            starts = self._require_kept({one.partition: one.start for one in wanted}, kept)
            wanted = [Range(one.partition, starts[one.partition], one.end) for one in wanted]
        return consumer, [one for one in wanted if not one.is_empty]

    def _require_there(self, wanted: Sequence[Range], kept: Sequence[Range], what: str) -> None:
        ends = {one.partition: one.end for one in kept}
        for one in wanted:
            if one.end > ends.get(one.partition, -1):
                now = f"ends at {ends[one.partition]}" if one.partition in ends else "is not there"
                raise self._shrunk(f"offset {one.end} of partition {one.partition} was {what}, and it now {now}")

    def _shrunk(self, why: str) -> TerminalError:
        return TerminalError(
            "DF-KAFKA-003",
            f"{self._named()} was made anew or has lost records: {why}",
            place=Place(node=self.request.node),
            hint="Check the topic. `dataflow watermark reset` starts an incremental source anew, a new run id a run.",
        )

    def _require_kept(self, starts: Mapping[int, int], kept: Sequence[Range]) -> dict[int, int]:
        """Return the starts; those whose records are deleted move to the first one kept, where the node allows it."""
        firsts = {one.partition: one.start for one in kept}
        lost = {one: firsts[one] for one, start in starts.items() if start < firsts[one]}
        if lost and self.options.on_lost == "fail":
            one = min(lost)
            raise TerminalError(
                "DF-KAFKA-002",
                f"{self._named()} has deleted records before they were read: partition {one} was to be read from "
                f"offset {starts[one]}, and it is kept from {lost[one]} on",
                place=Place(node=self.request.node),
                hint="Let the topic keep records longer. `options: {on_lost: skip}` goes on without them.",
            )
        for one, first in lost.items():
            logger.warning("records lost topic=%s partition=%d from=%d to=%d", self.topic, one, starts[one], first - 1)
        return {**starts, **lost}

    def _named(self) -> str:
        return f"topic `{self.topic}` of connection `{self.session.connection.conn_id}`"

    # ------------------------------------------------------------ reading

    def records(self, reader: RecordReader) -> Iterator[Record]:
        """Yield the records that can be read; the others go to the reader as bad ones."""
        for message in self._messages():
            value = message.value()
            if value is None and self.options.tombstones == "skip":
                self.skipped += 1
                continue
            origin, offset = f"{self.topic}[{message.partition()}]", message.offset()
            try:
                fields = {} if value is None else self._fields(value)
                beside = {name: _BESIDE[name](message) for name in self.wanted}
            except JsonError as exc:
                raw = "" if value is None else value.decode("utf-8", "replace")
                reader.reject(Record(None, origin, raw, offset=offset), str(exc))
                continue
            yield Record(fields, origin, "" if value is None else value.decode(), offset=offset, beside=beside)
        if self.skipped:
            logger.info("tombstones left out topic=%s records=%d", self.topic, self.skipped)

    def _messages(self) -> Iterator[Any]:
        consumer, ranges = self._ranges()
        waiting = {one.partition: one for one in ranges}
        if not waiting:
            return
        logger.info("reading topic=%s offsets=%s", self.topic, {one.partition: (one.start, one.end) for one in ranges})
        with asking(self.session, self.about):
            consumer.assign([TopicPartition(self.topic, one.partition, one.start) for one in ranges])
        clock = Clock(self.timeout_s)
        while waiting:
            message = consumer.poll(min(_POLL_S, self.timeout_s))
            if message is None:
                self._require_alive(clock, waiting)
                continue
            clock.reset()
            if message.error() is not None:
                done = self._judge(message, waiting)
            else:
                one = waiting.get(message.partition())
                if one is None:
                    continue
                if message.offset() < one.end:
                    yield message
                    clock.reset()
                done = message.offset() + 1 >= one.end
            if done:
                del waiting[message.partition()]
                consumer.pause([TopicPartition(self.topic, message.partition())])

    def _judge(self, message: Any, waiting: Mapping[int, Range]) -> bool:
        """Return whether the partition has been read: its last offsets may hold nothing that is ever given out."""
        error: KafkaError = message.error()
        if error.code() == KafkaError._PARTITION_EOF:
            self._ended[message.partition()] = message.offset()
            return message.partition() in waiting and message.offset() >= waiting[message.partition()].end
        if error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise self._shrunk(f"offset {message.offset()} of partition {message.partition()} is not there any more")
        if error.fatal() or not error.retriable():
            raise BrokerError(error, self.session.heard, self.about, lost=True)
        return False

    def _require_alive(self, clock: Clock, waiting: Mapping[int, Range]) -> None:
        heard = self.session.heard
        if heard is not None and self.session.is_refused:
            raise BrokerError(heard, heard, self.about)
        if not clock.over:
            return
        if all(one in self._ended for one in waiting) and heard is None:
            one = min(waiting)
            raise self._shrunk(f"partition {one} ends at {self._ended[one]}, before offset {waiting[one].end}")
        error = heard or KafkaError(KafkaError._TIMED_OUT, f"no record in {self.timeout_s:g} seconds")
        raise BrokerError(error, heard, f"{self.about}, partition {min(waiting)}", lost=True)

    # ------------------------------------------------------------ one record

    def _fields(self, value: bytes) -> Any:
        if len(value) > self.options.max_record_bytes:
            raise JsonError(f"it has {len(value)} bytes, more than `max_record_bytes`")
        return self._csv_fields(value) if self.request.options.get("format") == "csv" else json_or_error(value)

    def _csv_fields(self, value: bytes) -> dict[str, Any]:
        try:
            lines = list(
                csv.reader(
                    value.decode().splitlines(keepends=True),
                    delimiter=self.options.delimiter or ",",
                    quotechar=self.options.quote or '"',
                    strict=True,
                )
            )
        except UnicodeDecodeError as exc:
            raise JsonError(f"byte {exc.start} is not UTF-8") from None
        except csv.Error:
            raise JsonError("it is no line of CSV") from None
        if len(lines) != 1 or len(lines[0]) != len(self.fields):
            found = f"{len(lines)} lines" if len(lines) != 1 else f"{len(lines[0])} fields"
            raise JsonError(f"it has {found}, and `schema` names {len(self.fields)} in one line")
        null = self.options.null or ""
        return {name: None if text == null else text for name, text in zip(self.fields, lines[0], strict=True)}


def _key(message: Any) -> str | None:
    key = message.key()
    try:
        return None if key is None else key.decode()
    except UnicodeDecodeError:
        raise JsonError(f"its key is not UTF-8; name the columns to read in `schema`, without `{KEY}`") from None


def _timestamp(message: Any) -> str | None:
    kind, milliseconds = message.timestamp()
    if kind == _NO_TIMESTAMP or milliseconds < 0:
        return None
    return (_EPOCH + timedelta(milliseconds=milliseconds)).replace(tzinfo=None).isoformat()


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BESIDE: Mapping[str, Callable[[Any], Any]] = {
    KEY: _key,
    PARTITION: lambda message: message.partition(),
    OFFSET: lambda message: message.offset(),
    TIMESTAMP: _timestamp,
}


def _moment(value: object) -> datetime:
    """Return a date or timestamp of the YAML as naive UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    raise ValueError(f"`{value}` is no moment")


def no_topic(session: Session, topic: str, node: str, timeout_s: float) -> AuthorError:
    """Return the error for a topic that is not there."""
    known = session.topics(timeout_s)
    return AuthorError(
        "DF-KAFKA-001",
        f"connection `{session.connection.conn_id}` has no topic `{topic}`",
        place=Place(node=node),
        hint=did_you_mean(topic, known) or "Check its name, and whether the login may see it.",
    )
