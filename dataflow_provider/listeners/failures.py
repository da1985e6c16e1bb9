"""Failed tries are put in line for their diagnosis, which is made elsewhere. Nothing here may hold up or fail a task.

A task cannot reach the metadata database: it leaves its error beside its results, for the case that its log is lost
with its worker. Where Airflow itself ends a task (no heartbeat, marked by hand) the try is put in line at once.
Failures that no listener sees, such as those of killed workers, are found by the process that keeps the run records.
"""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

from dataflow_provider.airflow_compat import OUR_TAG

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance

logger = logging.getLogger(__name__)

MAX_CHARACTERS = 16_000
_MAX_FRAMES = -20


@hookimpl
def on_task_instance_failed(previous_state: Any, task_instance: Any, error: Any) -> None:
    """A try of a pipeline's stage is in line, or has left its error; whatever goes wrong with that is logged alone."""
    try:
        if hasattr(task_instance, "__tablename__"):  # a row of the metadata database: this is no task's process
            put_in_line(task_instance)
        else:
            leave_error(task_instance, error)
    except Exception:  # a listener's trouble must never become the task's, nor the scheduler's
        logger.exception("the failure is not put in line for its diagnosis")


def leave_error(task_instance: Any, error: Any) -> None:
    """The try's error stands in the task's XCom, without secrets; tasks of other Dags leave nothing."""
    from dataflow_provider.diagnosis.redaction import redact
    from dataflow_provider.runs.xcoms import FAILURE_XCOM

    dag = getattr(task_instance.task, "dag", None)
    if error is None or dag is None or OUR_TAG not in dag.tags:
        return
    text = (
        "".join(traceback.format_exception(type(error), error, error.__traceback__, limit=_MAX_FRAMES))
        if isinstance(error, BaseException)
        else str(error)
    )
    left = {"try_number": task_instance.try_number, "error": redact(text[-MAX_CHARACTERS:])}
    task_instance.xcom_push(FAILURE_XCOM, left)


def put_in_line(task_instance: TaskInstance) -> None:
    """The try waits for its diagnosis, in the transaction that ends it; an error there undoes nothing else."""
    from airflow.models.dag import DagTag
    from sqlalchemy import select
    from sqlalchemy.orm import object_session

    from dataflow_provider.db.tables import has_tables
    from dataflow_provider.runs.diagnoses import FailedTry, enqueue

    session = object_session(task_instance)
    if session is None or task_instance.task_id.startswith("_"):
        return
    ours = select(DagTag.name).where(DagTag.dag_id == task_instance.dag_id, DagTag.name == OUR_TAG)
    now = datetime.now(UTC)
    with session.begin_nested():
        if session.scalar(ours) is None or not has_tables(session):
            return
        failed = FailedTry(
            task_instance.dag_id, task_instance.run_id, task_instance.task_id, task_instance.try_number,
            task_instance.end_date or now,
        )  # fmt: skip
        enqueue(session, [failed], now)
