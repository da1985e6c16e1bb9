"""Long statements as jobs: waited for without a worker, found again after its death, cancelled with the task."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from dataflow_provider.connectors.jobs import JobState
from dataflow_provider.errors import TransientError
from dataflow_provider.operators.errors import TaskStoppedError
from dataflow_provider.operators.job_ledger import STATE_KEY
from dataflow_provider.operators.pipeline_stage import PipelineStageOperator
from dataflow_provider.operators.pushdown_sql import PushdownSqlOperator
from dataflow_provider.triggers.sql_job import SqlJobTrigger
from tests.unit.conftest import SyncDags
from tests.unit.operators.conftest import MakeContext, Query
from tests.unit.operators.job_engine import Database, use_jobs
from tests.unit.operators.test_pipeline_stage import PIPELINE


class Store:
    """The task state store of one task instance: it outlives tries."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self.kept.get(key)

    def set(self, key: str, value: Any) -> None:
        self.kept[key] = value

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


@pytest.fixture
def database(project: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    return use_jobs(monkeypatch)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def context(make_context: MakeContext, store: Store) -> dict[str, Any]:
    return {**make_context(), "task_state_store": store}


def make(**options: Any) -> PushdownSqlOperator:
    told = {"conn_id": "dwh", "sql": "SELECT id FROM calls", "table": "mart.ids", "create": {"if_missing": True}}
    with DAG("By-Hand", schedule=None):
        return PushdownSqlOperator(task_id="load", poll_interval=0, **{**told, **options})


def defer(task: PushdownSqlOperator, context: dict[str, Any]) -> TaskDeferred:
    """Run the task until it leaves its worker."""
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    return deferred.value


def finish(database: Database, job_id: str) -> dict[str, Any]:
    """Let the job end at the next look, and return the event of its trigger."""
    database.jobs[job_id].looks = 0
    return {"job_id": job_id, "status": "succeeded", "message": None}


def run_deferred(task: PushdownSqlOperator, context: dict[str, Any], database: Database) -> dict[str, Any]:
    """Run the task to its end, each of its jobs waited for outside of the worker."""
    left: TaskDeferred | None = defer(task, context)
    while left is not None:
        assert isinstance(left.trigger, SqlJobTrigger)
        event = finish(database, left.trigger.job_id)
        try:
            return dict(getattr(task, left.method_name)(context, event, **(left.kwargs or {})))
        except TaskDeferred as again:
            left = again
    raise AssertionError


def test_deferrable_task_leaves_its_worker_and_publishes_when_resumed(
    database: Database, context: dict[str, Any], store: Store, query: Query
) -> None:
    task = make(deferrable=True)
    deferred = defer(task, context)
    assert isinstance(deferred.trigger, SqlJobTrigger)
    assert (deferred.trigger.conn_id, deferred.trigger.job_id) == ("dwh", "job-1")
    assert "CREATE OR REPLACE TABLE" in database.jobs["job-1"].sql
    result = run_deferred(task, context, database)
    assert query("SELECT count(*) FROM mart.ids") == [(6,)]
    assert {node["id"]: node["rows_out"] for node in result["nodes"]}["result"] == 6
    assert store.kept == {}


@pytest.mark.parametrize("mode", ["append", "overwrite", "upsert", "merge", "delete_insert"])
def test_every_write_mode_builds_its_stage_by_one_job(
    mode: str, database: Database, context: dict[str, Any], query: Query
) -> None:
    write = {"mode": mode, **({"keys": ["id"]} if mode in ("upsert", "merge", "delete_insert") else {})}
    run_deferred(make(deferrable=True, write=write), context, database)
    run_deferred(make(deferrable=True, write=write), context, database)
    assert query("SELECT count(*), count(DISTINCT id) FROM mart.ids") == [(6, 6)]
    statements = [job.sql for job in database.jobs.values()]
    assert len(statements) == 2
    assert all(sql.startswith("CREATE OR REPLACE TABLE") for sql in statements)


def test_second_try_finds_the_running_job_of_a_lost_worker(
    database: Database, context: dict[str, Any], store: Store, query: Query
) -> None:
    defer(make(deferrable=True), context)
    assert list(store.kept[STATE_KEY].values()) == ["job-1"]
    deferred = defer(make(deferrable=True), context)
    assert isinstance(deferred.trigger, SqlJobTrigger)
    assert deferred.trigger.job_id == "job-1"
    assert list(database.jobs) == ["job-1"]


def test_second_try_goes_on_after_a_job_that_ended_meanwhile(
    database: Database, context: dict[str, Any], query: Query
) -> None:
    defer(make(deferrable=True), context)
    database.jobs["job-1"].looks = 0
    make(deferrable=False).execute(context)
    assert query("SELECT count(*) FROM mart.ids") == [(6,)]
    assert list(database.jobs) == ["job-1"]


def test_second_try_begins_a_failed_job_again(database: Database, context: dict[str, Any], query: Query) -> None:
    defer(make(deferrable=True), context)
    database.jobs["job-1"].state = JobState("failed", "out of memory")
    make(deferrable=False).execute(context)
    assert query("SELECT count(*) FROM mart.ids") == [(6,)]
    assert database.jobs["job-2"].sql == database.jobs["job-1"].sql


def test_job_that_fails_while_the_task_waits_fails_the_task(
    database: Database, context: dict[str, Any], store: Store
) -> None:
    task = make(deferrable=True)
    defer(task, context)
    database.jobs["job-1"].state = JobState("failed", "division by zero")
    with pytest.raises(AirflowFailException, match=r"DF-RUN-070.*division by zero"):
        task.resume(context, {"job_id": "job-1", "status": "failed", "message": "division by zero"})
    assert store.kept == {}


def test_changed_statement_is_a_job_of_its_own(database: Database, context: dict[str, Any]) -> None:
    defer(make(deferrable=True), context)
    deferred = defer(make(deferrable=True, sql="SELECT id + 1 AS id FROM calls"), context)
    assert isinstance(deferred.trigger, SqlJobTrigger)
    assert deferred.trigger.job_id == "job-2"


def test_killed_task_cancels_its_job(database: Database, context: dict[str, Any], store: Store) -> None:
    task = make(deferrable=False)
    database.looks = 1000

    def kill(seconds: float) -> None:
        task.on_kill()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dataflow_provider.execution.jobs.time", SimpleNamespace(sleep=kill))
        with pytest.raises(TaskStoppedError):
            task.execute(context)
    assert database.cancelled == ["job-1"]
    assert store.kept == {}


def test_lost_contact_keeps_the_job_for_the_next_try(
    database: Database, context: dict[str, Any], store: Store, query: Query
) -> None:
    defer(make(deferrable=True), context)
    database.unreachable = 1
    with pytest.raises(TransientError):
        make(deferrable=False).execute(context)
    assert list(store.kept[STATE_KEY].values()) == ["job-1"]
    make(deferrable=False).execute(context)
    assert query("SELECT count(*) FROM mart.ids") == [(6,)]
    assert database.cancelled == []


def test_graph_of_several_stages_keeps_what_is_done(database: Database, context: dict[str, Any], query: Query) -> None:
    nodes = {
        "calls": {"type": "source.duckdb", "table": "calls"},
        "kept": {"type": "transform.filter", "from": "calls", "where": "seconds >= 20", "checkpoint": True},
        "mart": {"type": "target.duckdb", "from": "kept", "table": "mart.long", "create": {"if_missing": True}},
    }
    task = make(deferrable=True, sql=None, table=None, create=None, nodes=nodes)
    result = run_deferred(task, context, database)
    assert query("SELECT count(*) FROM mart.long") == [(4,)]
    assert result["stage"] == "mart"
    assert {node["id"]: node["rows_out"] for node in result["nodes"]}["kept"] == 4
    told = task.get_openlineage_facets_on_complete(None)
    assert told is not None
    assert told.outputs[0].outputFacets["outputStatistics"].rowCount == 4
    assert len({job.sql for job in database.jobs.values()}) == len(database.jobs) == 2


def test_pipeline_stage_finds_its_job_again_too(
    database: Database, project: Path, context: dict[str, Any], store: Store, query: Query
) -> None:
    path = project / "yaml_pipelines" / "telecom" / "long_calls.yaml"
    path.write_text(PIPELINE)
    database.looks = 0
    PipelineStageOperator(task_id="mart", pipeline=path).execute(context)
    assert query("SELECT count(*) FROM long_calls") == [(4,)]
    assert list(database.jobs) == ["job-1"]
    assert store.kept == {}


# ---------------------------------------------------------------- engines without job ids


def test_deferrable_is_refused_on_an_engine_without_job_ids(project: Path, make_context: MakeContext) -> None:
    with pytest.raises(AirflowFailException, match=r"DF-OPER-005.*`databricks`, `snowflake`.*`duckdb`"):
        make(deferrable=True).execute(make_context())


def test_default_of_airflow_is_ignored_on_an_engine_without_job_ids(
    project: Path, make_context: MakeContext, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    make().execute(make_context())
    assert query("SELECT count(*) FROM mart.ids") == [(6,)]


def test_connection_that_takes_no_jobs_runs_the_statement_in_its_session(
    database: Database, context: dict[str, Any], query: Query
) -> None:
    database.takes_jobs = False
    make(deferrable=True).execute(context)
    assert query("SELECT count(*) FROM mart.ids") == [(6,)]
    assert database.jobs == {}


def test_default_of_airflow_holds_on_an_engine_with_job_ids(
    database: Database, context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    defer(make(), context)
    assert "job-1" in database.jobs


# ---------------------------------------------------------------- through Airflow


def test_airflow_carries_the_task_from_worker_to_trigger_and_back(
    database: Database, sync_dags: SyncDags, query: Query
) -> None:
    with DAG("deferred_by_hand", schedule=None) as dag:
        PushdownSqlOperator(
            task_id="load",
            conn_id="dwh",
            sql="SELECT id FROM calls",
            table="mart.ids",
            create={"if_missing": True},
            deferrable=True,
            poll_interval=0.01,
        )
    sync_dags(dag)
    run = dag.test()
    assert run.state == "success"
    assert query("SELECT count(*) FROM mart.ids") == [(6,)]
    (job,) = database.jobs.values()
    assert (job.state.status, job.looks) == ("succeeded", -1)
