"""`dataflow validate --live` and the same judgement before `dataflow run`: findings with places, nothing written."""

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
id: daily
params:
  low: {type: integer}
nodes:
  calls: {type: source.duckdb, table: raw.calls}
  good: {type: transform.filter, from: calls, where: "secs >= :low", checkpoint: true}
  first: {type: target.duckdb, from: good, table: mart.first, create: {if_missing: true}}
  per: {type: transform.aggregate, from: good, group_by: [whom], aggregates: {n: COUNT(*)}}
  last: {type: target.duckdb, from: per, table: mart.last, create: {if_missing: true}}
"""


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "no-airflow"))
    path = tmp_path / "yaml_pipelines" / "w" / "daily.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(PIPELINE)
    (tmp_path / ".dataflow").mkdir()
    with duckdb.connect(str(tmp_path / ".dataflow" / "warehouse.duckdb")) as raw:
        raw.execute("CREATE SCHEMA raw; CREATE TABLE raw.calls AS SELECT 1 AS id, 'ann' AS who, 60 AS secs")
    return path


def tables(pipeline: Path) -> list[str]:
    with duckdb.connect(str(pipeline.parents[2] / ".dataflow" / "warehouse.duckdb")) as raw:
        return [row[0] for row in raw.execute("SELECT table_name FROM information_schema.tables").fetchall()]


def answer_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_validate_without_live_asks_no_database(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(pipeline), "--json"]) == 0
    assert answer_of(capsys) == {"ok": True, "findings": []}


def test_validate_knows_the_columns_of_local_files(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = "calls: {type: source.file, path: in.csv, format: csv}"
    pipeline.write_text(PIPELINE.replace("calls: {type: source.duckdb, table: raw.calls}", source))
    (pipeline.parents[2] / "in.csv").write_text("id,who,secs\n1,ann,60\n")
    assert main(["validate", str(pipeline), "--json"]) == 1
    found = [(one["code"], one["node"], one["hint"]) for one in answer_of(capsys)["findings"]]
    assert found == [
        ("DF-TYPE-001", "good", "Cast one of them: `CAST(… AS …)`."),
        ("DF-SQL-012", "per", "Did you mean `who`?"),
    ]


def test_validate_live_finds_the_column_of_the_last_stage(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(pipeline), "--live", "--json"]) == 1
    (finding,) = answer_of(capsys)["findings"]
    assert (finding["code"], finding["node"], finding["line"]) == ("DF-SQL-012", "per", 10)
    assert finding["hint"] == "Did you mean `who`?"
    assert tables(pipeline) == ["calls"]


def test_validate_live_tells_a_finding_once(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.write_text(
        PIPELINE.replace("raw.calls}", "raw.calls, schema: {id: INTEGER, who: VARCHAR, secs: INTEGER}}")
    )
    assert main(["validate", str(pipeline), "--live", "--json"]) == 1
    assert [finding["code"] for finding in answer_of(capsys)["findings"]] == ["DF-SQL-012"]


def test_run_fails_before_its_first_stage(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(pipeline), "--param", "low=1", "--json"]) == 1
    answer = answer_of(capsys)
    assert answer["state"] == "failed"
    assert answer["error"]["code"] == "DF-SQL-012"
    assert [finding["node"] for finding in answer["findings"]] == ["per"]
    assert tables(pipeline) == ["calls"]


def test_run_in_text_prints_every_finding(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.write_text(PIPELINE.replace("secs >=", "sec >="))
    assert main(["run", str(pipeline), "--param", "low=1"]) == 1
    said = capsys.readouterr().err
    assert "node `good`" in said
    assert "node `per`" in said
