"""`dataflow clean`: which stage tables go, which stay, and what is only listed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dataflow_provider.cli.main import main

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: %s
nodes:
  calls: {type: source.duckdb, table: calls, where: id > 1, checkpoint: true}
  t: {type: target.duckdb, from: calls, table: t, write: {mode: overwrite}, create: {if_missing: true}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two pipelines that have run once each, and a table that only looks like ours."""
    monkeypatch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "no-airflow"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dataflow").mkdir()
    (tmp_path / "yaml_pipelines" / "w").mkdir(parents=True)
    sql(tmp_path, "CREATE TABLE calls AS SELECT range AS id FROM range(4)")
    for name in ("first", "second"):
        path = tmp_path / "yaml_pipelines" / "w" / f"{name}.yaml"
        path.write_text(PIPELINE % name)
        assert main(["run", str(path), "--run-id", "r1"]) == 0
    sql(tmp_path, "CREATE TABLE _dataflow.df_not_ours AS SELECT 1 AS id")
    return tmp_path


def sql(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / ".dataflow" / "warehouse.duckdb")) as raw:
        return raw.execute(statement).fetchall()


def left(folder: Path) -> list[Any]:
    registered = sql(folder, "SELECT pipeline FROM _dataflow.stage_tables ORDER BY 1")
    there = "SELECT count(*) FROM information_schema.tables WHERE table_schema = '_dataflow' AND table_name LIKE 'df%'"
    # The table that is not in the register always stays.
    assert sql(folder, there) == [(len(registered) + 1,)]
    return [row[0] for row in registered]


def clean(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[tuple[str, str]]:
    capsys.readouterr()
    assert main(["clean", *arguments, "--json"]) == 0
    return [(one["pipeline"], one["state"]) for one in json.loads(capsys.readouterr().out)["tables"]]


def test_clean_drops_what_is_older_than_seven_days(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert clean(capsys, "--connection", "dataflow_warehouse") == []
    sql(folder, "UPDATE _dataflow.stage_tables SET created_at = '2026-01-01T00:00:00Z' WHERE pipeline = 'second'")
    assert clean(capsys, "--connection", "dataflow_warehouse", "--dry-run") == [("second", "listed")]
    assert left(folder) == ["first", "second"]
    assert clean(capsys, "--connection", "dataflow_warehouse") == [("second", "dropped")]
    assert left(folder) == ["first"]


def test_clean_of_a_run_takes_that_pipelines_tables_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert clean(capsys, "first", "--run-id", "r2") == []
    assert clean(capsys, "first", "--run-id", "r1") == [("first", "dropped")]
    assert left(folder) == ["second"]
    assert main(["clean", "second", "--older-than", "0s"]) == 0
    assert "second run r1 node calls" in capsys.readouterr().out


def test_clean_takes_each_pipeline_where_its_own_connections_lead(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = folder / "elsewhere"
    path = elsewhere / "yaml_pipelines" / "w" / "third.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(PIPELINE % "third")
    (elsewhere / ".dataflow").mkdir()
    sql(elsewhere, "CREATE TABLE calls AS SELECT range AS id FROM range(4)")
    assert main(["run", str(path), "--run-id", "r1"]) == 0
    found = clean(capsys, "first", str(path), "--run-id", "r1")
    assert found == [("first", "dropped"), ("third", "dropped")]
    assert left(folder) == ["second"]
    assert sql(elsewhere, "SELECT pipeline FROM _dataflow.stage_tables") == []


@pytest.mark.parametrize("arguments", [[], ["first", "--connection", "c"], ["first", "--older-than", "soon"]])
def test_clean_wrong_usage_exits_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["clean", *arguments])
    assert ended.value.code == 2


def test_clean_of_no_database_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WEB", '{"conn_type": "http", "host": "localhost"}')
    assert main(["clean", "--connection", "web", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "DF-RUN-064"
