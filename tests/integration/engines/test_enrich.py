"""`ai.enrich` between two tables of each engine: typed columns, each distinct row asked once, rejects, nothing left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.connections import ConnectionSpec, EnvironmentConnections
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.execution.results import RunResult
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project
from tests.engines.chat_model import ChatModel, chat_model, judge, rows_in
from tests.engines.live import LiveEngine

ROWS = (
    "(1, 'thank you', '48600'), (2, 'too slow', '48601'), (3, 'thank you', '48602'), (4, NULL, '48603'), "
    "(5, 'ZU', '48604')"
)


@dataclass
class Desk:
    """An engine with the table `s`; runs write `o`, and rejects `b`."""

    engine: LiveEngine
    folder: Path
    model: ChatModel

    def get(self, conn_id: str) -> ConnectionSpec:
        if conn_id == self.engine.spec.conn_id:
            return self.engine.spec
        environment = {"AIRFLOW_CONN_LLM": self.model.connection()}
        return EnvironmentConnections(self.folder / "unused.duckdb", environment=environment).get(conn_id)

    def table(self, name: str) -> str:
        return f"{self.engine.schema}.{name}" if self.engine.schema else name

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        with self.engine.open() as session:
            return sorted(session.fetch_rows(f"SELECT * FROM {self.engine.table(name)}")[1], key=repr)

    def run(self, on_error: str, run_id: str) -> RunResult:
        kind = self.engine.name
        write: dict[str, Any] = {"write": {"mode": "overwrite"}, "create": {"if_missing": True}}
        nodes: dict[str, Any] = {
            "src": {"type": f"source.{kind}", "table": self.table("s")},
            "told": {
                "type": "ai.enrich", "from": "src", "connection": "llm", "prompt": "How does the customer feel?",
                "inputs": ["said"], "outputs": {
                    "mood": {"type": "string", "enum": ["good", "bad"]}, "stars": {"type": "integer"},
                }, "batch_size": 2, "on_error": on_error,
            },
            "out": {"type": f"target.{kind}", "from": "told", "table": self.table("o"), **write},
        }  # fmt: skip
        if on_error == "reject":
            nodes["bad"] = {"type": f"target.{kind}", "from": "told.rejected", "table": self.table("b"), **write}
        document = {
            "apiVersion": "dataflow/v1", "kind": "Pipeline", "id": "p", "nodes": nodes,
            "defaults": {"connection": self.engine.spec.conn_id},
        }  # fmt: skip
        project = Project(self.folder, "w", (self.folder,), self.folder / "unused.duckdb")
        return run_pipeline(plan_pipeline(Pipeline.model_validate(document)), RunValues(run_id), self, project)


@pytest.fixture
def desk(live_engine: LiveEngine, tmp_path: Path) -> Iterator[Desk]:
    q = get_dialect(live_engine.name).publish.quote
    with live_engine.open() as session:
        columns = f"{q('id')} INTEGER, {q('said')} VARCHAR(20), {q('phone')} VARCHAR(20)"
        session.execute(f"CREATE TABLE {live_engine.table('s')} ({columns})")
        session.execute(f"INSERT INTO {live_engine.table('s')} VALUES {ROWS}")
    with chat_model(judge) as model:
        yield Desk(live_engine, tmp_path, model)


def test_enrich_writes_typed_columns_and_asks_only_for_what_it_does_not_know(desk: Desk) -> None:
    result = desk.run("null", "r1")
    assert result.errors == {}
    assert desk.rows("o") == [
        (1, "thank you", "48600", "good", 5),
        (2, "too slow", "48601", "bad", 1),
        (3, "thank you", "48602", "good", 5),
        (4, None, "48603", "bad", 1),
        (5, "ZU", "48604", None, None),
    ]
    first = len(desk.model.asked)
    again = desk.run("reject", "r2")
    assert again.errors == {}
    assert {row["values"]["said"] for told in desk.model.asked[first:] for row in rows_in(told)} == {"ZU"}
    assert [row[0] for row in desk.rows("o")] == [1, 2, 3, 4]
    ((number, said, _, reason),) = desk.rows("b")
    assert (number, said, "asked form" in reason) == (5, "ZU", True)
