"""The base of connectors whose files lie in a store: rows out of them and into them, whatever the store is.

CSV and JSON come to a temporary folder of this machine and are read by DuckDB, as local files are; Parquet is read in
place, only the columns and row groups that are wanted. Written is a temporary file, put into the store when it is
whole.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow

from dataflow_provider.connectors.cdr_files import read_cdr_files, write_cdr_file
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.engine_errors import VendorError
from dataflow_provider.connectors.file_options import compression_of, format_of
from dataflow_provider.connectors.file_rows import FileReading, bad_file, open_engine, write_file
from dataflow_provider.connectors.json_lines import JsonLines
from dataflow_provider.connectors.json_records import no_columns
from dataflow_provider.connectors.native import NativeConnectorBase
from dataflow_provider.connectors.parquet_files import read_parquet_files
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest, SchemaEntry, SchemaPage
from dataflow_provider.connectors.stores import (
    Store,
    StoredFile,
    StoreError,
    destination_of,
    no_match,
    open_stream,
    read_blocks,
)
from dataflow_provider.errors import DataflowError, TransientError
from dataflow_provider.spec.nodes import FileSource, FileTarget
from dataflow_provider.spec.suggestions import listed

logger = logging.getLogger(__name__)

S = TypeVar("S")
_FIRST_LOOK_BYTES = 1024 * 1024
_LOOK_GROWS = 16


class StoredFilesConnector(NativeConnectorBase[S]):
    """Reads and writes the files of a store; a subclass tells how to reach it."""

    @abstractmethod
    def store_of(self, session: S, request: ExtractRequest | LoadRequest) -> Store:
        """Return the store that a request's path lies in."""

    @abstractmethod
    def connection_of(self, session: S) -> ConnectionSpec:
        """Return the connection that the session was opened by."""

    def vendor_error(self, exc: Exception) -> VendorError | None:
        return exc.vendor if isinstance(exc, StoreError) else super().vendor_error(exc)

    def do_extract_data(self, session: S, request: ExtractRequest) -> Iterator[Any]:
        source = FileSource.model_validate({"type": f"source.{self.name}", **request.options})
        store = self.store_of(session, request)
        with self.calling(self.connection_of(session)):
            files = store.find(source.path)
        if not files:
            raise no_match(request.node, source.path, self.where_looked(session, source.path))
        if source.format == "parquet":
            batches = read_parquet_files(store, files, source, request)
        elif source.format == "cdr":
            batches = read_cdr_files(store, files, source, request)
        elif source.format == "json" and request.on_bad_record != "fail":
            batches = _read_good_lines(store, files, source, request)
        else:
            batches = _read_copies(store, files, source, request)
        with self.calling(self.connection_of(session)):
            yield from batches

    def do_load_data(self, session: S, batches: Iterator[Any], request: LoadRequest) -> int:
        written = {"type": f"target.{self.name}", **request.options, "write": {"mode": request.mode}}
        target = FileTarget.model_validate(written)
        store = self.store_of(session, request)
        with self.calling(self.connection_of(session)):
            path, mark = destination_of(store, request.node, target, request.marker)
        with tempfile.TemporaryDirectory(prefix="dataflow-") as folder:
            local = Path(folder) / f"rows.{target.format}"
            rows = write_local(target, batches, local)
            with self.calling(self.connection_of(session)):
                store.put(local, path, mark)
        return rows

    def where_looked(self, session: S, written: str) -> str:
        """Return a sentence on where the files of a path would lie."""
        connection = self.connection_of(session)
        return (
            f"Looked on connection `{connection.conn_id}`; a path without `/` before it starts at the login's folder."
        )

    def columns_of(self, session: S, store: Store, path: str) -> SchemaPage:
        """Return the columns of one file, by the format its name tells."""
        request = ExtractRequest("discover", {"path": path, "format": format_of(path) or "csv"}, limit=1)
        for batch in self.do_extract_data(session, request):
            return SchemaPage(
                tuple(SchemaEntry("column", one.name, (path, one.name), type=str(one.type)) for one in batch.schema)
            )
        return SchemaPage(())


def write_local(target: FileTarget, batches: Iterator[Any], path: Path) -> int:
    """The rows stand in a local file; return how many."""
    if target.format == "cdr":
        return write_cdr_file(target, batches, path)
    first = next(batches)
    reader = pyarrow.RecordBatchReader.from_batches(first.schema, chain((first,), batches))
    with engine([path.parent]) as raw:
        return write_file(raw, target, reader, str(path))


