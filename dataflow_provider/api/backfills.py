"""Backfills through the API: planned and made by the same code as `dataflow backfill`, with the caller's rights."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from dataflow_provider.api.auth import Caller
from dataflow_provider.api.backfill_models import (
    Backfill,
    BackfillList,
    BackfillOutcome,
    PlannedBackfillRun,
    StartBackfill,
)
from dataflow_provider.api.problems import ProblemError
from dataflow_provider.api.run_orders import record_order
from dataflow_provider.errors import AuthorError
from dataflow_provider.runs.backfill import BackfillPlan, BackfillRequest, plan_backfill, refuse_paused, start_backfill
from dataflow_provider.runs.backfill_records import BackfillRecord, cancel_backfill, list_backfills, pause_backfill

MAX_SHOWN = 1_000
MAX_MADE = 2_000
_STATUS = {"DF-RUNS-002": 404, "DF-RUNS-005": 409, "DF-RUNS-008": 409, "DF-RUNS-011": 409, "DF-RUNS-012": 404}


def show_backfills(session: Session, pipeline_id: str) -> BackfillList:
    """Return the pipeline's backfills, newest first."""
    return BackfillList(items=[_shown(record) for record in list_backfills(session, pipeline_id)])


def order_backfill(session: Session, caller: Caller, pipeline_id: str, body: StartBackfill) -> BackfillOutcome:
    """Return what the backfill does; unless it is a dry run, its runs are queued then.

    Raises:
        ProblemError: 422 for bad bounds, 409 for a paused or broken pipeline and for a second backfill.
    """
    request = BackfillRequest(
        dag_id=pipeline_id, start=body.start, end=body.end, granularity=body.granularity,
        concurrency=body.concurrency, reprocess=body.reprocess, reverse=body.reverse,
        user=caller.username,
    )  # fmt: skip
    try:
        plan = plan_backfill(request, datetime.now(UTC))
        if body.dry_run:
            return _outcome(plan, None)
        refuse_paused(plan.dag)
        _refuse_many(plan)
        backfill_id = start_backfill(plan)
    except AuthorError as error:
        raise _problem(error) from error
    record_order(session, caller, "dataflow.backfill", pipeline_id, None, {"start": body.start, "end": body.end})
    return _outcome(plan, backfill_id)


def pause(session: Session, caller: Caller, pipeline_id: str, backfill_id: int, *, is_paused: bool) -> BackfillList:
    """The backfill starts no more runs, or goes on.

    Raises:
        ProblemError: 404 when there is no such backfill, or it is over.
    """
    try:
        pause_backfill(session, pipeline_id, backfill_id, paused=is_paused)
    except AuthorError as error:
        raise _problem(error) from error
    event = "dataflow.pause_backfill" if is_paused else "dataflow.resume_backfill"
    record_order(session, caller, event, pipeline_id, None, {"backfill_id": backfill_id})
    session.flush()
    return show_backfills(session, pipeline_id)


def cancel(session: Session, caller: Caller, pipeline_id: str, backfill_id: int) -> BackfillList:
    """The backfill is over; runs that have not started never will.

    Raises:
        ProblemError: 404 when there is no such backfill, or it is over.
    """
    try:
        cancelled = cancel_backfill(session, pipeline_id, backfill_id)
    except AuthorError as error:
        raise _problem(error) from error
    extra: dict[str, object] = {"backfill_id": backfill_id, "runs": cancelled}
    record_order(session, caller, "dataflow.cancel_backfill", pipeline_id, None, extra)
    session.flush()
    return show_backfills(session, pipeline_id)


def _refuse_many(plan: BackfillPlan) -> None:
    """A request must end in time; the command line has no such limit."""
    if len(plan.wanted) > MAX_MADE:
        raise AuthorError(
            "DF-RUNS-015",
            f"The backfill has {len(plan.wanted):,} runs; a request makes at most {MAX_MADE:,}.",
            hint="Take a shorter range or a longer granularity, or use `dataflow backfill`.",
        )


def _outcome(plan: BackfillPlan, backfill_id: int | None) -> BackfillOutcome:
    return BackfillOutcome(
        backfill_id=backfill_id,
        is_paused=plan.dag.paused,
        counts=dict(Counter(run.decision for run in plan.runs)),
        runs=[
            PlannedBackfillRun(
                interval_start=run.window.start, interval_end=run.window.end, decision=run.decision,
                run_id=run.run_id, state=run.state,
            )
            for run in plan.runs[:MAX_SHOWN]
        ],
        more=max(0, len(plan.runs) - MAX_SHOWN),
    )  # fmt: skip


def _shown(record: BackfillRecord) -> Backfill:
    return Backfill(
        id=record.backfill_id, start=record.start, end=record.end, state=record.state,
        concurrency=record.max_active_runs, created_at=record.created_at, completed_at=record.completed_at,
        triggered_by=record.user, runs=dict(record.runs),
    )  # fmt: skip


def _problem(error: AuthorError) -> ProblemError:
    return ProblemError(_STATUS.get(error.code, 422), error.code, error.message, error.hint)
