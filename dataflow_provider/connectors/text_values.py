"""INSERTs of many rows whose values stand as text and are cast: for Spark, where a driver binds no arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from dataflow_provider.connectors.arrow_rows import IncomingColumn

STATEMENT_CHARACTERS = 4_000_000
"""About how long a statement may grow; Databricks takes 16 MiB, and each one makes a file and a commit."""


def insert_statements(
    table: str, columns: Sequence[tuple[str, IncomingColumn]], blocks: Iterable[Sequence[Sequence[Any]]]
) -> Iterator[str]:
    """Yield INSERTs of all rows; `columns` are the engine's type and the column of each value, in the table's order."""
    casts = ", ".join(_cast(f"c{at}", kind, column) for at, (kind, column) in enumerate(columns))
    names = ", ".join(f"c{at}" for at in range(len(columns)))
    head, tail = f"INSERT INTO {table} SELECT {casts} FROM VALUES ", f" AS rows({names})"
    rows: list[str] = []
    size = 0
    for block in blocks:
        for row in block:
            rows.append("(" + ", ".join(_literal(value) for value in row) + ")")
            size += len(rows[-1])
            if size >= STATEMENT_CHARACTERS:
                yield head + ", ".join(rows) + tail
                rows, size = [], 0
    if rows:
        yield head + ", ".join(rows) + tail


def _cast(name: str, kind: str, column: IncomingColumn) -> str:
    return f"unhex({name})" if column.type == "BLOB" else f"CAST({name} AS {kind})"


def _literal(value: Any) -> str:
    r"""Return the value as a text literal.

    >>> print(_literal(Decimal("1E+2")), _literal("it's \\"), _literal(b"\x00"), _literal(float("inf")))
    '100' 'it\'s \\' '00' 'Infinity'
    """
    if value is None:
        return "CAST(NULL AS STRING)"
    return "'" + _text(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(repr(value), repr(value))
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return value.isoformat() if isinstance(value, time) else str(value)
