"""What an incremental source asks its database before a run: how far its rows go, and how many have no value."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from dataflow_provider.compiler.compiled import Probe
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.kinds import kind_of_type
from dataflow_provider.compiler.lowering.context import Lowering
from dataflow_provider.compiler.lowering.sources import source_origin
from dataflow_provider.compiler.lowering.tree import alias, column, select
from dataflow_provider.compiler.plan import Plan
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.compiler.windows import ReadWindow
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.dialects.render import render
from dataflow_provider.spec.nodes import SqlSource


@dataclass(frozen=True)
class WaterColumn:
    """The column that a source is read by: its real name, its type as the engine spells it, and in our words."""

    name: str
    type: str
    kind: str
    origin: exp.Expr
    dialect: SqlDialect

    def max_query(self, window: ReadWindow) -> str:
        """Return the question for the last value from the window's lower bound on; NULL when there is none."""
        named = column(self.name)
        query = select([alias(exp.Max(this=named), "high_water")], self.origin.copy())
        return render(query.where(window.above(named), copy=False), self.dialect)

    def null_query(self) -> str:
        """Return the question for the number of rows that no incremental read ever sees."""
        query = select([alias(exp.Count(this=exp.Star()), "rows")], self.origin.copy())
        missing = exp.Is(this=column(self.name), expression=exp.null())
        return render(query.where(missing, copy=False), self.dialect)


def find_water_column(plan: Plan, node: GraphNode, spec: SqlSource, values: RunValues, probe: Probe) -> WaterColumn:
    """Return the column as the database has it.

    Raises:
        CompileError: when there is no such column, or the source itself is wrong.
    """
    dialect = get_dialect(node.dialect)
    scope = Lowering(plan.pipeline, plan.graph, dialect, values, probe=probe)
    scope.reserve_names([node])
    origin, columns = source_origin(scope, node, spec)
    written = "" if spec.incremental is None else spec.incremental.column
    name = scope.real_name(node.id, ("incremental", "column"), written, columns)
    if scope.problems:
        raise CompileError(scope.problems)
    type_text = (columns or {}).get(name, "")
    return WaterColumn(name, type_text, kind_of_type(type_text, dialect), origin, dialect)
