"""Diagnoses of failed stages, on demand, and fixes that people choose."""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool

from dataflow_provider.api.auth import Caller, NeedsPipeline
from dataflow_provider.api.datamodels import Problem
from dataflow_provider.api.diagnoses import apply_fix, diagnose_stage, find_loaded, read_whole_log, told
from dataflow_provider.api.diagnosis_bodies import AppliedFix, ApplyFix, AskModel, StageDiagnosis
from dataflow_provider.diagnosis.context import Attempt
from dataflow_provider.security import Right

router = APIRouter(tags=["diagnoses"])

LogReader = Annotated[Caller, Depends(NeedsPipeline(Right.READ_LOGS))]
Fixer = Annotated[Caller, Depends(NeedsPipeline(Right.EDIT))]
Try = Annotated[int, Query(ge=1, description="Which try; the first when omitted")]
_REFUSED: dict[int | str, dict[str, Any]] = {status: {"model": Problem} for status in (404, 409, 422)}
_PLACE = "/runs/{pipeline_id}/{run_id}/stages/{stage_id}/diagnosis"


@router.get(_PLACE, responses=_REFUSED)
async def get_stage_diagnosis(
    request: Request,
    pipeline_id: str,
    run_id: str,
    stage_id: str,
    _caller: LogReader,
    session: SessionDep,
    try_number: Try = 1,
) -> StageDiagnosis:
    """Return why a try of a stage failed, by signatures alone: no model, the same answer each time."""
    loaded = await run_in_threadpool(find_loaded, session, pipeline_id)
    log = await read_whole_log(request, pipeline_id, run_id, stage_id, try_number)
    attempt = Attempt(run_id, stage_id, try_number)
    return told(await diagnose_stage(log, loaded, pipeline_id, attempt, is_kept=False), loaded)


@router.post(_PLACE, responses=_REFUSED)
async def ask_for_diagnosis(
    request: Request,
    pipeline_id: str,
    run_id: str,
    stage_id: str,
    body: AskModel,
    _caller: LogReader,
    session: SessionDep,
    try_number: Try = 1,
) -> StageDiagnosis:
    """Return the diagnosis with a model's second opinion; when the model fails, `notes` says so."""
    loaded = await run_in_threadpool(find_loaded, session, pipeline_id)
    session.close()  # Not held while a model is asked.
    log = await read_whole_log(request, pipeline_id, run_id, stage_id, try_number)
    attempt = Attempt(run_id, stage_id, try_number)
    return told(await diagnose_stage(log, loaded, pipeline_id, attempt, body.model), loaded)


@router.post("/pipelines/{pipeline_id}/fix", responses=_REFUSED)
async def apply_stage_fix(
    request: Request, pipeline_id: str, body: ApplyFix, caller: Fixer, session: SessionDep
) -> AppliedFix:
    """Write the patch of a diagnosis' action into the pipeline's file, if the file is still the one it was made for."""
    caller.require(Right.READ_LOGS)
    loaded = await run_in_threadpool(find_loaded, session, pipeline_id)
    log = await read_whole_log(request, pipeline_id, body.run_id, body.stage_id, body.try_number)
    attempt = Attempt(body.run_id, body.stage_id, body.try_number)
    found = await diagnose_stage(log, loaded, pipeline_id, attempt)
    return await run_in_threadpool(apply_fix, session, caller, pipeline_id, loaded, found, body)
