"""Window functions and QUALIFY: a window node for each OVER, a deduplicate node for ROW_NUMBER = 1."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from dataflow_provider.compiler.decompile.drafts import NotAGraph, fresh
from dataflow_provider.compiler.decompile.grouping import checked
from dataflow_provider.compiler.decompile.item_names import readable_name
from dataflow_provider.compiler.decompile.scope import Scope, bare_column, holds_query, replace_nodes
from dataflow_provider.compiler.decompile.subqueries import with_columns

_RANKING = (
    exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile, exp.Lag, exp.Lead,
)  # fmt: skip
# What SQL means without a frame; a window node without one would count rows instead of values.
_SQL_FRAME = "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"


@dataclass
class _Over:
    """One OVER clause; `columns` are the functions computed over it, by name."""

    partition: tuple[str, ...]
    order: tuple[str, ...]
    frame: str | None
    columns: dict[str, exp.Expr] = field(default_factory=dict)


def plan_windows(scope: Scope) -> None:
    """Compute every window function; `items`, `order` and QUALIFY then name their columns. QUALIFY filters."""
    qualify = scope.select.args.get("qualify")
    if qualify is not None and _deduplicate(scope, qualify.this):
        return
    overs: list[_Over] = []
    seen: dict[exp.Expr, str] = {}
    aliases = {id(tree): alias for alias, tree in scope.items}

    def name_of(window: exp.Window, wanted: str) -> str:
        bare = checked(scope, scope.bare(window))
        if bare not in seen:
            taken = [*scope.rows.columns, *seen.values()]
            seen[bare] = fresh(wanted, taken)
            _add(scope, overs, bare, seen[bare])
        return seen[bare]

    def change(tree: exp.Expr) -> exp.Expr:
        wish = aliases.get(id(tree)) if isinstance(tree, exp.Window) else None
        return replace_nodes(tree, _windows_in, lambda one: bare_column(name_of(one, wish or readable_name(one))))

    scope.items = [(alias, change(tree)) for alias, tree in scope.items]
    for one in scope.order:
        one.set("this", change(one.this))
    kept = change(qualify.this) if qualify is not None else None
    for over in overs:
        _add_node(scope, over)
    if kept is not None:
        valued = with_columns(scope, kept, condition=True)
        scope.filter([checked(scope, scope.bare(valued))], f"{scope.wanted}_kept")


def _windows_in(tree: exp.Expr) -> list[exp.Window]:
    found: list[exp.Window] = []
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Window):
            found.append(node)
        elif not isinstance(node, exp.Query):
            stack += list(node.iter_expressions())
    return found


def expand_named_windows(select: exp.Select) -> None:
    """Put named windows in place; one that extends another has no spelling of its own."""
    named = {window.name: window for window in select.args.get("windows") or ()}
    for window in select.find_all(exp.Window):
        if window.args.get("alias") and window.find_ancestor(exp.Select) is select and window not in named.values():
            found = named.get(window.alias)
            if found is None or window.args.get("partition_by") or window.args.get("order"):
                raise NotAGraph("a window extends another one")
            for key in ("partition_by", "order", "spec"):
                value = found.args.get(key)
                window.set(key, [one.copy() for one in value] if isinstance(value, list) else value and value.copy())
            window.set("alias", None)


def _add(scope: Scope, overs: list[_Over], window: exp.Expr, name: str) -> None:
    """Put a window function under the OVER it is computed over; computed keys get columns first."""
    if holds_query(window):
        raise NotAGraph("a window function asks a subquery")
    if window.args.get("first") is not None or window.args.get("alias"):
        raise NotAGraph("a window extends another one")
    partition = tuple(scope.as_columns(window.args.get("partition_by") or [], lambda _: "window_key"))
    terms = window.args["order"].expressions if window.args.get("order") else []
    keys = scope.as_columns([term.this for term in terms], lambda _: "window_order")
    order = tuple(scope.spelling.order_term(key, term) for key, term in zip(keys, terms, strict=True))
    spec = window.args.get("spec")
    frame = _frame_text(scope, spec) if spec is not None else (_SQL_FRAME if order else None)
    if isinstance(_function(window.this), _RANKING):
        frame = None
    for over in overs:
        if (over.partition, over.order, over.frame) == (partition, order, frame):
            over.columns[name] = window.this
            return
    overs.append(_Over(partition, order, frame, {name: window.this}))


def _frame_text(scope: Scope, spec: exp.Expr) -> str:
    copy = spec.copy()
    for key in ("kind", "start", "start_side", "end", "end_side"):
        value = copy.args.get(key)
        if isinstance(value, str):
            copy.set(key, value.upper())
    return scope.text(copy)


def _function(tree: exp.Expr) -> exp.Expr:
    while isinstance(tree, exp.IgnoreNulls | exp.RespectNulls | exp.Filter | exp.WithinGroup):
        tree = tree.this
    return tree


def _add_node(scope: Scope, over: _Over) -> None:
    fields = {
        "partition_by": list(over.partition),
        "order_by": list(over.order),
        "frame": over.frame,
        "columns": {name: scope.text(tree) for name, tree in over.columns.items()},
    }
    scope.add("transform.window", f"{scope.wanted}_window", fields, [*scope.rows.columns, *over.columns])


def _deduplicate(scope: Scope, tree: exp.Expr) -> bool:
    """Keep the first row of each key when QUALIFY says just that, and no other window looks at the rows."""
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if not isinstance(tree, exp.EQ) or not isinstance(tree.this, exp.Window):
        return False
    window = tree.this
    trees = [*(item for _, item in scope.items), *(one.this for one in scope.order)]
    is_first = isinstance(window.this, exp.RowNumber) and tree.expression == exp.Literal.number(1)
    if not is_first or not window.args.get("partition_by") or any(one.find(exp.Window) for one in trees):
        return False
    bare = checked(scope, scope.bare(window))
    keys = scope.as_columns(bare.args["partition_by"], lambda _: "window_key")
    terms = bare.args["order"].expressions if bare.args.get("order") else []
    names = scope.as_columns([term.this for term in terms], lambda _: "window_order")
    order = [scope.spelling.order_term(name, term) for name, term in zip(names, terms, strict=True)]
    fields = {"keys": list(dict.fromkeys(keys)), "order_by": order}
    scope.add("transform.deduplicate", f"{scope.wanted}_first", fields)
    return True
