"""Shapes of backfills in the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from dataflow_provider.api.datamodels import Body
from dataflow_provider.runs.backfill import Decision
from dataflow_provider.runs.periods import Granularity

Bound = Annotated[str, Field(max_length=40, description="`2026-01-31` or `2026-01-31T06:30`, in the schedule's zone")]


class StartBackfill(Body):
    """A backfill to plan or to make; both bounds are inclusive and speak of the beginning of an interval."""

    start: Bound
    end: Bound
    granularity: Granularity | None = Field(None, description="Length of an interval; the schedule's own when omitted")
    concurrency: Annotated[int, Field(ge=1, le=1000)] | None = Field(None, description="Runs at once")
    reprocess: Literal["none", "failed", "completed"] = Field("none", description="Which existing runs run again")
    reverse: bool = Field(False, description="Newest first")
    dry_run: bool = Field(True, description="Only say what would be done")


class PlannedBackfillRun(Body):
    """One interval and what becomes of it; `run_id` and `state` are those of a run that exists."""

    interval_start: datetime
    interval_end: datetime
    decision: Decision
    run_id: str | None
    state: str | None


class BackfillOutcome(Body):
    """What a backfill does, or has begun to do."""

    backfill_id: int | None = Field(description="None = a dry run, or nothing to make")
    is_paused: bool = Field(description="A paused pipeline is refused unless it is a dry run")
    counts: dict[str, int] = Field(description="Intervals by decision")
    runs: list[PlannedBackfillRun] = Field(description="Oldest first, the first thousand")
    more: int = Field(description="How many intervals are not listed")


class Backfill(Body):
    """A backfill that was made."""

    id: int
    start: datetime
    end: datetime
    state: str = Field(description="running, paused, completed or cancelled")
    concurrency: int
    created_at: datetime
    completed_at: datetime | None
    triggered_by: str | None
    runs: dict[str, int] = Field(description="Its runs by state")


class BackfillList(Body):
    """Backfills of one pipeline, newest first."""

    items: list[Backfill]


class BackfillPatch(Body):
    """What may be changed of a backfill."""

    is_paused: bool
