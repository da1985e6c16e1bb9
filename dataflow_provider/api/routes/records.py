"""Run records, statistics and notifications."""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Depends, Query

from dataflow_provider.api.auth import Caller, Needs, NeedsPipeline
from dataflow_provider.api.datamodels import Problem
from dataflow_provider.api.notification_list import list_notifications as load_notifications
from dataflow_provider.api.notification_list import mark_read
from dataflow_provider.api.record_models import (
    NotificationPage,
    ReadNotifications,
    RecordedRunPage,
    RunRecordDetail,
    Statistics,
)
from dataflow_provider.api.run_records import find_record, list_records, read_statistics
from dataflow_provider.runs.records import RecordState
from dataflow_provider.security import Right

router = APIRouter(tags=["records"])

Viewer = Annotated[Caller, Depends(Needs(Right.VIEW))]
Reader = Annotated[Caller, Depends(NeedsPipeline(Right.VIEW))]
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0)]
_NO_TABLES: dict[int | str, dict[str, Any]] = {503: {"model": Problem}}


@router.get("/pipelines/{pipeline_id}/history", responses=_NO_TABLES)
def get_history(
    pipeline_id: str,
    caller: Reader,
    session: SessionDep,
    limit: Limit = 50,
    offset: Offset = 0,
    state: Annotated[list[RecordState] | None, Query(description="Any of these")] = None,
) -> RecordedRunPage:
    """Return the records of a pipeline's runs, newest first; those of a deleted pipeline too."""
    return list_records(session, caller, pipeline_id, frozenset(state or ()), limit=limit, offset=offset)


@router.get("/pipelines/{pipeline_id}/statistics", responses=_NO_TABLES)
def get_statistics(
    pipeline_id: str, _caller: Reader, session: SessionDep, days: Annotated[int, Query(ge=1, le=400)] = 30
) -> Statistics:
    """Return durations, success rate, SLA and freshness of a pipeline."""
    return read_statistics(session, pipeline_id, days)


@router.get("/runs/{pipeline_id}/{run_id}/record", responses={404: {"model": Problem}, **_NO_TABLES})
def get_run_record(pipeline_id: str, run_id: str, caller: Reader, session: SessionDep) -> RunRecordDetail:
    """Return the record of a run and its nodes; errors and SQL only with `read_logs`."""
    return find_record(session, caller, pipeline_id, run_id)


@router.get("/notifications", responses=_NO_TABLES)
def list_notifications(
    caller: Viewer, session: SessionDep, unread: bool = False, limit: Limit = 30, offset: Offset = 0
) -> NotificationPage:
    """Return the notifications of the pipelines that the caller may read."""
    return load_notifications(session, caller, unread=unread, limit=limit, offset=offset)


@router.post("/notifications/read", responses=_NO_TABLES)
def read_notifications(body: ReadNotifications, caller: Viewer, session: SessionDep) -> NotificationPage:
    """Mark notifications as read by the caller, and return the newest page."""
    mark_read(session, caller, body.ids)
    return load_notifications(session, caller, unread=False, limit=30, offset=0)
