"""Three corpora of the same Dags: our stubs, dag-factory's YAML, and a hand-written loop; six tasks each."""

from __future__ import annotations

from pathlib import Path

STEPS = ("calls", "valid", "priced", "unique", "daily", "mart")

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: {dag_id}
name: Daily usage {number}
description: Rated usage per subscriber and day
owner: team_billing
tags: [telecom, cdr]
schedule: {{cron: "30 6 * * *", timezone: Europe/Warsaw, start: 2026-01-01}}
params: {{min_seconds: {{type: integer, default: 1, description: Shorter calls are ignored}}}}
defaults: {{connection: dwh, retries: 2, retry_delay: 5m, timeout: 30m}}
nodes:
  calls: {{type: source.duckdb, table: cdr.voice, checkpoint: true}}
  valid: {{type: transform.filter, from: calls, where: "duration_s >= :min_seconds", checkpoint: true}}
  priced:
    type: transform.expression
    from: valid
    columns: {{amount: duration_s * 0.01}}
    checkpoint: true
  unique:
    type: transform.deduplicate
    from: priced
    keys: [call_id]
    order_by: [ended_at DESC]
    checkpoint: true
  daily:
    type: transform.aggregate
    from: unique
    group_by: [msisdn, day]
    aggregates: {{amount: SUM(amount), calls: COUNT(*)}}
    checkpoint: true
  mart:
    type: target.duckdb
    from: daily
    table: mart.usage_{number}
    write: {{mode: upsert, keys: [msisdn, day]}}
    create: {{if_missing: true}}
"""

DAG_FACTORY = """\
{dag_id}:
  description: Rated usage per subscriber and day
  schedule: "30 6 * * *"
  start_date: 2026-01-01
  catchup: false
  max_active_runs: 1
  tags: [telecom, cdr]
  default_args: {{owner: team_billing, retries: 2, retry_delay_sec: 300}}
  params: {{min_seconds: 1}}
  tasks:
{tasks}
"""

HAND_WRITTEN = '''\
"""Airflow Dags written by hand, as a team without a factory would."""
from datetime import datetime, timedelta

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG, Param
from airflow.timetables.interval import CronDataIntervalTimetable

STEPS = {steps!r}

for number in range({count}):
    with DAG(
        dag_id=f"usage_{{number}}",
        dag_display_name=f"Daily usage {{number}}",
        description="Rated usage per subscriber and day",
        schedule=CronDataIntervalTimetable("30 6 * * *", "Europe/Warsaw"),
        start_date=datetime(2026, 1, 1),
        catchup=False,
        max_active_runs=1,
        tags=["telecom", "cdr"],
        params={{"min_seconds": Param(1, type="integer", description="Shorter calls are ignored")}},
        default_args={{"owner": "team_billing", "retries": 2, "retry_delay": timedelta(minutes=5)}},
    ) as dag:
        previous = None
        for step in STEPS:
            task = SQLExecuteQueryOperator(
                task_id=step, conn_id="dwh", sql="SELECT 1", execution_timeout=timedelta(minutes=30)
            )
            if previous is not None:
                previous >> task
            previous = task
    globals()[dag.dag_id] = dag
'''


def write_pipelines(folder: Path, count: int) -> Path:
    """Write `count` pipeline files of six checkpointed nodes (so six tasks) and return `yaml_pipelines`."""
    workspace = folder / "yaml_pipelines" / "billing"
    workspace.mkdir(parents=True)
    for number in range(count):
        text = PIPELINE.format(dag_id=f"usage_{number}", number=number)
        (workspace / f"usage_{number}.yaml").write_text(text, encoding="utf-8")
    return workspace.parent


def write_dag_factory(folder: Path, count: int) -> Path:
    """Write one dag-factory YAML per Dag and its usual loader, and return the Dag folder."""
    configs = folder / "configs"
    configs.mkdir(parents=True)
    operator = "airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator"
    lines = []
    for position, step in enumerate(STEPS):
        upstream = f"\n      dependencies: [{STEPS[position - 1]}]" if position else ""
        lines.append(
            f"    - task_id: {step}\n      operator: {operator}\n      conn_id: dwh\n      sql: SELECT 1{upstream}"
        )
    tasks = "\n".join(lines)
    for number in range(count):
        text = DAG_FACTORY.format(dag_id=f"usage_{number}", tasks=tasks)
        (configs / f"usage_{number}.yaml").write_text(text, encoding="utf-8")
    loader = "from airflow.sdk import DAG  # the word airflow makes the Dag processor read this file\n"
    loader += "from dagfactory import load_yaml_dags\n\n"
    loader += f"load_yaml_dags(globals_dict=globals(), dags_folder={str(configs)!r})\n"
    (folder / "dags").mkdir()
    (folder / "dags" / "loader.py").write_text(loader, encoding="utf-8")
    return folder / "dags"


def write_hand_written(folder: Path, count: int) -> Path:
    """Write one Python file whose loop makes the Dags, and return its folder."""
    folder.mkdir(parents=True)
    (folder / "usage.py").write_text(HAND_WRITTEN.format(steps=STEPS, count=count), encoding="utf-8")
    return folder
