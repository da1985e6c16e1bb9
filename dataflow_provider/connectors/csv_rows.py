"""Rows as CSV text that a database writes by itself, read into Arrow column by column and exact.

NULL is an empty field and an empty text is `""`; bytes and UUIDs are hexadecimal digits. Databases write and Arrow
reads this in C, where rows of Python objects take several times as long.
"""

from __future__ import annotations

import binascii
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.compute
import pyarrow.csv

from dataflow_provider.connectors.arrow_rows import ArrowColumn, inexact

CHUNK_BYTES = 4 * 1024 * 1024
_AHEAD = 2
_COLUMN = re.compile(r"In CSV column #(\d+)")
_PARSE = pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)


def write_csv_rows(columns: Sequence[ArrowColumn], chunks: Iterable[bytes | bytearray], path: Path) -> None:
    """The rows stand in an Arrow stream file; each chunk is whole lines, read while the next one comes.

    Raises:
        TerminalError: `DF-RUN-024` for a value that its column's type cannot hold exactly.
    """
    schema = pyarrow.schema([(column.name, column.type) for column in columns])
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, schema) as writer:
        for table in _tables(schema, chunks):
            writer.write_table(table)


def _tables(schema: Any, chunks: Iterable[bytes | bytearray]) -> Iterator[Any]:
    """At most `_AHEAD` chunks wait to be read, so memory does not grow with the rows."""
    with ThreadPoolExecutor(1, thread_name_prefix="dataflow-csv") as pool:
        waiting: deque[Future[Any]] = deque()
        for chunk in chunks:
            waiting.append(pool.submit(_read, schema, chunk))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _read(schema: Any, chunk: bytes | bytearray) -> Any:
    names = [str(number) for number in range(len(schema))]  # A query may name two columns alike.
    types = {name: _on_the_wire(field.type) for name, field in zip(names, schema, strict=True)}
    try:
        table = pyarrow.csv.read_csv(
            pyarrow.BufferReader(chunk),
            # One block: no row lies across the border of two.
            pyarrow.csv.ReadOptions(column_names=names, block_size=len(chunk) + 1, use_threads=False),
            _PARSE,
            pyarrow.csv.ConvertOptions(
                column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
                true_values=["t"], false_values=["f"],
            ),
        )  # fmt: skip
    except pyarrow.ArrowInvalid as exc:
        found = _COLUMN.search(str(exc))
        if found is None:
            raise
        # Arrow's own words hold the value.
        column = schema.field(int(found[1]))
        raise inexact(column.name, str(column.type)) from None
    arrays = [
        _arrived(column.combine_chunks(), field.type) for column, field in zip(table.columns, schema, strict=True)
    ]
    return pyarrow.table(arrays, schema=schema)


def _on_the_wire(kind: Any) -> Any:
    if _is_hexadecimal(kind):
        return pyarrow.binary()
    return getattr(kind, "storage_type", kind)


def _is_hexadecimal(kind: Any) -> bool:
    return pyarrow.types.is_binary(kind) or _is_uuid(kind)


def _is_uuid(kind: Any) -> bool:
    return isinstance(kind, pyarrow.BaseExtensionType) and kind.extension_name == "arrow.uuid"


def _arrived(array: Any, kind: Any) -> Any:
    if pyarrow.types.is_binary(kind):
        return _resized(array, binascii.unhexlify, 1, 2)
    if _is_uuid(kind):
        digits = _resized(array, lambda data: binascii.unhexlify(bytes(data).replace(b"-", b"")), 16, 36)
        array = digits.cast(kind.storage_type)
    return pyarrow.ExtensionArray.from_storage(kind, array) if isinstance(kind, pyarrow.BaseExtensionType) else array


def _resized(array: Any, change: Callable[[Any], bytes], times: int, per: int) -> Any:
    """Return the array of bytes with all its data changed at once; every `per` bytes become `times`."""
    valid, offsets, data = array.buffers()
    if data is None or not len(array):
        return array
    ends = pyarrow.Array.from_buffers(pyarrow.int32(), array.offset + len(array) + 1, [None, offsets])
    wide = pyarrow.compute.multiply(ends.cast(pyarrow.int64()), times)
    moved = pyarrow.compute.divide(wide, per).cast(pyarrow.int32())
    changed = pyarrow.py_buffer(change(memoryview(data)[: ends[-1].as_py()]))
    buffers = [valid, moved.buffers()[1], changed]
    return pyarrow.Array.from_buffers(pyarrow.binary(), len(array), buffers, offset=array.offset)


def hexadecimal(array: Any) -> Any:
    """Return an array of bytes as the digits of each."""
    return _resized(array, binascii.hexlify, 2, 1)
