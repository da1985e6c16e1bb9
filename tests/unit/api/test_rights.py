"""Who gets in: every route, every role."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.testclient import TestClient

from dataflow_provider.api.app import create_api
from dataflow_provider.api.auth import Needs, build_caller
from dataflow_provider.api.routes.live import SOCKET_RIGHTS
from dataflow_provider.security import ROLE_RIGHTS, Right, Role
from tests.unit.api.conftest import Api, AsRole, Auth, Project, User

API = create_api()
ROUTES = {
    ("GET", "/me"): Right.VIEW,
    ("GET", "/pipelines"): Right.VIEW,
    ("GET", "/pipelines/{pipeline_id}"): Right.VIEW,
    ("PATCH", "/pipelines/{pipeline_id}"): Right.EDIT,
    ("GET", "/pipelines/{pipeline_id}/graph.svg"): Right.VIEW,
    ("GET", "/pipelines/{pipeline_id}/runs"): Right.VIEW,
    ("GET", "/pipelines/{pipeline_id}/next-runs"): Right.VIEW,
    ("POST", "/pipelines/{pipeline_id}/runs"): Right.RUN,
    ("GET", "/pipelines/{pipeline_id}/backfills"): Right.VIEW,
    ("POST", "/pipelines/{pipeline_id}/backfills"): Right.RERUN,
    ("PATCH", "/pipelines/{pipeline_id}/backfills/{backfill_id}"): Right.RERUN,
    ("POST", "/pipelines/{pipeline_id}/backfills/{backfill_id}/cancel"): Right.RERUN,
    ("GET", "/connectors"): Right.VIEW,
    ("POST", "/connections/{conn_id}/test"): Right.MANAGE_CONNECTIONS,
    ("GET", "/connections/{conn_id}/schema"): Right.PREVIEW_DATA,
    ("POST", "/pipelines/{pipeline_id}/nodes/{node}/preview"): Right.PREVIEW_DATA,
    ("POST", "/pipelines/{pipeline_id}/nodes/{node}/profile"): Right.PREVIEW_DATA,
    ("GET", "/runs/{pipeline_id}/{run_id}"): Right.VIEW,
    ("GET", "/runs/{pipeline_id}/{run_id}/record"): Right.VIEW,
    ("GET", "/pipelines/{pipeline_id}/history"): Right.VIEW,
    ("GET", "/pipelines/{pipeline_id}/statistics"): Right.VIEW,
    ("GET", "/notifications"): Right.VIEW,
    ("POST", "/notifications/read"): Right.VIEW,
    ("POST", "/runs/{pipeline_id}/{run_id}/cancel"): Right.RUN,
    ("POST", "/runs/{pipeline_id}/{run_id}/resume"): Right.RERUN,
    ("GET", "/runs/{pipeline_id}/{run_id}/stages/{stage_id}/log"): Right.READ_LOGS,
    ("GET", "/runs/{pipeline_id}/{run_id}/stages/{stage_id}/diagnosis"): Right.READ_LOGS,
    ("POST", "/runs/{pipeline_id}/{run_id}/stages/{stage_id}/diagnosis"): Right.READ_LOGS,
    ("PUT", "/runs/{pipeline_id}/{run_id}/stages/{stage_id}/diagnosis/feedback"): Right.READ_LOGS,
    ("GET", "/diagnosis/causes"): Right.READ_LOGS,
    ("POST", "/pipelines/{pipeline_id}/fix"): Right.EDIT,
}
BODIES = {"PATCH": {"is_paused": True}, "POST": {}}


def api_routes() -> list[APIRoute]:
    return [route for route in API.routes if isinstance(route, APIRoute)]


def rights_of(dependant: Dependant) -> Iterator[Right]:
    if isinstance(dependant.call, Needs):
        yield dependant.call.right
    for inner in dependant.dependencies:
        yield from rights_of(inner)


def send(api: Api, method: str, path: str) -> int:
    filled = path.format(
        pipeline_id="usage", run_id="none", stage_id="mart", conn_id="none", node="calls", backfill_id=1
    )
    return int(api.send(method, filled, BODIES.get(method)).status_code)


def test_every_route_declares_exactly_one_right() -> None:
    declared = {
        (method, route.path): list(rights_of(route.dependant)) for route in api_routes() for method in route.methods
    }
    assert declared == {key: [right] for key, right in ROUTES.items()}


def test_every_socket_has_a_right() -> None:
    sockets = {route.name for route in API.routes if isinstance(route, APIWebSocketRoute)}
    assert sockets == set(SOCKET_RIGHTS)


@pytest.mark.parametrize("role", list(Role))
def test_role_passes_where_it_has_the_right_and_gets_403_elsewhere(
    role: Role, as_role: AsRole, project: Project
) -> None:
    project.publish("usage")
    refused = {key for key in ROUTES if send(as_role(role), *key) == 403}
    assert refused == {key for key, right in ROUTES.items() if right not in ROLE_RIGHTS[role]}


@pytest.mark.parametrize(("method", "path"), list(ROUTES))
def test_anonymous_gets_401(method: str, path: str, as_role: AsRole) -> None:
    assert send(as_role(None), method, path) == 401


def test_unknown_token_gets_401_with_a_code(server: TestClient) -> None:
    response = server.get("/dataflow/api/v1/me", headers={"Authorization": "Bearer forged"})
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "DF-API-401"


def test_refusal_names_the_missing_right(viewer: Api) -> None:
    problem = viewer.send("PATCH", "/pipelines/usage", {"is_paused": True}).json()
    assert (problem["code"], "`edit`" in problem["detail"]) == ("DF-API-403", True)


def test_dag_that_airflow_hides_is_neither_listed_nor_shown(as_role: AsRole, auth: Auth, project: Project) -> None:
    project.publish("usage")
    project.publish("secret")
    auth.users["engineer"] = User(Role.ENGINEER, dags={"usage"})
    engineer = as_role(Role.ENGINEER)
    assert [item["id"] for item in engineer.get("/pipelines")["items"]] == ["usage"]
    assert engineer.send("GET", "/pipelines/secret").status_code == 403
    assert engineer.send("POST", "/pipelines/secret/runs", {}).status_code == 403


@pytest.mark.parametrize(
    ("simple", "role"),
    [("ADMIN", Role.ADMIN), ("OP", Role.ENGINEER), ("USER", Role.ANALYST), ("viewer", Role.VIEWER), ("other", None)],
)
def test_simple_auth_managers_role_counts_as_ours(auth: Auth, simple: str, role: Role | None) -> None:
    caller = build_caller(SimpleAuthManagerUser(username="ada", role=simple))
    assert caller.rights == (ROLE_RIGHTS[role] if role else frozenset())
    assert caller.role_names == ((role.value,) if role else ())
    assert caller.username == "ada"


def test_broken_file_that_airflow_would_hide_is_not_listed(as_role: AsRole, auth: Auth, project: Project) -> None:
    project.break_file("secret", "boom")
    auth.users["engineer"] = User(Role.ENGINEER, dags={"usage"})
    assert as_role(Role.ENGINEER).get("/pipelines")["total"] == 0


@pytest.mark.parametrize("role", list(Role))
def test_me_tells_role_and_rights(role: Role, as_role: AsRole) -> None:
    me = as_role(role).get("/me")
    assert me["username"] == role.value.lower()
    assert me["display_name"] == f"{role.value.title()} Tester"
    assert me["roles"] == [role.value]
    assert set(me["rights"]) == {right.value for right in ROLE_RIGHTS[role]}


def test_me_under_a_base_path_tells_it(viewer: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.org/airflow/")
    assert viewer.get("/me")["base_path"] == "/airflow"
