"""What an expression takes from which column: its value, or only a decision about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from sqlglot import exp

from dataflow_provider.lineage.model import NOTHING, Influences, Resolve, Rows, Subtype, merged, through

# Functions over a window that take the value of one of its rows as it is.
_ONE_ROW = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue, exp.First, exp.Last)

Subquery = Callable[[exp.Query], Rows]
"""Returns the rows of a query inside an expression."""


def _no_queries(query: exp.Query) -> Rows:
    return Rows({})


def influences_of(
    tree: exp.Expr, resolve: Resolve, subtype: Subtype = Subtype.IDENTITY, subquery: Subquery = _no_queries
) -> Influences:
    """Return the influences of every column that the expression names, as seen from its value.

    `subtype` is how the value itself is used: `IDENTITY` for a column of the output, `FILTER` for a condition.
    """
    return merged(_walk(tree, resolve, subtype, subquery))


def sides_of(sides: Mapping[str, Rows]) -> Resolve:
    """Return how names in an expression are resolved; a bare name belongs to the side that has it."""

    def resolve(side: str, name: str) -> Influences | None:
        if side:
            rows = next((one for alias, one in sides.items() if alias.casefold() == side.casefold()), None)
            return None if rows is None else rows.column(name)
        owners = [rows for rows in sides.values() if rows.find(name) is not None]
        if owners:
            return owners[0].column(name)
        found = [made for rows in sides.values() if (made := rows.column(name)) is not None]
        if len(found) < 2:
            return found[0] if found else None
        return merged(one.influences for rows in sides.values() for parts in rows.rest for one in parts)

    return resolve


def _walk(node: exp.Expr, resolve: Resolve, subtype: Subtype, subquery: Subquery) -> Iterator[Influences]:
    if isinstance(node, exp.Column):
        yield _column(node, resolve, subtype)
        return
    if isinstance(node, exp.Query):
        rows = subquery(node)
        yield through(subtype, rows.everything()) | through(subtype, rows.decided)
        return
    if isinstance(node, exp.Lambda):
        resolve = _without(resolve, {one.name.casefold() for one in node.expressions})
    elif isinstance(node, exp.Comprehension):
        resolve = _without(resolve, {node.args["expression"].name.casefold()})
    for child, step in _children(node, subtype):
        yield from _walk(child, resolve, step, subquery)


def _column(node: exp.Column, resolve: Resolve, subtype: Subtype) -> Influences:
    """A name that is no column is a field of a column (`a.b`), or a word of the engine such as `current_user`."""
    if isinstance(node.this, exp.Star):
        return NOTHING
    made = resolve(node.table, node.name)
    if made is None and node.table:
        made, subtype = resolve("", node.parts[0].name), _at_least(Subtype.TRANSFORMATION, subtype)
    return through(subtype, made or NOTHING)


def _without(resolve: Resolve, bound: set[str]) -> Resolve:
    return lambda side, name: None if (side or name).casefold() in bound else resolve(side, name)


def _children(node: exp.Expr, subtype: Subtype) -> Iterator[tuple[exp.Expr, Subtype]]:
    """Yield the parts of an expression, each with how it takes part in the value."""
    if isinstance(node, exp.Alias | exp.Paren | exp.Ordered | exp.Where | exp.Having | exp.Qualify | exp.Tuple):
        yield from ((child, subtype) for child in node.iter_expressions())
        return
    changed = _at_least(Subtype.TRANSFORMATION, subtype)
    if isinstance(node, exp.AggFunc | exp.WithinGroup) and not isinstance(node, _ONE_ROW):
        changed = _at_least(Subtype.AGGREGATION, subtype)
    for key, child in _parts(node):
        yield child, _indirect(node, key, subtype) or changed


def _parts(node: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    for key, value in node.args.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, exp.Expr):
                yield key, one


def _indirect(node: exp.Expr, key: str, subtype: Subtype) -> Subtype | None:
    """Return the subtype of a part that only decides about the value; None for a part that makes it."""
    decides: Subtype | None = None
    if (isinstance(node, exp.Case | exp.If) and key == "this") or (isinstance(node, exp.Filter) and key != "this"):
        decides = Subtype.CONDITIONAL
    elif isinstance(node, exp.Window) and key in ("partition_by", "order", "spec"):
        decides = Subtype.WINDOW
    elif isinstance(node, exp.Order) and key == "expressions" and not isinstance(node.parent, exp.WithinGroup):
        decides = Subtype.SORT
    return None if decides is None or subtype.type == "INDIRECT" else decides


def _at_least(lowest: Subtype, subtype: Subtype) -> Subtype:
    if subtype.type == "INDIRECT" or subtype is Subtype.AGGREGATION:
        return subtype
    return lowest


def merge_names(names: Iterable[str], rows: Rows) -> Influences:
    """Return what makes any of the named columns."""
    return merged(rows.column(name) or NOTHING for name in names)
