"""Pipelines: list, page, picture, runs, start, pause."""

from __future__ import annotations

from typing import Annotated, Literal

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Depends, Query, Response

from dataflow_provider.api.auth import Caller, Needs, NeedsPipeline
from dataflow_provider.api.catalog import Listing, load_listing
from dataflow_provider.api.catalog_page import ListQuery, build_page, build_summary
from dataflow_provider.api.datamodels import (
    PipelineDetail,
    PipelinePage,
    PipelinePatch,
    PipelineState,
    PipelineSummary,
    Problem,
    Run,
    RunPage,
    RunState,
    StartRun,
    UpcomingRuns,
)
from dataflow_provider.api.definitions import Definition, load_definition
from dataflow_provider.api.graph_svg import render_graph_svg
from dataflow_provider.api.graphs import build_graph
from dataflow_provider.api.pipeline_detail import build_detail
from dataflow_provider.api.problems import ProblemError
from dataflow_provider.api.run_documents import list_runs as load_runs
from dataflow_provider.api.run_orders import order_run, pause_pipeline
from dataflow_provider.api.upcoming import build_upcoming
from dataflow_provider.security import Right

router = APIRouter(tags=["pipelines"])

SortKey = Literal[
    "name", "-name", "state", "-state", "last_run", "-last_run", "next_run", "-next_run",
    "owner", "-owner", "workspace", "-workspace",
]  # fmt: skip
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0)]
Viewer = Annotated[Caller, Depends(Needs(Right.VIEW))]
Reader = Annotated[Caller, Depends(NeedsPipeline(Right.VIEW))]
Runner = Annotated[Caller, Depends(NeedsPipeline(Right.RUN))]
Editor = Annotated[Caller, Depends(NeedsPipeline(Right.EDIT))]


@router.get("/pipelines")
def list_pipelines(
    caller: Viewer,
    session: SessionDep,
    search: Annotated[
        str, Query(max_length=200, description="Words, each in id, name, description, owner or tags")
    ] = "",
    tag: Annotated[list[str] | None, Query(description="Any of these")] = None,
    state: Annotated[list[PipelineState] | None, Query(description="Any of these")] = None,
    owner: Annotated[list[str] | None, Query(description="Any of these")] = None,
    workspace: Annotated[list[str] | None, Query(description="Any of these")] = None,
    sort: SortKey = "name",
    limit: Limit = 50,
    offset: Offset = 0,
) -> PipelinePage:
    """Return one page of the pipelines that the caller may read."""
    query = ListQuery(
        search=search, tags=frozenset(tag or ()), states=frozenset(state or ()), owners=frozenset(owner or ()),
        workspaces=frozenset(workspace or ()), sort=sort, limit=limit, offset=offset,
    )  # fmt: skip
    return build_page(session, load_listing(session, caller), query)


@router.get("/pipelines/{pipeline_id}")
def get_pipeline(pipeline_id: str, caller: Reader, session: SessionDep) -> PipelineDetail:
    """Return one pipeline; its text and the SQL in it only with the right `read_logs`."""
    row, definition = _find(session, caller, pipeline_id)
    return build_detail(session, row, definition, with_sql=Right.READ_LOGS in caller.rights)


@router.get(
    "/pipelines/{pipeline_id}/graph.svg",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}}, 404: {"model": Problem}},
)
def get_graph_svg(pipeline_id: str, caller: Reader, session: SessionDep) -> Response:
    """Return the pipeline's graph as a picture that fits light and dark pages."""
    _row, definition = _find(session, caller, pipeline_id)
    if definition is None or definition.pipeline is None:
        raise ProblemError(404, "DF-API-006", f"The pipeline `{pipeline_id}` has no valid version to draw.")
    svg = render_graph_svg(build_graph(definition, with_sql=False), definition.pipeline.name or pipeline_id)
    headers = {
        "Cache-Control": "private, max-age=60",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    }
    return Response(svg, media_type="image/svg+xml", headers=headers)


@router.get("/pipelines/{pipeline_id}/runs")
def list_runs(
    pipeline_id: str,
    caller: Reader,
    session: SessionDep,
    limit: Limit = 50,
    offset: Offset = 0,
    state: Annotated[list[RunState] | None, Query(description="Any of these")] = None,
) -> RunPage:
    """Return the pipeline's runs, newest first."""
    _require_known(session, caller, pipeline_id)
    return load_runs(session, pipeline_id, frozenset(state or ()), limit=limit, offset=offset)


@router.get("/pipelines/{pipeline_id}/next-runs")
def list_next_runs(
    pipeline_id: str, caller: Reader, session: SessionDep, count: Annotated[int, Query(ge=1, le=100)] = 5
) -> UpcomingRuns:
    """Return the runs that the schedule makes next, with their intervals and what is unusual about them."""
    row, definition = _find(session, caller, pipeline_id)
    return build_upcoming(session, row, definition, count)


@router.post("/pipelines/{pipeline_id}/runs", status_code=201, responses={409: {"model": Problem}})
def trigger_run(pipeline_id: str, body: StartRun, caller: Runner, session: SessionDep) -> Run:
    """Start a run; a parameter of the wrong type is a 422, a paused pipeline a 409 unless `unpause` is set."""
    row, definition = _find(session, caller, pipeline_id)
    return order_run(session, caller, row, definition, body)


@router.patch("/pipelines/{pipeline_id}")
def patch_pipeline(pipeline_id: str, body: PipelinePatch, caller: Editor, session: SessionDep) -> PipelineSummary:
    """Pause or unpause the pipeline."""
    row, _definition = _find(session, caller, pipeline_id)
    pause_pipeline(session, caller, row, is_paused=body.is_paused)
    return build_summary(session, _require_known(session, caller, pipeline_id))


def _find(session: SessionDep, caller: Caller, pipeline_id: str) -> tuple[Listing, Definition | None]:
    return _require_known(session, caller, pipeline_id), load_definition(session, pipeline_id)


def _require_known(session: SessionDep, caller: Caller, pipeline_id: str) -> Listing:
    rows = load_listing(session, caller, only=pipeline_id)
    if not rows:
        raise ProblemError(
            404, "DF-API-404", f"There is no pipeline `{pipeline_id}`.", "It may have been renamed or removed."
        )
    return rows[0]
