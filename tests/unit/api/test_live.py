"""Sockets, and the pollers behind them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import pytest
from airflow.utils.state import DagRunState
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from dataflow_provider.api.live import PATIENCE, LiveValues, WatchLostError
from dataflow_provider.api.routes import live
from dataflow_provider.security import Role
from tests.unit.api.conftest import HOST, Auth, Project, User, make_run, move_run

Connect = Callable[..., WebSocketTestSession]


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polls follow each other at once."""
    monkeypatch.setattr(live.run_watches, "_interval_s", 0.01)
    monkeypatch.setattr(live.list_watches, "_interval_s", 0.01)


@pytest.fixture
def connect(server: TestClient) -> Iterator[Connect]:
    """Open a socket as a role's user from a page of `origin`; all are closed after the test."""
    with ExitStack() as stack:

        def open_socket(path: str, role: Role | None = Role.VIEWER, origin: str | None = HOST) -> WebSocketTestSession:
            headers = {"Cookie": f"_token={role.value.lower()}"} if role else {}
            if origin:
                headers["Origin"] = origin
            return stack.enter_context(server.websocket_connect(f"/dataflow/api/v1/ws{path}", headers=headers))

        yield open_socket


def run_socket(run_id: str) -> str:
    return f"/runs/usage/{quote(run_id, safe='')}"


def close_code(socket: WebSocketTestSession) -> int:
    with pytest.raises(WebSocketDisconnect) as caught:
        socket.receive_text()
    return caught.value.code


def message(socket: WebSocketTestSession) -> dict[str, Any]:
    received: dict[str, Any] = json.loads(socket.receive_text())
    return received


# ---------------------------------------------------------------- who gets in


@pytest.mark.parametrize("path", ["/pipelines", "/runs/usage/none"])
def test_socket_without_a_session_is_closed_with_4401(connect: Connect, path: str) -> None:
    assert close_code(connect(path, role=None)) == 4401


@pytest.mark.parametrize("path", ["/pipelines", "/runs/usage/none"])
@pytest.mark.parametrize("origin", ["http://evil.example", "https://testserver.evil.example", "null", None])
def test_socket_of_a_foreign_page_is_closed_with_4403(connect: Connect, path: str, origin: str | None) -> None:
    assert close_code(connect(path, origin=origin)) == 4403


