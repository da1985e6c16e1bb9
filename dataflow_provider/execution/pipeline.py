"""Runs a whole pipeline in this process: stages in order, those behind a failed one left out."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from dataflow_provider.compiler.plan import Plan
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.connections import Connections
from dataflow_provider.errors import DataflowError
from dataflow_provider.execution.incremental import note_published
from dataflow_provider.execution.progress import Progress
from dataflow_provider.execution.results import RunResult, StageResult
from dataflow_provider.execution.stage import release_inputs, rows_stand, run_stage
from dataflow_provider.execution.time_limits import TimeLimits
from dataflow_provider.execution.watermarks import WatermarkStore
from dataflow_provider.spec.project import Project

StageOutcome = StageResult | DataflowError | None
"""How a stage ended: its result, its error, or None when it was left out for an earlier error."""


def run_pipeline(
    plan: Plan,
    values: RunValues,
    connections: Connections,
    project: Project,
    on_stage: Callable[[str, StageOutcome], None] = lambda stage, outcome: None,
    store: WatermarkStore | None = None,
    *,
    from_checkpoint: bool = False,
    is_part: bool = False,
) -> RunResult:
    """Run every stage once and return how it went; `on_stage` hears of each stage as it ends.

    `store` keeps the watermarks of incremental sources, whose windows are frozen in the values already. `is_part` says
    that the plan is cut, so that the run is not at its end with it.

    A failed stage stops those that depend on it, the others still run; out of its time, the run stops all. When an
    earlier try of the run ended between its targets, those that it has published are left out; with `from_checkpoint`
    all that is done and as it was.
    """
    started = time.monotonic()
    progress = Progress.of(plan, values, project)
    if from_checkpoint:
        stand = partial(rows_stand, plan=plan, values=values, connections=connections, project=project)
        needless = progress.reusable(stand)
    else:
        needless = progress.needless()
    done: list[StageResult] = []
    errors: dict[str, DataflowError] = {}
    skipped: list[str] = []
    limits = TimeLimits(plan)
    for stage in plan.stages:
        outcome: StageOutcome = None
        if (errors and limits.is_over) or any(other in errors or other in skipped for other in stage.upstream):
            skipped.append(stage.id)
        else:
            try:
                if stage.id in needless:
                    release_inputs(plan, stage, values, connections, project, without=needless)
                    outcome = progress.result(stage.id)
                else:
                    with limits.of_stage(stage):
                        outcome = run_stage(plan, stage.id, values, connections, project)
                if store is not None:
                    note_published(plan, values, stage.id, store)
                if stage.id not in needless:
                    progress.add(outcome)
                done.append(outcome)
            except DataflowError as error:
                outcome = errors[stage.id] = error
        on_stage(stage.id, outcome)
    if not errors and not is_part:
        progress.end()
    return RunResult(
        run_id=values.run_id,
        state="failed" if errors else max((one.state for one in done), key=("success", "warning").index),
        seconds=round(time.monotonic() - started, 3),
        stages=tuple(done),
        errors=errors,
        skipped=tuple(skipped),
    )
