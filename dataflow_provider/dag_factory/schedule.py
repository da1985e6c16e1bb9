"""The schedule of a pipeline in Airflow's words: timetable or assets, bounds in its own zone, runs at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.sdk import Asset, CronDataIntervalTimetable

from dataflow_provider.schedules.lowering import calendar_of
from dataflow_provider.schedules.rule import RunRule
from dataflow_provider.schedules.ticks import LocalCron
from dataflow_provider.schedules.upcoming import bounds_of
from dataflow_provider.spec.models import Schedule
from dataflow_provider.spec.project import Project

if TYPE_CHECKING:
    from dataflow_provider.timetables.local_cron import LocalCronTimetable

# The start of pipelines that name none. Without catch-up Airflow begins at the latest interval whatever the start is.
_NO_START = datetime(2000, 1, 1, tzinfo=UTC)
# The run that is judged, and the one it may overlap.
_MAX_ACTIVE_RUNS = {"queue": 1, "skip": 2, "cancel_previous": 2, "allow": 16}


@dataclass(frozen=True)
class DagSchedule:
    """What a Dag is told about when it runs; `when` None = only by hand."""

    when: CronDataIntervalTimetable | LocalCronTimetable | list[Asset] | None
    start: datetime
    end: datetime | None
    catchup: bool
    max_active_runs: int


def lower_schedule(schedule: Schedule | None, project: Project | None = None) -> DagSchedule:
    """Return a pipeline's schedule in Airflow's words.

    A bare date in `start` is the beginning of that day in the schedule's zone, one in `end` its last microsecond, so
    that the last day is included. Cron times are wall-clock times of the zone. The project is needed for a calendar.

    Raises:
        AuthorError: when there is no such calendar.
    """
    schedule = schedule or Schedule()
    bounds = bounds_of(schedule)
    when: CronDataIntervalTimetable | LocalCronTimetable | list[Asset] | None = None
    if schedule.cron is not None:
        when = _timetable(schedule, schedule.cron, project)
    elif schedule.after:
        when = [pipeline_asset(pipeline_id) for pipeline_id in schedule.after]
    return DagSchedule(
        when=when,
        start=bounds.start or _NO_START,
        end=bounds.end,
        catchup=schedule.catchup and schedule.cron is not None,
        max_active_runs=_MAX_ACTIVE_RUNS[schedule.overlap],
    )


def pipeline_asset(pipeline_id: str) -> Asset:
    """Return the asset that stands for "this pipeline has published".

    Airflow takes a scheme that begins with `x-` as it is; for any other it asks all providers, and so imports boto3 and
    its like in each process that parses a file or runs a task.
    """
    return Asset(name=f"dataflow.{pipeline_id}", uri=f"x-dataflow://pipeline/{pipeline_id}", group="dataflow")


def _timetable(
    schedule: Schedule, cron: str, project: Project | None
) -> CronDataIntervalTimetable | LocalCronTimetable:
    """Return Airflow's own timetable where it is right: it costs a parse nothing, and people know it."""
    if schedule.calendar is None and not _is_moved_by_airflow(cron, schedule.timezone):
        return CronDataIntervalTimetable(cron, timezone=schedule.timezone)
    from dataflow_provider.timetables.local_cron import LocalCronTimetable

    return LocalCronTimetable(
        RunRule(LocalCron(cron, schedule.timezone), calendar_of(schedule, project), schedule.on_holiday)
    )


def _is_moved_by_airflow(cron: str, timezone: str) -> bool:
    """Return whether the cron fires every hour, but of some days only.

    Airflow counts such hours on, so that after a weekend in which the clocks changed the first run is an hour off.
    """
    _minute, hour, *days = cron.split()
    return hour == "*" and timezone != "UTC" and any(field != "*" for field in days)
