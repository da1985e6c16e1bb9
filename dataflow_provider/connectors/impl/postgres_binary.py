"""Arrow batches as the binary form of PostgreSQL's COPY, a column at a time in C: no text is written or parsed.

Each column becomes an array of fields, which are four bytes of length and the value; Arrow joins them row by row.
Source: PostgreSQL's documentation of COPY, "Binary Format", and the `*_recv` functions of its types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy
import pyarrow
import pyarrow.compute

from dataflow_provider.connectors.arrow_rows import MAX_DECIMAL_DIGITS, IncomingColumn, inexact
from dataflow_provider.connectors.parquet_rows import plain_batches

BLOCK_BYTES = 4 * 1024 * 1024
_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_EPOCH_DAYS = 10_957  # from 1970 to 2000, where PostgreSQL begins to count
_EPOCH_US = _EPOCH_DAYS * 86_400_000_000
_DAYS = (-2_440_588, 2_145_042_905)  # 24 November 4714 before Christ to the end of 5874897
# From that day too; Arrow's last value is how DuckDB writes infinity.
_MICROSECONDS = (-210_866_803_200_000_000, 2**63 - 2)
_DIGITS = 4
_BASE = 10**_DIGITS
_WORD = 32


def copy_blocks(
    path: Path, columns: Sequence[IncomingColumn], most_rows: int | None = None
) -> Iterator[tuple[int, Any]]:
    """Yield how many rows and the bytes of each block of an Arrow stream file; the first and the last hold no row.

    Raises:
        TerminalError: `DF-RUN-024` for a value that would change.
    """
    yield 0, _HEADER
    for batch in plain_batches(path, columns, uuid_bytes=True):
        for part in _parts(batch, most_rows):
            yield part.num_rows, _rows(part, columns)
    yield 0, _TRAILER


def _parts(batch: Any, most_rows: int | None) -> Iterator[Any]:
    """Yield parts of about `BLOCK_BYTES` and of no more rows than that."""
    rows = max(1, batch.num_rows * BLOCK_BYTES // max(batch.nbytes, 1))
    rows = rows if most_rows is None else min(rows, most_rows)
    return (batch.slice(start, rows) for start in range(0, batch.num_rows, rows))


def _rows(part: Any, columns: Sequence[IncomingColumn]) -> Any:
    """Return the rows one after the other, which is all that an array of them consists of."""
    pieces = [pyarrow.scalar(len(columns).to_bytes(2), pyarrow.binary())]
    for array, column in zip(part.columns, columns, strict=True):
        pieces += _fields(array, column)
    joined = pyarrow.compute.binary_join_element_wise(
        *pieces, pyarrow.scalar(b"", pyarrow.binary()), null_handling="replace", null_replacement=_NULL
    )
    ends = numpy.frombuffer(joined.buffers()[1], numpy.int32)
    return memoryview(joined.buffers()[2])[: ends[len(joined)]]


def _fields(array: Any, column: IncomingColumn) -> list[Any]:
    """Return what stands in each row for a value, in one array or two; NULL in the first is a field of NULL."""
    if column.type in _PREFIXED:
        return _long_fields(array, _PREFIXED[column.type])
    values = _decimals(array, column) if column.type == "DECIMAL" else _FIXED[column.type](array, column)
    width = values.dtype.itemsize
    made = numpy.empty(len(array), numpy.dtype([("length", ">i4"), ("value", values.dtype)]))
    made["length"], made["value"] = width, values
    return [_packed(made, array)]


def _packed(made: Any, array: Any) -> Any:
    """Return an array of the bytes of each element, NULL where the other one is."""
    kind = pyarrow.binary(made.dtype.itemsize)
    packed = pyarrow.Array.from_buffers(kind, len(array), [_validity(array), pyarrow.py_buffer(made.view("u1"))])
    return packed.cast(pyarrow.binary())


def _validity(array: Any) -> Any:
    if not array.null_count:
        return None
    return pyarrow.py_buffer(numpy.packbits(_valid(array), bitorder="little"))


def _valid(array: Any) -> Any:
    return array.is_valid().to_numpy(zero_copy_only=False)


# ---------------------------------------------------------------- values that have a length of their own


_PREFIXED: Mapping[str, bytes] = {"VARCHAR": b"", "BLOB": b"", "JSON": b"\x01"}
"""What stands before a value: jsonb has a version."""


def _long_fields(array: Any, prefix: bytes) -> list[Any]:
    data = array.cast(pyarrow.binary())
    sizes = pyarrow.compute.binary_length(data).fill_null(0).to_numpy(zero_copy_only=False)
    made = numpy.empty(len(array), numpy.dtype([("length", ">i4"), ("prefix", f"V{len(prefix)}")]))
    made["length"], made["prefix"] = sizes + len(prefix), numpy.void(prefix)
    return [_packed(made, array), data.fill_null(b"") if data.null_count else data]


# ---------------------------------------------------------------- values of one width


def _numbers(array: Any, kind: str) -> Any:
    """Return the values as they lie in memory; what lies where NULL is means nothing."""
    data, size = array.buffers()[1], numpy.dtype(kind).itemsize
    return numpy.frombuffer(data, kind, len(array), array.offset * size)


def _as_is(kind: str) -> Callable[[Any, IncomingColumn], Any]:
    def read(array: Any, column: IncomingColumn) -> Any:
        return _numbers(array, f"<{kind}").astype(f">{kind}")

    return read


def _booleans(array: Any, column: IncomingColumn) -> Any:
    return _numbers(array.cast(pyarrow.uint8()), "u1")


def _counted(kind: str, epoch: int, bounds: tuple[int, int]) -> Callable[[Any, IncomingColumn], Any]:
    """Days or microseconds since 1970 as those since 2000."""

    def read(array: Any, column: IncomingColumn) -> Any:
        values = _numbers(array, f"<{kind}")
        outside = (values < bounds[0]) | (values > bounds[1])
        if outside.any():
            if (outside & _valid(array)).any():
                raise inexact(column.name, column.type)
            values = numpy.where(outside, epoch, values)
        return (values - values.dtype.type(epoch)).astype(f">{kind}")

    return read


def _uuids(array: Any, column: IncomingColumn) -> Any:
    return _numbers(array, "V16")


_FIXED: Mapping[str, Callable[[Any, IncomingColumn], Any]] = {
    "BOOLEAN": _booleans,
    "SMALLINT": _as_is("i2"),
    "INTEGER": _as_is("i4"),
    "BIGINT": _as_is("i8"),
    "REAL": _as_is("f4"),
    "DOUBLE": _as_is("f8"),
    "DATE": _counted("i4", _EPOCH_DAYS, _DAYS),
    "TIME": _as_is("i8"),
    "TIMESTAMP": _counted("i8", _EPOCH_US, _MICROSECONDS),
    "TIMESTAMPTZ": _counted("i8", _EPOCH_US, _MICROSECONDS),
    "UUID": _uuids,
}


# ---------------------------------------------------------------- decimals


def _decimals(array: Any, column: IncomingColumn) -> Any:
    """Return numerics of as many digits to the base of 10,000 as the type can have; PostgreSQL drops zeros."""
    precision, scale = column.numbers
    if scale < 0:
        precision, scale = MAX_DECIMAL_DIGITS, 0
        try:
            array = array.cast(pyarrow.decimal128(precision, scale))
        except pyarrow.ArrowException as exc:
            raise inexact(column.name, f"DECIMAL({precision},{scale})") from exc
    behind, before = -(-scale // _DIGITS), -(-max(precision - scale, 0) // _DIGITS)
    count = before + behind
    shape = [("count", ">i2"), ("weight", ">i2"), ("sign", ">u2"), ("scale", ">i2"), ("digits", ">i2", (count,))]
    made = numpy.empty(len(array), numpy.dtype(shape))
    made["count"], made["weight"], made["scale"] = count, before - 1, scale
    negative, words = _magnitudes(array, precision)
    made["sign"] = numpy.where(negative, 0x4000, 0)
    odd = scale % _DIGITS  # The last digit to the base may be only begun.
    for at in reversed(range(count)):
        begun = odd and at == count - 1
        words, rest = _divided(words, 10**odd if begun else _BASE)
        made["digits"][:, at] = rest * 10 ** (_DIGITS - odd) if begun else rest
    return made


def _magnitudes(array: Any, precision: int) -> tuple[Any, list[Any]]:
    """Return which values are negative, and how large they are in words, the highest first: one of 64 bits or four."""
    halves = _numbers(array, "V16").view("<u8").reshape(-1, 2)
    low, high = halves[:, 0], halves[:, 1]
    negative = high.astype("<i8") < 0
    if precision <= 18:
        return negative, [numpy.where(negative, ~low + 1, low)]
    high = numpy.where(negative, ~high + (low == 0), high)
    low = numpy.where(negative, ~low + 1, low)
    mask = numpy.uint64(2**_WORD - 1)
    return negative, [high >> _WORD, high & mask, low >> _WORD, low & mask]


def _divided(words: Sequence[Any], by: int) -> tuple[list[Any], Any]:
    """Return the quotients and the rests."""
    quotients, rest = [], numpy.uint64(0)
    for word in words:
        whole = (rest << numpy.uint64(_WORD)) | word
        quotients.append(whole // numpy.uint64(by))
        rest = whole - quotients[-1] * numpy.uint64(by)
    return quotients, rest
