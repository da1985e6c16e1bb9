"""Small pieces of SQL trees with every name quoted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sqlglot import exp

from dataflow_provider.compiler.compiled import Columns
from dataflow_provider.dialects.base import SqlDialect

_ORDER_TERM = re.compile(
    r"(?P<column>.+?)(?:\s+(?P<way>ASC|DESC))?(?:\s+NULLS\s+(?P<nulls>FIRST|LAST))?", re.IGNORECASE | re.DOTALL
)


def identifier(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)


def column(name: str, side: str | None = None) -> exp.Column:
    """Return a reference to a column, of the table alias `side` when given."""
    return exp.Column(this=identifier(name), table=identifier(side) if side else None)


def table(parts: Sequence[str], alias: str | None = None) -> exp.Table:
    """Return a reference to rows; one part alone is a common table expression of ours, and marked so."""
    names = dict(zip(("this", "db", "catalog"), (identifier(part) for part in reversed(parts)), strict=False))
    result = exp.Table(**names, alias=exp.TableAlias(this=identifier(alias)) if alias else None)
    result.meta["ours"] = True
    return result


def alias(tree: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=tree, alias=identifier(name))


def select(items: Iterable[exp.Expr], source: exp.Expr) -> exp.Select:
    return exp.Select(expressions=list(items)).from_(source, copy=False)


def star(
    *, side: str | None = None, drop: Iterable[str] = (), rename: Iterable[tuple[str, str]] = (),
    replace: Iterable[tuple[str, exp.Expr]] = (),
) -> exp.Expr:  # fmt: skip
    """Return `*` (or `side.*`) with columns left out, renamed (old, new) or replaced (name, value)."""
    changes: dict[str, list[exp.Expr]] = {
        "except_": [identifier(name) for name in drop],
        "replace": [alias(value, name) for name, value in replace],
        "rename": [alias(column(old), new) for old, new in rename],
    }
    result = exp.Star(**{key: value for key, value in changes.items() if value})
    return exp.Column(this=result, table=identifier(side)) if side else result


def star_or_columns(columns: Columns | None, side: str | None = None) -> list[exp.Expr]:
    """Return the columns one by one where they are known, else a star."""
    return [star(side=side)] if columns is None else [column(name, side) for name in columns]


def typed_null(kind: str, dialect: SqlDialect) -> exp.Expr:
    """Return NULL of a type as the database spells it."""
    if dialect.casts_any_type:
        return exp.Cast(this=exp.null(), to=exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=kind))
    built = exp.DataType.build(kind, dialect=dialect.sqlglot, udt=True)
    if built.this in exp.DataType.INTEGER_TYPES:
        built.set("expressions", [])  # `int(11)` tells how wide it is shown
    return exp.Cast(this=exp.null(), to=built)


def first_match(conditions: Sequence[exp.Expr]) -> exp.Case:
    """Return the 1-based number of the first condition that is true, 0 when none is; NULL is not true.

    CASE decides the truth of a condition as WHERE does, on every engine, so that no row is in two ports or in none.
    """
    ifs = [
        exp.If(this=condition.copy(), true=exp.Literal.number(number)) for number, condition in enumerate(conditions, 1)
    ]
    return exp.Case(ifs=ifs, default=exp.Literal.number(0))


def equals(left: exp.Expr, right: exp.Expr, *, null_safe: bool = False) -> exp.Expr:
    return exp.NullSafeEQ(this=left, expression=right) if null_safe else exp.EQ(this=left, expression=right)


def conjunction(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """Return all conditions joined by AND, each in parentheses where it needs them; TRUE for none."""
    return exp.and_(*conditions, copy=False)


def order_parts(term: str) -> tuple[str, bool, bool]:
    """Return column, descending, nulls first of `col [DESC] [NULLS FIRST|LAST]`.

    >>> order_parts("day DESC")
    ('day', True, False)
    """
    match = _ORDER_TERM.fullmatch(term.strip())
    name = (match["column"] if match else term).strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1].replace('""', '"')
    way = (match["way"] if match else None) or "ASC"
    nulls = (match["nulls"] if match else None) or "LAST"
    return name, way.upper() == "DESC", nulls.upper() == "FIRST"


def ordered(name: str, *, descending: bool, nulls_first: bool) -> exp.Ordered:
    return exp.Ordered(this=column(name), desc=descending, nulls_first=nulls_first)
