"""Incremental reads on every engine that runs here: bounds, ties, late rows, NULLs, retries, two targets, lookback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.execution import pipeline as pipeline_room
from dataflow_provider.execution.incremental import freeze_windows, watermark_of
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.execution.results import RunResult
from dataflow_provider.execution.watermarks import FileWatermarks
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project
from tests.conformance.data import Table
from tests.conformance.engine import Engine, OneConnection

# Where a moment with a fraction and without a zone is called otherwise.
MOMENT = {"mysql": "DATETIME(6)"}


@dataclass
class Runs:
    """Runs of one pipeline on an engine, as the command line makes them."""

    engine: Engine
    name: str
    nodes: Mapping[str, Mapping[str, Any]]
    warned: list[str] = field(default_factory=list)

    @property
    def store(self) -> FileWatermarks:
        return FileWatermarks(self.engine.folder / f"{self.name}.json")

    def run(self, run_id: str) -> RunResult:
        engine = self.engine
        plan = plan_pipeline(
            Pipeline.model_validate(
                {
                    "apiVersion": "dataflow/v1",
                    "kind": "Pipeline",
                    "id": self.name,
                    "defaults": {"connection": engine.spec.conn_id},
                    "nodes": self.nodes,
                }
            )
        )
        connections = OneConnection(engine.spec)
        project = Project(engine.folder, "default", (engine.folder,), engine.folder / "unused.duckdb")
        values, remarks = freeze_windows(plan, RunValues(f"manual__{run_id}"), connections, project, self.store)
        self.warned = [one.code for one in remarks]
        return run_pipeline(plan, values, connections, project, store=self.store)

    def ok(self, run_id: str) -> None:
        for error in self.run(run_id).errors.values():
            raise error

    def watermark(self) -> str | None:
        mark = watermark_of(self.store, "rows")
        return None if mark is None else mark.to_json()["value"]

    def ids(self, table: str) -> list[int]:
        with self.engine.session() as session:
            name = self.engine.dialect.publish.quote("id")
            return sorted(int(row[0]) for row in session.fetch_rows(f"SELECT {name} FROM {table}")[1])

    def sql(self, *statements: str) -> None:
        with self.engine.session() as session:
            for statement in statements:
                session.execute(statement)


def target(engine: Engine, table: str, write: Mapping[str, Any], *, create: bool = True) -> dict[str, Any]:
    return {
        "type": f"target.{engine.name}",
        "from": "rows",
        "table": engine.table(table),
        "write": write,
        "create": {"if_missing": create},
    }


def test_two_targets_by_a_number(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ties belong to the run that reads their value; late rows and NULLs to none; a retry reads what the first did."""
    engine.create(Table("inc_s", {"id": "INTEGER", "v": "INTEGER"}, ((1, 1), (2, 1), (2, 2), (None, 3))))
    source, a, b = (engine.quoted(name) for name in ("inc_s", "inc_a", "inc_b"))
    nodes = {
        "rows": {
            "type": f"source.{engine.name}",
            "table": engine.table("inc_s"),
            "incremental": {"column": "id"},
        },
        "a": target(engine, "inc_a", {"mode": "append"}),
        "b": target(engine, "inc_b", {"mode": "append"}, create=False),
    }
    runs = Runs(engine, "inc_number", nodes)

    assert set(runs.run("r1").errors) == {"b"}
    assert (runs.ids(a), runs.watermark(), runs.warned) == ([1, 2, 2], None, ["DF-RUN-085"])

    runs.sql(f"CREATE TABLE {b} AS SELECT * FROM {a} WHERE 1 = 0", f"INSERT INTO {source} VALUES (3, 1)")
    runs.ok("r1")
    assert (runs.ids(a), runs.ids(b), runs.watermark()) == ([1, 2, 2], [1, 2, 2], "2")
    runs.sql(f"INSERT INTO {source} VALUES (1, 9)")

    def crash(*given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(pipeline_room, "note_published", crash)
        with pytest.raises(KeyboardInterrupt):
            runs.run("r2")
    assert runs.watermark() == "2"
    runs.sql(f"INSERT INTO {source} VALUES (4, 1), (3, 2)")
    runs.ok("r2")
    # The second row with the value 3 came after the high-water mark was taken, and a retry takes it along all the same.
    assert (runs.ids(a), runs.ids(b), runs.watermark()) == ([1, 2, 2, 3, 3], [1, 2, 2, 3, 3], "3")
    runs.ok("r3")
    assert (runs.ids(a), runs.ids(b), runs.watermark()) == ([1, 2, 2, 3, 3, 4], [1, 2, 2, 3, 3, 4], "4")


def test_lookback_by_a_moment(engine: Engine) -> None:
    """`initial` is read with its value, late rows within the lookback are, and a fraction of a second counts."""
    rows = ((1, "2026-01-01 00:00:00"), (2, "2026-01-02 10:00:00.500000"), (9, "2025-12-31 23:00:00"))
    engine.create(Table("inc_m", {"id": "INTEGER", "seen": MOMENT.get(engine.name, "TIMESTAMP")}, rows))
    source, t = engine.quoted("inc_m"), engine.quoted("inc_t")
    nodes = {
        "rows": {
            "type": f"source.{engine.name}",
            "table": engine.table("inc_m"),
            "incremental": {"column": "seen", "lookback": "2h", "initial": "2026-01-01"},
        },
        "t": target(engine, "inc_t", {"mode": "upsert", "keys": ["id"]}),
    }
    runs = Runs(engine, "inc_moment", nodes)
    runs.ok("r1")
    assert (runs.ids(t), runs.watermark()) == ([1, 2], "2026-01-02 10:00:00.500000")
    late = ((3, "2026-01-02 08:30:00"), (4, "2026-01-02 08:00:00"), (5, "2026-01-03 00:00:00"))
    runs.sql(
        f"INSERT INTO {source} VALUES " + ", ".join(f"({id}, {engine.dialect.publish.text(at)})" for id, at in late)
    )
    runs.ok("r2")
    assert (runs.ids(t), runs.watermark()) == ([1, 2, 3, 5], "2026-01-03 00:00:00")
    runs.ok("r3")
    assert runs.ids(t) == [1, 2, 3, 5]
