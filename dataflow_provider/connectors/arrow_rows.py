"""Rows of a driver as Arrow batches and back, column by column, with exact values or an error that names the column."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow

from dataflow_provider.errors import TerminalError

BATCH_ROWS = 10_000
MAX_DECIMAL_DIGITS = 38
_ARGUMENTS = re.compile(r"\s*\(([^()]*)\)")

Convert = Callable[[Any], Any]


@dataclass(frozen=True)
class ArrowColumn:
    """A column of an answer: its Arrow type, and what makes of the driver's value (never None) one of that type."""

    name: str
    type: Any
    convert: Convert | None = None


def split_type(text: str) -> tuple[str, tuple[int, ...]]:
    """Return the name of an engine's type in small letters, and its numbers.

    >>> split_type("Timestamp(3) with time zone"), split_type("decimal(10,2) unsigned"), split_type("enum('a','b')")
    (('timestamp with time zone', (3,)), ('decimal unsigned', (10, 2)), ('enum', ()))
    """
    found = _ARGUMENTS.search(text)
    numbers = [part.strip() for part in found[1].split(",")] if found else []
    name = " ".join(_ARGUMENTS.sub(" ", text).lower().split())
    return name, tuple(int(number) for number in numbers) if all(n.isdigit() for n in numbers) else ()


def write_rows(columns: Sequence[ArrowColumn], blocks: Iterable[Sequence[Sequence[Any]]], path: Path) -> None:
    """The rows stand in an Arrow stream file, a batch per block; no rows give a file of no batches.

    Raises:
        TerminalError: `DF-RUN-024` for a value that its column's type cannot hold exactly.
    """
    schema = pyarrow.schema([(column.name, column.type) for column in columns])
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, schema) as writer:
        for block in blocks:
            values = zip(*block, strict=True) if block else ()
            arrays = [_array(column, list(one)) for column, one in zip(columns, values, strict=True)]
            writer.write_batch(pyarrow.record_batch(arrays, schema=schema))


def _array(column: ArrowColumn, values: list[Any]) -> Any:
    convert = column.convert
    try:
        if convert is not None:
            values = [None if value is None else convert(value) for value in values]
        storage = getattr(column.type, "storage_type", column.type)
        array = pyarrow.array(values, storage)
        return array if storage is column.type else pyarrow.ExtensionArray.from_storage(column.type, array)
    except (pyarrow.ArrowException, ValueError, TypeError, ArithmeticError, OverflowError) as exc:
        raise inexact(column.name, str(column.type)) from exc


def inexact(column: str, wanted: str) -> TerminalError:
    """Return the error for a value that would change on its way to another connection."""
    return TerminalError(
        "DF-RUN-024",
        f"column `{column}` holds a value that `{wanted}` cannot hold exactly, so its rows are not handed over",
        hint="Cast the column in the stage that reads it, to a wider type or to text.",
    )


# ---------------------------------------------------------------- back again


@dataclass(frozen=True)
class IncomingColumn:
    """A column of an Arrow file: the neutral type a database is asked for, and how a value becomes a plain one.

    Types are BOOLEAN, SMALLINT, INTEGER, BIGINT, REAL, DOUBLE, DECIMAL, VARCHAR, BLOB, DATE, TIME, TIMESTAMP,
    TIMESTAMPTZ, JSON and UUID; `numbers` are the precision and scale of a DECIMAL.
    """

    name: str
    type: str
    numbers: tuple[int, ...] = ()
    convert: Convert | None = None


def incoming_columns(path: Path) -> list[IncomingColumn]:
    """Return the columns of an Arrow stream file.

    Raises:
        TerminalError: `DF-RUN-025` for a type that no other database knows.
    """
    with pyarrow.memory_map(str(path)) as file:
        return [incoming_column(field.name, field.type) for field in pyarrow.ipc.open_stream(file).schema]


