"""Backfills of a pipeline: list, plan and make, pause, cancel."""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Depends

from dataflow_provider.api import backfills
from dataflow_provider.api.auth import Caller, NeedsPipeline
from dataflow_provider.api.backfill_models import BackfillList, BackfillOutcome, BackfillPatch, StartBackfill
from dataflow_provider.api.datamodels import Problem
from dataflow_provider.security import Right

router = APIRouter(tags=["backfills"])

Reader = Annotated[Caller, Depends(NeedsPipeline(Right.VIEW))]
Rerunner = Annotated[Caller, Depends(NeedsPipeline(Right.RERUN))]
_REFUSED: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}}


@router.get("/pipelines/{pipeline_id}/backfills")
def list_backfills(pipeline_id: str, _caller: Reader, session: SessionDep) -> BackfillList:
    """Return the newest backfills with their runs by state, newest first."""
    return backfills.show_backfills(session, pipeline_id)


@router.post("/pipelines/{pipeline_id}/backfills", responses=_REFUSED)
def start_backfill(pipeline_id: str, body: StartBackfill, caller: Rerunner, session: SessionDep) -> BackfillOutcome:
    """Say which runs would be made, left out and run again (`dry_run`, the default), or have them made."""
    return backfills.order_backfill(session, caller, pipeline_id, body)


@router.patch("/pipelines/{pipeline_id}/backfills/{backfill_id}", responses=_REFUSED)
def patch_backfill(
    pipeline_id: str, backfill_id: int, body: BackfillPatch, caller: Rerunner, session: SessionDep
) -> BackfillList:
    """Pause or resume a backfill; runs that run are not touched."""
    return backfills.pause(session, caller, pipeline_id, backfill_id, is_paused=body.is_paused)


@router.post("/pipelines/{pipeline_id}/backfills/{backfill_id}/cancel", responses=_REFUSED)
def cancel_backfill(pipeline_id: str, backfill_id: int, caller: Rerunner, session: SessionDep) -> BackfillList:
    """End a backfill: runs that have not started have failed, running ones go on to their end."""
    return backfills.cancel(session, caller, pipeline_id, backfill_id)
