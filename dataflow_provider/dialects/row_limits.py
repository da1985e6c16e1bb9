"""ORDER BY, LIMIT and OFFSET on engines that restrict where they may stand."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from dataflow_provider.dialects.passes import UnsupportedHereError


def drop_idle_orders(tree: exp.Expr) -> exp.Expr:
    """ORDER BY inside a statement goes where it chooses no rows: its result has no order anyway."""
    for query in tree.find_all(exp.Query):
        if query is tree or query.args.get("limit") or query.args.get("offset"):
            continue
        if query.args.get("order") is not None:
            query.set("order", None)
    return tree


def rank_limits(engine: str) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that counts rows by `QUALIFY ROW_NUMBER()` where TOP may not stand: inside a statement.

    OFFSET is counted so everywhere, as TOP has none.
    """

    def rank(tree: exp.Expr) -> exp.Expr:
        for query in [*tree.find_all(exp.Query)]:
            limit, offset = query.args.get("limit"), query.args.get("offset")
            if (limit is None and offset is None) or (query is tree and offset is None):
                continue
            if not isinstance(query, exp.Select) or query.args.get("distinct") or query.args.get("qualify"):
                raise UnsupportedHereError(
                    "a limit beside UNION, DISTINCT or QUALIFY",
                    engine,
                    "Put the limit in a `transform.sort` of its own.",
                )
            _rank(query, limit, offset)
        return tree

    return rank


def _rank(query: exp.Select, limit: exp.Expr | None, offset: exp.Expr | None) -> None:
    order = query.args.get("order")
    terms = (
        [one.copy() for one in order.expressions] if order is not None else [exp.Ordered(this=exp.Literal.number(1))]
    )
    number = exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=terms))
    skipped = _count(offset)
    conditions: list[exp.Expr] = []
    if skipped is not None:
        conditions.append(exp.GT(this=number.copy(), expression=skipped.copy()))
    wanted = _count(limit)
    if wanted is not None:
        last = wanted if skipped is None else exp.Add(this=wanted, expression=skipped.copy())
        conditions.append(exp.LTE(this=number, expression=last))
    query.set("qualify", exp.Qualify(this=exp.and_(*conditions)))
    for key in ("limit", "offset", "order"):
        query.set(key, None)


def _count(clause: exp.Expr | None) -> exp.Expr | None:
    if clause is None:
        return None
    count = clause.args.get("count") if isinstance(clause, exp.Fetch) else clause.args.get("expression")
    return count.copy() if isinstance(count, exp.Expr) else None


def refuse_offset(engine: str) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that refuses OFFSET."""

    def refuse(tree: exp.Expr) -> exp.Expr:
        if any(query.args.get("offset") for query in tree.find_all(exp.Query)):
            raise UnsupportedHereError("`offset`", engine, "Use a condition on the columns of `order_by`.")
        return tree

    return refuse


def refuse_inner_limits(engine: str) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that refuses a limit anywhere but in front of the statement."""

    def refuse(tree: exp.Expr) -> exp.Expr:
        if any(query is not tree and query.args.get("limit") for query in tree.find_all(exp.Query)):
            raise UnsupportedHereError(
                "a limit inside a statement", engine, "Set `checkpoint: true` on the node with the limit."
            )
        return tree

    return refuse


def unwrap_statement(tree: exp.Expr) -> exp.Expr:
    """`SELECT * FROM (SELECT …) AS x` is the inner SELECT, as long as nothing else stands around it."""
    while isinstance(tree, exp.Select):
        from_ = tree.args.get("from_")
        others = {key for key, value in tree.args.items() if value and key not in ("from_", "expressions")}
        inner = from_.this if from_ is not None else None
        if others or not isinstance(inner, exp.Subquery) or not isinstance(inner.this, exp.Select):
            break
        item = tree.expressions[0]
        if len(tree.expressions) != 1 or not isinstance(item, exp.Star) or any(item.args.values()):
            break
        comments = [*(tree.comments or ()), *(inner.args["alias"].comments or ())]
        tree = inner.this
        tree.pop()
        tree.comments = comments or None
    return tree
