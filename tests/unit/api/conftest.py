"""A server of our API on Airflow's tables in SQLite, with an auth manager that knows one user a role."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.api_fastapi import app as airflow_app
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.routes.public.log import task_instances_log_router
from airflow.models.dag import DagModel
from airflow.models.dagbag import DBDagBag
from airflow.models.dagcode import DagCode
from airflow.models.dagrun import DagRun
from airflow.models.errors import ParseImportError
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from fastapi import FastAPI
from jwt import InvalidTokenError
from sqlalchemy import select, update
from starlette.testclient import TestClient

from dataflow_provider.api import run_states
from dataflow_provider.api.paths import API, MOUNT
from dataflow_provider.api.shim import LazyApp
from dataflow_provider.dag_factory.bundles import write_stubs
from dataflow_provider.dag_factory.loading import load_stub
from dataflow_provider.security import Role
from dataflow_provider.security.permissions import build_fab_roles
from tests.unit.conftest import SyncDags

HOST = "http://testserver"
BUNDLE = "pipelines"
T0 = datetime(2026, 11, 1, 6, tzinfo=UTC)


@dataclass
class StoredRole:
    name: str


class User(BaseUser):
    """A user as FAB's, with one role; `dags` None means that all Dags may be read."""

    def __init__(self, role: Role, dags: set[str] | None = None) -> None:
        self.username = role.value.lower()
        self.first_name, self.last_name = role.value.title(), "Tester"
        self.roles = [StoredRole(role.value)]
        self.permissions = next(stored for stored in build_fab_roles() if stored.name == role.value).permissions
        self.dags = dags

    def get_id(self) -> str:
        return "7"

    def get_name(self) -> str:
        return self.username


class Auth:
    """What the API asks of an auth manager, answered from the permissions that our roles have in FAB.

    A token is the user's name.
    """

    def __init__(self) -> None:
        self.users = {role.value.lower(): User(role) for role in Role}

    async def get_user_from_token(self, token: str) -> User:
        if token not in self.users:
            raise InvalidTokenError("no such token")
        return self.users[token]

    def is_authorized_custom_view(self, *, method: str, resource_name: str, user: User) -> bool:
        return method == "GET" and ("can_read", resource_name) in user.permissions

    def is_authorized_dag(self, *, method: str, details: Any, user: User, access_entity: object = None) -> bool:
        return method == "GET" and (user.dags is None or details.id in user.dags)

    def get_authorized_dag_ids(self, *, method: str, user: User) -> set[str]:
        with create_session() as session:
            known = set(session.scalars(select(DagModel.dag_id)))
        return known if user.dags is None else known & user.dags


@pytest.fixture
def auth(monkeypatch: pytest.MonkeyPatch) -> Auth:
    """The auth manager of the server; its users may be changed."""
    manager = Auth()
    monkeypatch.setattr(airflow_app._AuthManagerState, "instance", manager)
    return manager


