"""Runs as the screens show them: states from Airflow's tables, row counts from what the tasks returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow.models.dagrun import DagRun, DagRunNote
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from dataflow_provider.api.catalog import RUN_COLUMNS, find_warned_runs, read_state, seconds_between
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
from dataflow_provider.runs.xcoms import ERROR_XCOM, RETURN_VALUE
from dataflow_provider.security import Right

_STAGE_STATES = {state.value: state for state in StageState}
_OVER = frozenset({RunState.SUCCESS, RunState.WARNING, RunState.FAILED})


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
    return run.state in _OVER


def list_runs(session: Session, pipeline_id: str, states: frozenset[RunState], *, limit: int, offset: int) -> RunPage:
    """Return a pipeline's runs, newest first; `warning` is told from `success` after the database has filtered."""
    query = _runs(pipeline_id)
    if states:
        query = query.where(DagRun.state.in_({_airflow_state(state) for state in states}))
    exact = not states or (RunState.WARNING in states) == (RunState.SUCCESS in states)
    if exact:
        total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
        return RunPage(total=total, items=_build_runs(session, query.limit(limit).offset(offset)))
    runs = [run for run in _build_runs(session, query) if run.state in states]
    return RunPage(total=len(runs), items=runs[offset : offset + limit])


def find_run(session: Session, pipeline_id: str, run_id: str) -> Run:
    """Return one run.

    Raises:
        ProblemError: 404, DF-API-404.
    """
    runs = _build_runs(session, _runs(pipeline_id).where(DagRun.run_id == run_id))
    if not runs:
        raise ProblemError(404, "DF-API-404", f"The pipeline `{pipeline_id}` has no run `{run_id}`.")
    return runs[0]


def load_run_document(session: Session, pipeline_id: str, run_id: str) -> RunDocument:
    """Return a run with its stages and the graph of the version that ran, everything included (see `redact_document`).

    Raises:
        ProblemError: 404, DF-API-404.
    """
    run = find_run(session, pipeline_id, run_id)
    version = session.scalar(
        select(DagRun.created_dag_version_id).where(DagRun.dag_id == pipeline_id, DagRun.run_id == run_id)
    )
    task_version = session.scalar(
        select(TaskInstance.dag_version_id).where(
            TaskInstance.dag_id == pipeline_id, TaskInstance.run_id == run_id, TaskInstance.dag_version_id.is_not(None)
        ).limit(1)
    )  # fmt: skip
    definition = load_definition(session, pipeline_id, task_version or version)
    graph = build_graph(definition, with_sql=True) if definition and definition.pipeline else None
    attempts = _load_attempts(session, pipeline_id, run_id)
    results = _load_xcoms(session, pipeline_id, run_id)
    stages = [
        build_stage(stage, attempts.get(stage.id), results.get(stage.id, {})) for stage in _stages_of(graph, attempts)
    ]
    return RunDocument(run=run, stages=stages, graph=graph)


def redact_document(document: RunDocument, rights: frozenset[Right]) -> RunDocument:
    """Return the document without errors and SQL for those who may not read logs and SQL."""
    if Right.READ_LOGS in rights:
        return document
    stages = [stage.model_copy(update={"error": None}) for stage in document.stages]
    return document.model_copy(update={"stages": stages, "graph": _without_sql(document.graph)})


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


def _load_attempts(session: Session, pipeline_id: str, run_id: str) -> dict[str, Attempt]:
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
            DagRun.data_interval_end, DagRun.conf, DagRun.triggering_user_name, DagRunNote.content.label("note"),
        )
        .join(DagRunNote, DagRunNote.dag_run_id == DagRun.id, isouter=True)
        .where(DagRun.dag_id == pipeline_id)
        .order_by(DagRun.id.desc())
    )  # fmt: skip


def _build_runs(session: Session, query: Select[Any]) -> list[Run]:
    rows = session.execute(query).all()
    warned = find_warned_runs(session, rows)
    return [
        Run(
            pipeline_id=row.dag_id,
            run_id=row.run_id,
            state=read_state(row.state, warned=row.id in warned),
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


def _airflow_state(state: RunState) -> str:
    return RunState.SUCCESS.value if state is RunState.WARNING else state.value


def _without_sql(graph: Graph | None) -> Graph | None:
    if graph is None:
        return None
    nodes = [
        node.model_copy(update={"meta": {key: value for key, value in node.meta.items() if key not in SQL_FIELDS}})
        for node in graph.nodes
    ]
    return graph.model_copy(update={"nodes": nodes})
