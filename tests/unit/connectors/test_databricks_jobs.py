"""Statements as jobs through Databricks' own hook, against a stand-in of its Statement Execution API over DuckDB."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import duckdb
import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.databricks_jobs import DatabricksJobs, rest_hook, warehouse_of
from dataflow_provider.errors import TerminalError, TransientError


class Workspace:
    """Statements of a warehouse: each waits until the test lets it run."""

    def __init__(self) -> None:
        self.database = duckdb.connect()
        self.statements: dict[str, dict[str, Any]] = {}
        self.bodies: list[dict[str, Any]] = []
        self.fails_with = 0

    def submit(self, body: dict[str, Any]) -> dict[str, Any]:
        self.bodies.append(body)
        statement_id = f"01ef-{len(self.bodies)}"
        self.statements[statement_id] = {"state": "PENDING"}
        return {"statement_id": statement_id, "status": self.statements[statement_id]}

    def run(self, statement_id: str) -> None:
        """Let a pending statement end."""
        body = self.bodies[int(statement_id.rpartition("-")[2]) - 1]
        try:
            self.database.execute(body["statement"])
        except duckdb.Error as exc:
            error = {"error_code": "BAD_REQUEST", "message": str(exc)}
            self.statements[statement_id] = {"state": "FAILED", "error": error}
        else:
            self.statements[statement_id] = {"state": "SUCCEEDED"}


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


@pytest.fixture
def jobs(workspace: Workspace) -> Iterator[DatabricksJobs]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Nothing on the screen."""

        def answer(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            if workspace.fails_with:
                self.answer(workspace.fails_with, {"message": "no"})
            elif self.path.endswith("/cancel"):
                workspace.statements[self.path.split("/")[-2]] = {"state": "CANCELED"}
                self.answer(200, {})
            else:
                self.answer(200, workspace.submit(body))

        def do_GET(self) -> None:
            status = workspace.statements.get(self.path.rpartition("/")[2])
            if status is None:
                self.answer(404, {"message": "statement not found"})
            else:
                self.answer(200, {"status": status})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = int(server.server_address[1])
    connection = ConnectionSpec("dbx", "databricks", schema="mart", host=f"http://127.0.0.1:{port}", password="token")
    try:
        yield DatabricksJobs(rest_hook(connection), "w1", {"catalog": "main", "schema": "mart"})
    finally:
        server.shutdown()
        server.server_close()


def test_statement_is_submitted_and_runs_on_without_us(jobs: DatabricksJobs, workspace: Workspace) -> None:
    job = jobs.submit("CREATE TABLE t AS SELECT 1 AS n")
    assert workspace.bodies == [
        {
            "statement": "CREATE TABLE t AS SELECT 1 AS n",
            "warehouse_id": "w1",
            "wait_timeout": "0s",
            "catalog": "main",
            "schema": "mart",
        }
    ]
    assert jobs.state(job).status == "running"
    workspace.run(job)
    assert jobs.state(job).status == "succeeded"


def test_failed_statement_tells_why(jobs: DatabricksJobs, workspace: Workspace) -> None:
    job = jobs.submit("SELECT * FROM nowhere")
    workspace.run(job)
    state = jobs.state(job)
    assert state.status == "failed"
    assert "nowhere" in (state.message or "")


def test_cancelled_statement_has_failed(jobs: DatabricksJobs) -> None:
    job = jobs.submit("SELECT 1")
    jobs.cancel(job)
    state = jobs.state(job)
    assert (state.status, state.message) == ("failed", "CANCELED")


def test_forgotten_statement_has_failed(jobs: DatabricksJobs) -> None:
    state = jobs.state("01ef-unknown")
    assert state.status == "failed"
    assert "DF-RUN-071" not in (state.message or "")


@pytest.mark.parametrize(("status", "error"), [(403, TerminalError), (429, TransientError), (503, TransientError)])
def test_refused_call_says_whether_a_retry_helps(
    status: int, error: type[Exception], jobs: DatabricksJobs, workspace: Workspace
) -> None:
    workspace.fails_with = status
    with pytest.raises(error):
        jobs.submit("SELECT 1")


def test_path_of_a_cluster_has_no_jobs() -> None:
    assert warehouse_of("sql/1.0/warehouses/abc?o=1") == "abc"
    assert warehouse_of("sql/protocolv1/o/0/0123-cluster") is None
