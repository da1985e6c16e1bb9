"""The select list, DISTINCT, ORDER BY and LIMIT: the columns and rows that a query answers in the end."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from dataflow_provider.compiler.decompile.drafts import NotAGraph, Rows, fresh
from dataflow_provider.compiler.decompile.grouping import checked
from dataflow_provider.compiler.decompile.scope import Scope, content
from dataflow_provider.compiler.decompile.subqueries import with_columns

_HIDDEN = "order_key"


def plan_output(scope: Scope) -> None:
    """Give the rows exactly the columns of the select list, in order, then DISTINCT, ORDER BY and LIMIT."""
    distinct = scope.select.args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        _keep_first(scope, distinct.args["on"])
        distinct = None
    hidden = _hide_order_keys(scope)
    if hidden and distinct is not None:
        raise NotAGraph("DISTINCT rows are ordered by what is not among their columns")
    names = _project(scope, [*scope.items, *hidden.items()])
    if distinct is not None:
        scope.add("transform.deduplicate", f"{scope.wanted}_distinct", {"keys": list(scope.rows.columns)})
    order = [scope.spelling.order_term(names[one.this.name], one) for one in scope.order]
    sort(scope, scope.select, order)
    if hidden:
        visible = scope.rows.columns[: len(scope.items)]
        scope.add("transform.select", f"{scope.wanted}_columns", {"columns": list(visible)}, visible)


def sort(scope: Scope, query: exp.Query, order: Sequence[str]) -> None:
    """Order and limit the rows as the query says."""
    limit, offset = _count(query, "limit"), _count(query, "offset")
    fields = {"order_by": list(order), "limit": limit, "offset": offset or None}
    if order or limit is not None or offset:
        draft = scope.planner.drafts.add("transform.sort", f"{scope.wanted}_sorted", fields, [scope.rows.draft])
        scope.rows = Rows(draft, scope.rows.columns)


def _count(query: exp.Query, key: str) -> int | None:
    clause = query.args.get(key)
    if clause is None:
        return None
    options = clause.args.get("limit_options")
    if isinstance(clause, exp.Fetch):
        value = clause.args.get("count") or exp.Literal.number(1)
    else:
        value = clause.expression
    odd = options is not None and (options.args.get("percent") or options.args.get("with_ties"))
    if odd or clause.args.get("offset") or clause.expressions or not isinstance(value, exp.Literal) or value.is_string:
        raise NotAGraph(f"`{clause.sql().strip()}` is no plain number of rows")
    return int(value.name)


def _keep_first(scope: Scope, on: exp.Expr) -> None:
    """DISTINCT ON keeps the first row of each key in the order of the query."""
    names = dict(scope.items)
    keys = []
    for one in on.expressions:
        tree = names.get(one.name, one) if isinstance(one, exp.Column) and not one.table else one
        keys.append(checked(scope, scope.bare(tree)))
    terms = []
    for one in scope.order:
        term = one.copy()
        is_alias = isinstance(one.this, exp.Column) and not one.this.table and one.this.name in names
        term.set("this", checked(scope, scope.bare(names[one.this.name] if is_alias else one.this)))
        terms.append(term)
    key_names = scope.as_columns(keys, lambda _: "first_key")
    order_names = scope.as_columns([one.this for one in terms], lambda _: "first_order")
    order = [scope.spelling.order_term(name, term) for name, term in zip(order_names, terms, strict=True)]
    fields = {"keys": list(dict.fromkeys(key_names)), "order_by": order}
    scope.add("transform.deduplicate", f"{scope.wanted}_first", fields)


# ---------------------------------------------------------------- order keys


def _hide_order_keys(scope: Scope) -> dict[str, exp.Expr]:
    """Let every term of ORDER BY name an output column; what is none becomes a hidden one, returned by its name."""
    aliases = dict(scope.items)
    hidden: dict[str, exp.Expr] = {}
    for term in scope.order:
        tree = term.this
        while isinstance(tree, exp.Paren):
            tree = tree.this
        if _is_alias(tree, aliases):
            term.set("this", tree.copy())
            continue
        tree = _without_aliases(tree, aliases, scope)
        same = next((alias for alias, item in aliases.items() if item == tree), None)
        if same is None:
            same = fresh(_HIDDEN, [*aliases, *hidden, *scope.rows.columns])
            hidden[same] = tree
        term.set("this", exp.column(same))
    return hidden


def _is_alias(tree: exp.Expr, aliases: dict[str, exp.Expr]) -> bool:
    return isinstance(tree, exp.Column) and not tree.table and not tree.meta.get("row") and tree.name in aliases


def _without_aliases(tree: exp.Expr, aliases: dict[str, exp.Expr], scope: Scope) -> exp.Expr:
    """Return the term with the items its aliases stand for; engines differ where an alias hides a column."""
    holder = exp.Paren(this=tree.copy())
    for column in list(holder.find_all(exp.Column)):
        if _is_alias(column, aliases):
            item = aliases[column.name]
            is_column_too = any(name == column.name for _, name in scope.names)
            if is_column_too and not (isinstance(item, exp.Column) and item.name == column.name):
                raise NotAGraph(f"`{column.name}` in ORDER BY may be a column or an item")
            column.replace(item.copy())
    return content(holder)


# ---------------------------------------------------------------- select list


def _project(scope: Scope, items: Sequence[tuple[str, exp.Expr]]) -> dict[str, str]:
    """Compute the items and put them in order; return the name that each has in the rows."""
    _refuse_repeated([alias for alias, _ in items])
    valued = [(alias, with_columns(scope, tree)) for alias, tree in items]
    bare = [(alias, checked(scope, scope.bare(tree.unalias()))) for alias, tree in valued]
    plain = {tree.name for _, tree in bare if isinstance(tree, exp.Column)}
    new: dict[str, exp.Expr] = {}
    chosen: list[tuple[str, str]] = []
    for alias, tree in bare:
        if isinstance(tree, exp.Column):
            chosen.append((tree.name, alias))
            continue
        name = alias if alias not in plain else fresh(alias, [*scope.rows.columns, *new])
        if name not in scope.rows.columns:
            name = fresh(name, [*scope.rows.columns, *new])
        new[name] = tree
        chosen.append((name, alias))
    scope.compute(new, f"{scope.wanted}_values")
    if [name for name, _ in chosen] != list(scope.rows.columns) or any(name != alias for name, alias in chosen):
        columns = [name if name == alias else {"name": name, "as": alias} for name, alias in chosen]
        scope.add("transform.select", f"{scope.wanted}_columns", {"columns": columns}, [alias for _, alias in chosen])
    return {alias: alias for alias, _ in items}


def _refuse_repeated(names: Sequence[str]) -> None:
    folded = [name.casefold() for name in names]
    repeated = next((name for name in names if folded.count(name.casefold()) > 1), None)
    if repeated is not None:
        raise NotAGraph(f"two of its columns are named `{repeated}`")
