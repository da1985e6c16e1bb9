"""From a run as Airflow has it to its record: states as people see them, figures of each node, the first error."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from dataflow_provider.compiler.plan import Plan
from dataflow_provider.runs.source import SourceRun, SourceTask
from dataflow_provider.spec.nodes import SourceBase, TargetBase
from dataflow_provider.spec.values import render_duration

MAX_ERROR = 4_000
_NODE = re.compile(r"node `([a-z][a-z0-9_]*)`")


class RecordState(StrEnum):
    """How a run or node stands, in people's words."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    WARNING = "warning"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


OVER = frozenset(RecordState) - {RecordState.QUEUED, RecordState.RUNNING}
FINISHED = frozenset({RecordState.SUCCESS, RecordState.WARNING})
"""States of runs whose rows are published."""

_TASK_STATES = {
    "success": RecordState.SUCCESS,
    "failed": RecordState.FAILED,
    "skipped": RecordState.SKIPPED,
    "upstream_failed": RecordState.SKIPPED,
    "removed": RecordState.SKIPPED,
    "running": RecordState.RUNNING,
    "deferred": RecordState.RUNNING,
    "up_for_retry": RecordState.RUNNING,
    "up_for_reschedule": RecordState.RUNNING,
    "restarting": RecordState.RUNNING,
}


@dataclass(frozen=True)
class NodeFigures:
    """One node in a run; counts are None where nothing was measured."""

    node_id: str
    node_type: str | None
    stage_id: str
    state: RecordState
    try_number: int
    rows_in: int | None = None
    rows_out: int | None = None
    rows_rejected: int | None = None
    bytes_moved: int | None = None
    seconds: float | None = None
    is_checkpoint: bool = False
    sql_hash: str | None = None
    sql_text: str | None = None
    quality: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class FirstError:
    """Why the run failed, by the stage that failed first."""

    stage: str
    node: str | None
    message: str


@dataclass(frozen=True)
class RunFigures:
    """A run's record before it is stored."""

    state: RecordState
    duration_s: float | None
    rows_read: int | None
    rows_written: int | None
    rows_rejected: int | None
    bytes_moved: int | None
    error: FirstError | None
    reasons: tuple[Mapping[str, Any], ...]
    nodes: tuple[NodeFigures, ...] = field(default=())


def build_figures(run: SourceRun, plan: Plan | None) -> RunFigures:
    """Return the record of a run; `plan` is that of the version that ran, None when its text is lost."""
    nodes = tuple(_nodes(run, plan))
    warned = tuple(_quality_reasons(run))
    state = _state(run, nodes, warned)
    error = _first_error(run, plan) if state is RecordState.FAILED else None
    of_sources = [node for node in nodes if _is_kind(plan, node.node_id, SourceBase)]
    of_targets = [node for node in nodes if _is_kind(plan, node.node_id, TargetBase)]
    return RunFigures(
        state=state,
        duration_s=seconds_between(run.start, run.end) if state in OVER else None,
        rows_read=total(node.rows_out for node in of_sources),
        rows_written=total(node.rows_in if node.rows_out is None else node.rows_out for node in of_targets),
        rows_rejected=total(node.rows_rejected for node in nodes),
        bytes_moved=total(node.bytes_moved for node in nodes),
        error=error,
        reasons=warned if state is RecordState.WARNING else (),
        nodes=nodes,
    )


def total(counts: Iterator[int | None]) -> int | None:
    """Return the sum of what was measured; None when nothing was.

    >>> total(iter([1, None, 2])), total(iter([None]))
    (3, None)
    """
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _state(run: SourceRun, nodes: Sequence[NodeFigures], warned: Sequence[object]) -> RecordState:
    match run.seen.state:
        case "queued":
            return RecordState.QUEUED
        case "running":
            return RecordState.RUNNING
        case "failed":
            return RecordState.CANCELLED if run.is_cancelled else RecordState.FAILED
    if nodes and all(node.state is RecordState.SKIPPED for node in nodes):
        return RecordState.SKIPPED
    return RecordState.WARNING if warned else RecordState.SUCCESS


def _nodes(run: SourceRun, plan: Plan | None) -> Iterator[NodeFigures]:
    """Yield each node once; one that is computed in several stages stands with the first of them."""
    tasks = {task.task_id: task for task in run.tasks}
    seen: set[str] = set()
    for stage, names in _stages(run, plan):
        for name in names:
            if name not in seen:
                seen.add(name)
                yield _node(name, stage, tasks.get(stage), plan)


