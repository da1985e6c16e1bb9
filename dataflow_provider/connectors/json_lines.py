"""JSON lines of which some are bad: the good ones as they stand, for DuckDB to read as it reads any, the bad ones told.

DuckDB alone fails at the first bad line, or makes NULL of what it cannot read; so each line is judged before by the
types that it is to become.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import duckdb
import pyarrow

from dataflow_provider.connectors.file_options import compression_of
from dataflow_provider.connectors.file_rows import bad_file
from dataflow_provider.connectors.json_decimals import is_exact, is_no, loses_digits
from dataflow_provider.connectors.json_records import json_or_error
from dataflow_provider.connectors.json_values import JsonError
from dataflow_provider.connectors.requests import ExtractRequest
from dataflow_provider.connectors.stores import Store, StoredFile, open_stream
from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.spec.nodes import FileOptions, FileSource

MAX_LINE_BYTES = 16 * 1024 * 1024 - 1
"""DuckDB takes no larger object."""
MAX_LEVELS = 100
"""DuckDB takes a few more, and fails the statement for what is deeper."""
_BLOCK_LINES, _BLOCK_BYTES = 8_192, 2 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_LINES = "df_lines"
_LEVEL = re.compile(rb'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])')
_NO_JSON, _NO_OBJECT, _TWICE = -1, -2, -3


@dataclass(frozen=True)
class _Line:
    number: int
    offset: int
    raw: bytes


@dataclass
class JsonLines:
    """Judges the lines of the files of one source; bad ones go where the request says. `good` and `bad` count them."""

    raw: duckdb.DuckDBPyConnection
    source: FileSource
    request: ExtractRequest
    good: int = 0
    bad: int = 0
    _verdict: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._verdict = _verdict(self.raw, self.source.schema_ or {}, self.source.options)

    def read(self, store: Store, file: StoredFile) -> Iterator[bytes]:
        """Yield the good lines of a file, many together; a look at it ends when there are enough.

        Raises:
            AuthorError: `DF-READ-006` when the file is one array.
            TerminalError: `DF-FILE-017` when it is cut off, or a line of it is too long.
        """
        try:
            with open_stream(store, file, compression_of(self.source.options, file.path)) as stream:
                for number, block in enumerate(self._blocks(stream, file.path)):
                    if number == 0:
                        self._refuse_array(block, file.path)
                    yield self._kept(block, file.path)
                    if self.request.limit is not None and self.good >= self.request.limit:
                        return
        except (pyarrow.ArrowException, EOFError, OSError) as exc:
            raise bad_file(self.request.node, file.path, " ".join(str(exc).split())) from exc

    # ------------------------------------------------------------ lines

    def _blocks(self, stream: BinaryIO, path: str) -> Iterator[list[_Line]]:
        block: list[_Line] = []
        size = offset = number = 0
        while line := stream.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                if number == 1 and line.lstrip(_BOM).lstrip().startswith(b"["):
                    raise self._is_array(path)
                raise bad_file(self.request.node, path, f"line {number} is longer than {MAX_LINE_BYTES:,} bytes")
            text = line.removeprefix(_BOM) if number == 1 else line
            if text.strip():
                block.append(_Line(number, offset, text.rstrip(b"\r\n")))
                size += len(line)
            offset += len(line)
            if len(block) >= _BLOCK_LINES or size >= _BLOCK_BYTES:
                yield block
                block, size = [], 0
        if block:
            yield block

    def _refuse_array(self, block: Sequence[_Line], path: str) -> None:
        """An array that is whole within the first of several lines is a bad line; any other is the file."""
        if not block[0].raw.lstrip().startswith(b"["):
            return
        try:
            json_or_error(block[0].raw)
        except JsonError:
            raise self._is_array(path) from None
        if len(block) == 1:
            raise self._is_array(path)

    def _is_array(self, path: str) -> AuthorError:
        policy = self.request.on_bad_record
        return AuthorError(
            "DF-READ-006",
            f"`{path}` is one JSON array, and `on_bad_record: {policy}` takes lines, one object each",
            place=Place(node=self.request.node),
            hint="Set `on_bad_record: fail`, or have it written as JSON lines.",
        )

    # ------------------------------------------------------------ judging

    def _kept(self, block: Sequence[_Line], path: str) -> bytes:
        texts: dict[int, str] = {}
        reasons: dict[int, str] = {}
        for at, line in enumerate(block):
            try:
                texts[at] = _text_of(line.raw)
            except JsonError as exc:
                reasons[at] = str(exc)
        invalid = self._asked(f"SELECT n, {_NO_JSON} FROM {_LINES} WHERE NOT json_valid(line)", texts)
        reasons |= {at: _no_json(texts.pop(at)) for at in invalid}
        judged = f"SELECT n, {self._verdict} AS verdict FROM ({self._fields()}) WHERE verdict IS NOT NULL"
        for at, verdict in self._asked(judged, texts).items():
            reasons[at] = self._reason(verdict)
        for at in sorted(reasons):
            self._reject(block[at], path, reasons[at])
        self.good += len(block) - len(reasons)
        return b"".join(line.raw + b"\n" for at, line in enumerate(block) if at not in reasons)

    def _asked(self, sql: str, texts: Mapping[int, str]) -> dict[int, int]:
        if not texts:
            return {}
        columns = [pyarrow.array(list(texts), pyarrow.int64()), pyarrow.array(list(texts.values()), pyarrow.string())]
        self.raw.register(_LINES, pyarrow.table(columns, names=["n", "line"]))
        try:
            return dict(self.raw.execute(sql).fetchall())
        finally:
            self.raw.unregister(_LINES)

    def _fields(self) -> str:
        """Return the query of the lines, taken apart once."""
        paths = ", ".join(_text(_pointer(name)) for name in self.source.schema_ or {})
        fields = f", json_extract(line, [{paths}]) AS fields" if paths else ""
        return f"SELECT n, line{fields} FROM {_LINES}"

    def _reason(self, verdict: int) -> str:
        if verdict == _NO_OBJECT:
            return "it is no JSON object"
        if verdict == _TWICE:
            return "two of its fields have the same name"
        types = list((self.source.schema_ or {}).items())
        if verdict >= len(types):
            return f"its field `{types[verdict - len(types)][0]}` has more digits than a JSON number keeps"
        name, kind = types[verdict]
        return f"its field `{name}` is no {kind}"

    def _reject(self, line: _Line, path: str, reason: str) -> None:
        self.bad += 1
        if self.request.rejects is not None:
            raw = line.raw.decode("utf-8", "replace")
            self.request.rejects.add(origin=path, line=line.number, byte_offset=line.offset, raw=raw, reason=reason)


def _text_of(line: bytes) -> str:
    """Return a line as text.

    Raises:
        JsonError: when it is none, or nested deeper than DuckDB takes.
    """
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise JsonError(f"byte {exc.start} is not UTF-8") from None
    if line.count(b"[") + line.count(b"{") > MAX_LEVELS:
        level = 0
        for found in _LEVEL.finditer(line):
            level += bool(found[1]) - bool(found[2])
            if level > MAX_LEVELS:
                raise JsonError(f"it is nested deeper than {MAX_LEVELS} levels")
    return text


def _no_json(text: str) -> str:
    try:
        json_or_error(text)
    except JsonError as exc:
        return str(exc)
    return "it is no JSON"


# ---------------------------------------------------------------- what makes a line bad


def _verdict(raw: duckdb.DuckDBPyConnection, types: Mapping[str, str], options: FileOptions) -> str:
    """Return what tells the first mistake of a line of JSON: a number below 0, or that of the field; else NULL."""
    wrong = [f"WHEN json_type(line) <> 'OBJECT' THEN {_NO_OBJECT}", f"WHEN {_repeats('line', types)} THEN {_TWICE}"]
    for number, (_, kind) in enumerate(types.items()):
        if is_exact(kind):
            wrong.append(f"WHEN {is_no(f'fields[{number + 1}]', kind)} THEN {number}")
            wrong.append(f"WHEN {loses_digits(f'fields[{number + 1}]', kind)} THEN {number + len(types)}")
            continue
        bad = _formatted(f"fields[{number + 1}]", kind, options)
        if bad is None:
            bad = _bad(f"fields[{number + 1}]", raw.sql(f"SELECT CAST(NULL AS {kind}) AS c").types[0], options, 0)
        if bad is not None:
            wrong.append(f"WHEN {bad} THEN {number}")
    return f"CASE {' '.join(wrong)} END"


def _repeats(value: str, wanted: Mapping[str, Any]) -> str:
    """Return the condition that an object has a field twice that is read; without a schema all are."""
    keys = f"json_keys({value})"
    if wanted:
        keys = f"list_filter({keys}, lambda k: k IN ({', '.join(map(_text, wanted))}))"
    return f"len({keys}) > len(list_distinct({keys}))"


def _formatted(value: str, kind: str, options: FileOptions) -> str | None:
    """Return the condition that a date or time is not of the format that the node names; None without one."""
    name = kind.strip().casefold()
    given = options.date_format if name == "date" else options.timestamp_format if _is_time(name) else None
    if given is None:
        return None
    return f"json_type({value}) <> 'NULL' AND try_strptime({value} ->> '$', {_text(given)}) IS NULL"


def _is_time(name: str) -> bool:
    return name.startswith(("timestamp", "datetime"))


def _bad(value: str, kind: Any, options: FileOptions, level: int) -> str | None:
    """Return the condition that a value of JSON is none of a type; None when every one is."""
    if kind.id == "struct":
        fields = dict(kind.children)
        inner = [
            _bad(f"json_extract({value}, {_text(_pointer(name))})", one, options, level) for name, one in fields.items()
        ]
        wrong = [_repeats(value, fields), *(f"coalesce({one}, false)" for one in inner if one)]
        return _unlike(value, "OBJECT", f"({' OR '.join(wrong)})")
    if kind.id in ("list", "array"):
        inner_kind = dict(kind.children)["child"]
        inner_bad = _any_bad(f"json_extract({value}, '$[*]')", inner_kind, options, level)
        if kind.id == "array":
            inner_bad = f"({inner_bad} OR json_array_length({value}) <> {dict(kind.children)['size']})"
        return _unlike(value, "ARRAY", inner_bad)
    if kind.id == "map":
        return _unlike(
            value, "OBJECT", _any_bad(f"json_extract({value}, '$.*')", dict(kind.children)["value"], options, level)
        )
    # With a format of its own a time inside another value is left to DuckDB, which then fails.
    own_format = options.date_format if kind.id == "date" else options.timestamp_format if _is_time(kind.id) else None
    if kind.id == "varchar" or str(kind) == "JSON" or (own_format is not None):
        return None
    return f"json_type({value}) <> 'NULL' AND TRY_CAST({value} AS {kind}) IS NULL"


def _any_bad(values: str, kind: Any, options: FileOptions, level: int) -> str:
    name = f"v{level}"
    inner = _bad(name, kind, options, level + 1)
    return "false" if inner is None else f"len(list_filter({values}, lambda {name}: coalesce({inner}, false))) > 0"


def _unlike(value: str, wanted: str, inner: str) -> str:
    return f"(CASE json_type({value}) WHEN 'NULL' THEN false WHEN '{wanted}' THEN {inner} ELSE {value} IS NOT NULL END)"


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
