"""Files of call detail records as Arrow batches, whichever way the records stand in them, and lines out of batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow

from dataflow_provider.connectors.cdr_asn1 import Asn1Reading, open_asn1
from dataflow_provider.connectors.cdr_delimited import DelimitedRecords, written_lines
from dataflow_provider.connectors.file_options import compression_of, find_name
from dataflow_provider.connectors.file_rows import bad_file
from dataflow_provider.connectors.json_records import Record, RecordReader
from dataflow_provider.connectors.requests import ExtractRequest
from dataflow_provider.connectors.stores import Store, StoredFile, open_stream
from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.spec.nodes import FileSource, FileTarget
from dataflow_provider.spec.suggestions import did_you_mean, listed


def read_cdr_files(
    store: Store, files: Sequence[StoredFile], source: FileSource, request: ExtractRequest
) -> Iterator[Any]:
    """Yield batches of the columns that the options declare; bad records go where the request says."""
    reading = _reading(source, request)
    reader = RecordReader(replace(request, options={"schema": _columns(reading, source, request)}))
    yield from reader.batches(_records(store, files, source, reading, reader))


def _reading(source: FileSource, request: ExtractRequest) -> Asn1Reading | DelimitedRecords:
    options = source.options
    if options.asn1 is not None:
        return open_asn1(request.node, options.asn1, request.project)
    if options.records is not None:
        return DelimitedRecords(request.node, options, options.records)
    raise AuthorError(
        "DF-NODE-016",
        "`format: cdr` needs `options.records` or `options.asn1`",
        place=Place(node=request.node),
    )


def _columns(reading: Asn1Reading | DelimitedRecords, source: FileSource, request: ExtractRequest) -> Mapping[str, str]:
    """Return the columns asked for, typed as the records are unless the source declares another type."""
    found, declared = reading.columns, source.schema_ or {}
    columns: dict[str, str] = {}
    for name in request.columns or tuple(declared) or tuple(found):
        real = find_name(name, found)
        if real is None:
            raise AuthorError(
                "DF-SQL-023",
                f"the records have no column `{name}`; they have {listed(found)}",
                place=Place(node=request.node),
                hint=did_you_mean(name, found),
            )
        columns[real] = declared.get(find_name(name, declared) or "", found[real])
    return columns


def _records(
    store: Store,
    files: Sequence[StoredFile],
    source: FileSource,
    reading: Asn1Reading | DelimitedRecords,
    reader: RecordReader,
) -> Iterator[Record]:
    for file in files:
        with open_stream(store, file, compression_of(source.options, file.path)) as stream:
            try:
                yield from reading.read(stream, file.path, reader)
            except (pyarrow.ArrowException, EOFError, OSError) as exc:
                raise bad_file(reading.node, file.path, " ".join(str(exc).split())) from exc


def write_cdr_file(target: FileTarget, batches: Iterator[Any], path: Path) -> int:
    """The file holds the rows as lines; return how many rows there were.

    Raises:
        AuthorError: `DF-NODE-016` where lines are not declared, `DF-READ-004` for a record type that is none of them.
    """
    records = target.options.records
    if records is None:
        raise AuthorError("DF-NODE-016", "`format: cdr` is written as lines: `options.records` is missing")
    count = 0

    def rows() -> Iterator[Mapping[str, Any]]:
        nonlocal count
        for batch in batches:
            for row in batch.to_pylist():
                count += 1
                yield row

    with pyarrow.OSFile(str(path), "wb") as raw:
        compression = compression_of(target.options, target.path)
        out = raw if compression is None else pyarrow.CompressedOutputStream(raw, compression)
        try:
            for line in written_lines(target.options, records, rows()):
                out.write(line)
        finally:
            if out is not raw:
                out.close()
    return count
