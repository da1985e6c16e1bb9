"""Which records of a topic a read takes: from an offset to another one in each of its partitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from confluent_kafka import TopicPartition

from dataflow_provider.connectors.impl.kafka_clients import Session, asking
from dataflow_provider.connectors.requests import Predicate

PARTITION, OFFSET, TIMESTAMP, KEY = "_partition", "_offset", "_timestamp", "_key"
ADDED: Mapping[str, str] = {KEY: "VARCHAR", PARTITION: "BIGINT", OFFSET: "BIGINT", TIMESTAMP: "TIMESTAMP"}
"""The columns that every record has beside those of its value."""


@dataclass(frozen=True)
class Range:
    """Offsets of one partition, `end` exclusive."""

    partition: int
    start: int
    end: int

    @property
    def is_empty(self) -> bool:
        return self.start >= self.end


def watermarks(session: Session, consumer: Any, topic: str, partitions: Iterable[int], timeout_s: float) -> list[Range]:
    """Return the first offset that each partition still keeps, and the one that its next record will have."""
    found = []
    with asking(session, f"topic `{topic}`"):
        for one in partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, one), timeout=timeout_s)
            found.append(Range(one, low, high))
    return found


def offsets_at(
    session: Session, consumer: Any, topic: str, kept: Iterable[Range], moment: datetime, timeout_s: float
) -> dict[int, int]:
    """Return the offset of each partition's first record at or after a moment (UTC); the end where there is none."""
    ends = {one.partition: one.end for one in kept}
    milliseconds = int(moment.replace(tzinfo=UTC).timestamp() * 1000)
    with asking(session, f"topic `{topic}`"):
        asked = [TopicPartition(topic, one, milliseconds) for one in ends]
        found = consumer.offsets_for_times(asked, timeout=timeout_s)
    return {one.partition: one.offset if one.offset >= 0 else ends[one.partition] for one in found}


# ---------------------------------------------------------------- conditions


def narrowed(ranges: Iterable[Range], predicates: Iterable[Predicate]) -> list[Range]:
    """Return the ranges without what comparisons of `_partition` and `_offset` rule out.

    >>> wanted = [Predicate("_partition", "=", (1,)), Predicate("_offset", ">", (3,))]
    >>> narrowed([Range(0, 0, 9), Range(1, 0, 9)], wanted)
    [Range(partition=1, start=4, end=9)]
    """
    kept = list(ranges)
    for one in predicates:
        if one.column == PARTITION and one.comparison in ("=", "in"):
            kept = [range_ for range_ in kept if range_.partition in one.values]
        elif one.column == OFFSET and len(one.values) == 1:
            kept = [_cut(range_, one.comparison, one.values[0]) for range_ in kept]
    return kept


def _cut(one: Range, comparison: str, value: object) -> Range:
    if not isinstance(value, int):
        return one
    start = {"=": value, ">=": value, ">": value + 1}.get(comparison, one.start)
    end = {"=": value + 1, "<=": value + 1, "<": value}.get(comparison, one.end)
    return Range(one.partition, max(one.start, start), min(one.end, end))


def first_moment(predicates: Iterable[Predicate]) -> datetime | None:
    """Return the moment before which no record is wanted; records after it may be older, as clocks of producers differ.

    >>> first_moment([Predicate("_timestamp", ">=", (date(2026, 1, 2),))])
    datetime.datetime(2026, 1, 2, 0, 0)
    """
    moments = [
        value if isinstance(value, datetime) else datetime.combine(value, time.min)
        for one in predicates
        if one.column == TIMESTAMP and one.comparison in (">=", ">", "=")
        for value in one.values
        if isinstance(value, date)
    ]
    return max(moments, default=None)
