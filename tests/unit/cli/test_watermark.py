"""`dataflow watermark`: what is shown, what a reset changes, and what the next run reads."""

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
nodes:
  calls: {type: source.duckdb, table: calls, incremental: {column: id}}
  t: {type: target.duckdb, from: calls, table: t, write: {mode: upsert, keys: [id]}, create: {if_missing: true}}
"""
SECOND = """\
  plans: {type: source.duckdb, table: calls, incremental: {column: seen}}
  u: {type: target.duckdb, from: plans, table: u, write: {mode: overwrite}, create: {if_missing: true}}
"""


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "no-airflow"))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "yaml_pipelines" / "w" / "daily.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(PIPELINE)
    (tmp_path / ".dataflow").mkdir()
    sql(path, "CREATE TABLE calls AS SELECT range AS id, TIMESTAMP '2026-01-01' AS seen FROM range(1, 4)")
    return path


def sql(pipeline: Path, statement: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(pipeline.parents[2] / ".dataflow" / "warehouse.duckdb")) as raw:
        return raw.execute(statement).fetchall()


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["watermark", *arguments, "--json"]) == code
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_show_before_and_after_the_first_run(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none = {"node": "calls", "column": "id", "kind": None, "value": None, "kept_in": None, "frozen_runs": 0}
    assert answer(capsys, "show", str(pipeline)) == {"pipeline": "daily", "watermarks": [none], "findings": []}
    assert main(["run", str(pipeline), "--run-id", "r1"]) == 0
    known = {**none, "kind": "integer", "value": "3", "kept_in": "local", "frozen_runs": 1}
    assert answer(capsys, "show", "daily")["watermarks"] == [known]
    assert main(["watermark", "show", "daily"]) == 0
    assert capsys.readouterr().out == "calls: id = 3, kept in local, 1 runs can be tried again\n"


def test_reset_reads_everything_again_also_in_a_retry(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(pipeline), "--run-id", "r1"]) == 0
    sql(pipeline, "DELETE FROM t")
    (one,) = answer(capsys, "reset", "daily")["watermarks"]
    assert (one["before"], one["value"], one["frozen_runs"]) == ("3", None, 0)
    sql(pipeline, "INSERT INTO calls VALUES (9, NULL)")
    assert main(["run", str(pipeline), "--run-id", "r1"]) == 0
    assert sql(pipeline, "SELECT id FROM t ORDER BY id") == [(1,), (2,), (3,), (9,)]


def test_reset_to_a_value_goes_on_after_it(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, "reset", "daily", "--node", "calls", "--to", "2")["watermarks"][0]["kind"] == "integer"
    assert main(["run", str(pipeline)]) == 0
    assert sql(pipeline, "SELECT id FROM t") == [(3,)]


def test_reset_to_an_earlier_value_of_a_known_watermark_reads_it_again(
    pipeline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(pipeline), "--run-id", "r1"]) == 0
    sql(pipeline, "DELETE FROM t")
    assert answer(capsys, "reset", "daily", "--to", "1")["watermarks"][0]["value"] == "1"
    assert main(["run", str(pipeline), "--run-id", "r2"]) == 0
    assert sql(pipeline, "SELECT id FROM t ORDER BY id") == [(2,), (3,)]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["reset", "daily", "--node", "calls", "--to", "soon"], "DF-RUN-083"),
        (["show", "daily", "--node", "t"], "DF-RUN-088"),
        (["reset", "daily", "--to", "2"], "DF-RUN-089"),
        (["show", "nope"], "DF-CLI-005"),
        (["show", "nope.yaml"], "DF-CLI-001"),
    ],
)
def test_what_cannot_be_done_is_told(
    pipeline: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: str
) -> None:
    pipeline.write_text(PIPELINE + SECOND)
    assert answer(capsys, *arguments, code=1)["error"]["code"] == code


def test_show_with_a_value_is_wrong_usage(pipeline: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["watermark", "show", "daily", "--to", "2"])
    assert ended.value.code == 2


def test_node_that_is_gone_from_the_file_is_shown_and_can_be_forgotten(
    pipeline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(pipeline)]) == 0
    pipeline.write_text(PIPELINE.replace("calls:", "other:").replace("from: calls", "from: other"))
    assert [one["node"] for one in answer(capsys, "show", "daily")["watermarks"]] == ["other", "calls"]
    answer(capsys, "reset", "daily", "--node", "calls")
    assert [one["node"] for one in answer(capsys, "show", "daily")["watermarks"]] == ["other"]
