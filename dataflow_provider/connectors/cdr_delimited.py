"""Call detail records as lines: one field tells the record type, and each type has its own fields.

A header and a trailer frame the file where they are declared; a trailer that counts other records than there are means
that the file is not whole, which no `on_bad_record` excuses.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from dataflow_provider.connectors.file_options import delimiter_of
from dataflow_provider.connectors.file_rows import bad_file
from dataflow_provider.connectors.json_records import Record, RecordReader
from dataflow_provider.connectors.json_values import JsonError, text_of
from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.spec.cdr_options import CdrRecords
from dataflow_provider.spec.nodes import FileOptions
from dataflow_provider.spec.suggestions import did_you_mean, listed

RECORD_TYPE = "record_type"
_MAX_LINE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class DelimitedRecords:
    """How lines become records; `columns` are those of all types that are read, the record type first."""

    node: str
    options: FileOptions
    records: CdrRecords

    @property
    def columns(self) -> dict[str, str]:
        """Name and SQL type of every column.

        Raises:
            AuthorError: `DF-READ-004` when two types do not agree, or one that is read is not declared.
        """
        found = {RECORD_TYPE: "VARCHAR"}
        for kind in self._taken:
            fields = self.records.types.get(kind)
            if fields is None:
                raise self._wrong(f"`take` names the record type `{kind}`, which `types` does not", kind)
            for name, text in fields.items():
                if found.setdefault(name, text).casefold() != text.casefold():
                    raise self._wrong(f"`{name}` is `{found[name]}` in one record type and `{text}` in `{kind}`")
        return found

    def read(self, stream: BinaryIO, path: str, reader: RecordReader) -> Iterator[Record]:
        """Yield the records of a file; bad ones go to the reader.

        Raises:
            TerminalError: `DF-FILE-017` when header or trailer is missing, or tells that records are.
        """
        header, trailer = self.records.header, self.records.trailer
        taken, found, ended = set(self._taken), 0, False
        first = True
        for number, offset, line in self._lines(stream, path):
            try:
                fields = self._split(line)
                kind = fields[self.records.type_at - 1]
            except (UnicodeDecodeError, csv.Error, IndexError):
                found += 1
                reader.reject(self._record(None, path, line, number, offset), "it has no record type")
                continue
            if first and header is not None and kind != header:
                raise bad_file(self.node, path, f"its first line is of type `{kind}`, not the header `{header}`")
            if ended:
                raise bad_file(self.node, path, f"line {number} stands behind the trailer")
            if trailer is not None and kind == trailer.type:
                self._check_count(fields, found, path)
                ended = True
            elif not (first and header is not None):
                found += 1
                if kind in taken:
                    yield from self._one(kind, fields, self._record(None, path, line, number, offset), reader)
                elif kind not in self.records.types and kind not in self.records.ignore:
                    known = listed(self.records.types)
                    reader.reject(self._record(None, path, line, number, offset), f"its record type is none of {known}")
            first = False
        if trailer is not None and not ended:
            raise bad_file(self.node, path, f"its trailer `{trailer.type}` is missing after {found} records")

    def _one(self, kind: str, fields: list[str], at: Record, reader: RecordReader) -> Iterator[Record]:
        names = self.records.types[kind]
        values = fields[: self.records.type_at - 1] + fields[self.records.type_at :]
        if len(values) != len(names):
            reader.reject(at, f"it has {len(values) + 1} fields, and `{kind}` has {len(names) + 1}")
            return
        null = self.options.null or ""
        row: dict[str, Any] = {
            name: None if value == null else value for name, value in zip(names, values, strict=True)
        }
        row[RECORD_TYPE] = kind
        yield Record(row, at.origin, at.raw, at.line, at.offset)

    def _check_count(self, fields: list[str], found: int, path: str) -> None:
        trailer = self.records.trailer
        if trailer is None or trailer.count_at is None:
            return
        told = fields[trailer.count_at - 1] if trailer.count_at <= len(fields) else ""
        if not told.strip().isdigit() or int(told) != found:
            raise bad_file(self.node, path, f"its trailer counts `{told}` records, and there are {found}")

    @property
    def _taken(self) -> tuple[str, ...]:
        return tuple(self.records.types) if self.records.take is None else self.records.take

    def _lines(self, stream: BinaryIO, path: str) -> Iterator[tuple[int, int, bytes]]:
        """Yield number (from 1), offset (from 0, unpacked) and bytes of every line that is not empty."""
        offset, number = 0, 0
        while line := stream.readline(_MAX_LINE_BYTES):
            number += 1
            if len(line) >= _MAX_LINE_BYTES:
                raise bad_file(self.node, path, f"line {number} is longer than {_MAX_LINE_BYTES:,} bytes")
            stripped = line.rstrip(b"\r\n")
            if stripped and number > (self.options.skip_rows or 0):
                yield number, offset, stripped
            offset += len(line)

    def _split(self, line: bytes) -> list[str]:
        text, delimiter, quote = (
            line.decode(self.options.encoding or "utf-8"),
            delimiter_of(self.options),
            self.options.quote,
        )
        if quote and quote in text:
            return next(csv.reader([text], delimiter=delimiter, quotechar=quote, strict=True))
        return text.split(delimiter)

    def _record(self, value: Any, path: str, line: bytes, number: int, offset: int) -> Record:
        return Record(value, path, line.decode(self.options.encoding or "utf-8", "replace"), number, offset)

    def _wrong(self, text: str, kind: str | None = None) -> AuthorError:
        hint = did_you_mean(kind, self.records.types) if kind else "Rename one of them, or give both one type."
        return AuthorError("DF-READ-004", text, place=Place(node=self.node), hint=hint)


def written_lines(options: FileOptions, records: CdrRecords, rows: Iterator[Mapping[str, Any]]) -> Iterator[bytes]:
    """Yield rows as lines, between header and trailer; a row's `record_type` tells which fields it has.

    Raises:
        AuthorError: `DF-READ-004` for a record type that is not declared, or a value that would be two fields.
    """
    encoding = options.encoding or "utf-8"
    if records.header is not None:
        yield _framing(options, {records.type_at: records.header}).encode(encoding)
    count = 0
    for row in rows:
        yield _line(options, records, row).encode(encoding)
        count += 1
    if records.trailer is not None:
        at = records.trailer.count_at or records.type_at + 1
        yield _framing(options, {records.type_at: records.trailer.type, at: str(count)}).encode(encoding)


def _framing(options: FileOptions, fields: Mapping[int, str]) -> str:
    """Return a header or trailer: fields by their place from 1, those between them empty."""
    return delimiter_of(options).join(fields.get(at, "") for at in range(1, max(fields) + 1)) + "\n"


def _line(options: FileOptions, records: CdrRecords, row: Mapping[str, Any]) -> str:
    delimiter, null = delimiter_of(options), options.null or ""
    kind = str(row.get(RECORD_TYPE) or next(iter(records.types)))
    if kind not in records.types:
        text = f"a row has a `{RECORD_TYPE}` that `types` does not name; there are {listed(records.types)}"
        raise AuthorError("DF-READ-004", text, hint="Declare it, or filter such rows before.")
    values = [null if row.get(name) is None else _text(name, row[name]) for name in records.types[kind]]
    for name, value in zip(records.types[kind], values, strict=True):
        if delimiter in value or "\n" in value or "\r" in value:
            text = f"a value of `{name}` holds the delimiter `{delimiter}` or a line break, and lines have no quotes"
            raise AuthorError("DF-READ-004", text, hint="Replace it before, or choose another delimiter.")
    values.insert(records.type_at - 1, kind)
    return delimiter.join(values) + "\n"


def _text(name: str, value: Any) -> str:
    try:
        return text_of(value)
    except JsonError as exc:
        raise AuthorError(
            "DF-READ-004", f"a value of `{name}` has no text: {exc}", hint="Filter such rows before."
        ) from None
