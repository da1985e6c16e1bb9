"""A warehouse in memory that carries out what the compiler makes, as the execution room does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import pytest

from dataflow_provider.compiler.compiled import CompiledStage, StagePaths
from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.sql import compile_stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.impl.duckdb import DuckDBSession
from dataflow_provider.dialects.steps import ROWS
from dataflow_provider.spec.models import Pipeline

VALUES = RunValues(
    "manual__2026-01-02",
    logical_date=datetime(2026, 1, 2),
    interval_start=datetime(2026, 1, 1),
    interval_end=datetime(2026, 1, 2),
)
Row = tuple[Any, ...]


class CheckFailedError(AssertionError):
    """A check step found rows."""


def make_pipeline(nodes: Mapping[str, Mapping[str, Any]], **top: Any) -> Pipeline:
    """Return a pipeline of these nodes, as the loader would make it."""
    return Pipeline.model_validate(
        {"apiVersion": "dataflow/v1", "kind": "Pipeline", "id": "shop", "nodes": dict(nodes), **top}
    )


@dataclass
class Rows:
    """What a target got: its columns and rows, in order."""

    columns: list[str]
    rows: list[Row]

    @property
    def unordered(self) -> list[Row]:
        return sorted(self.rows, key=repr)


@dataclass
class Warehouse:
    """An empty database; `looks` says whether the compiler may ask it for columns, as a run does."""

    looks: bool
    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    figures: dict[tuple[str, str], int] = field(default_factory=dict)
    compiled: list[CompiledStage] = field(default_factory=list)

    def table(self, name: str, columns: str, rows: Sequence[Row]) -> None:
        """Create a table, `columns` as in CREATE TABLE, and fill it."""
        self.connection.execute(f"CREATE TABLE {name} ({columns})")
        for row in rows:
            self.connection.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", list(row))

    def run(
        self,
        nodes: Mapping[str, Mapping[str, Any]],
        values: RunValues = VALUES,
        paths: StagePaths | None = None,
        **top: Any,
    ) -> dict[str, Rows]:
        """Carry out every stage and return the rows that each target would publish."""
        plan = plan_pipeline(make_pipeline(nodes, **top))
        session = DuckDBSession(self.connection)
        results = {}
        for stage in plan.stages:
            compiled = compile_stage(plan, stage, values, probe=session if self.looks else None, paths=paths)
            self.compiled.append(compiled)
            for step in compiled.steps:
                if step.kind == "check":
                    found = session.fetch_number(step.sql)
                    if found:
                        raise CheckFailedError((step.message or "").replace(ROWS, str(found)))
                elif step.kind == "measure" and step.node and step.figure:
                    key = (step.node, step.figure)
                    self.figures[key] = self.figures.get(key, 0) + session.fetch_number(step.sql)
                elif step.kind != "cleanup":
                    session.execute(step.sql)
            output = compiled.outputs[0]
            names, rows = session.fetch_rows(f"SELECT * FROM {output.table}")
            if output.columns is not None:
                assert list(output.columns) == list(names)
            results[stage.id] = Rows(list(names), rows)
        return results

    def through(self, transform: Mapping[str, Any], *sources: str, **top: Any) -> Rows:
        """Return the rows that a transform makes of the named tables (all of its inputs when it has no `from`)."""
        nodes: dict[str, Mapping[str, Any]] = {name: {"type": "source.duckdb", "table": name} for name in sources}
        nodes["t"] = {"from": sources[0] if len(sources) == 1 else list(sources), **transform}
        nodes["out"] = {"type": "target.duckdb", "table": "mart.out", "from": "t"}
        return self.run(nodes, **top)["out"]

    def both(self, transform: Mapping[str, Any], source: str, ports: Sequence[str]) -> dict[str, Rows]:
        """Return the rows of several ports of a transform, each written by a target of its own."""
        nodes: dict[str, Mapping[str, Any]] = {
            source: {"type": "source.duckdb", "table": source},
            "t": {"from": source, **transform},
        }
        for port in ports:
            name = f"to_{port}" if port else "to_main"
            nodes[name] = {"type": "target.duckdb", "table": f"mart.{name}", "from": f"t.{port}" if port else "t"}
        results = self.run(nodes)
        return {port: results[f"to_{port}" if port else "to_main"] for port in ports}


@pytest.fixture(params=[True, False], ids=["with_database", "offline"])
def warehouse(request: pytest.FixtureRequest) -> Warehouse:
    """Every statement is right whether or not the compiler could look at the database."""
    return Warehouse(looks=bool(request.param))


@pytest.fixture
def looking() -> Warehouse:
    """A warehouse as a run has it: the compiler looks columns up."""
    return Warehouse(looks=True)
