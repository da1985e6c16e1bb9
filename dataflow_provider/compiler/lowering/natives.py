"""Rows that a connector reads itself: they stand in a table of their own before any SQL of the stage runs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from dataflow_provider.compiler.compiled import Columns
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.context import Lowering, Port, Relation
from dataflow_provider.compiler.lowering.files import REJECT_COLUMNS
from dataflow_provider.compiler.lowering.sources import read
from dataflow_provider.compiler.lowering.tree import alias, column, identifier, select, star
from dataflow_provider.compiler.naming import stage_table_name
from dataflow_provider.compiler.native import RAW, RAW_REJECTS, reads_rejects
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.dialects.render import render
from dataflow_provider.spec.edges import REJECTED
from dataflow_provider.spec.nodes import SourceBase


def lower_native_source(scope: Lowering, node: GraphNode, spec: SourceBase, ports: Sequence[Port]) -> None:
    """A declared `schema` names the columns and casts them; `columns` and `where` choose among them.

    Rows that stand elsewhere, as for a preview, are known before under the ports `raw` and `raw_rejects`.
    """
    lent = scope.relations.get((node.id, RAW))
    raw = lent or Relation(_parts(scope, node, RAW), _columns(scope, node, spec), cheap=True)
    origin: exp.Expr = raw.table()
    columns = raw.columns
    if spec.schema_:
        items = [
            alias(exp.Cast(this=column(name), to=scope.type(node.id, ("schema", name), kind)), name)
            for name, kind in spec.schema_.items()
        ]
        typed = select(items, origin)
        origin = exp.Subquery(this=typed, alias=exp.TableAlias(this=identifier("typed")))
        columns = spec.schema_
    body, kept = read(scope, node, spec, origin, columns)
    scope.define(node.id, None, body, kept, cheap=spec.where is None and not spec.schema_)
    if reads_rejects(spec):
        lent = scope.relations.get((node.id, RAW_REJECTS))
        rejected = lent or Relation(_parts(scope, node, RAW_REJECTS), REJECT_COLUMNS, cheap=True)
        scope.define(node.id, REJECTED, select([star()], rejected.table()), REJECT_COLUMNS, cheap=True, fixed=True)


def _parts(scope: Lowering, node: GraphNode, port: str) -> tuple[str, ...]:
    values = scope.values or RunValues("")
    return scope.dialect.stage_parts(stage_table_name(scope.pipeline.id, values, node.id, port))


def _columns(scope: Lowering, node: GraphNode, spec: SourceBase) -> Columns | None:
    """Return the columns that the connector gave; offline only those that are declared are known."""
    probe = scope.probe_of(node.id)
    if probe is None:
        return spec.schema_ or None
    query = select([star()], Relation(_parts(scope, node, RAW), None).table())
    return probe.columns_of_query(render(query, scope.dialect))