def _stages(run: SourceRun, plan: Plan | None) -> list[tuple[str, Sequence[str]]]:
    if plan is not None:
        return [(stage.id, stage.nodes) for stage in plan.stages]
    # No node's id starts with an underscore: those are tasks of ours that run no stage.
    return [(task.task_id, [task.task_id]) for task in run.tasks if not task.task_id.startswith("_")]


def _node(name: str, stage: str, task: SourceTask | None, plan: Plan | None) -> NodeFigures:
    spec = None if plan is None else plan.pipeline.nodes.get(name)
    if task is None:
        return NodeFigures(name, spec.type if spec else None, stage, RecordState.QUEUED, 0)
    result = task.result if task.state == "success" else {}
    measured: Mapping[str, Any] = next((node for node in result.get("nodes", ()) if node.get("id") == name), {})
    quality = tuple(one for one in (*result.get("quality", ()), *task.quality) if one.get("node") == name)
    state = _TASK_STATES.get(task.state or "", RecordState.QUEUED)
    if state is RecordState.SUCCESS and any(_warns(one) for one in quality):
        state = RecordState.WARNING
    sql_hash, sql_text = _sql(result)
    return NodeFigures(
        name, spec.type if spec else None, stage, state, task.try_number,
        rows_in=measured.get("rows_in"),
        rows_out=measured.get("rows_out"),
        rows_rejected=measured.get("rows_rejected"),
        bytes_moved=measured.get("bytes"),
        seconds=measured.get("seconds"),
        is_checkpoint=bool(spec and spec.checkpoint),
        # Of the stage, and so with its last node only.
        sql_hash=sql_hash if name == stage else None,
        sql_text=sql_text if name == stage else None,
        quality=quality,
    )  # fmt: skip


def _sql(result: Mapping[str, Any]) -> tuple[str | None, str | None]:
    statements = [str(one) for one in result.get("sql", ())]
    if not statements:
        return None, None
    text = ";\n\n".join(statements)
    return hashlib.sha256(text.encode()).hexdigest(), text


def _quality_reasons(run: SourceRun) -> Iterator[Mapping[str, Any]]:
    for task in run.tasks:
        if task.state != "success" or task.result.get("state") != "warning":
            continue
        broken = [one for one in task.result.get("quality", ()) if _warns(one)]
        for one in broken:
            yield {"kind": "quality", "node": one.get("node"), "rule": one.get("rule"), "message": one.get("message")}
        if not broken:
            yield {"kind": "quality", "node": task.task_id, "rule": None, "message": "rows failed a quality rule"}


def _warns(rule: Mapping[str, Any]) -> bool:
    """Return whether the result of a rule makes the run a warning: too many bad rows, or rows sent to quarantine."""
    return not rule.get("passed", True) or bool(rule.get("severity") == "quarantine" and rule.get("failed"))


def _first_error(run: SourceRun, plan: Plan | None) -> FirstError | None:
    failed = [task for task in run.tasks if task.state == "failed"]
    if not failed:
        return None if plan is None else _timed_out(run, plan)
    first = min(failed, key=lambda task: (task.end is None, task.end or run.due_at, task.task_id))
    message = first.error or "The task failed without an error of the pipeline; its log says why."
    named = _NODE.search(message)
    return FirstError(first.task_id, named[1] if named else first.task_id, message[:MAX_ERROR])


def _timed_out(run: SourceRun, plan: Plan) -> FirstError | None:
    """Return that the run was ended after its `run_timeout`: Airflow fails no task then, it skips what is left."""
    limit, stages = plan.pipeline.run_timeout, {stage.id for stage in plan.stages}
    left = [task for task in run.tasks if task.state == "skipped" and task.task_id in stages]
    if limit is None or run.start is None or run.end is None or run.end - run.start < limit or not left:
        return None
    at_work = max(left, key=lambda task: (task.start is not None, task.start or run.due_at, task.task_id))
    message = f"DF-RUN-057: the run timed out after {render_duration(limit)}, in stage `{at_work.task_id}`."
    return FirstError(at_work.task_id, at_work.task_id, message)


def _is_kind(plan: Plan | None, node: str, kind: type) -> bool:
    return plan is not None and isinstance(plan.pipeline.nodes.get(node), kind)


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Return the seconds from start to end; None while either is not known."""
    return round((end - start).total_seconds(), 3) if start and end else None
