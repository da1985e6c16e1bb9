"""A pipeline uses its workspace's connections only: found when it is validated, refused when one is opened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.workspace_connections import connections_of_workspace
from dataflow_provider.errors import AuthorError
from dataflow_provider.settings import Settings
from dataflow_provider.spec.project import Project

PATTERNS = {"billing": ["dwh", "billing_*"], "*": ["shared_?"]}
TEXT = """\
apiVersion: dataflow/v1
kind: Pipeline
id: usage
nodes:
  calls:
    type: source.duckdb
    connection: {connection}
    query: SELECT 1 AS n
  known:
    {{type: quality.reference, from: calls, columns: [n], reference: {{connection: {other}, table: t, columns: [n]}}}}
  mart: {{type: target.duckdb, from: known, table: mart.t, write: {{mode: overwrite}}, create: {{if_missing: true}}}}
"""


class All:
    """Every connection there may be."""

    def get(self, conn_id: str) -> ConnectionSpec:
        return ConnectionSpec(conn_id, "duckdb", host=f"/{conn_id}.duckdb")


@pytest.fixture(autouse=True)
def patterns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "no-airflow"))
    monkeypatch.setenv("AIRFLOW__DATAFLOW__WORKSPACE_CONNECTIONS", json.dumps(PATTERNS))
    for name in ("dwh", "crm", "shared_1"):
        spec = {"conn_type": "duckdb", "host": str(tmp_path / f"{name}.duckdb")}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(spec))


def project_of(workspace: str, folder: Path) -> Project:
    return Project.of(folder / "yaml_pipelines" / workspace / "usage.yaml")


def written(folder: Path, workspace: str, connection: str, other: str = "dwh") -> Path:
    path = folder / "yaml_pipelines" / workspace / "usage.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(TEXT.format(connection=connection, other=other))
    return path


@pytest.mark.parametrize(
    ("workspace", "conn_id", "allowed"),
    [
        ("billing", "dwh", True), ("billing", "billing_eu", True), ("billing", "shared_1", True),
        ("billing", "crm", False), ("billing", "DWH", False), ("billing", "dwh2", False),
        ("billing", "shared_12", False), ("network", "shared_1", True), ("network", "dwh", False),
        ("network", "dataflow_warehouse", True),
    ],
)  # fmt: skip
def test_workspace_uses_its_own_and_everybodys(workspace: str, conn_id: str, allowed: bool, tmp_path: Path) -> None:
    connections = connections_of_workspace(All(), project_of(workspace, tmp_path))
    if allowed:
        assert connections.get(conn_id).conn_id == conn_id
        return
    with pytest.raises(AuthorError, match=rf"DF-CONN-022.*`{conn_id}`.*`{workspace}`.*`shared_\?`"):
        connections.get(conn_id)


def test_without_the_setting_every_connection_may_be_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AIRFLOW__DATAFLOW__WORKSPACE_CONNECTIONS")
    assert connections_of_workspace(All(), project_of("network", tmp_path)).get("crm").conn_id == "crm"


@pytest.mark.parametrize("text", ["dwh", '["dwh"]', '{"billing": "dwh"}', '{"billing": [1]}', "{"])
def test_setting_that_cannot_be_read_opens_nothing(text: str) -> None:
    with pytest.raises(AuthorError, match="DF-SETTINGS-004"):
        Settings.load({"AIRFLOW__DATAFLOW__WORKSPACE_CONNECTIONS": text})


def answered(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = main([*arguments, "--json"])
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, answer


def test_validate_tells_the_line_of_each_foreign_connection(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = answered(["validate", str(written(tmp_path, "billing", "crm", "crm"))], capsys)
    found = [(one["node"], one["line"]) for one in answer["findings"] if one["code"] == "DF-CONN-022"]
    assert (code, found) == (1, [("calls", 7), ("known", 10)])


def test_validate_tells_the_line_of_a_message_by_a_foreign_connection(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "billing", "dwh", "dwh")
    path.write_text(path.read_text() + "notify: {on_failure: [{via: slack, connection: crm_slack}]}\n")
    _, answer = answered(["validate", str(path)], capsys)
    found = [(one["line"], one["code"]) for one in answer["findings"] if "`crm_slack`" in one["message"]]
    assert found == [(len(path.read_text().splitlines()), "DF-CONN-022")]


@pytest.mark.parametrize("command", [["run"], ["preview", "--node", "calls"]])
def test_command_refuses_a_foreign_connection_and_opens_none(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "network", "crm", "shared_1")
    code, answer = answered([command[0], str(path), *command[1:]], capsys)
    assert code == 1
    assert "DF-CONN-022" in json.dumps(answer)
    assert not (tmp_path / "crm.duckdb").exists()


def test_run_with_an_allowed_connection_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "billing", "dwh", "dwh")
    with duckdb.connect(str(tmp_path / "dwh.duckdb")) as raw:
        raw.execute("CREATE TABLE t AS SELECT 1 AS n")
    code, answer = answered(["run", str(path)], capsys)
    assert (code, answer["state"]) == (0, "success"), answer
