"""An Arrow stream file as Parquet files that any warehouse loads: plain types only, values exact, memory bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.compute
import pyarrow.parquet

from dataflow_provider.connectors.arrow_rows import IncomingColumn, inexact

ROWS_PER_FILE = 1_000_000
_PLAIN = {
    "BOOLEAN": pyarrow.bool_(),
    "SMALLINT": pyarrow.int16(),
    "INTEGER": pyarrow.int32(),
    "BIGINT": pyarrow.int64(),
    "REAL": pyarrow.float32(),
    "DOUBLE": pyarrow.float64(),
    "VARCHAR": pyarrow.string(),
    "BLOB": pyarrow.binary(),
    "DATE": pyarrow.date32(),
    "TIME": pyarrow.time64("us"),
    "TIMESTAMP": pyarrow.timestamp("us"),
    "TIMESTAMPTZ": pyarrow.timestamp("us", "UTC"),
    "JSON": pyarrow.string(),
    "UUID": pyarrow.string(),
}

_UUID_BYTES = pyarrow.binary(16)


def plain_type(column: IncomingColumn) -> Any:
    """Return the Arrow type that stands for the column's neutral one."""
    return pyarrow.decimal128(*column.numbers) if column.type == "DECIMAL" else _PLAIN[column.type]


def plain_batches(path: Path, columns: Sequence[IncomingColumn], *, uuid_bytes: bool = False) -> Iterator[Any]:
    """Yield the file's record batches with plain types; `uuid_bytes`: UUIDs are 16 bytes instead of text.

    Raises:
        TerminalError: `DF-RUN-024` for a value that would change.
    """
    types = [_UUID_BYTES if uuid_bytes and column.type == "UUID" else plain_type(column) for column in columns]
    schema = pyarrow.schema([(column.name, kind) for column, kind in zip(columns, types, strict=True)])
    with pyarrow.memory_map(str(path)) as file:
        for batch in pyarrow.ipc.open_stream(file):
            arrays = [_plain(*one) for one in zip(batch.columns, columns, types, strict=True)]
            yield pyarrow.record_batch(arrays, schema=schema)


def _plain(array: Any, column: IncomingColumn, wanted: Any) -> Any:
    try:
        if column.type == "UUID":
            return array.storage if wanted == _UUID_BYTES else _uuid_texts(array.storage)
        if column.convert is not None:
            convert = column.convert
            values = [None if value is None else convert(value) for value in array.to_pylist()]
            return pyarrow.array(values, wanted)
        return getattr(array, "storage", array).cast(wanted)
    except (pyarrow.ArrowException, ValueError, OverflowError) as exc:
        raise inexact(column.name, str(wanted)) from exc


def _uuid_texts(array: Any) -> Any:
    """Return UUIDs of 16 bytes as texts with dashes."""
    valid, data = array.buffers()
    digits = pyarrow.py_buffer(memoryview(data).hex().encode())
    buffers = [valid, digits]
    texts = pyarrow.Array.from_buffers(pyarrow.binary(32), len(array), buffers, offset=array.offset)
    texts = texts.cast(pyarrow.binary()).cast(pyarrow.string())
    ends = (0, 8, 12, 16, 20, 32)
    parts = [pyarrow.compute.utf8_slice_codeunits(texts, ends[at], ends[at + 1]) for at in range(5)]
    return pyarrow.compute.binary_join_element_wise(*parts, "-")


def write_parquet(path: Path, columns: Sequence[IncomingColumn], folder: Path) -> list[Path]:
    """Return the Parquet files that the rows stand in now, in their order, each of at most about a million rows."""
    written: list[Path] = []
    with ExitStack() as stack:
        writer, rows = None, ROWS_PER_FILE
        for batch in plain_batches(path, columns):
            if rows >= ROWS_PER_FILE or writer is None:
                if writer is not None:
                    writer.close()
                written.append(folder / f"rows-{len(written)}.parquet")
                writer = stack.enter_context(pyarrow.parquet.ParquetWriter(written[-1], batch.schema))
                rows = 0
            writer.write_batch(batch)
            rows += batch.num_rows
    return written