def test_socket_of_the_public_address_gets_in(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://Data.example/airflow")
    assert message(connect("/pipelines", origin="https://data.example"))["kind"] == "snapshot"


def test_socket_of_a_user_without_rights_is_closed_with_4403(connect: Connect, auth: Auth) -> None:
    auth.users["viewer"].permissions = frozenset()
    assert close_code(connect("/pipelines")) == 4403


def test_socket_on_a_hidden_dag_is_closed_with_4403(connect: Connect, auth: Auth, project: Project) -> None:
    project.publish("usage")
    auth.users["viewer"] = User(Role.VIEWER, dags=set())
    assert close_code(connect(run_socket(make_run("usage")))) == 4403


def test_socket_on_a_run_that_does_not_exist_is_closed_with_4404(connect: Connect, project: Project) -> None:
    project.publish("usage")
    assert close_code(connect(run_socket("none"))) == 4404


def test_socket_of_a_user_who_lost_the_right_is_closed(
    connect: Connect, auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RECHECK_S", 0.01)
    socket = connect("/pipelines")
    assert message(socket)["kind"] == "snapshot"
    auth.users["viewer"].permissions = frozenset()
    assert close_code(socket) == 4403


# ---------------------------------------------------------------- what they tell


def test_run_socket_sends_a_snapshot_each_change_and_the_end(connect: Connect, project: Project) -> None:
    project.publish("usage")
    run_id = make_run("usage", state=DagRunState.QUEUED)
    socket = connect(run_socket(run_id))
    first = message(socket)
    assert (first["kind"], first["final"], first["document"]["run"]["state"]) == ("snapshot", False, "queued")
    move_run(run_id, DagRunState.RUNNING)
    second = message(socket)
    assert (second["kind"], second["final"], second["document"]["run"]["state"]) == ("change", False, "running")
    move_run(run_id, DagRunState.SUCCESS)
    last = message(socket)
    assert (last["kind"], last["final"], last["document"]["run"]["state"]) == ("change", True, "success")
    assert close_code(socket) == 1000


def test_run_socket_of_a_finished_run_sends_one_final_snapshot(connect: Connect, project: Project) -> None:
    project.publish("usage")
    socket = connect(run_socket(make_run("usage")))
    assert (lambda one: (one["kind"], one["final"]))(message(socket)) == ("snapshot", True)
    assert close_code(socket) == 1000


def test_run_sockets_of_one_run_share_a_poller_and_each_sees_what_it_may(connect: Connect, project: Project) -> None:
    project.publish("usage")
    run_id = make_run(
        "usage",
        state=DagRunState.RUNNING,
        stages={"kept": "failed"},
        results={"kept": {"dataflow_error": "DF-SQL-020"}},
    )
    errors = {}
    for role in (Role.VIEWER, Role.ENGINEER):
        errors[role] = message(connect(run_socket(run_id), role))["document"]["stages"][0]["error"]
    assert errors == {Role.VIEWER: None, Role.ENGINEER: "DF-SQL-020"}
    assert live.run_watches.watched == 1


def test_list_socket_sends_everything_then_what_changed(connect: Connect, project: Project) -> None:
    project.publish("other")
    project.publish("usage")
    run_id = make_run("usage", state=DagRunState.RUNNING)
    socket = connect("/pipelines")
    first = message(socket)
    assert {item["id"]: item["state"] for item in first["items"]} == {"other": "never_run", "usage": "running"}
    move_run(run_id, DagRunState.FAILED)
    second = message(socket)
    assert (second["kind"], [(item["id"], item["state"]) for item in second["items"]], second["removed"]) == (
        "change", [("usage", "failed")], [],
    )  # fmt: skip


def test_list_socket_leaves_out_what_the_user_may_not_read(connect: Connect, auth: Auth, project: Project) -> None:
    project.publish("secret")
    project.publish("usage")
    auth.users["viewer"] = User(Role.VIEWER, dags={"usage"})
    assert [item["id"] for item in message(connect("/pipelines"))["items"]] == ["usage"]


def test_pollers_end_with_the_last_socket(server: TestClient, project: Project) -> None:
    headers = {"Cookie": "_token=viewer", "Origin": HOST}
    with server.websocket_connect("/dataflow/api/v1/ws/pipelines", headers=headers) as socket:
        socket.receive_text()
        assert live.list_watches.watched == 1
    # The socket's task ends before the next request of this server is answered.
    server.get("/dataflow/api/v1/me")
    assert live.list_watches.watched == 0


# ---------------------------------------------------------------- pollers


def read_from(values: list[Any]) -> Callable[[], Any]:
    """Return the values one after the other, then the last again and again; errors are raised."""
    left = iter(values)
    last: list[Any] = []

    def read() -> Any:
        value = next(left, *last[-1:]) if last else next(left)
        last.append(value)
        if isinstance(value, Exception):
            raise value
        return value

    return read


def collect(values: list[Any], final: Any, watchers: int = 1) -> list[list[Any]]:
    async def run() -> list[list[Any]]:
        watched: LiveValues[Any] = LiveValues(0.001, lambda value: value == final)
        read = read_from(values)

        async def watch() -> list[Any]:
            async with watched.watch("key", read) as versions:
                return [value async for value in versions]

        collected = await asyncio.wait_for(asyncio.gather(*(watch() for _ in range(watchers))), 10)
        assert watched.watched == 0
        return collected

    return asyncio.run(run())


def test_equal_reads_are_told_once_and_the_final_value_ends_the_watch() -> None:
    assert collect([1, 1, 1, 3], final=3) == [[1, 3]]


def test_watchers_share_one_reader() -> None:
    assert collect([1, 3], final=3, watchers=3) == [[1, 3]] * 3


def test_reads_that_fail_for_a_moment_are_not_noticed() -> None:
    assert collect([1, OSError("locked"), OSError("locked"), 3], final=3) == [[1, 3]]


def test_reads_that_keep_failing_let_the_watchers_go() -> None:
    with pytest.raises(WatchLostError):
        collect([1, *(OSError("gone") for _ in range(PATIENCE))], final=3)
