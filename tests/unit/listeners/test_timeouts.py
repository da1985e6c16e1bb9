"""A run past its `run_timeout`, as Airflow's own scheduler ends it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.listeners.listener import get_listener_manager
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import select

from dataflow_provider.listeners import timeouts
from tests.unit.conftest import SyncDags

LIMIT = timedelta(minutes=90)


@pytest.mark.parametrize(
    ("tags", "minutes", "state", "note"),
    [
        (["dataflow"], 91, "failed", "Timed out after 90m (run_timeout): what still ran was stopped."),
        (["dataflow"], 89, "running", None),
        ([], 91, "failed", None),
    ],
)
def test_run_past_its_time_has_failed_with_a_note(
    sync_dags: SyncDags, tags: list[str], minutes: int, state: str, note: str | None
) -> None:
    with DAG("calls", schedule=None, tags=tags, dagrun_timeout=LIMIT, is_paused_upon_creation=False) as dag:
        EmptyOperator(task_id="work")
    sync_dags(dag)
    start = datetime.now(UTC) - timedelta(minutes=minutes)
    manager = get_listener_manager()
    if not manager.pm.is_registered(timeouts):
        manager.add_listener(timeouts)
    with create_session() as session:
        model = SerializedDagModel.get("calls", session=session)
        assert model is not None
        run = model.dag.create_dagrun(
            run_id="r1", logical_date=start, data_interval=(start, start), run_after=start,
            run_type=DagRunType.MANUAL, triggered_by=DagRunTriggeredByType.TEST, state=DagRunState.RUNNING,
            start_date=start, session=session,
        )  # fmt: skip
        SchedulerJobRunner(job=Job())._schedule_dag_run(run, session)
    with create_session() as session:
        found = session.scalars(select(DagRun)).one()
        task = session.scalars(select(TaskInstance)).one()
        assert (str(found.state), found.note) == (state, note)
        assert (str(task.state) == "skipped") == (state == "failed")