@pytest.fixture
def server(auth: Auth, metadata_tables: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Airflow's server with our application as the plugin mounts it, and Airflow's own route for logs.

    Callers without a token are anonymous.
    """
    monkeypatch.setattr(run_states, "kept_warnings", {})
    airflow = FastAPI()
    airflow.state.dag_bag, airflow.state.secret_key = DBDagBag(), "secret"
    airflow.include_router(task_instances_log_router, prefix="/api/v2")
    airflow.mount(MOUNT, LazyApp())
    with TestClient(airflow, base_url=HOST, raise_server_exceptions=False) as client:
        yield client


class Api:
    """The REST API as one user sees it."""

    def __init__(self, server: TestClient, token: str | None) -> None:
        self._server = server
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, method: str, path: str, body: object = None, **params: Any) -> Any:
        """Send a request below `/dataflow/api/v1` and return the response."""
        return self._server.request(method, f"{MOUNT}{API}{path}", json=body, params=params, headers=self._headers)

    def get(self, path: str, **params: Any) -> Any:
        """Return the JSON of an answer that must be 200."""
        response = self.send("GET", path, **params)
        assert response.status_code == 200, response.text
        return response.json()


AsRole = Callable[[Role | None], Api]


@pytest.fixture
def as_role(server: TestClient) -> AsRole:
    """Return the API as a user of a role sees it; None is anonymous."""
    return lambda role: Api(server, role.value.lower() if role else None)


@pytest.fixture
def engineer(as_role: AsRole) -> Api:
    return as_role(Role.ENGINEER)


@pytest.fixture
def viewer(as_role: AsRole) -> Api:
    return as_role(Role.VIEWER)


PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: {pipeline_id}
name: {name}
description: Rated usage
owner: {owner}
tags: [{tags}]
{top}nodes:
  calls: {{type: source.duckdb, table: cdr.voice}}
  kept: {{type: transform.filter, from: calls, where: duration_s > 60, checkpoint: true}}
  mart:
    type: target.duckdb
    from: kept
    table: mart.calls
    write: {{mode: overwrite}}
"""


class Project:
    """A project whose pipelines Airflow knows, as the Dag processor leaves them in its tables."""

    def __init__(self, folder: Path, sync_dags: SyncDags) -> None:
        self.pipelines = folder / "project" / "yaml_pipelines"
        self._stubs = folder / "stubs"
        self._sync_dags = sync_dags

    def write(self, pipeline_id: str, text: str | None = None, *, workspace: str = "telecom", **parts: str) -> Path:
        """Write a pipeline's file, and nothing else."""
        given = {"name": pipeline_id.title(), "owner": "team_a", "tags": "cdr", "top": "", **parts}
        path = self.pipelines / workspace / f"{pipeline_id}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PIPELINE.format(pipeline_id=pipeline_id, **given) if text is None else text, encoding="utf-8")
        return path

    def publish(self, pipeline_id: str, text: str | None = None, *, workspace: str = "telecom", **parts: str) -> None:
        """Write a pipeline's file and make its Dag known; it is not paused."""
        self.write(pipeline_id, text, workspace=workspace, **parts)
        self.parse(pipeline_id, workspace)

    def parse(self, pipeline_id: str, workspace: str = "telecom") -> None:
        """Airflow parses the stub of the file as it stands now."""
        shutil.rmtree(self._stubs, ignore_errors=True)
        write_stubs(self.pipelines, self._stubs)
        stub = self._stubs / workspace / f"{pipeline_id}.py"
        dag = load_stub(str(stub))
        self._sync_dags(dag, fileloc=str(stub))
        with create_session() as session:
            # As the Dag processor does for an edit that leaves the Dag as it was.
            DagCode.update_source_code(pipeline_id, str(stub), session=session)
            session.execute(update(DagModel).where(DagModel.dag_id == pipeline_id).values(is_paused=False))

    def break_file(self, pipeline_id: str, trace: str, workspace: str = "telecom") -> None:
        """Airflow has an import error of the file's stub."""
        with create_session() as session:
            error = ParseImportError(bundle_name=BUNDLE, filename=f"{workspace}/{pipeline_id}.py", stacktrace=trace)
            session.add(error)


@pytest.fixture
def project(tmp_path: Path, sync_dags: SyncDags, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = Project(tmp_path, sync_dags)
    bundle = {
        "name": BUNDLE,
        "classpath": "dataflow_provider.dag_factory.bundles.LocalPipelineBundle",
        "kwargs": {"path": str(project.pipelines)},
    }
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
    return project


def make_run(
    pipeline_id: str,
    number: int = 1,
    state: DagRunState = DagRunState.SUCCESS,
    *,
    stages: dict[str, str | None] | None = None,
    results: dict[str, dict[str, Any]] | None = None,
) -> str:
    """Airflow has a run of ten seconds, started on day `number`; return its run id.

    `stages` are the states of its tasks, `results` their XComs by key.
    """
    start = T0 + timedelta(days=number)
    with create_session() as session:
        run = _latest(pipeline_id, session).create_dagrun(
            run_id=f"manual__{start.isoformat()}", logical_date=start, data_interval=(start, start), run_after=start,
            run_type=DagRunType.MANUAL, triggered_by=DagRunTriggeredByType.UI, state=state, start_date=start,
            session=session,
        )  # fmt: skip
        if state in (DagRunState.SUCCESS, DagRunState.FAILED):
            run.end_date = start + timedelta(seconds=10)
        tasks = session.scalars(select(TaskInstance).where(TaskInstance.run_id == run.run_id)).all()
        for task in tasks:
            task.state = (stages or {}).get(task.task_id)
        for task_id, xcoms in (results or {}).items():
            for key, value in xcoms.items():
                XComModel.set(
                    key, value, dag_id=pipeline_id, task_id=task_id, run_id=run.run_id, serialize=False, session=session
                )
        return str(run.run_id)


def move_run(run_id: str, state: DagRunState) -> None:
    """The run has another state now."""
    with create_session() as session:
        session.execute(update(DagRun).where(DagRun.run_id == run_id).values(state=state, end_date=T0))


def _latest(pipeline_id: str, session: Any) -> SerializedDAG:
    from airflow.models.serialized_dag import SerializedDagModel

    dag: SerializedDAG = session.scalar(SerializedDagModel.latest_item_select_object(pipeline_id)).dag
    return dag
