"""Topics: what a read or write of records needs, and what would do nothing there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.nodes import Incremental
from dataflow_provider.spec.service_nodes import KafkaOptions, KafkaSource, KafkaTarget
from dataflow_provider.spec.validation.subject import Path, Subject

_OFFSET, _PARTITION = "_offset", "_partition"
_ADDED = ("_key", _PARTITION, _OFFSET, "_timestamp")
_OF_CSV = ("delimiter", "quote", "null")


def validate_topics(subject: Subject) -> Iterator[Problem]:
    for node_id, node in subject.sound_nodes():
        path: Path = ("nodes", node_id)
        if isinstance(node, KafkaSource | KafkaTarget) and node.options is not None:
            yield from _check_options(node.options, node.format, (*path, "options"))
        if isinstance(node, KafkaSource):
            yield from _check_schema(node, path)
            if node.partition is not None and node.partition.column != _PARTITION:
                message = f"A topic is read in parts by `{_PARTITION}`, not by `{node.partition.column}`."
                yield Problem("DF-KAFKA-006", (*path, "partition", "column"), message, f"Write `{_PARTITION}`.")
            if node.incremental is not None:
                yield from _check_incremental(node.incremental, (*path, "incremental"))


def _check_options(options: KafkaOptions, format_: str, at: Path) -> Iterator[Problem]:
    for name in _OF_CSV:
        value = getattr(options, name, None)
        if value is not None and format_ != "csv":
            message = f"`{name}` does nothing for `format: {format_}`."
            yield Problem("DF-KAFKA-006", (*at, name), message, f"Delete `{name}`.", on_key=True)
        elif value is not None and name != "null" and len(value) != 1:
            message = f"`{name}` is one character, and `{value}` is not."
            yield Problem("DF-KAFKA-006", (*at, name), message, "Write one character.")
    if getattr(options, "flatten", False) and format_ != "json":
        message = f"`flatten` does nothing for `format: {format_}`."
        yield Problem("DF-KAFKA-006", (*at, "flatten"), message, "Delete `flatten`.", on_key=True)


def _check_schema(node: KafkaSource, path: Path) -> Iterator[Problem]:
    if node.format == "csv" and not any(name not in _ADDED for name in node.schema_ or ()):
        message = "`format: csv` needs `schema`: the fields of a line in their order."
        yield Problem("DF-KAFKA-006", path, message, "Write it: `schema: {id: BIGINT, name: VARCHAR}`.")
    elif node.incremental is not None and not node.schema_:
        message = "`incremental` needs `schema`: a run without new records knows no columns else."
        yield Problem("DF-KAFKA-006", path, message, "Write it: `schema: {id: BIGINT, name: VARCHAR}`.")


def _check_incremental(wanted: Incremental, at: Path) -> Iterator[Problem]:
    if wanted.column != _OFFSET:
        message = f"A topic is read on by `{_OFFSET}`, not by `{wanted.column}`."
        yield Problem("DF-KAFKA-006", (*at, "column"), message, f"Write `{_OFFSET}`.")
    if wanted.lookback:
        message = "`lookback` does nothing for a topic: no record comes late at an offset."
        yield Problem("DF-KAFKA-006", (*at, "lookback"), message, "Delete `lookback`.", on_key=True)
    if not _is_start(wanted.initial):
        message = f"`initial` of a topic is `earliest`, `latest` or a time, and `{wanted.initial}` is none."
        yield Problem("DF-KAFKA-006", (*at, "initial"), message, "Write `initial: earliest`, or a date.")


def _is_start(initial: object) -> bool:
    if initial is None or isinstance(initial, date) or initial in ("earliest", "latest"):
        return True
    try:
        return isinstance(initial, str) and datetime.fromisoformat(initial) is not None
    except ValueError:
        return False
