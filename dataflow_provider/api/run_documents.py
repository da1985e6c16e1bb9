"""Runs as the screens show them: states from Airflow's tables, row counts from what the tasks returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow.models.dagrun import DagRun, DagRunNote
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from dataflow_provider.api.datamodels import (
    Graph,
    GraphStage,
    ParamValue,
    Run,
    RunDocument,
    RunNode,
    RunPage,
    RunStage,
    RunState,
    StageState,
)
from dataflow_provider.api.definitions import load_definition
from dataflow_provider.api.graphs import SQL_FIELDS, build_graph
from dataflow_provider.api.problems import ProblemError
from dataflow_provider.api.run_states import AIRFLOW_STATES, OVER, RUN_COLUMNS, find_states, is_settled
from dataflow_provider.compiler.made_of import made_of
from dataflow_provider.runs.records import seconds_between
from dataflow_provider.runs.xcoms import ERROR_XCOM, MADE_OF, RETURN_VALUE
from dataflow_provider.security import Right

_STAGE_STATES = {state.value: state for state in StageState}
RESUMABLE = frozenset({RunState.FAILED, RunState.CANCELLED})


@dataclass(frozen=True)
class Attempt:
    """How a stage's task stands in a run."""

    state: StageState
    try_number: int
    max_tries: int
    start: datetime | None
    end: datetime | None


def is_over(run: Run) -> bool:
    """Return whether nothing more will happen in the run by itself."""
    return run.state in OVER


def list_runs(session: Session, pipeline_id: str, states: frozenset[RunState], *, limit: int, offset: int) -> RunPage:
    """Return a pipeline's runs, newest first; states that are one to Airflow are told apart after its database."""
    query = _runs(pipeline_id)
    wanted = {AIRFLOW_STATES[state] for state in states}
    if states:
        query = query.where(DagRun.state.in_(wanted))
    if all(state in states for state, word in AIRFLOW_STATES.items() if word in wanted):
        total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
        return RunPage(
            total=total, items=_build_runs(session, session.execute(query.limit(limit).offset(offset)).all())
        )
    runs = [run for run in _build_runs(session, session.execute(query).all()) if run.state in states]
    return RunPage(total=len(runs), items=runs[offset : offset + limit])


def find_run(session: Session, pipeline_id: str, run_id: str) -> Run:
    """Return one run.

    Raises:
        ProblemError: 404, DF-API-404.
    """
    return _build_runs(session, [_find_row(session, pipeline_id, run_id)])[0]


def _find_row(session: Session, pipeline_id: str, run_id: str) -> Row[Any]:
    row = session.execute(_runs(pipeline_id).where(DagRun.run_id == run_id)).one_or_none()
    if row is None:
        raise ProblemError(404, "DF-API-404", f"The pipeline `{pipeline_id}` has no run `{run_id}`.")
    return row


def load_run_document(session: Session, pipeline_id: str, run_id: str) -> RunDocument:
    """Return a run with its stages and the graph of the version that ran, everything included (see `redact_document`).

    Raises:
        ProblemError: 404, DF-API-404.
    """
    row = _find_row(session, pipeline_id, run_id)
    run = _build_runs(session, [row])[0]
    task_version = session.scalar(
        select(TaskInstance.dag_version_id).where(
            TaskInstance.dag_id == pipeline_id, TaskInstance.run_id == run_id, TaskInstance.dag_version_id.is_not(None)
        ).limit(1)
    )  # fmt: skip
    definition = load_definition(session, pipeline_id, task_version or row.created_dag_version_id)
    graph = build_graph(definition, with_sql=True) if definition and definition.pipeline else None
    attempts = load_attempts(session, pipeline_id, run_id)
    results = _load_xcoms(session, pipeline_id, run_id)
    stages = [
        build_stage(stage, attempts.get(stage.id), results.get(stage.id, {})) for stage in _stages_of(graph, attempts)
    ]
    return RunDocument(
        run=run,
        stages=stages,
        graph=graph,
        is_settled=is_settled(session, row),
        can_resume=has_checkpoint(run, attempts),
    )


def redact_document(document: RunDocument, rights: frozenset[Right]) -> RunDocument:
    """Return the document without errors and SQL for those who may not read logs, and without what they may not do."""
    changes: dict[str, Any] = {"can_resume": document.can_resume and Right.RERUN in rights}
    if Right.READ_LOGS not in rights:
        changes["stages"] = [stage.model_copy(update={"error": None}) for stage in document.stages]
        changes["graph"] = _without_sql(document.graph)
    return document.model_copy(update=changes)


def has_checkpoint(run: Run, attempts: Mapping[str, Attempt]) -> bool:
    """Return whether a run was ended behind stages that are done, so that it can go on from them."""
    # Tasks of ours that run no stage begin with an underscore.
    done = (
        task for task, attempt in attempts.items() if attempt.state is StageState.SUCCESS and not task.startswith("_")
    )
    return run.state in RESUMABLE and any(done)


def find_edited(session: Session, pipeline_id: str, run_id: str) -> list[str]:
    """Return the stages that are done in the run and, as the file is now, would be made of something else."""
    definition = load_definition(session, pipeline_id)
    if definition is None or definition.plan is None:
        return []
    plan, results = definition.plan, _load_xcoms(session, pipeline_id, run_id)
    done = {stage: (xcoms.get(RETURN_VALUE) or {}).get(MADE_OF) for stage, xcoms in results.items()}
    return [stage.id for stage in plan.stages if done.get(stage.id) not in (None, made_of(plan, stage))]


