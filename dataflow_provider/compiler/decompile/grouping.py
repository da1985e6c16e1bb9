"""GROUP BY and HAVING: an aggregate node, computed keys in front of it, a filter behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlglot import exp

from dataflow_provider.compiler.decompile.aggregates import aggregates_in
from dataflow_provider.compiler.decompile.drafts import NotAGraph, fresh
from dataflow_provider.compiler.decompile.grouping_sets import add_sets, key_sets
from dataflow_provider.compiler.decompile.item_names import readable_name
from dataflow_provider.compiler.decompile.scope import (
    Scope,
    bare_column,
    conjuncts,
    holds_query,
    own_columns,
    replace_nodes,
)
from dataflow_provider.compiler.decompile.subqueries import with_columns


def plan_groups(scope: Scope) -> None:
    """Aggregate the rows when the query does; `items` and `order` then name keys and aggregates."""
    group = scope.select.args.get("group")
    having = scope.select.args.get("having")
    parts = [tree for _, tree in scope.items] + [one.this for one in scope.order] + _clause_trees(scope)
    if not group and not having and not any(aggregates_in(tree) for tree in parts):
        _refuse_unknown_functions(parts)
        return
    _values_first(scope)
    sets = key_sets(group)
    keys = _keys(scope, [scope.bare(_unwrapped(tree)) for tree in sets[0]])
    named = dict(zip(sets[0], keys, strict=True))
    names = _aggregate(scope, [list(dict.fromkeys(named[tree] for tree in one)) for one in sets])
    scope.names = {column: name for column, name in scope.names.items() if name in names}
    scope.grouped = True
    if having:
        _filter_groups(scope)


def _values_first(scope: Scope) -> None:
    """Replace each subquery inside an aggregate by a column that is joined before the rows are grouped."""

    def find(tree: exp.Expr) -> list[exp.Expr]:
        return [one for one in aggregates_in(tree) if holds_query(one)]

    def change(tree: exp.Expr) -> exp.Expr:
        return replace_nodes(tree, find, lambda one: with_columns(scope, one)) if find(tree) else tree

    scope.items = [(alias, change(tree)) for alias, tree in scope.items]
    for one in scope.order:
        one.set("this", change(one.this))
    for clause in ("having", "qualify"):
        part = scope.select.args.get(clause)
        if part is not None:
            part.set("this", change(part.this))


def _clause_trees(scope: Scope) -> list[exp.Expr]:
    return [clause.this for key in ("having", "qualify") if (clause := scope.select.args.get(key)) is not None]


def _refuse_unknown_functions(parts: Iterable[exp.Expr]) -> None:
    """Without GROUP BY nobody can tell an unknown function of a row from one of all rows."""
    for tree in parts:
        for one in tree.find_all(exp.Anonymous, exp.AnonymousAggFunc, exp.UDTF, exp.Explode):
            if one.find_ancestor(exp.Window) is None:
                raise NotAGraph(
                    f"it is not known whether `{one.name or one.key}` is computed for a row or for all rows"
                )


def _unwrapped(tree: exp.Expr) -> exp.Expr:
    while isinstance(tree, exp.Paren):
        tree = tree.this
    return tree


def _keys(scope: Scope, trees: Sequence[exp.Expr]) -> list[str]:
    """Return a column for each key; what is computed gets a column of its own and is replaced by it everywhere."""
    if any(holds_query(tree) for tree in trees):
        raise NotAGraph("the rows are grouped by a subquery")
    aliases = {tree: alias for alias, tree in _bare_items(scope)}
    counted: list[str] = []

    def wanted(tree: exp.Expr) -> str:
        counted.append("")
        return aliases.get(tree) or f"key_{len(counted)}"

    names = scope.as_columns(trees, wanted)
    computed = {tree: name for tree, name in zip(trees, names, strict=True) if not isinstance(tree, exp.Column)}
    _swap(scope, computed)
    return names


def _bare_items(scope: Scope) -> list[tuple[str, exp.Expr]]:
    return [(alias, scope.bare(tree)) for alias, tree in scope.items if not holds_query(tree)]


def _swap(scope: Scope, computed: dict[exp.Expr, str]) -> None:
    """Replace each computed key in the clauses that are still to come."""
    if not computed:
        return

    def change(tree: exp.Expr) -> exp.Expr:
        return _replace_equal(scope, tree, computed)

    scope.items = [(alias, change(tree)) for alias, tree in scope.items]
    for one in scope.order:
        one.set("this", change(one.this))
    for clause in ("having", "qualify"):
        part = scope.select.args.get(clause)
        if part is not None:
            part.set("this", change(part.this))


def _replace_equal(scope: Scope, tree: exp.Expr, computed: dict[exp.Expr, str]) -> exp.Expr:
    def find(holder: exp.Expr) -> list[exp.Expr]:
        found, stack = [], list(holder.iter_expressions())
        while stack:
            node = stack.pop()
            if isinstance(node, exp.Query):
                continue
            if not isinstance(node, exp.Column) and not aggregates_in(node) and _bare_or_none(scope, node) in computed:
                found.append(node)
            else:
                stack += list(node.iter_expressions())
        return found

    def change(node: exp.Expr) -> exp.Expr:
        bare = _bare_or_none(scope, node)
        return bare_column(computed[bare]) if bare is not None else node.copy()

    return replace_nodes(tree, find, change)


def _bare_or_none(scope: Scope, node: exp.Expr) -> exp.Expr | None:
    try:
        return scope.bare(_unwrapped(node)) if not holds_query(node) else None
    except NotAGraph:
        return None


# ---------------------------------------------------------------- aggregates


def _aggregate(scope: Scope, sets: Sequence[list[str]]) -> list[str]:
    """Add an aggregate node for each set of keys, put its columns in place of the aggregates; return its columns."""
    keys, several = sets[0], len(sets) > 1
    values: dict[exp.Expr, str] = {}

    def name_for(tree: exp.Expr, wanted: str) -> str:
        if tree not in values:
            values[tree] = fresh(wanted, [*keys, *values.values()])
        return values[tree]

    items: list[tuple[str, exp.Expr]] = []
    for alias, tree in scope.items:
        if _is_whole(scope, tree, [] if several else keys):
            items.append((alias, bare_column(name_for(scope.bare(tree), alias))))
        else:
            items.append((alias, tree))
    scope.items = [(alias, _with_names(scope, tree, name_for)) for alias, tree in items]
    for one in scope.order:
        one.set("this", _with_names(scope, one.this, name_for))
    for clause in ("having", "qualify"):
        part = scope.select.args.get(clause)
        if part is not None:
            part.set("this", _with_names(scope, part.this, name_for))
    marks = {name: tree for tree, name in values.items() if several and isinstance(tree, exp.Grouping)}
    texts = {name: scope.text(tree) for tree, name in values.items() if name not in marks}
    if several:
        add_sets(scope, sets, texts, {name: _asked(tree, keys) for name, tree in marks.items()})
        return list(scope.rows.columns)
    names = [*keys, *texts]
    if not names:
        raise NotAGraph("it groups by nothing and aggregates nothing")
    wanted = f"{scope.wanted}_by_{keys[0]}" if keys else f"{scope.wanted}_total"
    scope.add("transform.aggregate", wanted, {"group_by": keys, "aggregates": texts}, names)
    return names


def _asked(grouping: exp.Expr, keys: Sequence[str]) -> list[str]:
    """Return the keys that GROUPING asks for."""
    if not all(isinstance(one, exp.Column) and one.name in keys for one in grouping.expressions):
        raise NotAGraph("GROUPING asks for what is no key")
    return [one.name for one in grouping.expressions]


def _is_whole(scope: Scope, tree: exp.Expr, keys: Sequence[str]) -> bool:
    """Whether an item can be computed while grouping: aggregates and keys, no window, no subquery."""
    found = aggregates_in(tree)
    if not found or tree.find(exp.Window, exp.Grouping) or holds_query(tree):
        return False
    inside = {id(column) for one in found for column in one.find_all(exp.Column)}
    outside = [column for column in own_columns(tree) if id(column) not in inside]
    return all(_name_or_none(scope, column) in keys for column in outside)


def _name_or_none(scope: Scope, column: exp.Column) -> str | None:
    return scope.names.get((column.table, column.name)) if column.table else column.name


def _with_names(scope: Scope, tree: exp.Expr, name_for: Callable[[exp.Expr, str], str]) -> exp.Expr:
    return replace_nodes(tree, aggregates_in, lambda one: bare_column(name_for(scope.bare(one), readable_name(one))))


def _filter_groups(scope: Scope) -> None:
    tree = scope.select.args["having"].this
    plain = [one for one in conjuncts(tree) if not holds_query(one)]
    others = [one for one in conjuncts(tree) if holds_query(one)]
    scope.filter([checked(scope, scope.bare(one)) for one in plain], f"{scope.wanted}_kept")
    valued = [with_columns(scope, one, condition=True) for one in others]
    scope.filter([checked(scope, scope.bare(one)) for one in valued], f"{scope.wanted}_kept")


def checked(scope: Scope, tree: exp.Expr) -> exp.Expr:
    """Return the tree when each of its bare columns is among the rows.

    Raises:
        NotAGraph: for one that is not: it was neither grouped nor aggregated.
    """
    for column in own_columns(tree):
        if not column.table and column.name not in scope.rows.columns:
            raise NotAGraph(f"the column `{column.name}` is neither grouped nor aggregated")
    return tree
