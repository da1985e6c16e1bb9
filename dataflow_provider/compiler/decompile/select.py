"""One SELECT as nodes, clause by clause in the order SQL gives them meaning."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from dataflow_provider.compiler.decompile.drafts import NotAGraph, Rows
from dataflow_provider.compiler.decompile.grouping import plan_groups
from dataflow_provider.compiler.decompile.joins import join_sources, read_sources, refuse_volatile, split_where
from dataflow_provider.compiler.decompile.normalise import refuse_unqualified
from dataflow_provider.compiler.decompile.output import plan_output
from dataflow_provider.compiler.decompile.scope import Env, Planner, Scope
from dataflow_provider.compiler.decompile.subqueries import filter_rows
from dataflow_provider.compiler.decompile.windows import expand_named_windows, plan_windows

_KNOWN_CLAUSES = frozenset(
    {"with_", "expressions", "from_", "joins", "where", "group", "having", "qualify", "windows", "distinct", "order",
     "limit", "offset"}
)  # fmt: skip


def plan_select(planner: Planner, select: exp.Select, env: Env, wanted: str) -> Rows:
    """Return the rows of a SELECT, which stays as it is: refused halfway, it is read again to be kept as SQL.

    Raises:
        NotAGraph: when a part of it has no nodes that say exactly the same.
    """
    scope = Scope(planner, select.copy(), env, wanted)
    for clause in CLAUSES:
        clause(scope)
    return scope.rows


def _check(scope: Scope) -> None:
    odd = [key for key, value in scope.select.args.items() if value and key not in _KNOWN_CLAUSES]
    if odd:
        raise NotAGraph(f"{odd[0].upper()} has no node")
    refuse_unqualified(scope.select)
    refuse_volatile(scope.select)
    expand_named_windows(scope.select)


def _plan_rows(scope: Scope) -> None:
    filter_rows(scope, join_sources(scope, read_sources(scope), split_where(scope)))


def _read_items(scope: Scope) -> None:
    scope.items = [(item.alias_or_name, item.unalias().copy()) for item in scope.select.expressions]
    if any(not name for name, _ in scope.items):
        raise NotAGraph("an item of the select list has no name")
    order = scope.select.args.get("order")
    scope.order = [one.copy() for one in order.expressions] if order else []
    if any(one.args.get("with_fill") for one in scope.order):
        raise NotAGraph("WITH FILL has no node")


CLAUSES: tuple[Callable[[Scope], None], ...] = (
    _check,
    _plan_rows,
    _read_items,
    plan_groups,
    plan_windows,
    plan_output,
)
