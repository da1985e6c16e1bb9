"""Incremental reads as tasks of a real Airflow: its execution API and metadata database keep the watermark."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from airflow.sdk import DAG

from dataflow_provider.dag_factory.loading import load_folder
from tests.unit.conftest import SyncDags

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: side_by_side
nodes:
  src: {type: source.duckdb, table: s, incremental: {column: id}}
  a: {type: target.duckdb, from: src, table: a, write: {mode: append}, create: {if_missing: true}}
  b:
    type: target.duckdb
    from: src
    table: b
    write: {mode: append}
    create: {if_missing: true}
    pre_sql: [INSERT INTO missing VALUES (1)]
"""
FIRST, SECOND = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture
def dag(project: Path, sync_dags: SyncDags) -> DAG:
    sql(project, "CREATE TABLE s AS SELECT range AS id FROM range(1, 4)")
    (project / "yaml_pipelines" / "telecom" / "side_by_side.yaml").write_text(PIPELINE)
    namespace: dict[str, Any] = {}
    load_folder(namespace, project / "yaml_pipelines")
    dag: DAG = namespace["pipeline_side_by_side"]
    sync_dags(dag)
    return dag


def sql(project: Path, statement: str) -> list[Any]:
    with duckdb.connect(str(project / "warehouse.duckdb")) as database:
        return [row[0] for row in database.execute(statement).fetchall()]


def watermark() -> Any:
    from airflow.models.asset import AssetModel
    from airflow.models.asset_state_store import AssetStateStoreModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return session.scalar(
            select(AssetStateStoreModel.value)
            .join(AssetModel, AssetModel.id == AssetStateStoreModel.asset_id)
            .where(AssetModel.name == "dataflow.side_by_side.src", AssetStateStoreModel.key == "watermark")
        )


def test_watermark_waits_for_both_targets_and_a_retry_reads_the_same_rows(project: Path, dag: DAG) -> None:
    assert dag.test(run_after=FIRST, logical_date=FIRST).state == "failed"
    assert sql(project, "SELECT id FROM a ORDER BY id") == [1, 2, 3]
    assert watermark() is None
    sql(project, "CREATE TABLE missing (n INTEGER)")
    sql(project, "INSERT INTO s VALUES (4)")
    # The same logical date is the same run id: a run that is tried again.
    assert dag.test(run_after=FIRST, logical_date=FIRST).state == "success"
    assert sql(project, "SELECT id FROM a ORDER BY id") == sql(project, "SELECT id FROM b ORDER BY id") == [1, 2, 3]
    assert '"3"' in watermark()
    assert dag.test(run_after=SECOND, logical_date=SECOND).state == "success"
    assert sql(project, "SELECT id FROM a ORDER BY id") == sql(project, "SELECT id FROM b ORDER BY id") == [1, 2, 3, 4]
    assert '"4"' in watermark()
