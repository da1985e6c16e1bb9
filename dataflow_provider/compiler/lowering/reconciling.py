"""Reconciling as rules: each measure of the rows beside the same measure of others, and the contract of columns."""

from __future__ import annotations

from sqlglot import exp

from dataflow_provider.compiler.columns import find_column
from dataflow_provider.compiler.compiled import Columns, Rule
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.kinds import kind_of_type
from dataflow_provider.compiler.lowering.context import Lowering, Relation, Test
from dataflow_provider.compiler.lowering.tree import alias, identifier, select
from dataflow_provider.spec.nodes import ReconcileQuality


def reconcile_tests(scope: Lowering, node: GraphNode, spec: ReconcileQuality, rows: Relation) -> list[Test]:
    """Return a rule for each measure, and one for the schema when there is a contract."""
    other, columns = _other_rows(scope, node, spec)
    tests = [_measure(scope, node, spec, name, rows, other, columns) for name in spec.measures]
    if spec.schema_ is not None:
        tests.append(Test(_contract(scope, spec.schema_, rows)))
    return tests


def _measure(
    scope: Lowering,
    node: GraphNode,
    spec: ReconcileQuality,
    name: str,
    rows: Relation,
    other: exp.Expr,
    columns: Columns | None,
) -> Test:
    path, text = ("measures", name), spec.measures[name]
    own = scope.expression(node.id, path, text, {"": rows.columns})
    theirs = scope.expression(node.id, path, text, {"": columns})
    rule = Rule(name, "measure", (), "measure", spec.tolerance)
    return Test(rule, found=(own,), counted=select([alias(theirs, "failing")], other.copy()))


def _other_rows(scope: Lowering, node: GraphNode, spec: ReconcileQuality) -> tuple[exp.Expr, Columns | None]:
    against = spec.against
    if isinstance(against, str):
        there = scope.input(node.inputs[1])
        return there.table("o"), there.columns
    query = scope.query(node.id, ("against", "query"), against.query) or exp.select(exp.null())
    columns = scope.described(node.id, query)
    return exp.Subquery(this=query, alias=exp.TableAlias(this=identifier("o"))), columns


def _contract(scope: Lowering, wanted: Columns, rows: Relation) -> Rule:
    """Return the rule with what differs; offline, where nobody knows the columns, nothing does."""
    columns = rows.columns
    differs: list[str] = []
    for name, kind in wanted.items() if columns is not None else ():
        real = find_column(name, columns or {})
        if real is None:
            differs.append(f"the column `{name}` is missing")
            continue
        found = (columns or {})[real]
        if found and kind_of_type(found, scope.dialect) != kind_of_type(kind, scope.dialect):
            differs.append(f"the column `{name}` is {found}, not {kind}")
    known = {name.casefold() for name in wanted}
    differs += [f"the column `{name}` is not in it" for name in columns or () if name.casefold() not in known]
    return Rule("schema", "schema", tuple(wanted), "schema", limits={"differs": tuple(differs)})
