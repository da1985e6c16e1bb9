"""Backfills as Airflow keeps them, for windows that need not be the timetable's own; what is private of Airflow's.

Importing this module imports no Airflow, as `airflow_compat` does not.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dataflow_provider.airflow_compat import open_session, serialized_dag
from dataflow_provider.errors import AuthorError, TransientError

if TYPE_CHECKING:
    from airflow.models.backfill import Backfill
    from airflow.serialization.definitions.dag import SerializedDAG
    from sqlalchemy.orm import Session

BUSY_TRIES = 12
"""How often a metadata database is asked that is busy."""
LONGEST_PAUSE_S = 2.0


@dataclass(frozen=True)
class RunWindow:
    """A run to make: its data interval and the logical date it is known by."""

    start: datetime
    end: datetime
    logical_date: datetime


@dataclass(frozen=True)
class BackfillOrder:
    """A backfill as Airflow takes it; `reprocess` is none, failed or completed.

    `user` is who ordered it; None = whoever this process belongs to.
    """

    dag_id: str
    max_active_runs: int
    reverse: bool
    conf: Mapping[str, Any] | None
    reprocess: str
    user: str | None = None


def create_backfill(order: BackfillOrder, windows: Sequence[RunWindow]) -> int:
    """Airflow's scheduler makes and runs these windows as one backfill; return the backfill's id.

    As `airflow backfill create` does, for windows that need not be the timetable's own: Airflow's own entry computes
    them from the cron alone, and refuses a Dag without one.

    Raises:
        AuthorError: when another backfill of the Dag is active, or the parameters do not fit the Dag's.
        TransientError: when the metadata database stays busy.
    """
    from airflow.exceptions import AirflowException
    from airflow.models import backfill as airflow_backfill

    with open_session() as session:
        dag = serialized_dag(order.dag_id, session)
        if dag is None:
            raise LookupError(order.dag_id)
        _refuse_second_backfill(order.dag_id, session)
        reprocess = airflow_backfill.ReprocessBehavior(order.reprocess)
        conf = dict(order.conf) if order.conf is not None else None
        first, last = windows[0].start, windows[-1].start
        try:
            airflow_backfill._validate_backfill_params(dag, order.reverse, first, last, reprocess, conf)
        except AirflowException as exc:
            raise AuthorError("DF-RUNS-007", f"Airflow refuses the backfill: {exc}") from exc
        # Paused, so that no run begins before all are there; visible at once, so that a second backfill is refused.
        record = airflow_backfill.Backfill(
            dag_id=order.dag_id, from_date=first, to_date=last, is_paused=True, max_active_runs=order.max_active_runs,
            dag_run_conf=conf, reprocess_behavior=reprocess, triggering_user_name=order.user or _user_name(),
        )  # fmt: skip
        session.add(record)
        session.commit()
        _make_all_runs(record, dag, tuple(reversed(windows)) if order.reverse else windows, session)
        return record.id


def _make_all_runs(record: Backfill, dag: SerializedDAG, windows: Sequence[RunWindow], session: Session) -> None:
    """Every window has its run, or its reason why not; then the backfill may begin.

    SQLite keeps each run as it is made, and refuses at once where another has written since it was read.

    Raises:
        TransientError: DF-RUNS-017, when the metadata database stays busy; the backfill is left paused.
    """
    from sqlalchemy.exc import OperationalError

    for number in range(1, BUSY_TRIES + 1):
        try:
            _make_missing_runs(record, dag, windows, session)
            record.is_paused = False
            session.commit()
            return
        except OperationalError as exc:
            session.rollback()
            if number == BUSY_TRIES:
                raise TransientError(
                    "DF-RUNS-017",
                    f"Airflow's database was too busy to make all runs of the backfill {record.id}, which is paused",
                    hint="Cancel this backfill, then create it again when less is going on.",
                ) from exc
        time.sleep(random.uniform(0.1, LONGEST_PAUSE_S))  # noqa: S311 - not for secrets


def _make_missing_runs(record: Backfill, dag: SerializedDAG, windows: Sequence[RunWindow], session: Session) -> None:
    from airflow.models import backfill as airflow_backfill
    from sqlalchemy import select

    known = select(airflow_backfill.BackfillDagRun.logical_date).where(
        airflow_backfill.BackfillDagRun.backfill_id == record.id
    )
    made = set(session.scalars(known))
    for number, window in enumerate(windows, 1):
        if window.logical_date not in made:
            airflow_backfill._create_backfill_dag_run_non_partitioned(
                dag=dag,
                info=_run_info(window),
                reprocess_behavior=airflow_backfill.ReprocessBehavior(record.reprocess_behavior),
                backfill_id=record.id,
                dag_run_conf=record.dag_run_conf,
                backfill_sort_ordinal=number,
                triggering_user_name=record.triggering_user_name,
                run_on_latest_version=True,
                session=session,
            )


def _refuse_second_backfill(dag_id: str, session: Session) -> None:
    """Raise AuthorError for an active backfill; one whose runs have all finished is closed as the scheduler would.

    The scheduler looks every half minute only, so a second backfill right after the first would be refused.
    """
    from airflow.models.backfill import Backfill
    from airflow.models.dagrun import DagRun
    from sqlalchemy import select

    query = select(Backfill).where(Backfill.dag_id == dag_id, Backfill.completed_at.is_(None))
    for active in session.scalars(query).all():
        states = set(session.scalars(select(DagRun.state).where(DagRun.backfill_id == active.id)))
        if not states or states - {"success", "failed"}:
            raise AuthorError(
                "DF-RUNS-008",
                f"Backfill {active.id} of `{dag_id}` is still active, and Airflow runs one at a time for a Dag.",
                hint=f"Wait for it, or cancel it: `dataflow backfills {dag_id} --cancel {active.id}`.",
            )
        active.completed_at = datetime.now(UTC)


def _run_info(window: RunWindow) -> Any:
    """Return Airflow's run info whose logical date may differ from its interval's start.

    `run_after` differs by as much: the run's id is made of it, and must be unique like the logical date.
    """
    from airflow.timetables.base import DagRunInfo
    from pendulum import instance

    class MarkedRunInfo(DagRunInfo):
        mark = timedelta()

        @property
        def logical_date(self) -> Any:
            return self.data_interval.start + self.mark if self.data_interval else None

    mark = window.logical_date - window.start
    plain = DagRunInfo.interval(start=instance(window.start), end=instance(window.end))
    info = MarkedRunInfo(*plain._replace(run_after=plain.run_after + mark))
    info.mark = mark
    return info


def _user_name() -> str | None:
    from airflow.exceptions import AirflowConfigException
    from airflow.utils.platform import getuser

    try:
        return getuser()
    except AirflowConfigException:
        return None
