"""What each transform means, in plain Python: rows in, rows out. Engines are compared with this, never with each other.

A row is a dict, its order of keys the order of columns. Expressions are Python functions of a row that answer None for
NULL; a condition that answers None is not true.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cmp_to_key
from typing import Any

Row = dict[str, Any]
Rows = list[Row]
Expression = Callable[[Row], Any]
Aggregate = Callable[[Rows], Any]
Term = tuple[str, bool, bool]
"""Column, descending, NULLs first."""


def compare(left: Any, right: Any, *, descending: bool = False, nulls_first: bool = False) -> int:
    """Return -1, 0 or 1 as ORDER BY puts two values; the place of NULL does not turn with the direction."""
    if left is None or right is None:
        if left is right:
            return 0
        return (-1 if left is None else 1) * (1 if nulls_first else -1)
    if left == right:
        return 0
    return (-1 if left < right else 1) * (-1 if descending else 1)


def ordered(rows: Rows, terms: Sequence[Term]) -> Rows:
    """Return the rows in the order of the terms; ties stay as they came, so tests must break them."""

    def order(left: Row, right: Row) -> int:
        for name, descending, nulls_first in terms:
            result = compare(left[name], right[name], descending=descending, nulls_first=nulls_first)
            if result:
                return result
        return 0

    return sorted(rows, key=cmp_to_key(order))


def groups(rows: Rows, keys: Sequence[str]) -> dict[tuple[Any, ...], Rows]:
    """Return the rows by their keys; NULL keys are equal to each other, as in GROUP BY."""
    found: dict[tuple[Any, ...], Rows] = defaultdict(list)
    for row in rows:
        found[tuple(row[key] for key in keys)].append(row)
    return dict(found)


# ---------------------------------------------------------------- one row after the other


def filter_rows(rows: Rows, where: Expression) -> tuple[Rows, Rows]:
    """Return the rows that meet the condition, and all others."""
    return [row for row in rows if where(row)], [row for row in rows if not where(row)]


def expression(rows: Rows, columns: Mapping[str, Expression]) -> Rows:
    """Return the rows with new columns behind; one of an existing name takes its place."""
    return [{**row, **{name: value(row) for name, value in columns.items()}} for row in rows]


def select(rows: Rows, columns: Mapping[str, str]) -> Rows:
    """Return the columns, new name → old name."""
    return [{new: row[old] for new, old in columns.items()} for row in rows]


def route(rows: Rows, routes: Mapping[str, Expression], *, exclusive: bool = True) -> dict[str, Rows]:
    """Return the rows of each route; the rest is at `default`."""
    ports: dict[str, Rows] = {name: [] for name in (*routes, "default")}
    for row in rows:
        met = [name for name, condition in routes.items() if condition(row)]
        for name in (met[:1] if exclusive else met) or ["default"]:
            ports[name].append(row)
    return ports


# ---------------------------------------------------------------- groups


def aggregate(rows: Rows, keys: Sequence[str], aggregates: Mapping[str, Aggregate]) -> Rows:
    """Return one row a group; without keys one row, also of no rows."""
    found = groups(rows, keys)
    if not keys and not rows:
        found = {(): []}
    return [
        {**dict(zip(keys, key, strict=True)), **{name: value(members) for name, value in aggregates.items()}}
        for key, members in found.items()
    ]


def deduplicate(rows: Rows, keys: Sequence[str], terms: Sequence[Term], *, keep: str = "first") -> Rows:
    """Return the first (or last) row of each group."""
    return [ordered(members, terms)[0 if keep == "first" else -1] for members in groups(rows, keys).values()]


def window(
    rows: Rows, keys: Sequence[str], terms: Sequence[Term], columns: Mapping[str, Callable[[Rows, int], Any]]
) -> Rows:
    """Return the rows with columns computed from the ordered partition and the row's place in it, from 0."""
    result = []
    for members in groups(rows, keys).values():
        line = ordered(members, terms)
        result += [{**row, **{name: of(line, at) for name, of in columns.items()}} for at, row in enumerate(line)]
    return result


