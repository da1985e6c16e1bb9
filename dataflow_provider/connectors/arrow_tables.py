"""Arrow tables of a driver as an Arrow stream file, each column of the type that its query was described with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow

from dataflow_provider.connectors.arrow_rows import ArrowColumn, inexact


def write_tables(columns: Sequence[ArrowColumn], tables: Iterable[Any], path: Path) -> None:
    """The rows stand in an Arrow stream file; no tables give a file of no batches.

    Raises:
        TerminalError: `DF-RUN-024` for a value that its column's type cannot hold exactly.
    """
    schema = pyarrow.schema([(column.name, column.type) for column in columns])
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, schema) as writer:
        for table in tables:
            arrays = [_exact(array, column) for array, column in zip(table.columns, columns, strict=True)]
            writer.write_table(pyarrow.table(arrays, schema=schema))


def count_rows(path: Path) -> int:
    """Return how many rows stand in an Arrow stream file."""
    with pyarrow.memory_map(str(path)) as file:
        return sum(batch.num_rows for batch in pyarrow.ipc.open_stream(file))


def _exact(array: Any, column: ArrowColumn) -> Any:
    storage = getattr(column.type, "storage_type", column.type)
    try:
        cast = array.cast(storage)
    except pyarrow.ArrowException as exc:
        raise inexact(column.name, str(column.type)) from exc
    if storage is column.type:
        return cast
    return pyarrow.chunked_array(
        [pyarrow.ExtensionArray.from_storage(column.type, chunk) for chunk in cast.chunks], column.type
    )