def incoming_rows(
    path: Path, columns: Sequence[IncomingColumn], block_rows: int = BATCH_ROWS
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of an Arrow stream file in blocks of at most so many, as plain Python values."""
    with pyarrow.memory_map(str(path)) as file:
        for batch in pyarrow.ipc.open_stream(file):
            for start in range(0, batch.num_rows, block_rows):
                part = batch.slice(start, block_rows)
                yield list(zip(*map(_plain_values, part.columns, columns), strict=True))


def _plain_values(array: Any, column: IncomingColumn) -> list[Any]:
    if pyarrow.types.is_timestamp(array.type) and array.type.unit == "ns":
        try:
            array = array.cast(pyarrow.timestamp("us", array.type.tz))
        except pyarrow.ArrowException as exc:
            raise inexact(column.name, "TIMESTAMP of microseconds") from exc
    try:
        values: list[Any] = array.to_pylist()
    except (ValueError, OverflowError) as exc:
        raise inexact(column.name, column.type) from exc
    convert = column.convert
    return values if convert is None else [None if value is None else convert(value) for value in values]


_INCOMING: tuple[tuple[Callable[[Any], bool], str, Convert | None], ...] = (
    (pyarrow.types.is_boolean, "BOOLEAN", None),
    (pyarrow.types.is_int8, "SMALLINT", None),
    (pyarrow.types.is_uint8, "SMALLINT", None),
    (pyarrow.types.is_int16, "SMALLINT", None),
    (pyarrow.types.is_uint16, "INTEGER", None),
    (pyarrow.types.is_int32, "INTEGER", None),
    (pyarrow.types.is_uint32, "BIGINT", None),
    (pyarrow.types.is_int64, "BIGINT", None),
    (pyarrow.types.is_float32, "REAL", None),
    (pyarrow.types.is_float64, "DOUBLE", None),
    (pyarrow.types.is_string, "VARCHAR", None),
    (pyarrow.types.is_large_string, "VARCHAR", None),
    (pyarrow.types.is_dictionary, "VARCHAR", None),
    (pyarrow.types.is_null, "VARCHAR", None),
    (pyarrow.types.is_binary, "BLOB", None),
    (pyarrow.types.is_large_binary, "BLOB", None),
    (pyarrow.types.is_date, "DATE", None),
    (pyarrow.types.is_time, "TIME", None),
    (pyarrow.types.is_nested, "JSON", lambda value: json.dumps(value, default=str)),
)


def incoming_column(name: str, kind: Any) -> IncomingColumn:
    """Return what another connection makes of a column of that Arrow type.

    Raises:
        TerminalError: `DF-RUN-025` for a type that no other database knows.
    """
    if pyarrow.types.is_decimal(kind):
        return IncomingColumn(name, "DECIMAL", (kind.precision, kind.scale))
    if pyarrow.types.is_uint64(kind):
        return IncomingColumn(name, "DECIMAL", (20, 0))
    if pyarrow.types.is_timestamp(kind):
        return IncomingColumn(name, "TIMESTAMPTZ" if kind.tz else "TIMESTAMP")
    if isinstance(kind, pyarrow.BaseExtensionType):
        return _incoming_extension(name, kind)
    for holds, neutral, convert in _INCOMING:
        if holds(kind):
            return IncomingColumn(name, neutral, (), convert)
    raise _unknown(name, str(kind))


def _incoming_extension(name: str, kind: Any) -> IncomingColumn:
    # DuckDB's BOOLEAN, which it keeps in a byte.
    if kind.extension_name == "arrow.bool8":
        return IncomingColumn(name, "BOOLEAN", (), bool)
    if kind.extension_name == "arrow.json":
        return IncomingColumn(name, "JSON")
    if kind.extension_name == "arrow.uuid":
        return IncomingColumn(name, "UUID", (), str)
    opaque = getattr(kind, "type_name", "")
    if opaque in ("hugeint", "uhugeint"):
        return IncomingColumn(name, "DECIMAL", (MAX_DECIMAL_DIGITS, 0), _huge_reader(name, signed=opaque == "hugeint"))
    raise _unknown(name, opaque or kind.extension_name)


def _huge_reader(name: str, *, signed: bool) -> Convert:
    """DuckDB's SUM of whole numbers is a HUGEINT, which Arrow carries as 16 bytes, the lowest first."""

    def read(value: bytes) -> int:
        number = int.from_bytes(value, "little", signed=signed)
        if abs(number) >= 10**MAX_DECIMAL_DIGITS:
            raise inexact(name, f"DECIMAL({MAX_DECIMAL_DIGITS},0)")
        return number

    return read


def _unknown(name: str, kind: str) -> TerminalError:
    return TerminalError(
        "DF-RUN-025",
        f"column `{name}` is of the type `{kind}`, which cannot be handed over to another connection",
        hint="Cast it in the stage that reads it, for example to text.",
    )
