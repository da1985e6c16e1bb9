"""All stages of a pipeline compiled without a database: shown by `dataflow compile`, judged by `dataflow validate`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dataflow_provider.compiler.compiled import CompiledStage
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.plan import Plan, Stage, plan_pipeline
from dataflow_provider.compiler.publishing import preview_publish
from dataflow_provider.compiler.sql import compile_stage, port_key
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.dialects.steps import Step
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.models import Pipeline


@dataclass(frozen=True)
class OfflineStage:
    """One stage with everything it runs; `publish` is None when its columns are known only when it runs."""

    stage: Stage
    compiled: CompiledStage
    publish: tuple[Step, ...] | None


def compile_offline(
    pipeline: Pipeline, values: RunValues, dialect: str | None = None
) -> tuple[Plan, tuple[OfflineStage, ...]]:
    """Return the plan and its stages in running order; for another engine than the connections' when one is named.

    Raises:
        CompileError: with every problem of every stage.
    """
    engine = get_dialect(dialect).name if dialect else None
    plan = plan_pipeline(pipeline)
    done: list[OfflineStage] = []
    problems: list[Problem] = []
    schemas: dict[str, Mapping[str, str]] = {}
    for stage in plan.stages:
        try:
            compiled = compile_stage(plan, replace(stage, dialect=engine or stage.dialect), values, schemas)
            done.append(OfflineStage(stage, compiled, _preview(pipeline, compiled, values)))
        except CompileError as error:
            problems += error.problems
            continue
        if compiled.target is None:
            schemas |= {
                port_key(one.node, one.port): dict.fromkeys(one.columns, "")
                for one in compiled.outputs
                if one.columns is not None
            }
    if problems:
        raise CompileError(problems)
    return plan, tuple(done)


def _preview(pipeline: Pipeline, compiled: CompiledStage, values: RunValues) -> tuple[Step, ...] | None:
    try:
        return preview_publish(pipeline.id, compiled, values)
    except AuthorError as refusal:
        found = Problem(refusal.code, ("nodes", compiled.stage.id), refusal.message, refusal.hint)
        raise CompileError([found]) from refusal
