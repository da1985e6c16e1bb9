"""Promises of pipelines: is a day's `finish_by` or a run's `max_duration` kept, in danger, or broken?

Airflow's own deadlines belong to a run and know neither a day on which no run came, nor how long runs usually take; so
the process that keeps the records looks here as well (docs/adr/0009).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from dataflow_provider.db.tables import RunRecord, SlaRecord
from dataflow_provider.runs.lease import Held
from dataflow_provider.runs.notices import Told, raise_notice, resolve_notices
from dataflow_provider.runs.records import FINISHED, OVER, RecordState
from dataflow_provider.runs.statistics import SCHEDULED, usual_seconds
from dataflow_provider.spec.models import Notify, Sla

DAY = timedelta(days=1)
NEARLY_OVER = 0.8
"""Without enough runs to compare with, a run is in danger when so much of its time is gone."""


class SlaState(StrEnum):
    """How a promise stands; `late` is one that was broken and then done after all."""

    WAITING = "waiting"
    AT_RISK = "at_risk"
    BREACHED = "breached"
    MET = "met"
    LATE = "late"
    VOID = "void"


_KINDS = ("sla_at_risk", "sla_breach")
DECIDED = frozenset({SlaState.MET, SlaState.LATE, SlaState.VOID})


class Facts(Protocol):
    """What a pipeline's text says of its promises."""

    @property
    def sla(self) -> Sla | None: ...
    @property
    def notify(self) -> Notify: ...
    @property
    def timezone(self) -> str: ...
    @property
    def after(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Watched:
    """A pipeline as the watch sees it; `next_due` is when Airflow makes its next run, None while it is paused."""

    pipeline_id: str
    facts: Facts
    is_paused: bool
    next_due: datetime | None


@dataclass(frozen=True)
class Work:
    """The run that keeps a promise, as far as there is one."""

    run_id: str | None
    started: datetime | None
    ended: datetime | None
    state: RecordState | None


@dataclass(frozen=True)
class Promise:
    """One promise with what is known now."""

    pipeline_id: str
    kind: str
    subject: str
    due: datetime
    work: Work


def judge(promise: Promise, now: datetime, usual_s: float | None) -> SlaState:
    """Return how a promise stands; in danger is one whose run will end too late if it takes as long as 95 of 100 do."""
    work, due = promise.work, promise.due
    if work.state in FINISHED and work.ended is not None:
        return SlaState.MET if work.ended <= due else SlaState.LATE
    if work.state in OVER and promise.kind == "max_duration":
        return SlaState.VOID  # it took no time that could be judged: it failed or was cancelled
    if now > due:
        return SlaState.BREACHED
    if usual_s is not None:
        begins = work.started if work.state == RecordState.RUNNING and work.started else now
        return SlaState.AT_RISK if begins + timedelta(seconds=usual_s) > due else SlaState.WAITING
    if work.started is not None and work.state == RecordState.RUNNING:
        return SlaState.AT_RISK if now - work.started >= NEARLY_OVER * (due - work.started) else SlaState.WAITING
    return SlaState.WAITING


def due_moments(finish_by: str, timezone: str, now: datetime) -> tuple[datetime, datetime]:
    """Return the last moment of that time of day that is over, and the next one, both in UTC by the zone's clock.

    >>> from datetime import UTC
    >>> [str(due) for due in due_moments("07:30", "Europe/Warsaw", datetime(2026, 1, 5, 12, tzinfo=UTC))]
    ['2026-01-05 06:30:00+00:00', '2026-01-06 06:30:00+00:00']
    """
    zone = ZoneInfo(timezone)
    moment = time.fromisoformat(finish_by)
    today = now.astimezone(zone).date()
    days = (today - DAY, today, today + DAY)
    utc = [datetime.combine(day, moment, zone).astimezone(now.tzinfo) for day in days]
    return max(due for due in utc if due <= now), min(due for due in utc if due > now)


# ---------------------------------------------------------------- which promises there are


def find_promises(session: Session, watched: Mapping[str, Watched], now: datetime, since: datetime) -> list[Promise]:
    """Return the promises that are open now; days that ended before `since`, when nobody watched, are left alone."""
    found: list[Promise] = []
    for one in watched.values():
        sla = one.facts.sla
        if sla is not None and sla.finish_by is not None:
            found += _of_days(session, one, watched, now, since)
        if sla is not None and sla.max_duration is not None:
            found += _of_runs(session, one, sla.max_duration, now)
    return found


def _of_days(
    session: Session, one: Watched, watched: Mapping[str, Watched], now: datetime, since: datetime
) -> Iterator[Promise]:
    finish_by = one.facts.sla.finish_by if one.facts.sla else None
    for due in due_moments(finish_by or "00:00", one.facts.timezone, now):
        if due < since:
            continue
        run = _last_run(session, one.pipeline_id, due)
        coming = _is_coming(one, due)
        if run is None and not coming and not _is_expected(session, one, watched, due, {one.pipeline_id}):
            continue
        # A run that is still to come before then is the one that counts.
        work = Work(None, None, None, None) if run is None or coming else _work(run)
        day = due.astimezone(ZoneInfo(one.facts.timezone)).date().isoformat()
        yield Promise(one.pipeline_id, "finish_by", day, due, work)


def _of_runs(session: Session, one: Watched, allowed: timedelta, now: datetime) -> Iterator[Promise]:
    """Yield the runs that have started and are open, or have ended since a day ago."""
    runs = session.scalars(
        select(RunRecord).where(
            RunRecord.pipeline_id == one.pipeline_id,
            RunRecord.started_at.is_not(None),
            (RunRecord.ended_at.is_(None)) | (RunRecord.ended_at >= now - DAY),
        )
    )
    for run in runs:
        if run.started_at is not None:
            yield Promise(one.pipeline_id, "max_duration", run.run_id, run.started_at + allowed, _work(run))


def _last_run(session: Session, pipeline_id: str, due: datetime) -> RunRecord | None:
    return session.scalar(
        select(RunRecord)
        .where(
            RunRecord.pipeline_id == pipeline_id,
            RunRecord.run_type.in_(SCHEDULED),
            RunRecord.due_at > due - DAY,
            RunRecord.due_at <= due,
            RunRecord.state != RecordState.SKIPPED,
        )
        .order_by(RunRecord.due_at.desc())
        .limit(1)
    )


def _is_coming(one: Watched, due: datetime) -> bool:
    return not one.is_paused and one.next_due is not None and due - DAY < one.next_due <= due


def _is_expected(session: Session, one: Watched, watched: Mapping[str, Watched], due: datetime, seen: set[str]) -> bool:
    """Return whether a pipeline that waits for others should have run: one of those had a run that day, or will."""
    if one.is_paused:
        return False
    for name in one.facts.after:
        upstream = watched.get(name)
        if upstream is None or name in seen:
            continue
        seen.add(name)
        if _last_run(session, name, due) or _is_coming(upstream, due):
            return True
        if _is_expected(session, upstream, watched, due, seen):
            return True
    return False


def _work(run: RunRecord) -> Work:
    return Work(run.run_id, run.started_at, run.ended_at, RecordState(run.state))


# ---------------------------------------------------------------- what follows


def watch(session: Session, held: Held, watched: Mapping[str, Watched]) -> int:
    """Every promise stands as it does now, and people are told of what has changed; return how many have.

    Raises:
        LeaseLostError: when another process has taken over.
    """
    now, changed = held.now(), 0
    usual: dict[str, float | None] = {}
    for promise in find_promises(session, watched, now, held.since):
        if promise.pipeline_id not in usual:
            usual[promise.pipeline_id] = usual_seconds(session, promise.pipeline_id)
        state = judge(promise, now, usual[promise.pipeline_id])
        before = _stored(session, promise)
        if before is not None and (before.state == state or before.state in DECIDED):
            continue
        session.rollback()
        with held.transaction(session):
            _move(session, promise, state, now, watched[promise.pipeline_id].facts.notify)
        changed += 1
    session.rollback()
    return changed


def _stored(session: Session, promise: Promise) -> SlaRecord | None:
    own = (
        SlaRecord.pipeline_id == promise.pipeline_id,
        SlaRecord.kind == promise.kind,
        SlaRecord.subject == promise.subject,
    )
    return session.scalar(select(SlaRecord).where(*own))


def _move(session: Session, promise: Promise, state: SlaState, now: datetime, notify: Notify) -> None:
    record = _stored(session, promise)
    if record is None:
        record = SlaRecord(pipeline_id=promise.pipeline_id, kind=promise.kind, subject=promise.subject, state="")
        session.add(record)
    before = record.state
    record.state, record.run_id, record.due_at = state, promise.work.run_id, promise.due
    match state:
        case SlaState.AT_RISK:
            record.at_risk_at = now
            raise_notice(session, _told(promise, "sla_at_risk", "will probably not finish by"), notify.on_sla, now)
        case SlaState.BREACHED:
            record.breached_at = now
            raise_notice(session, _told(promise, "sla_breach", "has not finished by"), notify.on_sla, now)
        case SlaState.MET | SlaState.LATE | SlaState.VOID:
            record.done_at = promise.work.ended
            _close(session, promise, state, before, notify, now)


def _close(session: Session, promise: Promise, state: SlaState, before: str, notify: Notify, now: datetime) -> None:
    mended = resolve_notices(session, promise.pipeline_id, _KINDS, now, _troubles_over(session, promise))
    if state is SlaState.LATE:
        _warn_of_lateness(session, promise)
        if before == SlaState.BREACHED:
            told = _told(promise, "recovery", "has finished after")
            raise_notice(session, told, notify.on_recovery, now, is_over=True)
    elif any(notice.kind == "sla_breach" for notice in mended):
        told = _told(promise, "recovery", "has finished in time again, before")
        raise_notice(session, told, notify.on_recovery, now, is_over=True)


def _troubles_over(session: Session, promise: Promise) -> list[str]:
    """Return the troubles that end with a promise: its own, and those of earlier days on which nothing finished."""
    subjects = {promise.subject}
    if promise.kind == "finish_by":
        earlier = select(SlaRecord.subject).where(
            SlaRecord.pipeline_id == promise.pipeline_id,
            SlaRecord.kind == promise.kind,
            SlaRecord.due_at < promise.due,
            SlaRecord.state.in_((SlaState.AT_RISK, SlaState.BREACHED)),
        )
        subjects.update(session.scalars(earlier))
    return [same_trouble(promise.kind, subject) for subject in subjects]


def _told(promise: Promise, kind: str, words: str) -> Told:
    """Return what is told of the promise; `words` stand between pipeline and time."""
    return Told(
        pipeline_id=promise.pipeline_id,
        run_id=promise.work.run_id,
        kind=kind,
        title=f"{promise.pipeline_id} {words} {promise.due:%Y-%m-%d %H:%M} UTC, its `{promise.kind}`",
        same=same_trouble(promise.kind, promise.subject),
        is_exact=True,
    )


def same_trouble(kind: str, subject: str) -> str:
    """Return what makes two notices of promises the same: each day and each run is told of its own."""
    return f"{kind}:{subject}"


def _warn_of_lateness(session: Session, promise: Promise) -> None:
    run = session.scalar(
        select(RunRecord).where(
            RunRecord.pipeline_id == promise.pipeline_id, RunRecord.run_id == (promise.work.run_id or "")
        )
    )
    if run is not None:
        run.reasons = [*(one for one in run.reasons if one["kind"] != "late"), late_reason(promise.kind, promise.due)]
        run.state = RecordState.WARNING


def late_reason(kind: str, due: datetime) -> dict[str, Any]:
    """Return why a run that finished too late is a warning."""
    message = f"it finished after {due:%Y-%m-%d %H:%M} UTC, its `{kind}`"
    return {"kind": "late", "node": None, "rule": None, "message": message}


def known_lateness(session: Session, pipeline_id: str, run_ids: Collection[str]) -> list[dict[str, Any]]:
    """Return the reasons that a record which is written again must keep."""
    rows = session.execute(
        select(SlaRecord.kind, SlaRecord.due_at).where(
            SlaRecord.pipeline_id == pipeline_id, SlaRecord.run_id.in_(run_ids), SlaRecord.state == SlaState.LATE
        )
    )
    return [late_reason(row.kind, row.due_at) for row in rows]
