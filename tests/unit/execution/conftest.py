"""A small project on disk whose pipelines run on real DuckDB files."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dataflow_provider.compiler.plan import Plan, plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.connections import EnvironmentConnections
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.execution.results import RunResult, StageResult
from dataflow_provider.execution.stage import run_stage
from dataflow_provider.spec.loader import load_pipeline
from dataflow_provider.spec.project import Project


@dataclass
class Workplace:
    """A project folder with one warehouse."""

    root: Path

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    def project(self, name: str = "p") -> Project:
        return Project(self.root, "w", (self.root,), self.warehouse)

    def connections(self, **more: str) -> EnvironmentConnections:
        environment = {f"AIRFLOW_CONN_{name.upper()}": text for name, text in more.items()}
        return EnvironmentConnections(self.warehouse, environment=environment)

    def sql(self, *statements: str, database: Path | None = None) -> list[tuple[Any, ...]]:
        """Run statements as a foreign program would; returns the rows of the last one."""
        with duckdb.connect(str(database or self.warehouse)) as raw:
            for statement in statements:
                rows = raw.execute(statement).fetchall()
        return rows

    def plan(self, text: str, name: str = "p") -> Plan:
        """Plan a pipeline given by its nodes (or by whole sections when it has a `nodes:` line)."""
        body = textwrap.dedent(text)
        if "nodes:" not in body:
            body = "nodes:\n" + textwrap.indent(body, "  ")
        path = self.root / "yaml_pipelines" / "w" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"apiVersion: dataflow/v1\nkind: Pipeline\nid: {name}\n{body}")
        return plan_pipeline(load_pipeline(path).require())

    def run(self, plan: Plan, run_id: str = "r1", **values: Any) -> RunResult:
        return run_pipeline(plan, run_values(run_id, **values), self.connections(), self.project())

    def run_ok(self, plan: Plan, run_id: str = "r1", **values: Any) -> RunResult:
        result = self.run(plan, run_id, **values)
        for error in result.errors.values():
            raise error
        return result

    def run_stage(self, plan: Plan, stage: str, run_id: str = "r1", **values: Any) -> StageResult:
        return run_stage(plan, stage, run_values(run_id, **values), self.connections(), self.project())


def run_values(
    run_id: str,
    start: datetime | None = None,
    end: datetime | None = None,
    params: Mapping[str, Any] | None = None,
) -> RunValues:
    return RunValues(run_id, end, start, end, params or {}, workspace="w")


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)
