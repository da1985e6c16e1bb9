"""Writes the record of every run that has changed in Airflow, under a lease, again and again with the same outcome.

New runs are found by their id and open ones by their state, so that a look costs little however many runs there are. A
finished run that was run again to its end while nobody looked is found by a sweep, every ten minutes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from dataflow_provider.compiler.plan import Plan
from dataflow_provider.db.tables import (
    Delivery,
    DiagnosisFeedback,
    DiagnosisRecord,
    NodeRecord,
    Notice,
    NoticeRead,
    RunRecord,
    SlaRecord,
)
from dataflow_provider.runs.diagnoses import enqueue, find_failed_tries
from dataflow_provider.runs.lease import Held
from dataflow_provider.runs.notices import tell_of_run
from dataflow_provider.runs.records import FINISHED, OVER, NodeFigures, RecordState, RunFigures, build_figures
from dataflow_provider.runs.sla import known_lateness
from dataflow_provider.runs.source import (
    OPEN_STATES,
    Seen,
    SourceRun,
    find_by_id,
    find_changed,
    find_new,
    find_open,
    load_run,
)
from dataflow_provider.runs.statistics import SCHEDULED, earlier_rows, judge_rows
from dataflow_provider.spec.models import Notify, Pipeline

logger = logging.getLogger(__name__)

BATCH = 200
OVERLAP = 200
"""Ids looked at again: a run with a lower id may become visible after one with a higher."""
SWEEP_EVERY = timedelta(minutes=10)
SWEEP_OVERLAP = timedelta(minutes=15)


class Definition(Protocol):
    """One version of a pipeline."""

    @property
    def plan(self) -> Plan | None:
        """Its plan; None when the text is broken."""

    @property
    def pipeline(self) -> Pipeline | None:
        """What it says; None when the text is broken."""


ReadDefinition = Callable[[Session, str, UUID | None], Definition | None]


@dataclass
class Recorder:
    """Keeps the records up to date; `read_definition` finds the text of the version that ran."""

    read_definition: ReadDefinition

    def record_changes(self, session: Session, held: Held) -> int:
        """The records are those of the runs as they stand now; return how many were written.

        Raises:
            LeaseLostError: when another process has taken over; records written before that stay.
        """
        written = 0
        for seen in self._changed(session, held):
            source = load_run(session, seen)
            if source is not None:
                self._record(session, held, source)
                written += 1
        self._close_lost(session, held)
        return written

    def _record(self, session: Session, held: Held, source: SourceRun) -> None:
        definition = self.read_definition(session, source.pipeline_id, source.version)
        figures = _judged(session, source, build_figures(source, definition.plan if definition else None))
        notify = definition.pipeline.notify if definition and definition.pipeline else Notify()
        session.rollback()  # what was read must not be older than the lease that it is written under
        with held.transaction(session):
            record, is_news = store(session, source, figures, held.now())
            enqueue(session, find_failed_tries(session, source.pipeline_id, source.run_id), held.now(), held.since)
            if is_news:
                tell_of_run(session, record, notify, held.now(), held.since)
            held.position["cursor"] = max(source.seen.id, held.position.get("cursor", 0))

    def _changed(self, session: Session, held: Held) -> list[Seen]:
        """Return the runs whose record is missing or old; a run at work always, since its tasks move."""
        cursor = held.position.get("cursor", 0)
        found = find_new(session, cursor - OVERLAP, BATCH + OVERLAP) + find_open(session, BATCH)
        waiting = select(RunRecord.source_id).where(RunRecord.state.in_(OPEN_STATES)).limit(BATCH)
        found += find_by_id(session, session.scalars(waiting), BATCH)
        found += self._sweep(session, held)
        unique = {seen.id: seen for seen in found}
        known = _known(session, unique)
        session.rollback()
        changed = [seen for seen in unique.values() if seen.state == "running" or known.get(seen.id) != _mark(seen)]
        return sorted(changed, key=lambda seen: seen.id)

    def _sweep(self, session: Session, held: Held) -> list[Seen]:
        now, last = held.now(), held.position.get("swept_at")
        since = datetime.fromisoformat(last) if last else held.since
        if last and now - since < SWEEP_EVERY:
            return []
        held.position["swept_at"] = now.isoformat()
        return find_changed(session, since - SWEEP_OVERLAP, 10 * BATCH)

    def _close_lost(self, session: Session, held: Held) -> None:
        """Records of runs that were deleted in Airflow before they were over do not stay open for ever."""
        rows = session.execute(
            select(RunRecord.id, RunRecord.source_id).where(RunRecord.state.in_(OPEN_STATES)).limit(BATCH)
        ).all()
        there = {seen.id for seen in find_by_id(session, [row.source_id for row in rows], BATCH)} if rows else set()
        lost = [row.id for row in rows if row.source_id not in there]
        session.rollback()
        if not lost:
            return
        with held.transaction(session):
            for record in session.scalars(select(RunRecord).where(RunRecord.id.in_(lost))):
                record.state = RecordState.CANCELLED
                record.error = "The run was deleted in Airflow before it was over."


def _judged(session: Session, source: SourceRun, figures: RunFigures) -> RunFigures:
    """Return the figures with what only other records tell: an unusual number of rows, an end that came too late."""
    if figures.state not in FINISHED:
        return figures
    reasons = [*figures.reasons, *known_lateness(session, source.pipeline_id, [source.run_id])]
    if source.run_type in SCHEDULED:
        unusual = judge_rows(figures.rows_written, earlier_rows(session, source.pipeline_id, source.due_at))
        reasons += [unusual] if unusual else []
    return replace(figures, reasons=tuple(reasons), state=RecordState.WARNING if reasons else figures.state)


def _mark(seen: Seen) -> tuple[str, datetime | None]:
    return seen.state, seen.updated_at


def _known(session: Session, ids: Iterable[int]) -> dict[int, tuple[str, datetime | None]]:
    rows = session.execute(
        select(RunRecord.source_id, RunRecord.source_state, RunRecord.source_updated_at).where(
            RunRecord.source_id.in_(list(ids))
        )
    )
    return {row.source_id: (row.source_state, row.source_updated_at) for row in rows}


def store(session: Session, source: SourceRun, figures: RunFigures, now: datetime) -> tuple[RunRecord, bool]:
    """The run and its nodes have these records, whatever was there before; also tell whether the run has just ended."""
    own = (RunRecord.pipeline_id == source.pipeline_id, RunRecord.run_id == source.run_id)
    record = session.scalar(select(RunRecord).where(*own))
    values = _run_values(source, figures, now)
    before = None if record is None else (record.state, record.ended_at)
    if record is None:
        record = RunRecord(**values)
        session.add(record)
        session.flush()
    else:
        for name, value in values.items():
            setattr(record, name, value)
    _store_nodes(session, record.id, figures.nodes)
    was_over = before is not None and before[0] in OVER and before[1] == record.ended_at
    return record, figures.state in OVER and not was_over


def _run_values(source: SourceRun, figures: RunFigures, now: datetime) -> Mapping[str, Any]:
    error = figures.error
    return {
        "pipeline_id": source.pipeline_id,
        "run_id": source.run_id,
        "workspace": source.workspace,
        "run_type": source.run_type,
        "state": figures.state,
        "queued_at": source.queued_at,
        "due_at": source.due_at,
        "started_at": source.start,
        "ended_at": source.end if figures.state in OVER else None,
        "duration_s": figures.duration_s,
        "logical_date": source.logical_date,
        "interval_start": source.interval_start,
        "interval_end": source.interval_end,
        "triggered_by": source.triggered_by,
        "rows_read": figures.rows_read,
        "rows_written": figures.rows_written,
        "rows_rejected": figures.rows_rejected,
        "bytes_moved": figures.bytes_moved,
        "error": error.message if error else None,
        "error_stage": error.stage if error else None,
        "error_node": error.node if error else None,
        "reasons": [dict(reason) for reason in figures.reasons],
        "source_id": source.seen.id,
        "source_state": source.seen.state,
        "source_updated_at": source.seen.updated_at,
        "recorded_at": now,
    }


def _store_nodes(session: Session, run_key: int, nodes: Iterable[NodeFigures]) -> None:
    known = {node.node_id: node for node in session.scalars(select(NodeRecord).where(NodeRecord.run_key == run_key))}
    for position, node in enumerate(nodes):
        values = {**vars(node), "position": position, "quality": [dict(one) for one in node.quality]}
        stored = known.pop(node.node_id, None)
        if stored is None:
            session.add(NodeRecord(run_key=run_key, **values))
            continue
        for name, value in values.items():
            setattr(stored, name, value)
    for gone in known.values():
        session.delete(gone)


def forget_old(session: Session, held: Held, days: float) -> int:
    """Records of runs that ended longer ago are gone, and what was told then; return how many runs.

    Zero days keeps everything.
    """
    if days <= 0:
        return 0
    until = held.now() - timedelta(days=days)
    moment = func.coalesce(RunRecord.ended_at, RunRecord.started_at, RunRecord.queued_at, RunRecord.recorded_at)
    old = select(RunRecord.id).where(moment < until, RunRecord.state.not_in(OPEN_STATES)).limit(1000)
    runs = list(session.scalars(old))
    notices = list(session.scalars(select(Notice.id).where(Notice.last_seen_at < until).limit(1000)))
    session.rollback()
    with held.transaction(session):
        session.execute(delete(NodeRecord).where(NodeRecord.run_key.in_(runs)))
        session.execute(delete(RunRecord).where(RunRecord.id.in_(runs)))
        for table in (Delivery, NoticeRead):
            session.execute(delete(table).where(table.notice_key.in_(notices)))
        session.execute(delete(Notice).where(Notice.id.in_(notices)))
        session.execute(delete(SlaRecord).where(SlaRecord.due_at < until))
        old_failures = list(
            session.scalars(select(DiagnosisRecord.id).where(DiagnosisRecord.failed_at < until).limit(1000))
        )
        session.execute(delete(DiagnosisFeedback).where(DiagnosisFeedback.diagnosis_key.in_(old_failures)))
        session.execute(delete(DiagnosisRecord).where(DiagnosisRecord.id.in_(old_failures)))
    return len(runs)
