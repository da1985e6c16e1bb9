"""Runs: document, cancel, log of a stage."""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Depends, Query, Request

from dataflow_provider.api.auth import Caller, NeedsPipeline
from dataflow_provider.api.datamodels import LogPage, Problem, Run, RunDocument
from dataflow_provider.api.run_documents import find_run, load_run_document, redact_document
from dataflow_provider.api.run_orders import cancel_run as order_cancel
from dataflow_provider.api.run_orders import resume_run as order_resume
from dataflow_provider.api.stage_logs import read_stage_log
from dataflow_provider.security import Right

router = APIRouter(tags=["runs"])

Reader = Annotated[Caller, Depends(NeedsPipeline(Right.VIEW))]
Runner = Annotated[Caller, Depends(NeedsPipeline(Right.RUN))]
Rerunner = Annotated[Caller, Depends(NeedsPipeline(Right.RERUN))]
LogReader = Annotated[Caller, Depends(NeedsPipeline(Right.READ_LOGS))]
Responses = dict[int | str, dict[str, Any]]
_MISSING: Responses = {404: {"model": Problem}}


@router.get("/runs/{pipeline_id}/{run_id}", responses=_MISSING)
def get_run(pipeline_id: str, run_id: str, caller: Reader, session: SessionDep) -> RunDocument:
    """Return a run with its stages and the graph of the version that ran."""
    return redact_document(load_run_document(session, pipeline_id, run_id), caller.rights)


@router.post("/runs/{pipeline_id}/{run_id}/cancel", responses={**_MISSING, 409: {"model": Problem}})
def cancel_run(pipeline_id: str, run_id: str, caller: Runner, session: SessionDep) -> Run:
    """Stop a run that is not over: its running stages are ended, those not begun never start."""
    order_cancel(session, caller, pipeline_id, run_id)
    return find_run(session, pipeline_id, run_id)


@router.post("/runs/{pipeline_id}/{run_id}/resume", responses={**_MISSING, 409: {"model": Problem}})
def resume_run(
    pipeline_id: str,
    run_id: str,
    caller: Rerunner,
    session: SessionDep,
    on_latest_version: Annotated[
        bool, Query(description="With the file as it is now, else as it was for the run")
    ] = True,
) -> Run:
    """Go on with a failed run from its checkpoint: what failed and all behind it runs again, what is done stays."""
    order_resume(session, caller, pipeline_id, run_id, on_latest_version=on_latest_version)
    return find_run(session, pipeline_id, run_id)


@router.get("/runs/{pipeline_id}/{run_id}/stages/{stage_id}/log", responses=_MISSING)
async def get_stage_log(
    request: Request,
    pipeline_id: str,
    run_id: str,
    stage_id: str,
    _caller: LogReader,
    try_number: Annotated[int, Query(ge=1, description="Which try; the first when omitted")] = 1,
    token: Annotated[str | None, Query(max_length=4000, description="That of the page before")] = None,
) -> LogPage:
    """Return a part of the log of one try of a stage."""
    return await read_stage_log(request, pipeline_id, run_id, stage_id, try_number, token)
