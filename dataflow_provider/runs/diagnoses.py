"""Failed tries that wait for their diagnosis, and those that have it.

Whoever sees a failure puts it in line, once; the process that holds the lease reads the log and keeps the answer. A
process that dies over a log leaves the try in line, and after a few such deaths it is given up.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancehistory import TaskInstanceHistory
from sqlalchemy import select
from sqlalchemy.orm import Session

from dataflow_provider.db.tables import DiagnosisRecord
from dataflow_provider.runs.lease import Held, LeaseLostError

logger = logging.getLogger(__name__)

TOO_OLD = timedelta(days=1)
"""Failures that are older are diagnosed when somebody asks: their logs may be many, or gone."""
MAX_ATTEMPTS = 3
PAUSE = timedelta(seconds=20)
BATCH = 10
_MAX_ERROR = 2_000
_FAILED_STATES = ("failed", "up_for_retry")


@dataclass(frozen=True)
class FailedTry:
    """One try of a stage that has failed."""

    pipeline_id: str
    run_id: str
    stage_id: str
    try_number: int
    failed_at: datetime

    @property
    def key(self) -> str:
        return attempt_key(self.pipeline_id, self.run_id, self.stage_id, self.try_number)


@dataclass(frozen=True)
class Made:
    """A diagnosis to be kept; not `is_final` when the log may say more in a moment."""

    document: dict[str, Any]
    root_cause: str
    confidence: float
    node_id: str | None
    text_hash: str | None
    is_final: bool = True


Diagnose = Callable[[Session, FailedTry], Made]


def attempt_key(pipeline_id: str, run_id: str, stage_id: str, try_number: int) -> str:
    """Return what tells a try from all others, in a length that any database indexes."""
    return hashlib.sha256("\x00".join((pipeline_id, run_id, stage_id, str(try_number))).encode()).hexdigest()


def find_failed_tries(session: Session, pipeline_id: str, run_id: str) -> list[FailedTry]:
    """Return the tries of a run's stages that have failed, those that were followed by another included."""
    found = []
    for table in (TaskInstance, TaskInstanceHistory):
        rows = session.execute(
            select(table.task_id, table.try_number, table.end_date).where(
                table.dag_id == pipeline_id, table.run_id == run_id, table.state.in_(_FAILED_STATES),
                table.try_number > 0, table.end_date.is_not(None),
            )
        )  # fmt: skip
        found += [
            FailedTry(pipeline_id, run_id, row.task_id, row.try_number, row.end_date)
            for row in rows
            if not row.task_id.startswith("_")  # tasks of ours that run no stage
        ]
    return found


def enqueue(session: Session, tries: Iterable[FailedTry], now: datetime, since: datetime | None = None) -> None:
    """Every failed try is in line for its diagnosis, but those that were put there before, or failed before `since`."""
    wanted = {
        one.key: one for one in tries if now - one.failed_at < TOO_OLD and (since is None or one.failed_at >= since)
    }
    if not wanted:
        return
    known = set(session.scalars(select(DiagnosisRecord.attempt).where(DiagnosisRecord.attempt.in_(list(wanted)))))
    for key, one in wanted.items():
        if key not in known:
            session.add(DiagnosisRecord(attempt=key, state="pending", queued_at=now, next_try_at=now, **vars(one)))


def work_off(session: Session, held: Held, diagnose: Diagnose) -> int:
    """The diagnoses that are due are made and kept; return how many.

    Raises:
        LeaseLostError: when another process has taken over; it makes the diagnosis that this one had begun.
    """
    due = session.scalars(
        select(DiagnosisRecord.id)
        .where(DiagnosisRecord.state == "pending", DiagnosisRecord.next_try_at <= held.now())
        .order_by(DiagnosisRecord.id)
        .limit(BATCH)
    ).all()
    session.rollback()
    return sum(_diagnose(session, held, record_id, diagnose) for record_id in due)


def _diagnose(session: Session, held: Held, record_id: int, diagnose: Diagnose) -> bool:
    """The try is counted before its log is read, so that a log that kills its reader is not read for ever."""
    with held.transaction(session):
        record = session.get(DiagnosisRecord, record_id, populate_existing=True)
        if record is None or record.state != "pending":
            return False
        record.attempts += 1
        record.next_try_at = held.now() + PAUSE * 3**record.attempts
        if record.attempts > MAX_ATTEMPTS:
            record.state = "failed"
            record.error = record.error or f"{MAX_ATTEMPTS} goes at the log came to nothing."
            return False
        is_last = record.attempts == MAX_ATTEMPTS
        wanted = FailedTry(
            record.pipeline_id, record.run_id, record.stage_id, record.try_number, record.failed_at
        )  # fmt: skip
    try:
        made = diagnose(session, wanted)
    except LeaseLostError:
        raise
    except Exception as error:  # one log that cannot be read must not stop the others; it is told, and tried again
        session.rollback()
        logger.exception("no diagnosis pipeline=%s run=%s stage=%s", wanted.pipeline_id, wanted.run_id, wanted.stage_id)
        _fail(session, held, record_id, f"{type(error).__name__}: {error}"[:_MAX_ERROR], is_last=is_last)
        return False
    session.rollback()  # what was read must not be older than the lease that it is written under
    with held.transaction(session):
        found = session.get(DiagnosisRecord, record_id, populate_existing=True)
        if found is not None and found.state == "pending":
            put(found, made, held.now())
            if not made.is_final and not is_last:
                found.state = "pending"
    return True


def _fail(session: Session, held: Held, record_id: int, error: str, *, is_last: bool) -> None:
    with held.transaction(session):
        record = session.get(DiagnosisRecord, record_id, populate_existing=True)
        if record is not None and record.state == "pending":
            record.error = error
            record.state = "failed" if is_last else "pending"


def put(record: DiagnosisRecord, made: Made, now: datetime) -> None:
    """The record holds this diagnosis."""
    record.state, record.made_at, record.error = "done", now, None
    record.document, record.root_cause, record.confidence = made.document, made.root_cause, made.confidence
    record.node_id, record.text_hash = made.node_id, made.text_hash


def keep(session: Session, failed: FailedTry, made: Made, now: datetime) -> None:
    """This diagnosis of a try, which somebody asked for, is the one that is kept; what users said of it stays."""
    record = find_diagnosis(session, failed.key)
    if record is None:
        record = DiagnosisRecord(
            attempt=failed.key, state="pending", queued_at=now, next_try_at=now, attempts=0, **vars(failed)
        )
        session.add(record)
    put(record, made, now)


def find_diagnosis(session: Session, key: str) -> DiagnosisRecord | None:
    """Return what is kept of a try, None when it was never in line."""
    return session.scalar(select(DiagnosisRecord).where(DiagnosisRecord.attempt == key))
