"""Diagnoses of failed stages, on demand, and fixes that people choose."""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Depends, Query

from dataflow_provider.api.auth import Caller, Needs, NeedsPipeline, require_log
from dataflow_provider.api.datamodels import Problem
from dataflow_provider.api.diagnoses import apply_fix, diagnose_again, document_of, find_kept, find_loaded, told
from dataflow_provider.api.diagnosis_bodies import (
    AppliedFix,
    ApplyFix,
    AskModel,
    Cause,
    FeedbackSum,
    GiveFeedback,
    StageDiagnosis,
)
from dataflow_provider.api.diagnosis_feedback import give_feedback
from dataflow_provider.api.run_records import require_tables
from dataflow_provider.diagnosis.context import Attempt
from dataflow_provider.diagnosis.taxonomy import CAUSES
from dataflow_provider.security import Right

router = APIRouter(tags=["diagnoses"])

AnyReader = Annotated[Caller, Depends(Needs(Right.READ_LOGS))]
LogReader = Annotated[Caller, Depends(NeedsPipeline(Right.READ_LOGS))]
Fixer = Annotated[Caller, Depends(NeedsPipeline(Right.EDIT))]
Try = Annotated[int, Query(ge=1, description="Which try; the first when omitted")]
_REFUSED: dict[int | str, dict[str, Any]] = {status: {"model": Problem} for status in (404, 409, 422)}
_PLACE = "/runs/{pipeline_id}/{run_id}/stages/{stage_id}/diagnosis"


@router.get(_PLACE, responses=_REFUSED)
def get_stage_diagnosis(
    pipeline_id: str, run_id: str, stage_id: str, caller: LogReader, session: SessionDep, try_number: Try = 1
) -> StageDiagnosis:
    """Return why a try of a stage failed, as it is kept; where nothing is, signatures look into the log now."""
    require_log(caller, pipeline_id)
    attempt = Attempt(run_id, stage_id, try_number)
    newest = find_loaded(session, pipeline_id)
    document, record = document_of(session, pipeline_id, attempt)
    return told(session, caller, document, newest, attempt, record)


@router.post(_PLACE, responses=_REFUSED)
def ask_for_diagnosis(
    pipeline_id: str,
    run_id: str,
    stage_id: str,
    body: AskModel,
    caller: LogReader,
    session: SessionDep,
    try_number: Try = 1,
) -> StageDiagnosis:
    """Make the diagnosis again and keep it, with a model's second opinion; when the model fails, `notes` says so."""
    require_log(caller, pipeline_id)
    attempt = Attempt(run_id, stage_id, try_number)
    newest = find_loaded(session, pipeline_id)
    diagnose_again(session, pipeline_id, attempt, body.model)
    document, record = document_of(session, pipeline_id, attempt)
    return told(session, caller, document, newest, attempt, record)


@router.put(f"{_PLACE}/feedback", responses={**_REFUSED, 503: {"model": Problem}})
def give_diagnosis_feedback(
    pipeline_id: str,
    run_id: str,
    stage_id: str,
    body: GiveFeedback,
    caller: LogReader,
    session: SessionDep,
    try_number: Try = 1,
) -> FeedbackSum:
    """Keep whether a diagnosis was right, the true cause and what mended it; the caller's last word counts."""
    require_log(caller, pipeline_id)
    require_tables(session)
    attempt = Attempt(run_id, stage_id, try_number)
    if find_kept(session, pipeline_id, attempt) is None:
        diagnose_again(session, pipeline_id, attempt, None)
    return give_feedback(session, caller, pipeline_id, attempt, body)


@router.get("/diagnosis/causes")
def list_causes(_caller: AnyReader) -> list[Cause]:
    """Return the closed list of causes."""
    return [Cause(name=name, meaning=meaning) for name, meaning in CAUSES.items()]


@router.post("/pipelines/{pipeline_id}/fix", responses=_REFUSED)
def apply_stage_fix(pipeline_id: str, body: ApplyFix, caller: Fixer, session: SessionDep) -> AppliedFix:
    """Write the patch of a diagnosis' action into the pipeline's file, if the file is still the one it was made for."""
    caller.require(Right.READ_LOGS)
    require_log(caller, pipeline_id)
    newest = find_loaded(session, pipeline_id)
    document, _ = document_of(session, pipeline_id, Attempt(body.run_id, body.stage_id, body.try_number))
    return apply_fix(session, caller, pipeline_id, newest, document, body)
