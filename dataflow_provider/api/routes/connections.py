"""What can be connected to, whether a connection answers, and what is behind it. Connections themselves are Airflow's.

Databases block, so these routes are plain functions, which run in threads of the server.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from dataflow_provider.api.auth import Caller, Needs
from dataflow_provider.api.datamodels import ConnectionCheck, ConnectorList, Problem, SchemaPage
from dataflow_provider.api.looks import project_of
from dataflow_provider.api.problems import ProblemError
from dataflow_provider.connectors.connections import ConnectionSpec, EnvironmentConnections, without_secrets
from dataflow_provider.connectors.describe import manifest_json
from dataflow_provider.connectors.inspection import SchemaCache, discover_connection, inspect_connection
from dataflow_provider.connectors.registry import REGISTRY
from dataflow_provider.connectors.requests import SchemaRequest
from dataflow_provider.connectors.workspace_connections import connections_of_workspace
from dataflow_provider.errors import DataflowError
from dataflow_provider.hooks.connections import project_of_installation
from dataflow_provider.hooks.metadata_connections import AirflowDatabase
from dataflow_provider.security import Right
from dataflow_provider.spec.project import Project

router = APIRouter(tags=["connections"])
pages = SchemaCache()

Viewer = Annotated[Caller, Depends(Needs(Right.VIEW))]
Tester = Annotated[Caller, Depends(Needs(Right.MANAGE_CONNECTIONS))]
Browser = Annotated[Caller, Depends(Needs(Right.PREVIEW_DATA))]
_REFUSED: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}
_LONGEST = 500
Pipeline = Annotated[
    str | None,
    Query(max_length=_LONGEST, description="Its workspace decides which connections there are; else `default`"),
]


@router.get("/connectors")
def list_connectors(_caller: Viewer) -> ConnectorList:
    """Return the connectors of this installation; no driver is imported."""
    return ConnectorList.model_validate(
        {
            "connectors": [manifest_json(one) for one in REGISTRY.manifests()],
            "broken": [asdict(one) for one in REGISTRY.broken()],
        }
    )


@router.post("/connections/{conn_id}/test", responses=_REFUSED)
def check_connection(conn_id: str, caller: Tester, pipeline: Pipeline = None) -> ConnectionCheck:
    """Open the connection and ask it something harmless; a failure is an answer too."""
    project = _project(pipeline, caller)
    found = inspect_connection(_connection(conn_id, project), project.file_roots)
    return ConnectionCheck.model_validate(asdict(found))


@router.get("/connections/{conn_id}/schema", responses=_REFUSED)
def discover_schema(
    conn_id: str,
    caller: Browser,
    schema: Annotated[str | None, Query(max_length=_LONGEST, description="List the tables of this schema")] = None,
    table: Annotated[str | None, Query(max_length=_LONGEST, description="List the columns of this table")] = None,
    search: Annotated[str, Query(max_length=_LONGEST, description="Part of a name; case does not count")] = "",
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    fresh: Annotated[bool, Query(description="Ask the database, whatever is kept")] = False,
    pipeline: Pipeline = None,
) -> SchemaPage:
    """Return a page of schemas, tables or columns; kept for a minute."""
    project = _project(pipeline, caller)
    connection = _connection(conn_id, project)
    request = SchemaRequest(None, schema, table, search, offset, limit)
    try:
        page = pages.get(
            connection, request, lambda: discover_connection(connection, request, project.file_roots), fresh=fresh
        )
    except DataflowError as error:
        told = without_secrets(error.message, connection)
        raise ProblemError(422, error.code, told, error.hint) from error
    return SchemaPage.model_validate(
        {"entries": [{**asdict(one), "path": list(one.path)} for one in page.entries], "more": page.more}
    )


def _project(pipeline_id: str | None, caller: Caller) -> Project:
    """Return the project that a look belongs to: that of a pipeline which the caller may read."""
    if pipeline_id is None:
        return project_of_installation()
    if not caller.may_read(pipeline_id):
        raise ProblemError(404, "DF-API-404", f"There is no pipeline `{pipeline_id}`.", "It may have been removed.")
    return project_of(pipeline_id)


def _connection(conn_id: str, project: Project) -> ConnectionSpec:
    try:
        connections = EnvironmentConnections(project.warehouse, fallback=AirflowDatabase(), one_process=False)
        return connections_of_workspace(connections, project).get(conn_id)
    except DataflowError as error:
        status = 404 if error.code == "DF-CONN-001" else 422
        raise ProblemError(status, error.code, error.message, error.hint) from error
