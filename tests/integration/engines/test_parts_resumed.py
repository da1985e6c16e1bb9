"""A task that is killed while it reads parts of a table: its next try reads those that are missing, and no other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.compiler.plan import Plan, plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.duckdb import DuckDBConnector
from dataflow_provider.connectors.impl.postgres import PostgresSession
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.execution.stage import run_stage
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project
from dataflow_provider.transfer import parts
from tests.engines.postgres import PostgresServer

pytestmark = pytest.mark.xdist_group("engine-postgres")
VALUES = RunValues("manual__parts")
ROWS = 2_000


class Given:
    """The connections of the test."""

    def __init__(self, source: ConnectionSpec, folder: Path) -> None:
        self.specs = {"pg": source, "dwh": ConnectionSpec("dwh", "duckdb", str(folder / "dwh.duckdb"))}

    def get(self, conn_id: str) -> ConnectionSpec:
        return self.specs[conn_id]


def planned(column: str) -> Plan:
    nodes = {
        "calls": {
            "type": "source.postgres", "connection": "pg", "table": "resumed.calls",
            "partition": {"column": column, "count": 4},
        },
        "mart": {
            "type": "target.duckdb", "connection": "dwh", "from": "calls", "table": "calls",
            "write": {"mode": "overwrite"}, "create": {"if_missing": True},
        },
    }  # fmt: skip
    document = {"apiVersion": "dataflow/v1", "kind": "Pipeline", "id": "resumed", "nodes": nodes}
    return plan_pipeline(Pipeline.model_validate(document))


def project_of(folder: Path) -> Project:
    return Project(folder, "default", (folder,), folder / "unused.duckdb")


def killed_at(part: int, column: str, spec: dict[str, Any], folder: Path) -> None:
    """Runs in a process of its own, which dies when it is about to read that part."""
    parts.MAX_READERS = 1
    whole = PostgresSession.export_rows

    def export(self: PostgresSession, sql: str, path: Path) -> None:
        if path.name.split(".")[1] == str(part):
            whole(self, f"{sql} LIMIT 1", path)  # Half a part lies there.
            os.kill(os.getpid(), signal.SIGKILL)
        whole(self, sql, path)

    PostgresSession.export_rows = export  # type: ignore[method-assign]  # the process ends with it
    run_stage(planned(column), "mart", VALUES, Given(ConnectionSpec(**spec), folder), project_of(folder))


@pytest.fixture
def source(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """Skewed keys, texts beside them, and rows without a value."""
    postgres_server.query("DROP SCHEMA IF EXISTS resumed CASCADE")
    postgres_server.query("CREATE SCHEMA resumed")
    postgres_server.query(
        "CREATE TABLE resumed.calls AS SELECT CASE WHEN i % 50 = 0 THEN NULL WHEN i % 10 = 0 THEN i ELSE 1 END AS id, "
        f"CASE WHEN i % 50 > 0 THEN 'näme ' || i % 700 END AS name, i AS n FROM generate_series(1, {ROWS}) AS i"
    )
    yield postgres_server
    postgres_server.query("DROP SCHEMA resumed CASCADE")


@pytest.mark.parametrize("column", ["id", "name"])
def test_next_try_reads_the_missing_parts_only(
    source: PostgresServer, tmp_path: Path, column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, project, plan = Given(source.spec, tmp_path), project_of(tmp_path), planned(column)
    run_stage(plan, "calls", VALUES, given, project)
    spec = {**asdict(replace(source.spec, extra={})), "extra": {}}
    code = (
        "import json, sys; from pathlib import Path\n"
        "from tests.integration.engines.test_parts_resumed import killed_at\n"
        "killed_at(2, sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3]))"
    )
    died = subprocess.run([sys.executable, "-c", code, column, json.dumps(spec), str(tmp_path)], check=False)
    assert died.returncode == -signal.SIGKILL
    assert finished(tmp_path) == ["0", "1"]
    read: list[str] = []
    whole = PostgresSession.export_rows

    def export(self: PostgresSession, sql: str, path: Path) -> None:
        read.append(path.name.split(".")[1])
        whole(self, sql, path)

    monkeypatch.setattr(PostgresSession, "export_rows", export)
    result = run_stage(plan, "mart", VALUES, given, project)
    assert sorted(read) == ["2", "3"]
    assert [one.rows for one in result.transfers] == [ROWS]
    assert rows_in(tmp_path) == source.query("SELECT count(*), sum(n), count(id), count(name) FROM resumed.calls")
    assert not list((tmp_path / ".dataflow" / "parts").iterdir())


def test_parts_of_another_build_of_the_table_are_not_used(
    source: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, project, plan = Given(source.spec, tmp_path), project_of(tmp_path), planned("n")
    run_stage(plan, "calls", VALUES, given, project)
    whole = PostgresSession.export_rows

    def fail(self: PostgresSession, sql: str, path: Path) -> None:
        whole(self, sql, path)
        if path.name.split(".")[1] == "3":
            raise ZeroDivisionError

    monkeypatch.setattr(PostgresSession, "export_rows", fail)
    with pytest.raises(ZeroDivisionError):
        run_stage(plan, "mart", VALUES, given, project)
    assert finished(tmp_path) == ["0", "1", "2"]
    monkeypatch.setattr(PostgresSession, "export_rows", whole)
    # The same bounds and statements, other rows: only the register tells that the table was built again.
    source.query("UPDATE resumed.calls SET name = 'other'")
    register = '"_dataflow"."stage_tables"'
    source.query(f"UPDATE {register} SET created_at = '2020-01-01T00:00:00Z' WHERE node = 'calls'")
    source.query(f"UPDATE {table_of(source)} SET name = 'other'")
    run_stage(plan, "mart", VALUES, given, project)
    with opened(tmp_path) as dwh:
        assert dwh.fetch_rows("SELECT DISTINCT name FROM calls")[1] == [("other",)]


def table_of(source: PostgresServer) -> str:
    return str(source.query("SELECT table_name FROM \"_dataflow\".stage_tables WHERE node = 'calls'")[0][0])


def finished(folder: Path) -> list[str]:
    return sorted(path.name.split(".")[1] for path in (folder / ".dataflow" / "parts").glob("*/*/*.arrow"))


def opened(folder: Path) -> Any:
    options = SessionOptions(Holder("t", "t"), file_roots=(folder,))
    return DuckDBConnector().open(ConnectionSpec("dwh", "duckdb", str(folder / "dwh.duckdb")), options)


def rows_in(folder: Path) -> list[tuple[Any, ...]]:
    with opened(folder) as dwh:
        found: list[tuple[Any, ...]] = dwh.fetch_rows("SELECT count(*), sum(n), count(id), count(name) FROM calls")[1]
    return found
