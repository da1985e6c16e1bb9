"""Backfills that were made: how far each is, and orders to pause, resume and cancel one, on Airflow's records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dataflow_provider.airflow_compat import note_ended
from dataflow_provider.errors import AuthorError

if TYPE_CHECKING:
    from airflow.models.backfill import Backfill
    from sqlalchemy.orm import Session

MAX_LISTED = 100


@dataclass(frozen=True)
class BackfillRecord:
    """One backfill; `runs` counts those it made by state, `start` and `end` are where its first and last run begin."""

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


def _find_active(session: Session, dag_id: str, backfill_id: int) -> Backfill:
    from airflow.models.backfill import Backfill

    found = session.get(Backfill, backfill_id)
    if found is None or found.dag_id != dag_id:
        raise AuthorError("DF-RUNS-012", f"`{dag_id}` has no backfill {backfill_id}.", hint="List them first.")
    if found.completed_at is not None:
        raise AuthorError("DF-RUNS-012", f"Backfill {backfill_id} of `{dag_id}` is over; nothing is left to change.")
    return found


def _record(row: Backfill, runs: Mapping[str, int]) -> BackfillRecord:
    open_runs = sum(count for state, count in runs.items() if state not in ("success", "failed"))
    # Airflow marks a backfill complete half a minute after its last run.
    over = row.completed_at is not None or (runs and not open_runs)
    return BackfillRecord(
        backfill_id=row.id,
        dag_id=row.dag_id,
        start=row.from_date,
        end=row.to_date,
        state="completed" if over else "paused" if row.is_paused else "running",
        max_active_runs=row.max_active_runs,
        created_at=row.created_at,
        completed_at=row.completed_at,
        user=row.triggering_user_name,
        runs=runs,
    )
