"""`dataflow ai`: what is proposed, what is refused, and that only `--approve` writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dataflow_provider.cli.main import main
from tests.engines.chat_model import ChatModel, chat_model

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: daily
nodes:
  # the calls of a day
  calls: {type: source.duckdb, table: calls}
  per_day:
    type: ai.sql  # asked once
    from: calls
    connection: llm
    prompt: Minutes a day
  tips: {type: ai.assist, from: calls, task: quality_rules}
  out:
    type: target.duckdb
    from: per_day
    table: per_day
"""
GOOD = "SELECT day, SUM(minutes) AS minutes\nFROM calls\nGROUP BY day"


@pytest.fixture
def answers() -> list[str]:
    return [GOOD]


@pytest.fixture
def model(answers: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatModel]:
    def answer(told: str) -> dict[str, Any]:
        query = answers.pop(0) if len(answers) > 1 else answers[0]
        return {"query": query, "explanation": "Sums the minutes."}

    with chat_model(answer) as running:
        monkeypatch.setenv("AIRFLOW_CONN_LLM", running.connection())
        yield running


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "none"))
    path = tmp_path / "yaml_pipelines" / "w" / "daily.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(PIPELINE)
    (tmp_path / ".dataflow").mkdir()
    with duckdb.connect(str(tmp_path / ".dataflow" / "warehouse.duckdb")) as raw:
        raw.execute(
            "CREATE TABLE calls AS SELECT i AS id, DATE '2026-01-01' + CAST(i % 9 AS INTEGER) AS day, "
            "i % 60 AS minutes, CASE WHEN i % 2 = 0 THEN 'in' ELSE 'out' END AS way, 'a' || i || '@x.io' AS mail "
            "FROM range(400) AS r(i)"
        )
        raw.execute("CREATE TABLE per_day (Day DATE, call_minutes BIGINT)")
    return path


def ai(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    status = main(["ai", *arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_sql_is_proposed_by_columns_alone_and_written_only_when_approved(
    pipeline: Path, model: ChatModel, capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = ai(capsys, "sql", str(pipeline), "--node", "per_day")
    assert (status, answer["query"], answer["approved"]) == (0, GOOD, False)
    assert pipeline.read_text() == PIPELINE
    assert '"minutes": "BIGINT"' in model.asked[0]
    assert "@x.io" not in model.asked[0]
    asked = model.requests
    status, answer = ai(capsys, "sql", str(pipeline), "--node", "per_day", "--approve")
    assert (status, answer["approved"], model.requests) == (0, True, asked)
    written = pipeline.read_text()
    assert written.startswith(PIPELINE[: PIPELINE.index("  tips:")])
    assert "# the calls of a day" in written
    assert "    query: |\n      SELECT day, SUM(minutes) AS minutes\n      FROM calls\n      GROUP BY day\n" in written
    assert main(["validate", str(pipeline)]) == 0


@pytest.mark.parametrize("answers", [["DROP TABLE calls", "SELECT * FROM secrets", GOOD]])
def test_sql_that_is_refused_is_asked_for_again(
    pipeline: Path, model: ChatModel, capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = ai(capsys, "sql", str(pipeline), "--node", "per_day")
    assert (status, answer["query"], answer["requests"]) == (0, GOOD, 3)
    assert "`secrets` is no input" in model.asked[2]


@pytest.mark.parametrize("answers", [["DELETE FROM calls"]])
def test_sql_that_stays_wrong_is_told_and_cannot_be_approved(
    pipeline: Path, model: ChatModel, capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = ai(capsys, "sql", str(pipeline), "--node", "per_day")
    assert (status, answer["error"]["code"]) == (1, "DF-AI-020")
    status, answer = ai(capsys, "sql", str(pipeline), "--node", "per_day", "--approve")
    assert (status, answer["error"]["code"]) == (1, "DF-AI-021")
    assert pipeline.read_text() == PIPELINE


def test_sql_of_a_changed_prompt_is_no_longer_approved(
    pipeline: Path, model: ChatModel, capsys: pytest.CaptureFixture[str]
) -> None:
    ai(capsys, "sql", str(pipeline), "--node", "per_day")
    pipeline.write_text(PIPELINE.replace("Minutes a day", "Hours a day"))
    status, answer = ai(capsys, "sql", str(pipeline), "--node", "per_day", "--approve")
    assert (status, answer["error"]["code"]) == (1, "DF-AI-021")


def test_sql_proposed_in_another_workspace_is_not_approved(
    pipeline: Path, model: ChatModel, capsys: pytest.CaptureFixture[str]
) -> None:
    ai(capsys, "sql", str(pipeline), "--node", "per_day")
    namesake = pipeline.parent.with_name("another") / pipeline.name
    namesake.parent.mkdir()
    namesake.write_text(PIPELINE)
    status, answer = ai(capsys, "sql", str(namesake), "--node", "per_day", "--approve")
    assert (status, answer["error"]["code"]) == (1, "DF-AI-021")


def test_missing_query_is_a_finding_that_says_how_to_get_it(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(pipeline), "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["code"], finding["node"]) == ("DF-AI-001", "per_day")
    assert "dataflow ai sql" in finding["hint"]


def test_assist_suggests_rules_without_a_model(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, answer = ai(capsys, "assist", str(pipeline), "--node", "tips")
    assert status == 0
    rules = [one["rule"] for one in answer["suggestions"]]
    assert {"column": "id", "check": "unique"} in rules
    assert {"column": "way", "check": "in", "values": ["in", "out"]} in rules
    assert {"column": "minutes", "check": "range", "min": 0} in rules
    assert pipeline.read_text() == PIPELINE
    node = "\n".join(f"    {line}" for line in answer["yaml"].splitlines())
    checked = PIPELINE.replace("    prompt: Minutes a day\n", f"    prompt: p\n    query: SELECT 1\n  rules:\n{node}\n")
    pipeline.write_text(checked.replace("from: per_day", "from: rules"))
    assert main(["validate", str(pipeline)]) == 0


def test_assist_maps_columns_to_the_target(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.write_text(PIPELINE.replace("task: quality_rules", "task: mapping"))
    status, answer = ai(capsys, "assist", str(pipeline), "--node", "tips")
    assert status == 0
    found = {one["source"]: one["target"] for one in answer["suggestions"]}
    assert found["day"] == "Day"
    assert found["way"] is None


def test_command_refuses_a_node_of_another_type(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, answer = ai(capsys, "sql", str(pipeline), "--node", "calls")
    assert (status, answer["error"]["code"]) == (1, "DF-AI-022")
