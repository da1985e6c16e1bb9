"""`ai.enrich` under a run: a real database, and a model behind the chat API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.execution.results import RunResult
from tests.engines.chat_model import ChatModel, chat_model, judge, rows_in
from tests.unit.execution.conftest import Workplace, run_values

PIPELINE = """
src: {type: source.duckdb, table: s}
told:
  type: ai.enrich
  from: src
  connection: llm
  prompt: How does the customer feel?
  inputs: [said, phone]
  sensitive: [phone]
  outputs:
    mood: {type: string, enum: [good, bad]}
    stars: {type: integer}
  batch_size: 2
  on_error: %s
out: {type: target.duckdb, from: told, table: o, write: {mode: overwrite}, create: {if_missing: true}}
"""
REJECTS = """
bad: {type: target.duckdb, from: told.rejected, table: b, write: {mode: overwrite}, create: {if_missing: true}}
"""


@pytest.fixture
def model() -> Iterator[ChatModel]:
    with chat_model(judge) as running:
        yield running


@pytest.fixture
def fed(workplace: Workplace) -> Workplace:
    workplace.sql(
        "CREATE TABLE s AS SELECT * FROM (VALUES (1, 'thank you', '48600'), (2, 'too slow', '48601'), "
        "(3, 'thank you', '48602'), (4, NULL, '48603'), (5, 'ÄTZEND', '48604')) AS x(id, said, phone)"
    )
    return workplace


def run(place: Workplace, model: ChatModel, text: str, run_id: str = "r1", **extra: Any) -> RunResult:
    connections = place.connections(llm=model.connection(**extra))
    return run_pipeline(place.plan(text), run_values(run_id), connections, place.project())


def test_enrich_adds_typed_columns_asks_each_distinct_row_once_and_hides_secrets(
    fed: Workplace, model: ChatModel
) -> None:
    result = run(fed, model, PIPELINE % '"null"')
    assert result.state == "warning"
    assert fed.sql("FROM o ORDER BY id") == [
        (1, "thank you", "48600", "good", 5),
        (2, "too slow", "48601", "bad", 1),
        (3, "thank you", "48602", "good", 5),
        (4, None, "48603", "bad", 1),
        (5, "ÄTZEND", "48604", None, None),
    ]
    assert dict(fed.sql("SELECT column_name, column_type FROM (DESCRIBE o)")) == {
        "id": "INTEGER", "said": "VARCHAR", "phone": "VARCHAR", "mood": "VARCHAR", "stars": "BIGINT",
    }  # fmt: skip
    told = "\n".join(model.asked)
    assert "4860" not in told
    assert '"phone": "***"' in told
    node = next(one for one in result.to_json()["nodes"] if one["id"] == "told")
    assert (node["rows_in"], node["rows_out"]) == (5, 5)
    usage = node["ai"]
    assert (usage["model"], usage["rows"], usage["distinct"], usage["cached"], usage["failed"]) == ("small", 5, 4, 0, 1)
    assert usage["requests"] == model.requests
    assert usage["cost"] == pytest.approx(model.requests * (100 * 1.0 + 10 * 10.0) / 1e6)
    assert fed.sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_name LIKE 'df_%'") == [(0,)]


def test_enrich_again_asks_only_for_what_failed(fed: Workplace, model: ChatModel) -> None:
    run(fed, model, PIPELINE % '"null"')
    first = len(model.asked)
    result = run(fed, model, PIPELINE % '"null"', run_id="r2")
    assert {row["values"]["said"] for told in model.asked[first:] for row in rows_in(told)} == {"ÄTZEND"}
    assert result.stages[1].ai[0].cached == 4


def test_answers_of_another_service_are_not_taken_for_a_model_of_the_same_name(
    fed: Workplace, model: ChatModel
) -> None:
    run(fed, model, PIPELINE % '"null"')
    with chat_model(judge) as other:
        result = run(fed, other, PIPELINE % '"null"', run_id="r2")
    assert (result.stages[1].ai[0].model, result.stages[1].ai[0].cached) == ("small", 0)
    assert other.requests


def test_enrich_rejects_with_a_reason_and_keeps_the_inputs_columns(fed: Workplace, model: ChatModel) -> None:
    result = run(fed, model, PIPELINE % "reject" + REJECTS)
    assert result.state == "warning"
    assert fed.sql("SELECT id FROM o ORDER BY id") == [(1,), (2,), (3,), (4,)]
    ((number, said, _, reason),) = fed.sql("FROM b")
    assert (number, said) == (5, "ÄTZEND")
    assert "asked form" in reason
    assert [row[0] for row in fed.sql("SELECT column_name FROM (DESCRIBE b)")] == [
        "id", "said", "phone", "_reject_reason",
    ]  # fmt: skip


def test_enrich_that_fails_leaves_the_target_and_keeps_what_was_answered(fed: Workplace, model: ChatModel) -> None:
    result = run(fed, model, PIPELINE % "fail")
    assert result.state == "failed"
    assert result.errors["told"].code == "DF-AI-015"
    assert fed.sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'o'") == [(0,)]
    fed.sql("DELETE FROM s WHERE id = 5")
    first = len(model.asked)
    assert run(fed, model, PIPELINE % "fail", run_id="r2").state == "success"
    assert [row["values"]["said"] for told in model.asked[first:] for row in rows_in(told)] == [None]


def test_enrich_waits_for_a_busy_model(fed: Workplace, model: ChatModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataflow_provider.ai.enrich._PAUSE_S", 0.01)
    fed.sql("DELETE FROM s WHERE id = 5")
    model.failures = [429]
    assert run(fed, model, PIPELINE % "fail").state == "success"


def test_enrich_refused_key_is_told_without_the_key(fed: Workplace, model: ChatModel) -> None:
    model.failures = [401] * 10
    error = run(fed, model, PIPELINE % "fail").errors["told"]
    assert error.code == "DF-AI-013"
    assert "sk-test-key" not in str(error)


def test_enrich_stops_before_it_costs_more_than_allowed(fed: Workplace, model: ChatModel) -> None:
    text = PIPELINE.replace("batch_size: 2", "batch_size: 2, max_cost: 0.0013".replace(", ", "\n  "))
    result = run(fed, model, text % '"null"')
    assert result.errors["told"].code == "DF-AI-011"
    assert model.requests >= 1


def test_enrich_with_a_cap_needs_a_price(fed: Workplace, model: ChatModel) -> None:
    text = PIPELINE.replace("batch_size: 2", "max_cost: 1")
    result = run(fed, model, text % '"null"', price=None)
    assert result.errors["told"].code == "DF-AI-016"
    assert model.requests == 0


def test_enrich_needs_a_connection_of_a_model(fed: Workplace) -> None:
    connections = fed.connections(llm='{"conn_type": "http", "host": "x"}')
    result = run_pipeline(fed.plan(PIPELINE % '"null"'), run_values("r1"), connections, fed.project())
    assert result.errors["told"].code == "DF-AI-010"


def test_frozen_query_runs_without_a_model(fed: Workplace) -> None:
    text = """
    src: {type: source.duckdb, table: s}
    asked: {type: ai.sql, from: src, connection: nobody, prompt: Count them, query: SELECT COUNT(*) AS n FROM src}
    tip: {type: ai.assist, from: src, task: quality_rules}
    out: {type: target.duckdb, from: asked, table: o, create: {if_missing: true}}
    """
    plan = fed.plan(text)
    assert [stage.id for stage in plan.stages] == ["out"]
    assert fed.run(plan).state == "success"
    assert fed.sql("SELECT n FROM o") == [(5,)]
