"""Tables of runs, pipelines, workspaces and environments never meet, and nothing that is not ours is dropped."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dataflow_provider.compiler.naming import stage_table_name
from dataflow_provider.errors import TerminalError
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.execution.values import resolve_values
from dataflow_provider.settings import Settings
from dataflow_provider.spec.project import Project
from tests.unit.execution.conftest import Workplace, run_values

APPEND = """
rows: {type: source.duckdb, table: incoming}
mart: {type: target.duckdb, from: rows, table: mart, create: {if_missing: true}}
"""
KEPT = """
rows: {type: source.duckdb, table: incoming}
kept: {type: transform.filter, from: rows, where: id > 0, checkpoint: true}
mart: {type: target.duckdb, from: kept, table: mart, create: {if_missing: true}, write: {mode: overwrite}}
"""


def test_runs_of_one_id_in_two_environments_and_workspaces_keep_their_rows(workplace: Workplace) -> None:
    workplace.sql("CREATE TABLE incoming AS SELECT 1 AS id")
    plan = workplace.plan(APPEND)
    projects = [
        replace(workplace.project(), workspace=workspace, environment=environment)
        for workspace in ("w", "v")
        for environment in ("", "dev", "prod")
    ]
    for project in (*projects, *projects):
        values = resolve_values(plan.pipeline, project, now=datetime.now(UTC), run_id="r1")
        assert run_pipeline(plan, values, workplace.connections(), project).errors == {}
    found = [marker for (marker,) in workplace.sql("SELECT _run_id FROM mart ORDER BY 1")]
    assert found == [
        "r1/dev/v/p/mart", "r1/dev/w/p/mart", "r1/prod/v/p/mart", "r1/prod/w/p/mart", "r1/v/p/mart", "r1/w/p/mart",
    ]  # fmt: skip


def test_project_takes_its_environment_from_the_settings_and_remembers_apart(tmp_path: Path) -> None:
    def remembered(workspace: str, environment: str) -> Path:
        path = tmp_path / "yaml_pipelines" / workspace / "p.yaml"
        return Project.of(path, Settings(tmp_path, environment=environment)).remembered("runs", "p")

    places = [remembered(workspace, environment) for workspace in ("w", "v") for environment in ("", "dev", "prod")]
    assert len(set(places)) == len(places)
    assert all(place.is_relative_to(tmp_path / ".dataflow" / "runs") for place in places)


def test_stage_table_of_another_run_is_neither_replaced_nor_dropped(workplace: Workplace) -> None:
    workplace.sql("CREATE TABLE incoming AS SELECT 1 AS id")
    plan = workplace.plan(KEPT)
    workplace.run_ok(plan)
    name = stage_table_name("p", run_values("r1"), "kept", None)
    workplace.sql("UPDATE _dataflow.stage_tables SET pipeline = 'other'", "UPDATE mart SET id = 7")
    error = workplace.run(plan).errors["kept"]
    assert isinstance(error, TerminalError)
    assert error.code == "DF-RUN-053"
    assert workplace.sql(f"SELECT id FROM _dataflow.{name}") == [(1,)]
    assert workplace.sql("SELECT pipeline FROM _dataflow.stage_tables") == [("other",)]
    assert workplace.sql("SELECT id FROM mart") == [(7,)]


@pytest.mark.parametrize("days", [6, 8])
def test_only_registered_tables_are_dropped_after_seven_days(workplace: Workplace, days: int) -> None:
    workplace.sql("CREATE TABLE incoming AS SELECT 1 AS id")
    plan = workplace.plan(KEPT)
    workplace.run_ok(plan)
    name = stage_table_name("p", run_values("r1"), "kept", None)
    made = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    workplace.sql(
        f"UPDATE _dataflow.stage_tables SET created_at = '{made}'",
        "CREATE TABLE _dataflow.df_0123456789_kept AS SELECT 1 AS id",
        f"CREATE TABLE main.{name} AS SELECT 1 AS id",
    )
    workplace.run_ok(plan, "r2")
    tables = {table for (table,) in workplace.sql("SELECT schema_name || '.' || table_name FROM duckdb_tables()")}
    assert {"_dataflow.df_0123456789_kept", f"main.{name}"} <= tables
    assert (f"_dataflow.{name}" in tables) is (days < 7)
