"""When a pipeline runs next: by the timetable that Airflow's scheduler has, so a calendar's file need not be here."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from dataflow_provider.airflow_compat import find_timetable
from dataflow_provider.api.catalog import Listing
from dataflow_provider.api.datamodels import UpcomingRun, UpcomingRuns
from dataflow_provider.api.definitions import Definition
from dataflow_provider.schedules.rule import RunRule
from dataflow_provider.schedules.upcoming import Bounds, bounds_of, upcoming_runs
from dataflow_provider.schedules.wording import describe_rule, describe_schedule


def build_upcoming(session: Session, row: Listing, definition: Definition | None, count: int) -> UpcomingRuns:
    """Return the next runs of a pipeline; none without a cron."""
    pipeline = definition.pipeline if definition else None
    schedule = pipeline.schedule if pipeline else None
    stored = find_timetable(session, row.id)
    if stored is None:
        words = describe_schedule(schedule) if schedule else None
        return UpcomingRuns(summary=words, timezone=None, is_paused=row.is_paused, runs=[])
    rule = RunRule.from_json(stored)
    bounds = bounds_of(schedule) if schedule else Bounds()
    runs = [
        UpcomingRun(
            interval_start=one.run.start,
            interval_end=one.run.end,
            due=one.run.due,
            local_time=one.local_time,
            notes=list(one.notes),
        )
        for one in upcoming_runs(rule, bounds, datetime.now(UTC), count)
    ]
    return UpcomingRuns(summary=describe_rule(rule), timezone=rule.cron.timezone, is_paused=row.is_paused, runs=runs)
