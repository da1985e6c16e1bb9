"""The maintenance Dag on DuckDB and PostgreSQL: what nobody comes back for goes, what is in use stays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType

from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.connections import EnvironmentConnections
from dataflow_provider.dag_factory.maintenance import CleanUpOperator, build_maintenance_dag
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.execution.stage_tables import StageRegister
from dataflow_provider.spec.loader import load_pipeline
from dataflow_provider.spec.project import Project
from tests.engines.live import ENGINES, LiveEngine
from tests.integration.operators.test_pushdown_engines import connection_text
from tests.unit.conftest import SyncDags

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: {name}
defaults: {{connection: live}}
nodes:
  one: {{type: source.{engine}, query: SELECT 1 AS n}}
  kept: {{type: transform.filter, from: one, where: n > 0, checkpoint: true}}
  out: {{type: target.{engine}, from: kept, table: {table}, write: {{mode: overwrite}}, create: {{if_missing: true}}}}
"""
OLD = datetime.now(UTC) - timedelta(days=8)


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"engine-{name}")) for name in ("duckdb", "postgres")]
)
def live(
    request: pytest.FixtureRequest, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LiveEngine]:
    with ENGINES[request.param](request, tmp_path) as (spec, schema):
        monkeypatch.setenv("AIRFLOW_CONN_LIVE", connection_text(spec))
        yield LiveEngine(request.param, spec, schema)


def run(project: Path, live: LiveEngine, name: str, run_id: str) -> None:
    """A run of the pipeline has left its checkpoint."""
    path = project / "yaml_pipelines" / "telecom" / f"{name}.yaml"
    table = ".".join(part for part in (live.schema, name) if part)
    path.write_text(PIPELINE.format(name=name, engine=live.name, table=table))
    plan = plan_pipeline(load_pipeline(path).require())
    values = RunValues(run_id, None, None, None, {}, workspace="telecom")
    place = Project.of(path)
    result = run_pipeline(plan, values, EnvironmentConnections(place.warehouse, environment=os.environ), place)
    assert result.state == "success", result.errors


def age(live: LiveEngine, *run_ids: str) -> None:
    listed = ", ".join(f"'{run_id}'" for run_id in run_ids)
    with live.open() as session:
        session.execute(
            f"UPDATE _dataflow.stage_tables SET created_at = '{OLD:%Y-%m-%dT%H:%M:%SZ}' WHERE run_id IN ({listed})"
        )


def left(live: LiveEngine) -> dict[str, bool]:
    """Return the runs that the register knows a table of, with whether each table is there."""
    with live.open() as session:
        tables = StageRegister(session, get_dialect(live.name)).tables()
        return {one.run_id: session.columns_of(one.table) is not None for one in tables}


@pytest.fixture
def dags(sync_dags: SyncDags) -> DAG:
    """The maintenance Dag, and pipeline `living` with a run that has been at work for eight days."""
    dag = build_maintenance_dag()
    with DAG("living", schedule=None) as living:
        EmptyOperator(task_id="out")
    sync_dags(dag, living)
    with create_session() as session:
        session.add(
            DagRun(
                dag_id="living", run_id="at_work", run_type=DagRunType.MANUAL, state=DagRunState.RUNNING,
                logical_date=OLD, run_after=OLD, start_date=OLD, triggered_by=DagRunTriggeredByType.TEST,
            )
        )  # fmt: skip
    return dag


def test_old_tables_go_and_those_of_runs_at_work_and_of_others_stay(project: Path, live: LiveEngine, dags: DAG) -> None:
    for name, run_id in (("living", "done"), ("living", "at_work"), ("living", "fresh"), ("gone", "orphan")):
        run(project, live, name, run_id)
    (project / "yaml_pipelines" / "telecom" / "gone.yaml").unlink()
    (project / "yaml_pipelines" / "telecom" / "broken.yaml").write_text("nodes: [")
    age(live, "done", "at_work", "orphan")
    with live.open() as session:
        session.execute("CREATE TABLE _dataflow.df_not_ours AS SELECT 1 AS n")
    try:
        assert dags.test().state == "success"
        assert left(live) == {"at_work": True, "fresh": True}
        with live.open() as session:
            assert session.columns_of("_dataflow.df_not_ours") is not None
        age(live, "fresh")
        assert dags.test(logical_date=OLD).state == "success"
        assert left(live) == {"at_work": True}
    finally:
        with live.open() as session:
            session.execute("DROP TABLE _dataflow.df_not_ours")


def test_connection_that_is_away_fails_in_the_end_and_the_others_are_clean(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_context: Any
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AWAY", '{"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "login": "x"}')
    monkeypatch.setattr(CleanUpOperator, "_connections", lambda _self, _pipelines: {"away", "dataflow_warehouse"})
    parts = project / ".dataflow" / "parts"
    for name, stamp in (("old", OLD.timestamp()), ("new", None)):
        (parts / name).mkdir(parents=True)
        (parts / name / "0.arrow").write_bytes(b"")
        if stamp:
            os.utime(parts / name / "0.arrow", (stamp, stamp))
            os.utime(parts / name, (stamp, stamp))
    with pytest.raises(Exception, match="DF-CONN-012"):
        CleanUpOperator(task_id="clean").execute(make_context())
    assert [one.name for one in parts.iterdir()] == ["new"]
