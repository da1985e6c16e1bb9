"""Overlap as the scheduler's listener judges it, on Airflow's own tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.sdk import DAG
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import select

from dataflow_provider.airflow_compat import serialized_dag
from dataflow_provider.listeners import overlap
from dataflow_provider.operators.markers import GATES, OverlapGateOperator, PublishedOperator
from tests.unit.conftest import SyncDags

T0 = datetime(2026, 11, 1, 6, tzinfo=UTC)


def make_dag(sync_dags: SyncDags, gate: str) -> str:
    with DAG("calls", schedule=None, is_paused_upon_creation=False) as dag:
        OverlapGateOperator(task_id=gate) >> PublishedOperator(task_id="work")
    sync_dags(dag)
    return "calls"


def start(dag_id: str, number: int, run_type: DagRunType = DagRunType.MANUAL, backfill_id: int | None = None) -> str:
    """Make a run and start it as the scheduler does: the state first, then the listener, in one transaction."""
    with create_session() as session:
        dag = serialized_dag(dag_id, session)
        assert dag is not None
        run = dag.create_dagrun(
            run_id=f"run_{number}", logical_date=T0 + timedelta(days=number), data_interval=None,
            run_after=T0 + timedelta(days=number), run_type=run_type, triggered_by=DagRunTriggeredByType.TEST,
            state=DagRunState.QUEUED, session=session,
        )  # fmt: skip
        run.backfill_id = backfill_id
        run.dag = dag
        run.state = DagRunState.RUNNING
        run.start_date = T0 + timedelta(days=number)
        overlap.on_dag_run_running(dag_run=run, msg="started")
    return f"run_{number}"


def states(run_id: str) -> tuple[str, str | None, str | None]:
    with create_session() as session:
        run = session.scalar(select(DagRun).where(DagRun.run_id == run_id))
        assert run is not None
        tasks = {
            task.task_id: None if task.state is None else str(task.state)
            for task in session.scalars(select(TaskInstance).where(TaskInstance.run_id == run_id))
        }
        gate = next(task_id for task_id in GATES.values() if task_id in tasks)
        return str(run.state), tasks[gate], tasks["work"]


def test_skip_lets_the_first_run_through_and_skips_the_second(sync_dags: SyncDags) -> None:
    dag_id = make_dag(sync_dags, GATES["skip"])
    first, second = start(dag_id, 1), start(dag_id, 2)
    assert states(first) == ("running", "success", None)
    assert states(second) == ("running", "skipped", None)


def test_cancel_previous_fails_the_run_before_and_lets_the_new_one_through(sync_dags: SyncDags) -> None:
    dag_id = make_dag(sync_dags, GATES["cancel_previous"])
    first, second = start(dag_id, 1), start(dag_id, 2)
    assert states(first) == ("failed", "success", "skipped")
    assert states(second) == ("running", "success", None)


@pytest.mark.parametrize("gate", GATES.values())
def test_backfill_runs_are_neither_judged_nor_counted(sync_dags: SyncDags, gate: str) -> None:
    dag_id = make_dag(sync_dags, gate)
    backfill = start(dag_id, 1, DagRunType.BACKFILL_JOB, backfill_id=_backfill(dag_id))
    scheduled = start(dag_id, 2)
    assert states(backfill) == states(scheduled) == ("running", "success", None)
    assert states(start(dag_id, 3, DagRunType.BACKFILL_JOB, backfill_id=_backfill(dag_id)))[1] == "success"
    assert states(scheduled)[0] == "running"


def _backfill(dag_id: str) -> int:
    from airflow.models.backfill import Backfill

    with create_session() as session:
        record = Backfill(dag_id=dag_id, from_date=T0, to_date=T0, max_active_runs=1, dag_run_conf={})
        session.add(record)
        session.flush()
        return int(record.id)


def test_gates_of_the_listener_are_those_of_the_operator() -> None:
    assert {overlap.SKIP_GATE, overlap.CANCEL_GATE} == set(GATES.values())
