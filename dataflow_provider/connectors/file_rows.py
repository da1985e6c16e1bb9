"""Local files as Arrow batches and back, by a DuckDB of its own that sees nothing but the folders it is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow

from dataflow_provider.spec.nodes import FileOptions, FileSource, FileTarget

_ENDINGS = {".gz": "gzip", ".zst": "zstd"}


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


def read_files(
    raw: duckdb.DuckDBPyConnection,
    source: FileSource,
    paths: Sequence[str],
    columns: Sequence[str] | None,
    limit: int | None,
    batch_rows: int,
) -> Iterator[Any]:
    """Yield the rows of the files; a CSV column without a declared type is text."""
    listed = "*" if columns is None else ", ".join(map(_name, columns))
    sql = f"SELECT {listed} FROM {_scan(source, paths)}" + ("" if limit is None else f" LIMIT {limit:d}")
    reader = raw.sql(sql).to_arrow_reader(batch_rows)
    yield pyarrow.RecordBatch.from_pylist([], schema=reader.schema)
    yield from reader


def write_file(raw: duckdb.DuckDBPyConnection, target: FileTarget, batches: Any, path: str) -> int:
    """The file holds the rows of an Arrow reader; return how many. Compression follows the target's own name."""
    raw.register("_df_rows", batches)
    try:
        options = ", ".join(f"{name} {value}" for name, value in _written(target).items())
        row = raw.execute(f"COPY (SELECT * FROM _df_rows) TO {_text(path)} ({options})").fetchone()
    finally:
        raw.unregister("_df_rows")
    return int(row[0]) if row else 0


def describe_file(raw: duckdb.DuckDBPyConnection, source: FileSource, path: str) -> list[tuple[str, str]]:
    """Return name and type of each column."""
    rows = raw.execute(f"DESCRIBE SELECT * FROM {_scan(source, [path])}").fetchall()
    return [(row[0], row[1]) for row in rows]


def _scan(source: FileSource, paths: Sequence[str]) -> str:
    files, options, types = f"[{', '.join(map(_text, paths))}]", source.options, source.schema_ or {}
    if source.format == "parquet":
        return f"read_parquet({files})"
    given = {**_formats(options), **_compression(options)}
    declared = "{" + ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in types.items()) + "}"
    if source.format == "json":
        given |= {"columns": declared} if types else {"sample_size": "-1"}
        return f"read_json({files}{_options(given)})"
    given |= {**_csv(options), "all_varchar": "true", "skip": str(options.skip_rows or 0)}
    if options.encoding:
        given["encoding"] = _text(options.encoding)
    if types:
        casts = ", ".join(f"CAST({_name(name)} AS {kind}) AS {_name(name)}" for name, kind in types.items())
        return f"(SELECT {casts} FROM read_csv({files}{_options(given)})) AS typed"
    return f"read_csv({files}{_options(given)})"


def _csv(options: FileOptions) -> dict[str, str]:
    quote = '"' if options.quote is None else options.quote
    return {
        "header": str(options.header is not False).lower(),
        "delim": _text("," if options.delimiter is None else options.delimiter),
        "quote": _text(quote),
        "escape": _text(quote if options.escape is None else options.escape),
        "nullstr": _text(options.null or ""),
    }


def _written(target: FileTarget) -> dict[str, str]:
    given = {"FORMAT": target.format.upper()}
    if target.format == "csv":
        given |= _csv(target.options)
    if target.format != "parquet":
        given |= _formats(target.options)
    compression: str | None = target.options.compression
    if compression in (None, "auto"):
        compression = next((name for ending, name in _ENDINGS.items() if target.path.endswith(ending)), None)
    if compression:
        given["COMPRESSION"] = "uncompressed" if compression == "none" and target.format == "parquet" else compression
    return given


def _formats(options: FileOptions) -> dict[str, str]:
    given = {"dateformat": options.date_format, "timestampformat": options.timestamp_format}
    return {name: _text(value) for name, value in given.items() if value}


def _compression(options: FileOptions) -> dict[str, str]:
    given = options.compression
    return {"compression": _text(given)} if given and given != "auto" else {}


def _options(given: dict[str, str]) -> str:
    return "".join(f", {name} = {value}" for name, value in given.items())


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
