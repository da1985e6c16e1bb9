"""A LIMIT at the root, taken into the branches of a UNION ALL below it, for engines that make the whole union first."""

from __future__ import annotations

from collections import Counter

from sqlglot import exp

_PLAIN = frozenset({"expressions", "from_", "with_", "limit"})


def push_limit(statement: exp.Select, limit: int) -> None:
    """Every branch of a union that the statement reads row by row gives `limit` rows at most, so that it may end there.

    Nothing changes where rows are dropped, counted or put in order in between: they could need more of a branch.
    """
    ctes = {one.alias: one for one in statement.ctes}
    reads = Counter(one.name for one in statement.find_all(exp.Table) if not one.db)
    _go_down(statement, ctes, reads, limit)


def _go_down(query: exp.Expr, ctes: dict[str, exp.CTE], reads: Counter[str], limit: int) -> None:
    cte = _read_alone(query, ctes, reads)
    if cte is None:
        return
    if isinstance(cte.this, exp.Union):
        cte.set("this", _limited(cte.this, ctes, reads, limit))
    else:
        _go_down(cte.this, ctes, reads, limit)


def _limited(query: exp.Expr, ctes: dict[str, exp.CTE], reads: Counter[str], limit: int) -> exp.Expr:
    if isinstance(query, exp.Union) and not query.args.get("distinct") and not _ends(query):
        for side in ("this", "expression"):
            query.set(side, _limited(query.args[side], ctes, reads, limit))
        return query
    if not isinstance(query, exp.Select) or _ends(query):
        return query
    _go_down(query, ctes, reads, limit)
    return exp.Subquery(this=query.limit(limit))


def _ends(query: exp.Query) -> bool:
    return any(query.args.get(name) is not None for name in ("limit", "offset", "order"))


def _read_alone(query: exp.Expr, ctes: dict[str, exp.CTE], reads: Counter[str]) -> exp.CTE | None:
    """Return the rows of which a query gives each one as it comes, when nobody else reads them."""
    if not isinstance(query, exp.Select) or any(value and name not in _PLAIN for name, value in query.args.items()):
        return None
    if any(one.find(exp.AggFunc, exp.Window) for one in query.expressions):
        return None
    origin = query.args["from_"].this if query.args.get("from_") else None
    name = origin.name if isinstance(origin, exp.Table) and not origin.db else ""
    return ctes.get(name) if reads[name] == 1 else None
