"""Runs as Airflow's tables have them, read by the process that keeps the records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from airflow.models.dag import DagTag
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from dataflow_provider.airflow_compat import ENDED_EVENT, OUR_TAG, WORKSPACE_TAG
from dataflow_provider.runs.xcoms import ERROR_XCOM, QUALITY_XCOM, RETURN_VALUE

OPEN_STATES = ("queued", "running")
_DAG_RUN: Any = DagRun  # its `state` is a synonym, which the types do not tell


@dataclass(frozen=True)
class Seen:
    """The little of a run that tells whether it has changed."""

    id: int
    state: str
    updated_at: datetime | None


@dataclass(frozen=True)
class SourceTask:
    """One task of a run, with what its last try left."""

    task_id: str
    state: str | None
    try_number: int
    start: datetime | None
    end: datetime | None
    result: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    quality: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class SourceRun:
    """One run with its tasks; `version` is that of the Dag it ran, `is_cancelled` that somebody has ordered its end."""

    seen: Seen
    pipeline_id: str
    run_id: str
    workspace: str
    run_type: str
    queued_at: datetime | None
    due_at: datetime
    start: datetime | None
    end: datetime | None
    logical_date: datetime | None
    interval_start: datetime | None
    interval_end: datetime | None
    triggered_by: str | None
    version: UUID | None
    is_cancelled: bool
    tasks: tuple[SourceTask, ...]


def find_new(session: Session, after: int, limit: int) -> list[Seen]:
    """Return runs of our Dags with an id above `after`, lowest first."""
    return _find(session, DagRun.id > after, limit)


def find_open(session: Session, limit: int) -> list[Seen]:
    """Return runs of our Dags that are not over."""
    return _find(session, _DAG_RUN.state.in_(OPEN_STATES), limit)


def find_by_id(session: Session, ids: Iterable[int], limit: int) -> list[Seen]:
    return _find(session, DagRun.id.in_(list(ids)), limit)


def find_changed(session: Session, since: datetime, limit: int) -> list[Seen]:
    """Return runs of our Dags that Airflow has touched since then; no index helps, so this is asked seldom."""
    return _find(session, DagRun.updated_at >= since, limit)


def _find(session: Session, condition: ColumnElement[bool], limit: int) -> list[Seen]:
    ours = select(DagTag.dag_id).where(DagTag.name == OUR_TAG)
    query = select(DagRun.id, _DAG_RUN.state, DagRun.updated_at).where(condition, DagRun.dag_id.in_(ours))
    rows = session.execute(query.order_by(DagRun.id).limit(limit))
    return [Seen(row.id, str(row.state), row.updated_at) for row in rows]


def workspace_of(session: Session, pipeline_id: str) -> str:
    """Return the workspace that a pipeline's Dag is tagged with; "" when it has none."""
    tags = select(DagTag.name).where(DagTag.dag_id == pipeline_id, DagTag.name.like(f"{WORKSPACE_TAG}%")).limit(1)
    return (session.scalar(tags) or "").removeprefix(WORKSPACE_TAG)


def load_run(session: Session, seen: Seen) -> SourceRun | None:
    """Return a run as it stands now; None when it is gone."""
    run = session.get(DagRun, seen.id, populate_existing=True)
    if run is None:
        return None
    own = (TaskInstance.dag_id == run.dag_id, TaskInstance.run_id == run.run_id)
    version = session.scalar(
        select(TaskInstance.dag_version_id).where(*own, TaskInstance.dag_version_id.is_not(None)).limit(1)
    )
    state = str(run.state)
    return SourceRun(
        seen=Seen(run.id, state, run.updated_at),
        pipeline_id=run.dag_id,
        run_id=run.run_id,
        workspace=workspace_of(session, run.dag_id),
        run_type=str(run.run_type),
        queued_at=run.queued_at,
        due_at=run.run_after,
        start=run.start_date,
        end=run.end_date,
        logical_date=run.logical_date,
        interval_start=run.data_interval_start,
        interval_end=run.data_interval_end,
        triggered_by=run.triggering_user_name,
        version=version or run.created_dag_version_id,
        is_cancelled=state == "failed" and _is_cancelled(session, run),
        tasks=_load_tasks(session, run.dag_id, run.run_id),
    )


def _is_cancelled(session: Session, run: DagRun) -> bool:
    """Return whether an order of ours to end it is in the audit log, given in this go of the run."""
    orders = select(Log.id).where(Log.event == ENDED_EVENT, Log.dag_id == run.dag_id, Log.run_id == run.run_id)
    begun = run.start_date or run.queued_at
    return session.scalar(orders.where(Log.dttm >= begun) if begun else orders) is not None


def _load_tasks(session: Session, pipeline_id: str, run_id: str) -> tuple[SourceTask, ...]:
    xcoms: dict[str, dict[str, Any]] = {}
    keys = (RETURN_VALUE, ERROR_XCOM, QUALITY_XCOM)
    for task_id, key, value in session.execute(
        select(XComModel.task_id, XComModel.key, XComModel.value).where(
            XComModel.dag_id == pipeline_id, XComModel.run_id == run_id, XComModel.key.in_(keys)
        )
    ):
        xcoms.setdefault(task_id, {})[key] = value
    rows = session.execute(
        select(
            TaskInstance.task_id, TaskInstance.state, TaskInstance.try_number, TaskInstance.start_date,
            TaskInstance.end_date,
        ).where(TaskInstance.dag_id == pipeline_id, TaskInstance.run_id == run_id)
    )  # fmt: skip
    return tuple(_task(row, xcoms.get(row.task_id, {})) for row in rows)


def _task(row: Any, left: Mapping[str, Any]) -> SourceTask:
    result, error, quality = left.get(RETURN_VALUE), left.get(ERROR_XCOM), left.get(QUALITY_XCOM)
    return SourceTask(
        row.task_id,
        row.state,
        row.try_number,
        row.start_date,
        row.end_date,
        result if isinstance(result, dict) else {},
        str(error) if error else None,
        tuple(one for one in quality if isinstance(one, dict)) if isinstance(quality, list) else (),
    )
