"""Aggregate functions in a tree: where they stand, what they are over no rows."""

from __future__ import annotations

from sqlglot import exp

EMPTY_IS_NULL = (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Stddev, exp.StddevSamp, exp.StddevPop, exp.Variance)
EMPTY_IS_ZERO = (exp.Count, exp.CountIf)
_WRAPPERS = (exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls)


def aggregates_in(tree: exp.Expr) -> list[exp.Expr]:
    """Return the aggregates of a tree, with FILTER and the like around each; no functions of windows, no subqueries."""
    found: list[exp.Expr] = []
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Query):
            continue
        if isinstance(node, exp.Window):
            stack += _inside_window(node)
        elif isinstance(_unwrapped(node), exp.AggFunc):
            found.append(node)
        else:
            stack += list(node.iter_expressions())
    return found


def _inside_window(window: exp.Window) -> list[exp.Expr]:
    """The function of a window is no aggregate, but one may stand inside it: `SUM(SUM(x)) OVER ()`."""
    function = window.this
    inner = list(function.iter_expressions())
    if isinstance(function, _WRAPPERS):
        unwrapped = _unwrapped(function)
        inner = list(unwrapped.iter_expressions())
        inner += [part for part in function.iter_expressions() if part is not function.this]
    return [*inner, *(part for part in window.iter_expressions() if part is not function)]


def _unwrapped(node: exp.Expr) -> exp.Expr:
    while isinstance(node, _WRAPPERS):
        node = node.this
    return node
