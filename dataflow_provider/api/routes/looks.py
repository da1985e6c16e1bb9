"""Nodes: some of their rows, and what the values of their columns are like."""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool

from dataflow_provider.api.auth import Caller, NeedsPipeline
from dataflow_provider.api.datamodels import NodePreview, NodeProfile, PreviewBody, Problem, ProfileBody
from dataflow_provider.api.looks import Subject, asked_of, find_subject, look
from dataflow_provider.preview.profile import profile_node
from dataflow_provider.preview.rows import Asked, preview_rows
from dataflow_provider.preview.stopping import StopSign
from dataflow_provider.security import Right

router = APIRouter(tags=["nodes"])

Looker = Annotated[Caller, Depends(NeedsPipeline(Right.PREVIEW_DATA))]
_REFUSED: dict[int | str, dict[str, Any]] = {status: {"model": Problem} for status in (404, 422, 429, 504)}


@router.post("/pipelines/{pipeline_id}/nodes/{node}/preview", responses=_REFUSED)
async def preview_node(
    request: Request, pipeline_id: str, node: str, body: PreviewBody, caller: Looker, session: SessionDep
) -> NodePreview:
    """Return real rows of a node; an unsaved text needs the right `edit` as well. Nothing is written."""
    if body.yaml is not None:
        caller.require(Right.EDIT)
    subject = await run_in_threadpool(find_subject, session, pipeline_id, node, body)
    session.close()  # Not held while another database works.
    reveal = Right.SEE_SENSITIVE in caller.rights

    def answer(at: Subject, asked: Asked, sign: StopSign) -> dict[str, Any]:
        found = preview_rows(at.pipeline, asked, at.connections, at.project, limit=body.limit, sign=sign, reveal=reveal)
        return {**found.to_json(), "findings": [at.loaded.finding(one).to_json() for one in found.problems]}

    document = await look(request, "preview", subject, asked_of(node, body), body, body.limit, answer, reveal=reveal)
    return NodePreview.model_validate(document)


@router.post("/pipelines/{pipeline_id}/nodes/{node}/profile", responses=_REFUSED)
async def profile_node_columns(
    request: Request, pipeline_id: str, node: str, body: ProfileBody, caller: Looker, session: SessionDep
) -> NodeProfile:
    """Return what the values of a node's columns are like; an unsaved text needs the right `edit` as well."""
    if body.yaml is not None:
        caller.require(Right.EDIT)
    subject = await run_in_threadpool(find_subject, session, pipeline_id, node, body)
    session.close()  # Not held while another database works.
    reveal = Right.SEE_SENSITIVE in caller.rights

    def answer(at: Subject, asked: Asked, sign: StopSign) -> dict[str, Any]:
        found = profile_node(at.pipeline, asked, at.connections, at.project, rows=body.rows, sign=sign, reveal=reveal)
        return {**found.to_json(), "findings": [at.loaded.finding(one).to_json() for one in found.problems]}

    document = await look(request, "profile", subject, asked_of(node, body), body, body.rows, answer, reveal=reveal)
    return NodeProfile.model_validate(document)
