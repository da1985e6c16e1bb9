"""Columns without a name, and columns of one name in one select list: no table and no node has such.

The first get a name that reads like their value; of the second, the later ones are numbered. It happens before names
are resolved. Whoever speaks of a repeated name from outside means the first column of that name, or is refused by the
engine, so a new name for a later one is never asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from dataflow_provider.compiler.decompile.drafts import ID_LIMIT, fresh

# Here a column without a name can be asked for from outside: `SELECT count FROM (SELECT COUNT(*) …)`.
_NAMED_BY_FUNCTION = frozenset({"postgres", "redshift"})


def name_items(query: exp.Query, dialect: str) -> None:
    """Give every item of any select list a name that no other item of the list has."""
    for select in query.find_all(exp.Select):
        _name_unnamed(select, dialect)
        _rename(select)


def names_of(query: exp.Query) -> list[str]:
    """Return the names that the query gives its columns, "" for those without one and for a star."""
    return [_name(item) for item in query.selects]


def _name(item: exp.Expr) -> str:
    if isinstance(item, exp.Alias):
        return str(item.alias)
    return str(item.name) if isinstance(item, exp.Column) and not item.is_star else ""


def _name_unnamed(select: exp.Select, dialect: str) -> None:
    for item in list(select.expressions):
        if _name(item) or item.is_star or isinstance(item, exp.Aliases | exp.Query):
            continue
        taken = [_name(one) for one in select.expressions]
        inside = [column.name for column in select.find_all(exp.Column)]
        by_function = dialect in _NAMED_BY_FUNCTION and isinstance(item, exp.Func) and not isinstance(item, exp.Cast)
        wanted = _function_name(item) if by_function else fresh(_readable(item), [*taken, *inside])
        item.replace(exp.Alias(this=item.copy(), alias=exp.to_identifier(wanted)))


def _function_name(item: exp.Func) -> str:
    return str(item.name if isinstance(item, exp.Anonymous) else item.sql_names()[0]).lower()


def _readable(item: exp.Expr) -> str:
    if isinstance(item, exp.Cast) and isinstance(item.this, exp.Column):
        return str(item.this.name)
    return readable_name(item) if isinstance(item, exp.Func | exp.Window) else "value"


def rename_behind_star(query: exp.Query, qualified: exp.Query) -> bool:
    """Write out the stars of the answer whose columns repeat a name; return whether there were any.

    `qualified` is the same query with its stars expanded.
    """
    changed = False
    for select, known in zip(outer_selects(query), outer_selects(qualified), strict=True):
        names = [item.alias_or_name.casefold() for item in known.expressions]
        if len(set(names)) == len(names) or known.is_star or not select.is_star:
            continue
        select.set("expressions", [item.copy() for item in known.expressions])
        _rename(select)
        changed = True
    return changed


def outer_selects(query: exp.Expr) -> Iterator[exp.Select]:
    """Yield the SELECTs whose rows are the query's own: the query, or each part of its set operations."""
    if isinstance(query, exp.Select):
        yield query
    elif isinstance(query, exp.SetOperation):
        yield from outer_selects(query.this)
        yield from outer_selects(query.expression)
    elif isinstance(query, exp.Subquery):
        yield from outer_selects(query.this)


def _rename(select: exp.Select) -> None:
    names = [_name(item) for item in select.expressions]
    folded = [name.casefold() for name in names if name]
    if len(set(folded)) == len(folded):
        return
    inside = {column.name.casefold() for column in select.find_all(exp.Column)}
    seen: set[str] = set()
    for item, name in zip(list(select.expressions), names, strict=True):
        if name and name.casefold() in seen:
            new = _numbered(name, {*folded, *seen, *inside})
            quoted = bool(isinstance(item, exp.Alias) and item.args["alias"].args.get("quoted"))
            alias = exp.Alias(this=item.unalias().copy(), alias=exp.to_identifier(new, quoted=quoted))
            item.replace(alias)
            name = new
        seen.add(name.casefold())


def _numbered(name: str, taken: set[str]) -> str:
    """Return the name with the first number that is free, counted as DuckDB counts them."""
    number = 1
    while True:
        found = f"{name[: ID_LIMIT - 1 - len(str(number))]}_{number}"
        if found.casefold() not in taken:
            return found
        number += 1


def readable_name(tree: exp.Expr) -> str:
    """Return a column name that reads like the aggregate or function, `sum_amount` for SUM(amount).

    >>> readable_name(exp.Sum(this=exp.column("amount")))
    'sum_amount'
    """
    function = tree
    while isinstance(function, exp.Window | exp.Filter | exp.WithinGroup | exp.IgnoreNulls | exp.RespectNulls):
        function = function.this
    name = function.name if isinstance(function, exp.Anonymous) else function.key
    columns = list(dict.fromkeys(column.name for column in _columns(tree)))
    words = "_".join([name, *columns[:2]]) if columns else name
    return re.sub(r"\W+", "_", words.lower()).strip("_")[:40].rstrip("_") or "value"


def _columns(tree: exp.Expr) -> Iterator[exp.Column]:
    for node in tree.walk(prune=lambda node: isinstance(node, exp.Query)):
        if isinstance(node, exp.Column):
            yield node
