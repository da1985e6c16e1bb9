"""Backfills that were made: how far each is, and orders to pause, resume and cancel one, on Airflow's records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dataflow_provider.airflow_compat import ENDED_EVENT, note_ended
from dataflow_provider.errors import AuthorError

if TYPE_CHECKING:
    from airflow.models.backfill import Backfill
    from sqlalchemy.orm import Session

MAX_LISTED = 100


@dataclass(frozen=True)
class BackfillRecord:
    """One backfill; `runs` counts those it made by state, `start` and `end` are where its first and last run begin.

    `state` is running, paused, completed, or cancelled when it is over and an order has ended runs of it.
    """

    backfill_id: int
    dag_id: str
    start: datetime
    end: datetime
    state: str
    max_active_runs: int
    created_at: datetime
    completed_at: datetime | None
    user: str | None
    runs: Mapping[str, int] = field(default_factory=dict)


def list_backfills(session: Session, dag_id: str) -> list[BackfillRecord]:
    """Return the newest backfills of a Dag, newest first, at most a hundred."""
    from airflow.models.backfill import Backfill
    from airflow.models.dagrun import DagRun
    from sqlalchemy import func, select

    rows = session.scalars(
        select(Backfill).where(Backfill.dag_id == dag_id).order_by(Backfill.id.desc()).limit(MAX_LISTED)
    ).all()
    counts: dict[int, dict[str, int]] = {}
    found = session.execute(
        select(DagRun.backfill_id, DagRun.state, func.count())
        .where(DagRun.backfill_id.in_([row.id for row in rows]))
        .group_by(DagRun.backfill_id, DagRun.state)
    )
    for backfill_id, state, count in found:
        counts.setdefault(int(backfill_id or 0), {})[str(state)] = count
    for backfill_id, count in _count_cancelled(session, list(counts)):
        runs = counts[backfill_id]
        runs["cancelled"] = count
        runs["failed"] -= count
        if not runs["failed"]:
            del runs["failed"]
    return [_record(row, counts.get(row.id, {})) for row in rows]


def pause_backfill(session: Session, dag_id: str, backfill_id: int, *, paused: bool) -> None:
    """Airflow's scheduler starts no more runs of the backfill, or goes on with them; running ones are not touched.

    Raises:
        AuthorError: when there is no such backfill, or it is over.
    """
    _find_active(session, dag_id, backfill_id).is_paused = paused


def cancel_backfill(session: Session, dag_id: str, backfill_id: int) -> int:
    """The backfill is over: runs that have not started are cancelled, running ones end by themselves; return how many.

    Raises:
        AuthorError: when there is no such backfill, or it is over.
    """
    from airflow.models.dagrun import DagRun
    from airflow.utils.state import DagRunState
    from sqlalchemy import select

    record = _find_active(session, dag_id, backfill_id)
    record.is_paused = True  # so that the scheduler, which may be busy with it, starts no other run meanwhile
    session.flush()
    waiting = session.scalars(
        select(DagRun).where(DagRun.backfill_id == backfill_id, DagRun.state == DagRunState.QUEUED)
    ).all()
    for run in waiting:
        run.state = DagRunState.FAILED
        note_ended(session, dag_id, run.run_id)
    record.completed_at = datetime.now(UTC)
    return len(waiting)


def _count_cancelled(session: Session, backfills: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield backfill and number of its runs that an order has ended: Airflow has them among the failed ones."""
    from airflow.models.dagrun import DagRun
    from airflow.models.log import Log
    from airflow.utils.state import DagRunState
    from sqlalchemy import func, select

    # In this go of the run: one that was cleared since is no longer cancelled.
    begun = func.coalesce(DagRun.start_date, DagRun.queued_at, Log.dttm)
    rows = session.execute(
        select(DagRun.backfill_id, func.count(DagRun.id.distinct()))
        .join(Log, (Log.dag_id == DagRun.dag_id) & (Log.run_id == DagRun.run_id))
        .where(DagRun.backfill_id.in_(backfills), DagRun.state == DagRunState.FAILED)
        .where(Log.event == ENDED_EVENT, Log.dttm >= begun)
        .group_by(DagRun.backfill_id)
    )
    for backfill_id, count in rows:
        yield int(backfill_id or 0), count


def _find_active(session: Session, dag_id: str, backfill_id: int) -> Backfill:
    from airflow.models.backfill import Backfill

    found = session.get(Backfill, backfill_id)
    if found is None or found.dag_id != dag_id:
        raise AuthorError("DF-RUNS-012", f"`{dag_id}` has no backfill {backfill_id}.", hint="List them first.")
    if found.completed_at is not None:
        raise AuthorError("DF-RUNS-012", f"Backfill {backfill_id} of `{dag_id}` is over; nothing is left to change.")
    return found


def _record(row: Backfill, runs: Mapping[str, int]) -> BackfillRecord:
    open_runs = sum(count for state, count in runs.items() if state not in ("success", "failed", "cancelled"))
    # Airflow marks a backfill complete half a minute after its last run.
    over = row.completed_at is not None or (runs and not open_runs)
    ended = "cancelled" if "cancelled" in runs else "completed"
    return BackfillRecord(
        backfill_id=row.id,
        dag_id=row.dag_id,
        start=row.from_date,
        end=row.to_date,
        state=ended if over else "paused" if row.is_paused else "running",
        max_active_runs=row.max_active_runs,
        created_at=row.created_at,
        completed_at=row.completed_at,
        user=row.triggering_user_name,
        runs=runs,
    )
