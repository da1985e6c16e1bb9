"""`schedule.overlap` of `skip` and `cancel_previous`: judged by the scheduler at the moment it starts a run.

Only there are all runs known, and only there can one run end another. The verdict is written into the run's gate task,
in the scheduler's own transaction; backfill runs neither are judged nor count, since a backfill has its own limit.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.listeners import hookimpl

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from sqlalchemy.orm import Session

logger = logging.getLogger(__name__)

SKIP_GATE, CANCEL_GATE = "_skip_overlap", "_cancel_previous"
"""The task ids of the gates (`operators.markers.GATES`), written again: operators are not imported for each process."""


@hookimpl
def on_dag_run_running(dag_run: DagRun, msg: str) -> None:
    """A run has just been started: its gate opens, or closes, or ends the runs before it."""
    from sqlalchemy.orm import object_session

    dag = dag_run.dag
    gate = next((task_id for task_id in (SKIP_GATE, CANCEL_GATE) if dag is not None and dag.has_task(task_id)), None)
    session = object_session(dag_run)
    if gate is not None and session is not None:
        judge_overlap(session, dag_run, gate)


def judge_overlap(session: Session, run: DagRun, gate: str) -> None:
    """The run's gate task is done or skipped, unless it was judged before."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.state import TaskInstanceState
    from sqlalchemy import select

    task = session.scalar(
        select(TaskInstance).where(
            TaskInstance.dag_id == run.dag_id, TaskInstance.run_id == run.run_id, TaskInstance.task_id == gate
        )
    )
    if task is None or task.state is not None:
        return
    others = _running_before(session, run)
    if gate == CANCEL_GATE:
        for other in others:
            _cancel(session, other, run)
    skipped = gate == SKIP_GATE and bool(others)
    if skipped:
        logger.info("dag_id=%s run_id=%s skipped: %s still runs", run.dag_id, run.run_id, others[0].run_id)
        run.note = f"Skipped: {others[0].run_id} was still running (overlap: skip)."
    task.set_state(TaskInstanceState.SKIPPED if skipped else TaskInstanceState.SUCCESS, session=session)


def _running_before(session: Session, run: DagRun) -> list[DagRun]:
    """Return the other runs of the Dag that run now, backfills left out; none for a backfill's run."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.state import DagRunState
    from sqlalchemy import select

    if run.backfill_id is not None:
        return []
    query = select(DagRun).where(
        DagRun.dag_id == run.dag_id,
        DagRun.state == DagRunState.RUNNING,
        DagRun.run_id != run.run_id,
        DagRun.backfill_id.is_(None),
    )
    return list(session.scalars(query.order_by(DagRun.start_date, DagRun.run_id)))


def _cancel(session: Session, run: DagRun, because: DagRun) -> None:
    from dataflow_provider.airflow_compat import fail_run

    logger.info("dag_id=%s run_id=%s cancelled by run_id=%s", run.dag_id, run.run_id, because.run_id)
    run.note = f"Cancelled by {because.run_id} (overlap: cancel_previous)."
    fail_run(session, run.dag_id, run.run_id)
