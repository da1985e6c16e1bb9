"""Local files as Arrow batches and back, by a DuckDB of its own that sees nothing but the folders it is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow

from dataflow_provider.connectors.duckdb_messages import read_batches
from dataflow_provider.connectors.file_options import (
    Option,
    columns_in_file,
    common_header,
    copy_options,
    csv_options,
    find_name,
    first_line_options,
    read_compression,
    time_formats,
    undeclared_in_file,
    wanted_columns,
)
from dataflow_provider.connectors.json_decimals import exact_value, is_exact, read_types
from dataflow_provider.connectors.requests import ExtractRequest
from dataflow_provider.errors import AuthorError, Place, TerminalError
from dataflow_provider.spec.nodes import FileSource, FileTarget

_REJECTS, _SCANS = "df_rejects", "df_scans"
_WORDS = ("FORMAT", "COMPRESSION")


def open_engine(roots: Sequence[Path]) -> duckdb.DuckDBPyConnection:
    """Return a database in memory that reads and writes below the roots only."""
    raw = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": False, "python_enable_replacements": False}
    )
    raw.execute("SET TimeZone = 'UTC'")
    raw.execute(f"SET allowed_directories = [{', '.join(_text(str(root)) for root in roots)}]")
    raw.execute("SET enable_external_access = false")
    raw.execute("SET lock_configuration = true")
    return raw


@dataclass(frozen=True)
class FileReading:
    """Files that one source reads; `names` tells what people call those that lie under another name here."""

    raw: duckdb.DuckDBPyConnection
    source: FileSource
    request: ExtractRequest
    paths: Sequence[str]
    names: Mapping[str, str] = field(default_factory=dict)

    def batches(self) -> Iterator[Any]:
        """Yield the rows; a CSV column without a declared type is text. Bad records go where the request says.

        Raises:
            AuthorError: when the columns do not fit what is declared, or each other.
        """
        request = self.request
        scan, found = self._scan()
        columns = list(found) if request.columns is None else list(request.columns)
        listed = ", ".join(f"{self._value(self._real(name, found), found)} AS {_name(name)}" for name in columns) or "*"
        sql = f"SELECT {listed} FROM {scan}" + ("" if request.limit is None else f" LIMIT {request.limit:d}")
        reader = self.raw.sql(sql).to_arrow_reader(request.batch_rows)
        yield pyarrow.RecordBatch.from_pylist([], schema=reader.schema)
        yield from read_batches(reader)
        if self._keeps_rejects:
            self._hand_over_rejects()

    def describe(self) -> list[tuple[str, str]]:
        """Return name and type of each column."""
        scan, found = self._scan()
        exact = [name for name in found if self.source.format == "json" and is_exact(found[name])]
        changed = ", ".join(f"{self._value(name, found)} AS {_name(name)}" for name in exact)
        listed = f"* REPLACE ({changed})" if exact else "*"
        rows = self.raw.execute(f"DESCRIBE SELECT {listed} FROM {scan}").fetchall()
        return [(row[0], row[1]) for row in rows]

    def told(self, text: str) -> str:
        """Return a message with the files' own names."""
        for path, name in self.names.items():
            text = text.replace(path, name)
        return text

    # ------------------------------------------------------------ reading

    @property
    def _keeps_rejects(self) -> bool:
        return self._leaves_out and self.request.rejects is not None

    @property
    def _leaves_out(self) -> bool:
        return self.source.format == "csv" and self.request.on_bad_record != "fail"

    def _scan(self) -> tuple[str, Mapping[str, str]]:
        """Return what is read from, and its columns as far as they are told before."""
        files, types = f"[{', '.join(map(_text, self.paths))}]", self.source.schema_ or {}
        options = self.source.options
        if self.source.format == "parquet":
            return f"read_parquet({files})", types
        if self.source.format == "json":
            given = _listed({**time_formats(options), **read_compression(options)})
            if self.request.on_bad_record != "fail":
                given += ", format = 'newline_delimited', records = 'true'"
            given += f", columns = {_struct(read_types(types))}" if types else ", sample_size = -1"
            return f"read_json({files}{given})", types
        found = columns_in_file(self.source, self._header())
        given = _listed({**csv_options(options), "auto_detect": False, **self._on_bad_record()})
        return f"read_csv({files}{given}, columns = {_struct(found)})", wanted_columns(self.source, found)

    def _value(self, real: str, found: Mapping[str, str]) -> str:
        """Return the SQL of a column, which `read_json` may have read as JSON."""
        kind = found.get(real, "")
        if self.source.format != "json" or not is_exact(kind):
            return _name(real)
        return exact_value(real, kind, tells_file="filename" not in map(str.casefold, found))

    def _on_bad_record(self) -> dict[str, Option]:
        if self._keeps_rejects:
            return {"store_rejects": True, "rejects_table": _REJECTS, "rejects_scan": _SCANS}
        return {"ignore_errors": True} if self._leaves_out else {}

    def _header(self) -> list[str] | None:
        header = common_header(((self.told(path), self._first_line(path)) for path in self.paths), self.source)
        if header is not None and (self.source.options.header is not False or not self.source.schema_):
            for name in self.source.schema_ or ():
                error = undeclared_in_file(name, header)
                if error is not None:
                    raise error
        return header

    def _first_line(self, path: str) -> str | None:
        given = _listed(first_line_options(self.source.options))
        rows = self.raw.execute(
            f"SELECT * FROM read_csv({_text(path)}{given}, columns = {_struct({'line': 'VARCHAR'})}) LIMIT 1"
        ).fetchall()
        return str(rows[0][0] or "") if rows else None

    def _real(self, name: str, found: Mapping[str, str]) -> str:
        """Return a column as the file spells it.

        Raises:
            AuthorError: `DF-SQL-023` when the columns are known and it is not among them.
        """
        real = find_name(name, found) if found else name
        if real is None:
            error = undeclared_in_file(name, list(found))
            raise AuthorError("DF-SQL-023", str(error and error.message), place=Place(node=self.request.node))
        return real

    def _hand_over_rejects(self) -> None:
        """Give the request one record a bad line, with all its errors; DuckDB counts bytes from 1."""
        rows = self.raw.execute(
            f"SELECT any_value(s.file_path), e.line, min(e.line_byte_position) - 1, any_value(e.csv_line), "
            f"string_agg(DISTINCT e.error_message, '; ') FROM {_REJECTS} AS e JOIN {_SCANS} AS s "
            "USING (scan_id, file_id) GROUP BY scan_id, file_id, e.line ORDER BY 1, 2"
        )
        rejects = self.request.rejects
        while rejects is not None and (block := rows.fetchmany(1_000)):
            for path, line, byte_offset, raw, reason in block:
                rejects.add(
                    origin=self.told(path), line=line, byte_offset=byte_offset, raw=raw or "", reason=self.told(reason)
                )


def write_file(raw: duckdb.DuckDBPyConnection, target: FileTarget, batches: Any, path: str) -> int:
    """The file holds the rows of an Arrow reader; return how many. Compression follows the target's own name."""
    raw.register("_df_rows", batches)
    try:
        options = ", ".join(
            f"{name} {value if name in _WORDS else _literal(value)}" for name, value in copy_options(target).items()
        )
        row = raw.execute(f"COPY (SELECT * FROM _df_rows) TO {_text(path)} ({options})").fetchone()
    finally:
        raw.unregister("_df_rows")
    return int(row[0]) if row else 0


def bad_file(node: str, path: str, reason: str) -> TerminalError:
    """Return the error for a file that is not of its format, or is cut off."""
    return TerminalError(
        "DF-FILE-017",
        f"the file `{path}` cannot be read: {reason}",
        place=Place(node=node),
        hint="Look whether it is complete and of the format and compression that the node names.",
    )


def _listed(given: Mapping[str, Option]) -> str:
    return "".join(f", {name} = {_literal(value)}" for name, value in given.items())


def _literal(value: Option) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else _text(value)


def _struct(types: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in types.items()) + "}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
