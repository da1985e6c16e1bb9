"""The statements of a profile: figures of all columns in one scan, then shapes in one, then top values by column.

What a statement asks depends on what the one before answered, so ranks and edges stand in it as plain numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlglot import exp

from dataflow_provider.compiler.bind import number_literal, typed_literal
from dataflow_provider.compiler.kinds import BOOLEAN, MOMENT, NUMBER, TEXT, TIME, family, kind_of_type
from dataflow_provider.compiler.lowering.tree import alias, column, identifier, select
from dataflow_provider.dialects.base import SqlDialect

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BUCKETS = 10
TOP = 10
ANY = "any"
"""The family of a column whose values each have a type of their own, as in SQLite."""

_ORDERED = (NUMBER, TEXT, MOMENT, TIME, ANY)


@dataclass(frozen=True)
class Profiled:
    """A column to be profiled; `at` numbers it in the statements."""

    at: int
    name: str
    family: str
    is_equal: bool

    @property
    def is_ordered(self) -> bool:
        return self.family in _ORDERED


@dataclass(frozen=True)
class Figures:
    """What the first statement tells of a column; None for what its type does not have."""

    count: int
    distinct: int | None
    low: Any
    high: Any
    mean: float | None


def profiled_columns(types: Mapping[str, str], dialect: SqlDialect) -> list[Profiled]:
    """Return the columns with what can be asked of their types; of an unknown type only NULLs are counted."""
    found = []
    for at, (name, text) in enumerate(types.items()):
        kind = kind_of_type(text, dialect)
        kin = family(kind) or (ANY if not dialect.typed_columns and not kind else "")
        found.append(Profiled(at, name, kin, is_equal=kin in (*_ORDERED, BOOLEAN) or kind == "UUID"))
    return found


def figures_query(columns: Sequence[Profiled], source: exp.Expr) -> exp.Select:
    """Return the query of one row: the number of rows, then the figures of each column."""
    items: list[exp.Expr] = [alias(exp.Count(this=exp.Star()), "n")]
    for one in columns:
        items.append(alias(exp.Count(this=column(one.name)), f"n{one.at}"))
        if one.is_equal:
            distinct = exp.Count(this=exp.Distinct(expressions=[column(one.name)]))
            items.append(alias(distinct, f"d{one.at}"))
        if one.is_ordered:
            items.append(alias(exp.Min(this=column(one.name)), f"lo{one.at}"))
            items.append(alias(exp.Max(this=column(one.name)), f"hi{one.at}"))
        if one.family in (NUMBER, ANY):
            items.append(alias(exp.Avg(this=_as_float(one)), f"avg{one.at}"))
    return select(items, source)


def _as_float(one: Profiled) -> exp.Expr:
    return column(one.name) if one.family == ANY else exp.cast(column(one.name), "DOUBLE")


def read_figures(columns: Sequence[Profiled], row: Sequence[Any]) -> tuple[int, dict[int, Figures]]:
    """Return the number of rows, and the figures by column."""
    values = iter(row)
    rows = int(next(values))
    found = {}
    for one in columns:
        count = int(next(values))
        distinct = int(next(values)) if one.is_equal else None
        low, high = (next(values), next(values)) if one.is_ordered else (None, None)
        mean = next(values) if one.family in (NUMBER, ANY) else None
        counts = one.family == NUMBER or _is_number(low)
        found[one.at] = Figures(count, distinct, low, high, float(mean) if counts and mean is not None else None)
    return rows, found


def has_shape(one: Profiled, figures: Figures) -> bool:
    """Return whether quantiles are asked for: of numbers and times."""
    return figures.count > 0 and (
        one.family in (NUMBER, MOMENT) or (one.family == ANY and _is_number(figures.low) and _is_number(figures.high))
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def edges_of(figures: Figures) -> list[Any]:
    """Return the inner edges of a histogram; none where all values are one, or no numbers or times to reckon with.

    >>> edges_of(Figures(3, 3, 0, 10, 5.0))[:3]
    [1.0, 2.0, 3.0]
    """
    low, high = figures.low, figures.high
    if _is_number(low) and _is_number(high):
        lowest, highest = float(low), float(high)
        if not (math.isfinite(lowest) and math.isfinite(highest) and lowest < highest):
            return []
        return [lowest + (highest - lowest) * at / BUCKETS for at in range(1, BUCKETS)]
    if isinstance(low, date) and isinstance(high, date) and low < high:
        start, length = _moment(low), _moment(high) - _moment(low)
        return [start + timedelta(seconds=length.total_seconds() * at / BUCKETS) for at in range(1, BUCKETS)]
    return []


def _moment(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def shapes_query(columns: Sequence[Profiled], figures: Mapping[int, Figures], source: exp.Expr) -> exp.Select:
    """Return the query of one row: of each column its quantiles by nearest rank, then the counts of its buckets."""
    inner: list[exp.Expr] = []
    outer: list[exp.Expr] = []
    for one in columns:
        inner += [alias(column(one.name), f"v{one.at}"), alias(_rank(one), f"r{one.at}")]
        value = column(f"v{one.at}")
        for number, share in enumerate(QUANTILES):
            rank = max(1, math.ceil(share * figures[one.at].count))
            chosen = exp.EQ(this=column(f"r{one.at}"), expression=exp.Literal.number(rank))
            outer.append(alias(exp.Max(this=_if(chosen, value.copy(), None)), f"q{one.at}_{number}"))
        for number, condition in enumerate(_buckets(value, edges_of(figures[one.at]))):
            counted = exp.Sum(this=_if(condition, exp.Literal.number(1), exp.Literal.number(0)))
            outer.append(alias(counted, f"b{one.at}_{number}"))
    ranked = exp.Subquery(this=select(inner, source), alias=exp.TableAlias(this=identifier("ranked")))
    return select(outer, ranked)


def _rank(one: Profiled) -> exp.Expr:
    """Number the values in order, NULLs behind them."""
    missing = _if(exp.Is(this=column(one.name), expression=exp.null()), exp.Literal.number(1), exp.Literal.number(0))
    order = exp.Order(expressions=[exp.Ordered(this=missing), exp.Ordered(this=column(one.name), nulls_first=False)])
    return exp.Window(this=exp.RowNumber(), order=order)


def _buckets(value: exp.Expr, edges: Sequence[Any]) -> list[exp.Expr]:
    if not edges:
        return []
    literals = [_edge(edge) for edge in edges]
    below = [exp.LT(this=value.copy(), expression=edge.copy()) for edge in literals]
    above = [exp.GTE(this=value.copy(), expression=edge.copy()) for edge in literals]
    between = [exp.And(this=low, expression=high) for low, high in zip(above[:-1], below[1:], strict=True)]
    return [below[0].copy(), *between, above[-1].copy()]


def _edge(edge: Any) -> exp.Expr:
    return typed_literal("timestamp", edge) if isinstance(edge, datetime) else number_literal(float(edge))


def _if(condition: exp.Expr, then: exp.Expr, other: exp.Expr | None) -> exp.Case:
    return exp.Case(ifs=[exp.If(this=condition, true=then)], default=other)


def read_shapes(
    columns: Sequence[Profiled], figures: Mapping[int, Figures], row: Sequence[Any]
) -> dict[int, tuple[list[Any], list[int]]]:
    """Return quantiles and bucket counts by column."""
    values = iter(row)
    found = {}
    for one in columns:
        quantiles = [next(values) for _ in QUANTILES]
        edges = edges_of(figures[one.at])
        found[one.at] = (quantiles, [int(next(values) or 0) for _ in range(len(edges) + 1)] if edges else [])
    return found


def top_query(one: Profiled, source: exp.Expr) -> exp.Select:
    """Return the query of the most frequent values, the lesser value first where two are as frequent."""
    query = select([alias(column(one.name), "v"), alias(exp.Count(this=exp.Star()), "n")], source)
    query = query.where(exp.Not(this=exp.Is(this=column(one.name), expression=exp.null())), copy=False)
    query = query.group_by(column(one.name), copy=False)
    order = [exp.Ordered(this=exp.Count(this=exp.Star()), desc=True)]
    if one.is_ordered:
        order.append(exp.Ordered(this=column(one.name)))
    return query.order_by(*order, copy=False).limit(TOP, copy=False)