def build_stage(stage: GraphStage, attempt: Attempt | None, xcoms: Mapping[str, Any]) -> RunStage:
    """Return how a stage stands; its nodes have its state, and counts once it has returned."""
    result = xcoms.get(RETURN_VALUE)
    result = result if isinstance(result, dict) else {}
    state = attempt.state if attempt else StageState.WAITING
    if state is StageState.SUCCESS and result.get("state") == "warning":
        state = StageState.WARNING
    measured = {node.get("id"): node for node in result.get("nodes", ()) if isinstance(node, dict)}
    error = xcoms.get(ERROR_XCOM) if state in (StageState.FAILED, StageState.UP_FOR_RETRY) else None
    return RunStage(
        id=stage.id,
        state=state,
        try_number=attempt.try_number if attempt else 0,
        max_tries=attempt.max_tries if attempt else 0,
        start=attempt.start if attempt else None,
        end=attempt.end if attempt else None,
        duration_s=seconds_between(attempt.start, attempt.end) if attempt else None,
        nodes=[_node(name, state, measured.get(name, {})) for name in stage.nodes],
        error=str(error) if error else None,
    )


def _node(name: str, state: StageState, measured: Mapping[str, Any]) -> RunNode:
    return RunNode(
        id=name,
        state=state,
        rows_in=measured.get("rows_in"),
        rows_out=measured.get("rows_out"),
        rows_rejected=measured.get("rows_rejected"),
        seconds=measured.get("seconds"),
    )


def _stages_of(graph: Graph | None, attempts: Mapping[str, Attempt]) -> Sequence[GraphStage]:
    """Without the text of the version that ran, its tasks still tell the stages."""
    if graph is not None and graph.stages:
        return graph.stages
    return [GraphStage(id=task, nodes=[task], reason="", connection="", upstream=[]) for task in sorted(attempts)]


def load_attempts(session: Session, pipeline_id: str, run_id: str) -> dict[str, Attempt]:
    """Return the last try of each task of a run."""
    rows = session.execute(
        select(
            TaskInstance.task_id, TaskInstance.state, TaskInstance.try_number, TaskInstance.max_tries,
            TaskInstance.start_date, TaskInstance.end_date,
        ).where(TaskInstance.dag_id == pipeline_id, TaskInstance.run_id == run_id)
    )  # fmt: skip
    return {
        row.task_id: Attempt(read_stage_state(row.state), row.try_number, row.max_tries, row.start_date, row.end_date)
        for row in rows
    }


def read_stage_state(state: str | None) -> StageState:
    """Return our word for a task's state; one that a later Airflow invents counts as waiting."""
    return _STAGE_STATES.get(state or "", StageState.WAITING)


def _load_xcoms(session: Session, pipeline_id: str, run_id: str) -> dict[str, dict[str, Any]]:
    rows = session.execute(
        select(XComModel.task_id, XComModel.key, XComModel.value).where(
            XComModel.dag_id == pipeline_id, XComModel.run_id == run_id, XComModel.key.in_((RETURN_VALUE, ERROR_XCOM))
        )
    )
    found: dict[str, dict[str, Any]] = {}
    for task_id, key, value in rows:
        found.setdefault(task_id, {})[key] = value
    return found


def _runs(pipeline_id: str) -> Select[Any]:
    return (
        select(
            *RUN_COLUMNS, DagRun.run_type, DagRun.queued_at, DagRun.logical_date, DagRun.data_interval_start,
            DagRun.data_interval_end, DagRun.conf, DagRun.triggering_user_name, DagRun.created_dag_version_id,
            DagRunNote.content.label("note"),
        )
        .join(DagRunNote, DagRunNote.dag_run_id == DagRun.id, isouter=True)
        .where(DagRun.dag_id == pipeline_id)
        .order_by(DagRun.id.desc())
    )  # fmt: skip


def _build_runs(session: Session, rows: Sequence[Row[Any]]) -> list[Run]:
    states = find_states(session, rows)
    return [
        Run(
            pipeline_id=row.dag_id,
            run_id=row.run_id,
            state=states[row.id],
            run_type=str(row.run_type),
            queued_at=row.queued_at,
            start=row.start_date,
            end=row.end_date,
            duration_s=seconds_between(row.start_date, row.end_date),
            logical_date=row.logical_date,
            interval_start=row.data_interval_start,
            interval_end=row.data_interval_end,
            triggered_by=row.triggering_user_name,
            note=row.note,
            params=_scalars(row.conf),
        )
        for row in rows
    ]


def _scalars(conf: object) -> dict[str, ParamValue]:
    given = conf if isinstance(conf, dict) else {}
    return {str(name): value for name, value in given.items() if isinstance(value, str | int | float | bool | None)}


def _without_sql(graph: Graph | None) -> Graph | None:
    if graph is None:
        return None
    nodes = [
        node.model_copy(update={"meta": {key: value for key, value in node.meta.items() if key not in SQL_FIELDS}})
        for node in graph.nodes
    ]
    return graph.model_copy(update={"nodes": nodes})
