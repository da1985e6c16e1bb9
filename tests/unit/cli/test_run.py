"""`dataflow run`: exit codes, the JSON answer, and what people read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
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
  low: {type: integer, default: 2}
nodes:
  calls: {type: source.file, path: in/calls.csv, format: csv, schema: {id: INTEGER, v: VARCHAR}}
  good: {type: transform.filter, from: calls, where: "id >= :low"}
  t: {type: target.duckdb, from: good, table: mart.t, write: {mode: append}, create: {if_missing: true}}
  bad: {type: target.file, from: good.rejected, path: out/bad.csv, format: csv, write: {mode: overwrite}}
"""


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    path = tmp_path / "yaml_pipelines" / "w" / "daily.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(PIPELINE)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "calls.csv").write_text("id,v\n1,a\n2,b\n3,c\n")
    return path


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No Airflow installation is configured."""
    monkeypatch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "no-airflow"))


def answer_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def warehouse(pipeline: Path) -> Path:
    return pipeline.parents[2] / ".dataflow" / "warehouse.duckdb"


def rows(pipeline: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(warehouse(pipeline))) as raw:
        return raw.execute(query).fetchall()


def test_run_json_has_every_node_once(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(pipeline), "--run-id", "r1", "--json"]) == 0
    answer = answer_of(capsys)
    assert {key: answer[key] for key in ("run_id", "state", "error", "findings")} == {
        "run_id": "r1", "state": "success", "error": None, "findings": [],
    }  # fmt: skip
    nodes = {node["id"]: (node["rows_in"], node["rows_out"], node["rows_rejected"]) for node in answer["nodes"]}
    assert nodes["calls"][1] == 3
    assert nodes["good"][1:] == (2, 1)
    assert (nodes["t"][:2], nodes["bad"][:2]) == ((2, 2), (1, 1))
    told = {"id", "rows_in", "rows_out", "rows_rejected", "seconds", "bytes"}
    assert all(set(node) == told for node in answer["nodes"])


def test_run_same_id_is_a_retry_and_param_reaches_the_sql(pipeline: Path) -> None:
    assert main(["run", str(pipeline), "--run-id", "r1", "--param", "low=3"]) == 0
    assert main(["run", str(pipeline), "--run-id", "r1"]) == 0
    assert rows(pipeline, "SELECT id, v FROM mart.t") == [(3, "c")]


def test_run_prints_a_line_per_node_and_the_state(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(pipeline), "--run-id", "r1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["node", "rows", "in", "rows", "out", "rejected", "seconds"]
    assert sorted(line.split()[0] for line in lines[1:-1]) == ["bad", "calls", "good", "t"]
    assert lines[-1].startswith("success run_id=r1 ")


def test_run_invalid_file_answers_its_findings(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.write_text(PIPELINE.replace("where:", "wher:"))
    assert main(["run", str(pipeline), "--json"]) == 1
    answer = answer_of(capsys)
    assert answer["state"] == "failed"
    assert answer["error"]["code"] == answer["findings"][0]["code"]
    assert answer["findings"][0]["line"] == 8
    assert not warehouse(pipeline).exists()


def test_run_failing_stage_names_node_and_line(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.write_text(PIPELINE.replace('where: "id >= :low"', 'where: "idd >= :low"'))
    assert main(["run", str(pipeline), "--json"]) == 1
    answer = answer_of(capsys)
    assert answer["state"] == "failed"
    assert (answer["error"]["node"], answer["findings"][0]["line"]) == ("good", 8)
    assert "`id`" in json.dumps(answer["error"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--param", "nope=1"], "DF-RUN-004"),
        (["--param", "low=x"], "DF-RUN-006"),
        (["--run-id", "a b"], "DF-RUN-001"),
        (["--interval", "2026-01-02/2026-01-01"], "DF-RUN-002"),
        (["--from-checkpoint", "--run-id", "r1"], "DF-RUN-062"),
        (["--node", "god"], "DF-RUN-063"),
    ],
)
def test_run_that_cannot_start_says_why(
    pipeline: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: str
) -> None:
    assert main(["run", str(pipeline), *arguments, "--json"]) == 1
    answer = answer_of(capsys)
    assert (answer["state"], answer["error"]["code"]) == ("failed", code)
    assert "findings" in answer


@pytest.mark.parametrize(
    "arguments", [["--param", "low"], ["--interval", "yesterday"], ["--nope"], ["--from-checkpoint"]]
)
def test_run_wrong_usage_exits_2(pipeline: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", str(pipeline), *arguments])
    assert caught.value.code == 2


def test_run_from_checkpoint_says_what_it_reused(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.write_text(PIPELINE.replace("mode: append}", "mode: append}, pre_sql: [INSERT INTO missing VALUES (1)]"))
    assert main(["run", str(pipeline), "--run-id", "r1"]) == 1
    rows(pipeline, "CREATE TABLE missing (n INTEGER)")
    capsys.readouterr()
    assert main(["run", str(pipeline), "--run-id", "r1", "--from-checkpoint", "--json"]) == 0
    answer = answer_of(capsys)
    assert {stage["id"]: stage["reused"] for stage in answer["stages"]} == {"good": True, "bad": True, "t": False}
    assert {finding["code"] for finding in answer["findings"]} == {"DF-RUN-054"}
    assert rows(pipeline, "SELECT id FROM mart.t ORDER BY id") == [(2,), (3,)]


def test_run_node_publishes_that_target_alone(pipeline: Path) -> None:
    assert main(["run", str(pipeline), "--node", "bad"]) == 0
    assert (pipeline.parents[2] / "out" / "bad.csv").read_text() == "id,v\n1,a\n"
    assert rows(pipeline, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'mart'") == [(0,)]


def test_run_of_a_missing_file_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(tmp_path / "missing.yaml"), "--json"]) == 1
    assert answer_of(capsys)["state"] == "failed"


def test_run_missing_connection_says_how_to_define_it(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.write_text(PIPELINE.replace("from: good, table", "connection: dwh, from: good, table"))
    assert main(["run", str(pipeline), "--json"]) == 1
    assert "AIRFLOW_CONN_DWH" in answer_of(capsys)["error"]["hint"]


def stopped(pipeline: Path, number: signal.Signals, when: str) -> int:
    """Run the pipeline in a process of its own, send the signal at a line of its log, and return the exit code."""
    command = [sys.executable, "-m", "dataflow_provider.cli.main", "run", str(pipeline), "--verbose"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as running:
        assert running.stderr is not None
        told: list[str] = []
        for line in running.stderr:
            told.append(line)
            if when in line:
                break
        else:
            pytest.fail(f"`{when}` was never told:\n{''.join(told)}")
        running.send_signal(number)
        return running.wait(60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_interrupted_exits_130_and_leaves_the_target(pipeline: Path, number: signal.Signals) -> None:
    assert main(["run", str(pipeline), "--run-id", "r1"]) == 0
    endless = "SELECT COUNT(*)::INTEGER AS id, 'x' AS v FROM range(1000000000) a, range(1000000) b"
    pipeline.write_text(
        PIPELINE.replace("type: source.file, path: in/calls.csv, format: csv, schema: {id: INTEGER, v: VARCHAR}",
                         f'type: source.duckdb, query: "{endless}"')
    )  # fmt: skip
    # The first statement of the stage is the one that never ends.
    assert stopped(pipeline, number, "step begins kind=stage") == 130
    assert rows(pipeline, "SELECT id FROM mart.t ORDER BY id") == [(2,), (3,)]
