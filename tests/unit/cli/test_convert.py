"""`dataflow convert` as a person and as a program sees it."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.spec.loader import load_pipeline

SQL = "SELECT Plan, count(*) AS calls\nFROM calls JOIN plans USING (plan_id) WHERE seconds > :least GROUP BY 1\n"


@pytest.fixture
def query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    database = tmp_path / "dwh.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE calls (plan_id INTEGER, seconds INTEGER)")
        connection.execute("CREATE TABLE plans (plan_id INTEGER, plan VARCHAR)")
    monkeypatch.setenv("AIRFLOW_CONN_DWH", json.dumps({"conn_type": "duckdb", "host": str(database)}))
    path = tmp_path / "Calls by plan.sql"
    path.write_text(SQL)
    return path


def test_convert_select_with_live_columns_writes_a_valid_pipeline(
    query: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = query.with_name("usage.yaml")
    arguments = ["--to", "yaml", "--connection", "dwh", "--live", "--target", "mart.usage", "-o", str(file)]
    assert main(["convert", str(query), *arguments, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is True
    assert answer["path"] == str(file)
    assert answer["text"] == file.read_text()
    assert answer["findings"] == []
    pipeline = load_pipeline(file).require()
    assert [node.type for node in pipeline.nodes.values()] == [
        "source.duckdb", "source.duckdb", "transform.filter", "transform.join", "transform.aggregate",
        "transform.select", "target.duckdb",
    ]  # fmt: skip
    assert pipeline.defaults.connection == "dwh"
    assert {name: param.type for name, param in pipeline.params.items()} == {"least": "integer"}


def test_convert_without_known_columns_keeps_sql_and_says_why(query: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(query), "--to", "yaml", "--connection", "dwh", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert ("DF-CONV-001", "info") in [(one["code"], one["severity"]) for one in findings]
    assert "--live" in " ".join(one["message"] for one in findings)


def test_convert_takes_the_id_from_the_file_or_the_option(query: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(query), "--to", "yaml", "--connection", "dwh", "--live"]) == 0
    assert "id: calls_by_plan\n" in capsys.readouterr().out
    assert main(["convert", str(query), "--to", "yaml", "--connection", "dwh", "--live", "--id", "mine"]) == 0
    assert "id: mine\n" in capsys.readouterr().out


def test_convert_statement_that_writes_is_refused_at_its_place(query: Path, capsys: pytest.CaptureFixture[str]) -> None:
    query.write_text("SELECT 1;\nDELETE FROM calls")
    assert main(["convert", str(query), "--to", "yaml", "--connection", "dwh", "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["line"]) == ("DF-SQL-002", 1)


def test_convert_without_connection_is_refused(query: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(query), "--to", "yaml", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "DF-CONV-010"


def test_convert_names_a_dialect_where_the_connection_is_not_defined(
    query: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query.write_text("SELECT c.id FROM crm.customers AS c WHERE c.age > 3")
    assert main(["convert", str(query), "--to", "yaml", "--connection", "crm", "--dialect", "postgres"]) == 0
    assert "type: source.postgres\n    table: crm.customers\n    columns: [id, age]" in capsys.readouterr().out


def test_convert_id_that_cannot_be_one_is_refused(query: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(query), "--to", "yaml", "--connection", "dwh", "--id", "9x", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "DF-CONV-012"


def test_convert_missing_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(tmp_path / "no.sql"), "--to", "yaml", "--connection", "dwh", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "DF-CONV-011"


PIPELINE = """\
# Kept
apiVersion: dataflow/v1
kind: Pipeline
id: usage
nodes:
  calls: {type: source.duckdb, table: main.calls}
  long: {type: transform.filter, from: calls, where: "seconds > 60"}  # minutes
  mart: {type: target.duckdb, from: long, table: mart.usage}
"""


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    path = tmp_path / "usage.yaml"
    path.write_text(PIPELINE)
    return path


def test_convert_pipeline_to_sql_and_back_with_an_edit(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = pipeline.with_suffix(".sql")
    assert main(["convert", str(pipeline), "--to", "sql", "-o", str(script)]) == 0
    assert main(["convert", str(pipeline), "--to", "yaml", "-o", str(pipeline)]) == 0
    formatted = pipeline.read_text()
    assert main(["convert", str(script), "--to", "yaml", "-o", str(pipeline)]) == 0
    assert pipeline.read_text() == formatted
    script.write_text(script.read_text().replace("WHERE seconds > 60", "WHERE seconds > 90"))
    capsys.readouterr()
    assert main(["convert", str(script), "--to", "yaml", "-o", str(pipeline), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["path"], answer["findings"]) == (str(pipeline), [])
    assert "where: seconds > 90" in pipeline.read_text()


def test_convert_script_keeps_off_a_file_with_edits_of_its_own(
    pipeline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = pipeline.with_suffix(".sql")
    assert main(["convert", str(pipeline), "--to", "sql", "-o", str(script)]) == 0
    pipeline.write_text(PIPELINE.replace("60", "70"))
    capsys.readouterr()
    assert main(["convert", str(script), "--to", "yaml", "-o", str(pipeline), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "DF-CONV-024"
    assert pipeline.read_text() == PIPELINE.replace("60", "70")


def test_convert_what_is_not_there_is_refused(pipeline: Path, query: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, code in (([pipeline, "--to", "python"], "DF-CONV-013"), ([query, "--to", "sql"], "DF-CONV-014")):
        assert main(["convert", *map(str, arguments), "--json"]) == 1
        assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def test_convert_pipeline_whose_sql_is_wrong_is_refused_with_its_findings(
    pipeline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.write_text(PIPELINE.replace("seconds > 60", "seconds >"))
    assert main(["convert", str(pipeline), "--to", "sql", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert ("DF-SQL-001", 7) in [(one["code"], one["line"]) for one in found]
