"""Quality nodes: their rules as conditions that failing rows meet, and the rows that go on or into quarantine.

Rows are judged where they stand in one place: in the stage's own table, in a table kept for the node, or where an
earlier stage left them. So what was measured is what is published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlglot import exp

from dataflow_provider.compiler.columns import find_column
from dataflow_provider.compiler.compiled import Columns, Rule
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.column_tests import column_tests
from dataflow_provider.compiler.lowering.context import Judged, Lowering, Port, Relation, Test
from dataflow_provider.compiler.lowering.filtering import refuse_volatile
from dataflow_provider.compiler.lowering.projection import REJECT_REASON
from dataflow_provider.compiler.lowering.reconciling import reconcile_tests
from dataflow_provider.compiler.lowering.references import reference_tests
from dataflow_provider.compiler.lowering.tree import alias, column, first_match, select, star, star_or_columns
from dataflow_provider.spec.edges import REJECTED
from dataflow_provider.spec.nodes import (
    ColumnRulesQuality,
    FreshnessQuality,
    NodeBase,
    QualityBase,
    ReconcileQuality,
    ReferenceQuality,
    RowRuleQuality,
)

GIVEN = "given"
"""The port of a quarantine's rows before they are told apart; nobody outside reads it."""
JUDGED = "t"
"""What the judged rows are called in the statements about them."""


def lower_quality(scope: Lowering, node: GraphNode, spec: QualityBase, ports: Sequence[Port]) -> None:
    given = scope.input(node.inputs[0])
    splits = spec.severity == "quarantine"
    stands = given.parts[-1] not in scope.bodies  # in a table, so that nothing is gained by keeping it again
    body = select([star()], given.table())
    rows = scope.define(node.id, GIVEN if splits else None, body, given.columns, cheap=stands)
    tests = _TESTS[type(spec)](scope, node, spec, rows)
    scope.judged.append(Judged(node.id, spec.severity, rows, tuple(tests)))
    if splits:
        _split(scope, node, rows, tests, ports)


def read_judged(rows: Relation, items: Sequence[exp.Expr], tests: Sequence[Test]) -> exp.Select:
    """Return a query over the judged rows, joined with what the conditions of the tests ask."""
    query = select(items, rows.table(JUDGED))
    for test in tests:
        if test.join is not None:
            query.append("joins", test.join.copy())
    return query


def _split(scope: Lowering, node: GraphNode, rows: Relation, tests: Sequence[Test], ports: Sequence[Port]) -> None:
    failing = [test for test in tests if test.condition is not None]
    if len(failing) < len(tests):
        return  # validation has refused it: such rules judge all rows together
    match = first_match([test.condition for test in failing if test.condition is not None])
    zero = exp.Literal.number(0)
    if None in ports:
        good = read_judged(rows, star_or_columns(rows.columns, JUDGED), failing)
        scope.define(node.id, None, good.where(exp.EQ(this=match.copy(), expression=zero), copy=False), rows.columns)
    if REJECTED in ports:
        bad = read_judged(rows, _with_reason(rows.columns, failing), failing)
        bad = bad.where(exp.NEQ(this=match, expression=zero.copy()), copy=False)
        scope.define(node.id, REJECTED, bad, rejected_columns(rows.columns))


def rejected_columns(columns: Columns | None) -> Columns | None:
    """Return the columns of the rows in quarantine; a reason that they came with gives way to the new one."""
    if columns is None:
        return None
    old = find_column(REJECT_REASON, columns)
    return {**{name: kind for name, kind in columns.items() if name != old}, REJECT_REASON: "VARCHAR"}


def _with_reason(columns: Columns | None, tests: Sequence[Test]) -> list[exp.Expr]:
    reasons = [
        exp.Case(ifs=[exp.If(this=test.condition.copy(), true=exp.Literal.string(test.rule.name))])
        for test in tests
        if test.condition is not None
    ]
    reason = exp.Anonymous(this="CONCAT_WS", expressions=[exp.Literal.string("; "), *reasons])
    if columns is None:
        return [star(side=JUDGED), alias(reason, REJECT_REASON)]
    old = find_column(REJECT_REASON, columns)
    return [*(column(name, JUDGED) for name in columns if name != old), alias(reason, REJECT_REASON)]


# ---------------------------------------------------------------- rules of one kind of node


def _row_rule(scope: Lowering, node: GraphNode, spec: RowRuleQuality, rows: Relation) -> list[Test]:
    good = scope.expression(node.id, ("where",), spec.where, {"": rows.columns})
    refuse_volatile(scope, node, {"where": good}, (None, REJECTED))
    text = " ".join(spec.where.split())
    rule = Rule(f"where {text}", "row_rule", (), threshold=spec.threshold)
    # NULL is not true, and fails.
    return [Test(rule, condition=exp.EQ(this=first_match([good]), expression=exp.Literal.number(0)))]


def _freshness(scope: Lowering, node: GraphNode, spec: FreshnessQuality, rows: Relation) -> list[Test]:
    tests = []
    if spec.column is not None and spec.max_age is not None:
        name = scope.real_name(node.id, ("column",), spec.column, rows.columns)
        age = {"max_age": spec.max_age, "at": None if scope.values is None else scope.values.interval_end}
        rule = Rule(f"{spec.column} max_age", "max_age", (name,), "age", limits=age)
        tests.append(Test(rule, found=(exp.Max(this=column(name)),)))
    if spec.min_rows is not None or spec.max_rows is not None:
        limits = {"min_rows": spec.min_rows, "max_rows": spec.max_rows}
        tests.append(Test(Rule("row count", "row_count", (), "volume", limits=limits)))
    if spec.compare_runs is not None:
        compared = spec.compare_runs
        rule = Rule("compare_runs", "compare_runs", (), "history", compared.tolerance, {"n": compared.n})
        tests.append(Test(rule))
    return tests


def _columns(scope: Lowering, node: GraphNode, spec: ColumnRulesQuality, rows: Relation) -> list[Test]:
    return column_tests(scope, node, spec.rules, rows)


# The third argument is the spec of the class that the function stands for.
_TESTS: Mapping[type[NodeBase], Callable[[Lowering, GraphNode, Any, Relation], list[Test]]] = MappingProxyType(
    {
        ColumnRulesQuality: _columns,
        RowRuleQuality: _row_rule,
        ReferenceQuality: reference_tests,
        FreshnessQuality: _freshness,
        ReconcileQuality: reconcile_tests,
    }
)
