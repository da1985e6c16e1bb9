"""Window and sort: rows in an order. NULLs come last unless the node says otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.context import Lowering, Path, Port, Relation
from dataflow_provider.compiler.lowering.projection import add_columns, refuse_repeated
from dataflow_provider.compiler.lowering.sampling import sampled
from dataflow_provider.compiler.lowering.tree import identifier, order_parts, ordered, select, star
from dataflow_provider.compiler.sqltext import SqlTextError, parse_frame
from dataflow_provider.spec.nodes import SortTransform, WindowTransform

# Their value comes from the row's place, so a frame means nothing to them and some engines refuse one.
_RANKING = (
    exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile, exp.Lag, exp.Lead,
)  # fmt: skip
_WINDOW_FUNCTIONS = (exp.AggFunc, *_RANKING, exp.FirstValue, exp.LastValue, exp.NthValue)
_WRAPPERS = (exp.IgnoreNulls, exp.RespectNulls, exp.Filter, exp.WithinGroup)


def order_terms(
    scope: Lowering, node: GraphNode, path: Path, terms: Sequence[str], rows: Relation
) -> list[exp.Ordered]:
    result = []
    for at, term in enumerate(terms):
        name, descending, nulls_first = order_parts(term)
        real = scope.real_name(node.id, (*path, at), name, rows.columns)
        result.append(ordered(real, descending=descending, nulls_first=nulls_first))
    return result


# ---------------------------------------------------------------- window


def lower_window(scope: Lowering, node: GraphNode, spec: WindowTransform, ports: Sequence[Port]) -> None:
    rows = scope.input(node.inputs[0])
    keys = scope.columns(node.id, ("partition_by",), spec.partition_by, rows.columns)
    order = order_terms(scope, node, ("order_by",), spec.order_by, rows)
    frame = _frame(scope, node, spec)
    new = {}
    for name, text in spec.columns.items():
        tree = scope.expression(node.id, ("columns", name), text, {"": rows.columns})
        new[name] = _over(scope, node, name, tree, keys, order, frame)
    refuse_repeated(scope, node, list(new))
    body, columns = add_columns(rows, new)
    scope.define(node.id, None, body, columns)


def _frame(scope: Lowering, node: GraphNode, spec: WindowTransform) -> exp.WindowSpec:
    """Return the frame; always written out, since engines differ in what they mean without one."""
    if spec.frame is not None:
        try:
            return parse_frame(spec.frame, scope.dialect)
        except SqlTextError as exc:
            scope.problem(node.id, ("frame",), exc.code, exc.message, exc.hint)
    return exp.WindowSpec(
        kind="ROWS",
        start="UNBOUNDED",
        start_side="PRECEDING",
        end="CURRENT ROW" if spec.order_by else "UNBOUNDED",
        end_side=None if spec.order_by else "FOLLOWING",
    )


def _over(
    scope: Lowering,
    node: GraphNode,
    name: str,
    tree: exp.Expr,
    keys: Sequence[exp.Column],
    order: Sequence[exp.Ordered],
    frame: exp.WindowSpec,
) -> exp.Expr:
    """Return the expression with OVER at each of its outermost window functions, or at itself when it is a call."""
    path = ("columns", name)
    if tree.find(exp.Window):
        scope.problem(
            node.id, path, "DF-SQL-029", "a window column carries no OVER; the node's own fields say it", "Remove it."
        )
        return tree
    functions = [one for one in tree.find_all(*_WINDOW_FUNCTIONS) if not one.find_ancestor(*_WINDOW_FUNCTIONS)]
    if not functions and isinstance(tree, exp.Func):
        functions = [tree]
    if not functions:
        if not isinstance(tree, exp.Null):
            scope.problem(
                node.id,
                path,
                "DF-SQL-030",
                f"`{tree.sql(scope.dialect.sqlglot)}` has no window function such as `SUM(…)` or `ROW_NUMBER()`",
                "Compute it in a `transform.expression`.",
            )
        return tree
    holder = exp.Paren(this=tree)
    for function in functions:
        whole: exp.Expr = function
        while isinstance(whole.parent, _WRAPPERS):
            whole = whole.parent
        window = exp.Window(
            partition_by=[key.copy() for key in keys],
            order=exp.Order(expressions=[one.copy() for one in order]) if order else None,
            spec=None if isinstance(function, _RANKING) else frame.copy(),
        )
        whole.replace(window)
        window.set("this", whole)
    result = holder.this
    return result if isinstance(result, exp.Expr) else tree


# ---------------------------------------------------------------- sort


def lower_sort(scope: Lowering, node: GraphNode, spec: SortTransform, ports: Sequence[Port]) -> None:
    rows = scope.input(node.inputs[0])
    body = select([star()], rows.table()) if spec.sample is None else sampled(scope, node, rows, spec.sample)
    order = order_terms(scope, node, ("order_by",), spec.order_by, rows)
    if spec.sample is not None and (order or spec.limit is not None or spec.offset is not None):
        body = select([star()], exp.Subquery(this=body, alias=exp.TableAlias(this=identifier("s"))))
    if order:
        body = body.order_by(*order, copy=False)
    if spec.limit is not None:
        body = body.limit(spec.limit, copy=False)
    if spec.offset:
        body = body.offset(spec.offset, copy=False)
    scope.define(node.id, None, body, rows.columns)
