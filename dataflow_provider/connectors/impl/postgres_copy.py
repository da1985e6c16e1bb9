"""PostgreSQL's COPY: rows out in chunks of whole lines, and columns that another PostgreSQL takes in binary form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dataflow_provider.connectors.arrow_rows import split_type
from dataflow_provider.connectors.base import OnRows, ignore_rows

RELAY_BYTES = 128 * 1024
# Types whose binary form is the same on every version. The others travel as the text PostgreSQL writes.
_SAME = frozenset(
    {
        "boolean", "smallint", "integer", "bigint", "real", "double precision", "numeric", "text", "bytea", "date",
        "time without time zone", "timestamp without time zone", "timestamp with time zone", "jsonb", "uuid",
    }
)  # fmt: skip
_TEXTS = frozenset({"character varying", "character"})


def relayed_columns(types: Mapping[str, str]) -> dict[str, str]:
    """Return the type that each column of a query gets in the other database, the same as by way of Arrow.

    A `numeric` keeps what Arrow has no room for: more than 38 digits, values without a bound.
    """
    return {name: _relayed(text) for name, text in types.items()}


def relayed_value(quoted: str, text: str) -> str:
    """Return the expression whose binary form is that of the type in `relayed_columns`."""
    kind = split_type(text)[0]
    if kind in _SAME or kind in _TEXTS:
        return quoted  # A CHAR(n) keeps its blanks, which a cast to text would cut off.
    return f"{quoted}::{_relayed(text)}"


def _relayed(text: str) -> str:
    kind = split_type(text)[0]
    if kind == "json":
        return "jsonb"
    if kind == "numeric":
        return text
    return kind if kind in _SAME else "text"


def chunks(
    rows: Iterable[Any], most_bytes: int, most_rows: int | None = None, moved: OnRows = ignore_rows
) -> Iterator[bytearray]:
    """Yield the rows of a COPY, one message each, as chunks of whole rows."""
    waiting, count = bytearray(), 0
    for row in rows:
        waiting += row  # At once: a list of the driver's rows takes three times as long.
        count += 1
        if len(waiting) >= most_bytes or count == most_rows:
            yield waiting
            moved(count)
            waiting, count = bytearray(), 0
    if waiting:
        yield waiting
        moved(count)
