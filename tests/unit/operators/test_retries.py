"""Which failures Airflow tries again, after which pause: tasks of generated Dags through its own task runner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.definitions.dag import _run_task

from dataflow_provider.connectors.impl.duckdb import DuckDBConnector
from dataflow_provider.dag_factory.loading import load_folder
from dataflow_provider.errors import TerminalError, TransientError
from tests.unit.conftest import SyncDags
from tests.unit.operators.conftest import Query
from tests.unit.operators.test_pipeline_stage import PIPELINE, write

DAY = datetime(2026, 11, 1, tzinfo=UTC)
RETRIES = "defaults: {retries: 3, retry_delay: 10s}\nnodes:"

Try = Callable[[], Any]


@pytest.fixture
def dag(project: Path, sync_dags: SyncDags) -> DAG:
    write(project, PIPELINE.replace("nodes:", RETRIES))
    namespace: dict[str, Any] = {}
    load_folder(namespace, project / "yaml_pipelines")
    dag: DAG = namespace["pipeline_long_calls"]
    sync_dags(dag)
    return dag


@pytest.fixture
def run_try(dag: DAG) -> Try:
    """Return a function that makes one try of the task `mart` of one run, and returns its task instance."""
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    with create_session() as session:
        model = SerializedDagModel.get(dag.dag_id, session=session)
        assert model is not None
        run = model.dag.create_dagrun(
            run_id="manual__2026-11-01T00:00:00+00:00", logical_date=DAY, data_interval=(DAY, DAY), run_after=DAY,
            run_type=DagRunType.MANUAL, triggered_by=DagRunTriggeredByType.TEST, state=DagRunState.RUNNING,
            session=session,
        )  # fmt: skip
        run.dag = model.dag

    def once() -> Any:
        with create_session() as session:
            (ti,) = run.get_task_instances(session=session)
            ti.task = model.dag.get_task("mart")
            ti.try_number += 1
            session.flush()
        _run_task(ti=ti, task=dag.get_task("mart"))
        with create_session() as session:
            (ti,) = run.get_task_instances(session=session)
        ti.task = model.dag.get_task("mart")
        return ti

    return once


def fail_connections(patch: pytest.MonkeyPatch, error: Exception) -> None:
    def connect(*_args: Any) -> Any:
        raise error

    patch.setattr(DuckDBConnector, "connect", connect)


def pause_of(ti: Any) -> timedelta:
    ended: datetime = ti.end_date
    pause: timedelta = ti.next_retry_datetime() - ended
    return pause


def test_terminal_error_fails_at_once_though_there_are_retries(run_try: Try, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_connections(monkeypatch, TerminalError("DF-CONN-013", "the database refused the login"))
    ti = run_try()
    assert (ti.state, ti.try_number, ti.max_tries) == ("failed", 1, 3)


def test_transient_error_is_tried_again_after_growing_pauses_until_it_is_gone(
    run_try: Try, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = []
    with monkeypatch.context() as patch:
        fail_connections(patch, TransientError("DF-RUN-022", "the connection to the database was lost"))
        for _ in range(2):
            ti = run_try()
            assert ti.state == "up_for_retry"
            pauses.append(pause_of(ti).total_seconds())
    # Each pause is lengthened by up to itself, so a later one is no shorter than the shortest of its kind.
    assert 10 <= pauses[0] < 20 <= pauses[1] < 40
    assert run_try().state == "success"
    assert query("SELECT count(*) FROM long_calls") == [(4,)]


def test_transient_error_that_stays_fails_with_the_last_try(run_try: Try, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_connections(monkeypatch, TransientError("DF-RUN-022", "the connection to the database was lost"))
    assert [run_try().state for _ in range(4)] == ["up_for_retry"] * 3 + ["failed"]


def test_pause_differs_from_run_to_run_and_ends_at_an_hour(dag: DAG) -> None:
    from airflow.models.taskinstance import TaskInstance
    from airflow.serialization.serialized_objects import create_scheduler_operator

    task = create_scheduler_operator(dag.get_task("mart"))

    def pause(number: int, day: int) -> timedelta:
        ti: Any = SimpleNamespace(
            task=task, dag_id=dag.dag_id, task_id="mart", logical_date=DAY + timedelta(days=day), try_number=number,
            end_date=DAY, retry_delay_override=None,
        )  # fmt: skip
        again: datetime = TaskInstance.next_retry_datetime(ti)
        return again - DAY

    assert len({pause(1, day) for day in range(20)}) > 4
    assert pause(30, 0) == timedelta(hours=1)
