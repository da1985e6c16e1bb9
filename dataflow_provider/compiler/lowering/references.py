"""A reference as a rule: foreign keys without a NULL that no row of the other table has."""

from __future__ import annotations

from sqlglot import exp

from dataflow_provider.compiler.compiled import Columns, Rule
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.column_tests import KEY, all_known, is_null
from dataflow_provider.compiler.lowering.context import Lowering, Relation, Test
from dataflow_provider.compiler.lowering.sources import real_table
from dataflow_provider.compiler.lowering.tree import alias, column, conjunction, equals, identifier, select, star
from dataflow_provider.spec.nodes import ReferenceQuality

_SIDE = "r"


def reference_tests(scope: Lowering, node: GraphNode, spec: ReferenceQuality, rows: Relation) -> list[Test]:
    """Return the one rule; a key with a NULL in it passes."""
    names = [scope.real_name(node.id, ("columns", at), name, rows.columns) for at, name in enumerate(spec.columns)]
    keys = [f"{KEY}{at}" for at in range(len(names))]
    known = exp.Subquery(this=_known_keys(scope, node, spec, keys), alias=exp.TableAlias(this=identifier(_SIDE)))
    on = conjunction(equals(column(name, "t"), column(key, _SIDE)) for name, key in zip(names, keys, strict=False))
    rule = Rule(
        f"{', '.join(spec.columns)} reference {spec.reference.table}",
        "reference",
        tuple(names),
        threshold=spec.threshold,
    )
    condition = exp.and_(all_known(names, "t"), is_null(column(keys[0], _SIDE)))
    return [Test(rule, condition=condition, join=exp.Join(this=known, side="LEFT", on=on))]


def _known_keys(scope: Lowering, node: GraphNode, spec: ReferenceQuality, keys: list[str]) -> exp.Select:
    """Return each key of the other table once, so that no row is met twice."""
    origin, columns = _origin(scope, node, spec)
    path = ("reference", "columns")
    names = [scope.real_name(node.id, (*path, at), name, columns) for at, name in enumerate(spec.reference.columns)]
    items = [alias(column(name), key) for name, key in zip(names, keys, strict=False)]
    return select(items, origin).where(all_known(names), copy=False).distinct(copy=False)


def _origin(scope: Lowering, node: GraphNode, spec: ReferenceQuality) -> tuple[exp.Expr, Columns | None]:
    origin = real_table(scope, node, ("reference", "table"), spec.reference.table)
    return origin, scope.described(node.id, select([star()], origin.copy()))
