"""The schedule of a pipeline in Airflow's words: timetable or assets, bounds in its own zone, runs at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from airflow.sdk import Asset, CronDataIntervalTimetable

from dataflow_provider.spec.models import Schedule

# The start of pipelines that name none. Without catch-up Airflow begins at the latest interval whatever the start is.
_NO_START = date(2000, 1, 1)
_MAX_ACTIVE_RUNS = {"queue": 1, "allow": 16}


@dataclass(frozen=True)
class DagSchedule:
    """What a Dag is told about when it runs; `when` None = only by hand."""

    when: CronDataIntervalTimetable | list[Asset] | None
    start: datetime
    end: datetime | None
    catchup: bool
    max_active_runs: int


def lower_schedule(schedule: Schedule | None) -> DagSchedule:
    """Return a pipeline's schedule in Airflow's words.

    A bare date in `start` is the beginning of that day in the schedule's zone, one in `end` its last microsecond, so
    that the last day is included. Cron times are wall-clock times of the zone: Airflow's timetable follows daylight
    saving.
    """
    schedule = schedule or Schedule()
    zone = _zone(schedule.timezone)
    when: CronDataIntervalTimetable | list[Asset] | None = None
    if schedule.cron is not None:
        when = CronDataIntervalTimetable(schedule.cron, timezone=schedule.timezone)
    elif schedule.after:
        when = [pipeline_asset(pipeline_id) for pipeline_id in schedule.after]
    return DagSchedule(
        when=when,
        start=_moment(schedule.start or _NO_START, time.min, zone),
        end=None if schedule.end is None else _moment(schedule.end, time.max, zone),
        catchup=schedule.catchup and schedule.cron is not None,
        max_active_runs=_MAX_ACTIVE_RUNS[schedule.overlap],
    )


def pipeline_asset(pipeline_id: str) -> Asset:
    """Return the asset that stands for "this pipeline has published".

    Airflow takes a scheme that begins with `x-` as it is; for any other it asks all providers, and so imports boto3 and
    its like in each process that parses a file or runs a task.
    """
    return Asset(name=f"dataflow.{pipeline_id}", uri=f"x-dataflow://pipeline/{pipeline_id}", group="dataflow")


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _moment(day: date | datetime, time_of_day: time, zone: ZoneInfo) -> datetime:
    if not isinstance(day, datetime):
        day = datetime.combine(day, time_of_day)
    return day if day.tzinfo else day.replace(tzinfo=zone)
