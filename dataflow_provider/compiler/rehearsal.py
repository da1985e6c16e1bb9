"""A stage compiled without its inputs' tables: empty rows of the same columns stand in, and a database judges the SQL.

Nothing is made and no row is read, so every stage can be judged before the first one runs.
"""

from __future__ import annotations

from dataclasses import dataclass

from dataflow_provider.compiler.compiled import CompiledStage, Probe, Schemas, StagePaths
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.lowering.checked_nodes import check_target
from dataflow_provider.compiler.lowering.context import Lowering
from dataflow_provider.compiler.plan import Plan, Stage
from dataflow_provider.compiler.sql import finish_stage, known_columns, lower_stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.spec.findings import Problem


@dataclass(frozen=True)
class Rehearsed:
    """What a stage would be.

    problems:  everything found, in the order of the nodes; warnings too
    columns:   `node` or `node.port` → columns, types as the engine spells them, "" where unknown
    compiled:  the stage as it would run; None after an error
    """

    problems: tuple[Problem, ...]
    columns: Schemas
    compiled: CompiledStage | None


def rehearse_stage(
    plan: Plan,
    stage: Stage,
    values: RunValues,
    schemas: Schemas,
    probe: Probe | None,
    paths: StagePaths | None = None,
    absent: frozenset[str] = frozenset(),
) -> Rehearsed:
    """Return what the stage would be; never raises for what an author wrote.

    `schemas` has the columns of what earlier stages hand over, and of the sources in `absent`, whose tables or files
    are made by an earlier stage; without an entry their readers are judged by their text alone.
    """
    scope = Lowering(
        plan.pipeline,
        plan.graph,
        get_dialect(stage.dialect),
        values,
        schemas,
        probe,
        paths or StagePaths(),
        rehearsed=True,
        absent=absent,
    )
    target = lower_stage(scope, plan, stage)
    if target is not None:
        check_target(scope, plan.graph.nodes[stage.id], target)
    problems, compiled = list(scope.problems), None
    try:
        compiled = finish_stage(scope, plan, stage, target)
    except CompileError as refusal:
        problems += [problem for problem in refusal.problems if problem not in problems]
    return Rehearsed(tuple(problems), known_columns(scope), compiled)
