r"""MySQL's LOAD DATA LOCAL INFILE: rows as the text it reads, in files of a bounded size, each counted after reading.

NULL is `\N`; tabs, line ends and backslashes of texts are escaped; bytes are hexadecimal digits. What MySQL would only
warn of, since LOCAL makes errors warnings, fails here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.compute

from dataflow_provider.connectors.arrow_rows import IncomingColumn, inexact
from dataflow_provider.connectors.csv_rows import hexadecimal
from dataflow_provider.connectors.parquet_rows import plain_batches

ROWS_PER_LOAD = 100_000
REFUSED = frozenset({1148, 2068, 3948, 4166})
"""The server's or the client's numbers for a LOCAL INFILE that is not allowed."""
_NOTHING, _TAB, _END = (pyarrow.scalar(text, pyarrow.large_string()) for text in ("", "\t", "\n"))
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"))


def load_statement(table: str, columns: Sequence[IncomingColumn], names: Sequence[str], path: Path) -> str:
    """Return the statement that reads a file of `load_blocks` into the quoted columns of a table."""
    listed = [f"@c{at}" if column.type == "BLOB" else name for at, (column, name) in _numbered(columns, names)]
    made = [f"{name} = UNHEX(@c{at})" for at, (column, name) in _numbered(columns, names) if column.type == "BLOB"]
    changed = f" SET {', '.join(made)}" if made else ""
    place = str(path).replace("\\", "\\\\").replace("'", "\\'")
    return (
        f"LOAD DATA LOCAL INFILE '{place}' INTO TABLE {table} CHARACTER SET utf8mb4 "
        f"FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ({', '.join(listed)}){changed}"
    )


def _numbered(
    columns: Sequence[IncomingColumn], names: Sequence[str]
) -> Iterator[tuple[int, tuple[IncomingColumn, str]]]:
    return enumerate(zip(columns, names, strict=True))


def load_blocks(path: Path, columns: Sequence[IncomingColumn], block_rows: int) -> Iterator[tuple[int, Any]]:
    """Yield how many rows and the bytes of each block of an Arrow stream file.

    Raises:
        TerminalError: `DF-RUN-024` for a value that would change.
    """
    for batch in plain_batches(path, columns):
        for start in range(0, batch.num_rows, block_rows):
            part = batch.slice(start, block_rows)
            fields = [_field(array, column) for array, column in zip(part.columns, columns, strict=True)]
            lines = pyarrow.compute.binary_join_element_wise(*fields, _TAB)
            yield part.num_rows, _data(pyarrow.compute.binary_join_element_wise(lines, _NOTHING, _END))


def _field(array: Any, column: IncomingColumn) -> Any:
    kind = array.type
    if pyarrow.types.is_floating(kind) and pyarrow.compute.all(pyarrow.compute.is_finite(array)).as_py() is False:
        raise inexact(column.name, "a number of MySQL")
    if pyarrow.types.is_binary(kind):
        array = hexadecimal(array).cast(pyarrow.string())
    elif pyarrow.types.is_boolean(kind):
        array = array.cast(pyarrow.int8())
    elif pyarrow.types.is_timestamp(kind) and kind.tz:
        array = array.cast(pyarrow.timestamp(kind.unit))  # the same moment in UTC, its zone not told
    elif pyarrow.types.is_string(kind):
        for plain, escaped in _ESCAPES:
            array = pyarrow.compute.replace_substring(array, plain, escaped)
    texts = array.cast(pyarrow.large_string())
    return pyarrow.compute.fill_null(texts, "\\N")


def _data(lines: Any) -> Any:
    """Return the bytes of all texts one behind the other, which is how Arrow keeps them."""
    _, offsets, data = lines.buffers()
    ends = pyarrow.Array.from_buffers(pyarrow.int64(), lines.offset + len(lines) + 1, [None, offsets])
    return memoryview(data)[ends[lines.offset].as_py() : ends[-1].as_py()]
