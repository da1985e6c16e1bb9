"""Filter and router: each row goes to the port of the condition it meets; NULL meets none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.context import Lowering, Port, Relation
from dataflow_provider.compiler.lowering.tree import first_match, select, star
from dataflow_provider.spec.edges import REJECTED
from dataflow_provider.spec.nodes import FilterTransform, RouterTransform

_VOLATILE = (exp.Rand, exp.Uuid)
_VOLATILE_NAMES = frozenset({"random", "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "nextval", "setseed"})


def lower_filter(scope: Lowering, node: GraphNode, spec: FilterTransform, ports: Sequence[Port]) -> None:
    rows = scope.input(node.inputs[0])
    condition = scope.expression(node.id, ("where",), spec.where, {"": rows.columns})
    refuse_volatile(scope, node, {"where": condition}, ports)
    if None in ports:
        scope.define(node.id, None, select([star()], rows.table()).where(condition, copy=False), rows.columns)
    if REJECTED in ports:
        scope.define(node.id, REJECTED, _where_match(rows, [condition], 0), rows.columns)


def lower_router(scope: Lowering, node: GraphNode, spec: RouterTransform, ports: Sequence[Port]) -> None:
    rows = scope.input(node.inputs[0])
    conditions = {
        name: scope.expression(node.id, ("routes", name), text, {"": rows.columns})
        for name, text in spec.routes.items()
    }
    refuse_volatile(scope, node, conditions, ports)
    for port in ports:
        if port in spec.routes and not spec.exclusive:
            body = select([star()], rows.table()).where(conditions[port].copy(), copy=False)
        else:
            number = list(spec.routes).index(port) + 1 if port in spec.routes else 0
            body = _where_match(rows, list(conditions.values()), number)
        scope.define(node.id, port, body, rows.columns)


def _where_match(rows: Relation, conditions: Sequence[exp.Expr], number: int) -> exp.Select:
    """Return the rows whose first true condition is that of the number; 0 for those that meet none."""
    match = exp.EQ(this=first_match(conditions), expression=exp.Literal.number(number))
    return select([star()], rows.table()).where(match, copy=False)


def refuse_volatile(
    scope: Lowering, node: GraphNode, conditions: Mapping[str, exp.Expr], ports: Sequence[Port]
) -> None:
    """Each port judges the condition anew: a random one would lose some rows and give others twice."""
    if len(ports) < 2:
        return
    for name, condition in conditions.items():
        if condition.find(*_VOLATILE) or any(
            str(one.this).lower() in _VOLATILE_NAMES for one in condition.find_all(exp.Anonymous)
        ):
            path = (name,) if name == "where" else ("routes", name)
            scope.problem(
                node.id,
                path,
                "DF-SQL-015",
                "the condition gives another answer each time it is asked, so rows would be lost between the ports",
                "Compute the random value in a `transform.expression` before this node and compare that column.",
            )
