"""Figures over the past runs of a pipeline, made from its records whenever they are asked for."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dataflow_provider.db.tables import RunRecord, SlaRecord
from dataflow_provider.runs.records import FINISHED, RecordState

MAX_RUNS = 2_000
SCHEDULED = ("scheduled", "asset_triggered")
COMPARED_RUNS = 20
MIN_COMPARED_RUNS = 8
USUAL_RUNS = 50
MIN_USUAL_RUNS = 5


@dataclass(frozen=True)
class PipelineStatistics:
    """Over the runs that ended since `since`. Durations are of finished runs; None where there is nothing to tell.

    `success_rate` is the share of finished runs (warnings too) of those that finished or failed; cancelled and skipped
    ones do not count. `sla_rate` is the share of kept promises of those that are decided. `fresh_at` is the end of the
    newest finished run, however long ago, `fresh_until` that of its data.
    """

    since: datetime
    runs: Mapping[RecordState, int]
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    success_rate: float | None
    sla_kept: int
    sla_broken: int
    sla_rate: float | None
    fresh_at: datetime | None
    fresh_until: datetime | None


def pipeline_statistics(session: Session, pipeline_id: str, since: datetime) -> PipelineStatistics:
    """Return the figures of a pipeline, of its newest 2,000 runs at most; a pipeline without runs has empty ones."""
    rows = session.execute(
        select(RunRecord.state, RunRecord.duration_s)
        .where(RunRecord.pipeline_id == pipeline_id, RunRecord.ended_at >= since)
        .order_by(RunRecord.ended_at.desc())
        .limit(MAX_RUNS)
    ).all()
    counts: dict[RecordState, int] = {}
    for row in rows:
        counts[RecordState(row.state)] = counts.get(RecordState(row.state), 0) + 1
    durations = [row.duration_s for row in rows if row.state in FINISHED and row.duration_s is not None]
    finished = sum(counts.get(state, 0) for state in FINISHED)
    judged = finished + counts.get(RecordState.FAILED, 0)
    kept, broken = _sla(session, pipeline_id, since)
    newest = session.execute(
        select(RunRecord.ended_at, RunRecord.interval_end)
        .where(RunRecord.pipeline_id == pipeline_id, RunRecord.state.in_(FINISHED))
        .order_by(RunRecord.ended_at.desc())
        .limit(1)
    ).one_or_none()
    return PipelineStatistics(
        since=since,
        runs=counts,
        p50_s=percentile(durations, 0.50),
        p95_s=percentile(durations, 0.95),
        p99_s=percentile(durations, 0.99),
        success_rate=finished / judged if judged else None,
        sla_kept=kept,
        sla_broken=broken,
        sla_rate=kept / (kept + broken) if kept + broken else None,
        fresh_at=newest.ended_at if newest else None,
        fresh_until=newest.interval_end if newest else None,
    )


def _sla(session: Session, pipeline_id: str, since: datetime) -> tuple[int, int]:
    rows = session.execute(
        select(SlaRecord.state, func.count())
        .where(SlaRecord.pipeline_id == pipeline_id, SlaRecord.due_at >= since)
        .group_by(SlaRecord.state)
    )
    counts = {row[0]: row[1] for row in rows}
    return counts.get("met", 0), counts.get("breached", 0) + counts.get("late", 0)


def percentile(values: Iterable[float], share: float) -> float | None:
    """Return the smallest value that at least `share` of the values do not exceed; None of none.

    >>> percentile([4, 1, 3, 2], 0.5), percentile([1, 2], 0.95), percentile([], 0.5)
    (2, 2, None)
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def usual_seconds(session: Session, pipeline_id: str) -> float | None:
    """Return what 95 of 100 runs did not exceed, of the last fifty finished ones; None of fewer than five."""
    rows = session.scalars(
        select(RunRecord.duration_s)
        .where(RunRecord.pipeline_id == pipeline_id, RunRecord.state.in_(FINISHED), RunRecord.duration_s.is_not(None))
        .order_by(RunRecord.ended_at.desc())
        .limit(USUAL_RUNS)
    ).all()
    known = [seconds for seconds in rows if seconds is not None]
    return percentile(known, 0.95) if len(known) >= MIN_USUAL_RUNS else None


def earlier_rows(session: Session, pipeline_id: str, before: datetime) -> list[int]:
    """Return the rows written by the last twenty scheduled runs that finished before, the newest first."""
    rows = session.scalars(
        select(RunRecord.rows_written)
        .where(
            RunRecord.pipeline_id == pipeline_id,
            RunRecord.run_type.in_(SCHEDULED),
            RunRecord.state.in_(FINISHED),
            RunRecord.rows_written.is_not(None),
            RunRecord.due_at < before,
        )
        .order_by(RunRecord.due_at.desc())
        .limit(COMPARED_RUNS)
    )
    return [count for count in rows if count is not None]


def judge_rows(rows: int | None, earlier: Sequence[int]) -> dict[str, Any] | None:
    """Return why a run's number of rows is not what its last ones lead to expect; None when it is, or nothing is known.

    Unusual is a number more than half away from the median of at least eight runs, and further from it than six times
    the usual distance (the median one): a pipeline whose numbers jump anyway is left alone.

    >>> judge_rows(10, [100, 101, 99, 100, 102, 98, 100, 100])["message"]
    '10 rows were written; the last 8 runs wrote 100 at the median'
    >>> judge_rows(80, [100, 101, 99, 100, 102, 98, 100, 100]), judge_rows(0, [1, 900, 5, 700, 3, 800, 2, 600])
    (None, None)
    """
    if rows is None or len(earlier) < MIN_COMPARED_RUNS:
        return None
    middle = statistics.median(earlier)
    usual = statistics.median(abs(count - middle) for count in earlier)
    distance = abs(rows - middle)
    if distance <= 0.5 * middle or distance <= 6 * usual or distance < 1:
        return None
    message = f"{rows} rows were written; the last {len(earlier)} runs wrote {middle:.10g} at the median"
    return {"kind": "rows", "node": None, "rule": None, "message": message}