@contextmanager
def engine(roots: Sequence[Path]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Hold the engine that reads and writes files; its errors come out as ours."""
    from dataflow_provider.connectors.duckdb_messages import engine_error

    with closing(open_engine(roots)) as raw:
        try:
            yield raw
        except duckdb.Error as exc:
            raise engine_error(exc) from exc


# ---------------------------------------------------------------- copies on this machine


def _read_copies(
    store: Store, files: Sequence[StoredFile], source: FileSource, request: ExtractRequest
) -> Iterator[Any]:
    if request.limit is not None:
        yield from _look(store, files, source, request, request.limit)
        return
    with tempfile.TemporaryDirectory(prefix="dataflow-") as folder:
        names = {str(_copied(store, file, Path(folder) / str(number))): file.path for number, file in enumerate(files)}
        yield from _read(Path(folder), names, source, request)


def _read_good_lines(
    store: Store, files: Sequence[StoredFile], source: FileSource, request: ExtractRequest
) -> Iterator[Any]:
    """Yield the rows of the good lines of JSON, read from copies that hold them alone."""
    with tempfile.TemporaryDirectory(prefix="dataflow-") as folder:
        names: dict[str, str] = {}
        with engine([Path(folder)]) as raw:
            lines = JsonLines(raw, source, request)
            for number, file in enumerate(files):
                path = _local_path(file, Path(folder) / str(number))
                if _written(lines.read(store, file), path) or source.schema_:
                    names[str(path)] = file.path
                if request.limit is not None and lines.good >= request.limit:
                    break
        logger.info("judged node=%s lines good=%d bad=%d", request.node, lines.good, lines.bad)
        if not names:
            raise no_columns(request.node)
        options = source.options.model_copy(update={"compression": "none"})
        yield from _read(Path(folder), names, source.model_copy(update={"options": options}), request)


def _read(folder: Path, names: dict[str, str], source: FileSource, request: ExtractRequest) -> Iterator[Any]:
    with closing(open_engine([folder])) as raw:
        reading = FileReading(raw, source, request, list(names), names)
        try:
            yield from reading.batches()
        except duckdb.Error as exc:
            raise file_error(exc, reading) from exc


def file_error(exc: duckdb.Error, reading: FileReading) -> DataflowError:
    """Return the error for what DuckDB says of a file, which people know by another name."""
    from dataflow_provider.connectors.duckdb_messages import engine_error

    error = engine_error(exc)
    told, names = reading.told(error.message), list(reading.names.values())
    if not any(name in told for name in names):
        told = f"{told} (in {listed(names, 3)})"
    return type(error)(error.code, told, hint=error.hint)


def _copied(store: Store, file: StoredFile, folder: Path) -> Path:
    """Return the local copy of a file; folders such as `day=2026-01-01` stay, as they are columns."""
    path = _local_path(file, folder)
    _written(read_blocks(store, file), path)
    return path


def _local_path(file: StoredFile, folder: Path) -> Path:
    parts = [part for part in file.path.split("/")[:-1] if "=" in part]
    path = folder.joinpath(*parts) / file.path.rpartition("/")[2]
    path.parent.mkdir(parents=True)
    return path


def _written(blocks: Iterator[bytes], path: Path) -> int:
    """The blocks stand in a file; return its bytes."""
    size = 0
    with path.open("wb") as copy:
        for block in blocks:
            try:
                size += copy.write(block)
            except OSError as exc:
                raise disk_full(path.parent, exc) from exc
    return size


def disk_full(folder: Path, exc: OSError) -> TransientError:
    folder_name, free = tempfile.gettempdir(), shutil.disk_usage(folder).free
    return TransientError(
        "DF-RUN-021",
        f"the temporary folder `{folder_name}` cannot take the rows: {exc.strerror} ({free:,} bytes are free)",
        hint="Free some space, or let `TMPDIR` name a larger folder, and run it again.",
    )


def _look(
    store: Store, files: Sequence[StoredFile], source: FileSource, request: ExtractRequest, limit: int
) -> Iterator[Any]:
    """Yield the first rows from no more of the files than it takes; a look at a large file copies little of it."""
    size = _FIRST_LOOK_BYTES
    while True:
        with tempfile.TemporaryDirectory(prefix="dataflow-") as folder:
            names, cut = _beginnings(store, files, source, Path(folder), size, request.node)
            try:
                batches = list(_read(Path(folder), names, _unpacked(source), request))
            except DataflowError:
                if not cut:
                    raise
                batches = []
            if not cut or sum(batch.num_rows for batch in batches) >= limit:
                yield from batches
                return
        size *= _LOOK_GROWS


def _beginnings(
    store: Store, files: Sequence[StoredFile], source: FileSource, folder: Path, size: int, node: str
) -> tuple[dict[str, str], bool]:
    """Return copies of the first `size` bytes of the files together, and whether there is more."""
    names: dict[str, str] = {}
    for number, file in enumerate(files):
        path = folder / str(number) / file.path.rpartition("/")[2].removesuffix(".gz").removesuffix(".zst")
        path.parent.mkdir()
        try:
            with open_stream(store, file, compression_of(source.options, file.path)) as stream:
                data = stream.read(size + 1)
        except (pyarrow.ArrowException, OSError) as exc:
            raise bad_file(node, file.path, str(exc)) from exc
        names[str(path)] = file.path
        if len(data) > size:
            path.write_bytes(data[: data.rfind(b"\n", 0, size) + 1])
            return names, True
        path.write_bytes(data)
        size -= len(data)
        if size <= 0:
            return names, number + 1 < len(files)
    return names, False


def _unpacked(source: FileSource) -> FileSource:
    return source.model_copy(update={"options": source.options.model_copy(update={"compression": None})})