def pivot(rows: Rows, keys: Sequence[str], column: str, value: str, values: Sequence[Any], of: Aggregate) -> Rows:
    """Return one row a group with a column for each value; None where a group has no such row."""
    return [
        {
            **dict(zip(keys, key, strict=True)),
            **{
                str(one): (of(here) if (here := [row for row in members if row[column] == one]) else None)
                for one in values
            },
        }
        for key, members in groups([{**row, "value": row[value]} for row in rows], keys).items()
    ]


def unpivot(
    rows: Rows, keys: Sequence[str], column: str, value: str, values: Sequence[str], *, keep_nulls: bool = False
) -> Rows:
    """Return a row for each named column of each row."""
    return [
        {**{key: row[key] for key in keys}, column: name, value: row[name]}
        for row in rows
        for name in values
        if keep_nulls or row[name] is not None
    ]


# ---------------------------------------------------------------- several inputs


def union(inputs: Sequence[tuple[Sequence[str], Rows]], *, distinct: bool = False, by_name: bool = True) -> Rows:
    """Return the rows of all inputs (column names, rows) under the names of the first, or under all names."""
    names = list(dict.fromkeys(name for columns, _ in inputs for name in columns)) if by_name else list(inputs[0][0])
    rows: Rows = []
    for columns, given in inputs:
        for row in given:
            values = [row.get(name) for name in names] if by_name else [row[name] for name in columns]
            rows.append(dict(zip(names, values, strict=True)))
    return [members[0] for members in groups(rows, names).values()] if distinct else rows


def join(
    left: tuple[Sequence[str], Rows],
    right: tuple[Sequence[str], Rows],
    how: str,
    keys: Mapping[str, str],
    *,
    condition: Callable[[Row, Row], Any] | None = None,
    null_safe: bool = False,
    right_prefix: str = "",
) -> Rows:
    """Return the join; a key of one name is one column, and colliding right columns, in any case, get the prefix."""

    def meets(one: Row, other: Row) -> bool:
        equal = all(_same(one[ours], other[theirs], null_safe=null_safe) for ours, theirs in keys.items())
        return equal and (condition is None or bool(condition(one, other)))

    (left_names, left_rows), (right_names, right_rows) = left, right
    if how in ("semi", "anti"):
        return [row for row in left_rows if any(meets(row, other) for other in right_rows) == (how == "semi")]
    shared = {theirs for ours, theirs in keys.items() if ours == theirs}
    taken = {name.casefold() for name in left_names}
    renamed = {
        name: f"{right_prefix}{name}" if name.casefold() in taken else name
        for name in right_names
        if name not in shared
    }

    def pair(one: Row | None, other: Row | None) -> Row:
        row = {name: one[name] if one else None for name in left_names}
        for name in shared:
            row[name] = one[name] if one and one[name] is not None else (other[name] if other else None)
        return {**row, **{new: other[old] if other else None for old, new in renamed.items()}}

    met = [(one, other) for one in left_rows for other in right_rows if meets(one, other)]
    result = [pair(one, other) for one, other in met]
    if how in ("left", "full"):
        kept = {id(one) for one, _ in met}
        result += [pair(one, None) for one in left_rows if id(one) not in kept]
    if how in ("right", "full"):
        kept = {id(other) for _, other in met}
        result += [pair(None, other) for other in right_rows if id(other) not in kept]
    return result


def _same(left: Any, right: Any, *, null_safe: bool) -> bool:
    if left is None or right is None:
        return null_safe and left is right
    return bool(left == right)


# ---------------------------------------------------------------- aggregates, which leave out NULL


def present(rows: Iterable[Row], name: str) -> list[Any]:
    return [row[name] for row in rows if row[name] is not None]


def sum_of(name: str) -> Aggregate:
    return lambda rows: sum(values) if (values := present(rows, name)) else None


def count_of(name: str) -> Aggregate:
    return lambda rows: len(present(rows, name))


def min_of(name: str) -> Aggregate:
    return lambda rows: min(present(rows, name), default=None)


def max_of(name: str) -> Aggregate:
    return lambda rows: max(present(rows, name), default=None)


def count(rows: Rows) -> int:
    return len(rows)


def count_distinct_of(name: str) -> Aggregate:
    return lambda rows: len(set(present(rows, name)))
