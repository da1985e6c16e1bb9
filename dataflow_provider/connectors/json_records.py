"""JSON records as Arrow batches: of declared types, or of types found in them. Values are exact or the record is bad.

Without a declared schema the records wait in a temporary file until all are there, since the last one may bring a
column; memory stays bounded in both ways.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow

from dataflow_provider.connectors.json_values import JsonError, converter_of, kind_of, parse_json, to_json, widest
from dataflow_provider.connectors.requests import ExtractRequest
from dataflow_provider.errors import AuthorError, Place, TerminalError

MAX_FLATTENED_LEVELS = 20
BLOCK_CHARACTERS = 8_000_000
"""A batch of large records is given out before it has as many rows as were asked for."""


@dataclass(frozen=True)
class Record:
    """One record and where it stands: `origin` with `line` (from 1) or `offset` (from 0)."""

    value: Any
    origin: str
    raw: str
    line: int | None = None
    offset: int | None = None
    beside: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class RecordReader:
    """Makes batches of the records that one request reads.

    known: columns that the connector itself adds to every record (`Record.beside`), with their SQL types
    """

    request: ExtractRequest
    flatten: bool = False
    known: Mapping[str, str] = field(default_factory=dict)
    bad: int = 0

    def batches(self, records: Iterator[Record]) -> Iterator[Any]:
        """Yield batches of one schema.

        Raises:
            TerminalError: `DF-READ-001` for a bad record; `DF-READ-002` when nothing tells the columns.
        """
        limit, schema = self.request.limit, self.request.options.get("schema")
        rows = self._rows(records)
        if schema:
            yield from self._typed({str(name): str(kind) for name, kind in schema.items()}, rows, limit)
            return
        with tempfile.TemporaryFile("w+", encoding="utf-8") as waiting:
            kinds: dict[str, str | None] = {}
            count = 0
            for record, row in rows:
                try:
                    line = to_json([record.origin, record.line, record.offset, row])
                except JsonError as exc:
                    self.reject(record, str(exc))
                    continue
                for name, value in row.items():
                    kinds[name] = widest(kinds.get(name), kind_of(value))
                waiting.write(line + "\n")
                count += 1
                if limit is not None and count >= limit:
                    break
            waiting.seek(0)
            found = {name: kind or "VARCHAR" for name, kind in kinds.items()}
            if count:
                found |= self.known
            self._check_columns(found)
            yield from self._typed(found, (_waited(line) for line in waiting), None)

    def reject(self, record: Record, reason: str) -> None:
        """Do with a bad record what the node says.

        Raises:
            TerminalError: `DF-READ-001` when it is to fail.
        """
        self.bad += 1
        if self.request.on_bad_record == "fail":
            place = f"record {record.line}" if record.line is not None else f"offset {record.offset}"
            raise TerminalError(
                "DF-READ-001",
                f"{place} of `{record.origin}` cannot be read: {reason}",
                place=Place(node=self.request.node),
                hint="Set `on_bad_record: reject` (or `skip`) to go on without it.",
            )
        if self.request.rejects is not None:
            self.request.rejects.add(
                origin=record.origin, line=record.line, byte_offset=record.offset, raw=record.raw, reason=reason
            )

    # ------------------------------------------------------------ steps

    def _rows(self, records: Iterator[Record]) -> Iterator[tuple[Record, dict[str, Any]]]:
        for record in records:
            try:
                row = _row_of(record.value, self.flatten)
                taken = [name for name in record.beside if name in row]
                if taken:
                    raise JsonError(f"its field `{taken[0]}` has the name of a column of the connector")
            except JsonError as exc:
                self.reject(record, str(exc))
                continue
            yield record, {**row, **record.beside}

    def _typed(
        self, columns: Mapping[str, str], rows: Iterator[tuple[Record, dict[str, Any]]], limit: int | None
    ) -> Iterator[Any]:
        typed = [(name, *converter_of(kind)) for name, kind in columns.items()]
        schema = pyarrow.schema([(name, kind) for name, kind, _ in typed])
        yield pyarrow.RecordBatch.from_pylist([], schema=schema)
        block: list[list[Any]] = []
        given = weight = 0
        for record, row in rows:
            try:
                block.append([_converted(name, convert, row.get(name)) for name, _, convert in typed])
            except JsonError as exc:
                self.reject(record, str(exc))
                continue
            given, weight = given + 1, weight + len(record.raw)
            if len(block) >= self.request.batch_rows or weight >= BLOCK_CHARACTERS:
                yield _batch(block, schema)
                block, weight = [], 0
            if limit is not None and given >= limit:
                break
        if block:
            yield _batch(block, schema)

    def _check_columns(self, columns: Mapping[str, str]) -> None:
        place = Place(node=self.request.node)
        if not columns:
            raise no_columns(self.request.node)
        seen: dict[str, str] = {}
        for name in columns:
            other = seen.setdefault(name.casefold(), name)
            if other != name:
                raise AuthorError(
                    "DF-READ-003",
                    f"the records have columns `{other}` and `{name}`, which databases cannot tell apart",
                    place=place,
                    hint="Declare those to read: `schema: {id: BIGINT, name: VARCHAR}`.",
                )


def no_columns(node: str) -> TerminalError:
    """Return the error where nothing tells the columns."""
    return TerminalError(
        "DF-READ-002",
        "there are no records, so that their columns are unknown",
        place=Place(node=node),
        hint="Declare them: `schema: {id: BIGINT, name: VARCHAR}`.",
    )


def _waited(line: str) -> tuple[Record, dict[str, Any]]:
    origin, number, offset, row = parse_json(line)
    return Record(None, origin, line, number, offset), row


def _row_of(value: Any, flatten: bool) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise JsonError("it is no JSON object")
    if not flatten:
        return value
    row: dict[str, Any] = {}
    _flatten(value, "", row, 0)
    return row


def _flatten(value: Mapping[str, Any], prefix: str, row: dict[str, Any], level: int) -> None:
    if level > MAX_FLATTENED_LEVELS:
        raise JsonError(f"it is nested deeper than {MAX_FLATTENED_LEVELS} levels")
    for key, inner in value.items():
        name = f"{prefix}{key}"
        if isinstance(inner, dict) and inner:
            _flatten(inner, f"{name}_", row, level + 1)
        elif name in row:
            raise JsonError(f"two of its fields give the column `{name}`")
        else:
            row[name] = inner


def _converted(name: str, convert: Any, value: Any) -> Any:
    try:
        return None if value is None else convert(value)
    except JsonError as exc:
        raise JsonError(f"its field `{name}` is no {exc}") from None


def _batch(block: Sequence[Sequence[Any]], schema: Any) -> Any:
    columns = zip(*block, strict=True)
    return pyarrow.record_batch(
        [pyarrow.array(list(values), one.type) for values, one in zip(columns, schema, strict=True)], schema=schema
    )


def json_or_error(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        JsonError: when it is none; its text tells the place and no content.
    """
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        value = parse_json(text)
        if "\\ud" in text.lower():
            to_json(value).encode()
    except UnicodeDecodeError as exc:
        raise JsonError(f"byte {exc.start} is not UTF-8") from None
    except UnicodeEncodeError:
        raise JsonError("it holds half a character (a lone surrogate)") from None
    except json.JSONDecodeError as exc:
        raise JsonError(f"it is no JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}") from None
    except RecursionError:
        raise JsonError("it is nested too deeply") from None
    except JsonError:
        raise
    except ValueError as exc:
        raise JsonError(f"it is no JSON: {exc}") from None
    return value
