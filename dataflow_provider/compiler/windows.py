"""What an incremental source reads in one run: from its watermark to the high-water mark, both of one kind of value.

Pure values and their texts; where they are kept is no concern of this module.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Literal, cast

from sqlglot import exp

from dataflow_provider.compiler.bind import typed_literal
from dataflow_provider.connectors.requests import Span

BoundKind = Literal["integer", "decimal", "date", "timestamp", "string", "positions"]
Bound = int | Decimal | date | datetime | str
"""A value of a watermark's column; a datetime is naive UTC, `positions` are the text of a JSON object."""

MOMENTS: tuple[BoundKind, ...] = ("date", "timestamp")


@dataclass(frozen=True)
class Watermark:
    """How far a source has been read: every row up to and with `value` of `column`."""

    column: str
    kind: BoundKind
    value: Bound

    def to_json(self) -> dict[str, str]:
        return {"column": self.column, "kind": self.kind, "value": bound_text(self.value)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Watermark:
        """Return what `to_json` has written.

        Raises:
            ValueError, KeyError: when it is something else.
        """
        kind = cast("BoundKind", stored["kind"])
        return cls(str(stored["column"]), kind, read_bound(kind, stored["value"]))


@dataclass(frozen=True)
class ReadWindow:
    """The rows of one run: `low` to `high`, `high` inclusive, `low` only when `inclusive`.

    Without `high` there is nothing to read; without `low` the read begins with the first row. `base` is the watermark
    that it was taken from. `kind` is None only where there are no bounds.
    """

    column: str
    kind: BoundKind | None
    low: Bound | None
    inclusive: bool
    high: Bound | None
    base: Bound | None = None

    def condition(self, column: exp.Expr) -> exp.Expr:
        """Return which rows are read; a NULL never is."""
        if self.kind is None or self.high is None:
            return exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(0))
        parts: list[exp.Expr] = []
        if self.low is not None:
            parts.append(self.above(column))
        parts.append(exp.LTE(this=column.copy(), expression=bound_literal(self.kind, self.high)))
        return exp.and_(*parts, copy=False)

    def above(self, column: exp.Expr) -> exp.Expr:
        """Return the lower bound alone; only where there is one."""
        if self.kind is None or self.low is None:
            return exp.Not(this=exp.Is(this=column.copy(), expression=exp.null()))
        compared = exp.GTE if self.inclusive else exp.GT
        return compared(this=column.copy(), expression=bound_literal(self.kind, self.low))

    def span(self) -> Span | None:
        """Return the read of a connector whose rows have positions instead of a column, None for others."""
        if self.kind != "positions":
            return None
        return Span(self.column, json.loads(str(self.low)), json.loads(str(self.high)))

    def to_json(self) -> dict[str, Any]:
        texts = {name: getattr(self, name) for name in ("low", "high", "base")}
        return {
            "column": self.column,
            "kind": self.kind,
            "inclusive": self.inclusive,
            **{name: None if value is None else bound_text(value) for name, value in texts.items()},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ReadWindow:
        """Return what `to_json` has written.

        Raises:
            ValueError, KeyError: when it is something else.
        """
        kind = cast("BoundKind | None", stored["kind"])
        low, high, base = (
            None if kind is None or stored[name] is None else read_bound(kind, stored[name])
            for name in ("low", "high", "base")
        )
        return cls(str(stored["column"]), kind, low, bool(stored["inclusive"]), high, base)


def kind_of_column(kind: str) -> BoundKind | None:
    """Return the kind of bound for a column's type in our words; None when its values make no watermark.

    >>> kind_of_column("BIGINT"), kind_of_column("DECIMAL(10,2)"), kind_of_column("DOUBLE")
    ('integer', 'decimal', None)
    """
    if kind.endswith(("INT", "INTEGER")):
        return "integer"
    if kind.startswith("DECIMAL") or kind == "NUMERIC":
        return "decimal"
    if kind == "DATE":
        return "date"
    if kind.startswith("TIMESTAMP"):
        return "timestamp"
    return "string" if kind == "VARCHAR" else None


def kind_of_value(value: object) -> BoundKind | None:
    """Return the kind of a value where nobody knows the type of its column."""
    if isinstance(value, bool):
        return None
    kinds: tuple[tuple[type, BoundKind], ...] = (
        (int, "integer"), (Decimal, "decimal"), (float, "decimal"), (datetime, "timestamp"), (date, "date"),
        (str, "string"),
    )  # fmt: skip
    return next((kind for known, kind in kinds if isinstance(value, known)), None)


def read_bound(kind: BoundKind, value: object) -> Bound:
    """Return a value of the kind, from a driver, a YAML file, or its own text.

    >>> read_bound("timestamp", "2026-01-01"), read_bound("decimal", 1.5), read_bound("positions", {"0": 12})
    (datetime.datetime(2026, 1, 1, 0, 0), Decimal('1.5'), '{"0": 12}')

    Raises:
        ValueError: when it is none.
    """
    if isinstance(value, bool) or value is None:
        raise ValueError(f"`{value}` is no {kind}")
    try:
        return _READERS[kind](value)
    except (TypeError, ValueError, InvalidOperation) as exc:
        raise ValueError(f"`{value}` is no {kind}") from exc


def _integer(value: object) -> int:
    number = Decimal(str(value))
    if number != int(number):
        raise ValueError
    return int(number)


def _decimal(value: object) -> Decimal:
    if isinstance(value, date):
        raise TypeError
    number = Decimal(str(value))
    if not math.isfinite(number):
        raise ValueError
    return number


def _date(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else datetime.fromisoformat(_words(value)).date()


def _timestamp(value: object) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time.min)
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(_words(value))
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _string(value: object) -> str:
    if isinstance(value, int | float | Decimal):
        raise TypeError
    return str(value)


def _positions(value: object) -> str:
    found = value if isinstance(value, Mapping) else json.loads(_words(value))
    if not isinstance(found, dict) or not all(_is_count(one) for one in found.values()):
        raise ValueError
    return json.dumps(found, sort_keys=True)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _words(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.strip()


_READERS: Mapping[BoundKind, Callable[[object], Bound]] = MappingProxyType(
    {
        "integer": _integer,
        "decimal": _decimal,
        "date": _date,
        "timestamp": _timestamp,
        "string": _string,
        "positions": _positions,
    }
)


def bound_text(value: Bound) -> str:
    """Return the text that `read_bound` takes back."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def earlier(kind: BoundKind, value: Bound, by: timedelta) -> Bound:
    """Return the moment that lies `by` before; of a date the day in which it lies.

    Raises:
        ValueError: when the kind is no moment.
    """
    if isinstance(value, datetime):
        return value - by
    if isinstance(value, date):
        return (datetime.combine(value, time.min) - by).date()
    raise ValueError(f"a lookback needs a date or a timestamp, and the column holds {kind} values")


def is_later(kind: BoundKind, value: Bound, than: Bound) -> bool | None:
    """Return whether a value lies beyond another; None for texts, whose order only their database knows."""
    if kind == "string":
        return None
    if kind == "positions":
        return _all_later(json.loads(str(value)), json.loads(str(than)))
    return bool(cast("Any", value) > cast("Any", than))


def _all_later(value: Mapping[str, int], than: Mapping[str, int]) -> bool:
    """Return whether no part lies before its other, and some lies beyond or is new."""
    return value != than and all(value.get(part, -1) >= position for part, position in than.items())


def bound_literal(kind: BoundKind, value: Bound) -> exp.Expr:
    """Return the value as a literal of its kind.

    >>> bound_literal("decimal", Decimal("-1.50")).sql("duckdb")
    '(-1.50)'
    """
    if kind == "decimal":
        text = bound_text(abs(cast("Decimal", value)))
        literal = exp.Literal.number(text)
        return exp.paren(exp.Neg(this=literal)) if cast("Decimal", value) < 0 else literal
    return typed_literal("string" if kind == "positions" else kind, cast("Any", value))
