"""The runs to come: with interval, due time on the wall clock of the zone, and what is unusual about each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from zoneinfo import ZoneInfo

from dataflow_provider.schedules.rule import RunRule, ScheduledRun
from dataflow_provider.schedules.ticks import zone_of
from dataflow_provider.schedules.wording import notes_on
from dataflow_provider.spec.models import Schedule

MAX_UPCOMING = 1000


@dataclass(frozen=True)
class Bounds:
    """Between which moments intervals may begin, both inclusive; None = unbounded."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class UpcomingRun:
    """A run that is not due yet; `local_time` is when it is due, in the schedule's zone."""

    run: ScheduledRun
    local_time: datetime
    notes: tuple[str, ...]


def bounds_of(schedule: Schedule) -> Bounds:
    """Return the schedule's `start` and `end`: bare days are whole days of the zone."""
    zone = zone_of(schedule.timezone)
    return Bounds(_moment(schedule.start, time.min, zone), _moment(schedule.end, time.max, zone))


def upcoming_runs(rule: RunRule, bounds: Bounds, now: datetime, count: int) -> list[UpcomingRun]:
    """Return the next runs that are due after `now`, as they come when none is missed; fewer when the schedule ends."""
    return [
        UpcomingRun(run, run.due.astimezone(rule.cron.zone), tuple(notes_on(rule, run)))
        for run in islice(_after(rule, bounds, now), count)
    ]


def _after(rule: RunRule, bounds: Bounds, now: datetime) -> Iterator[ScheduledRun]:
    last = rule.last_due(now)
    first = None if bounds.start is None else rule.cron.at_or_after(bounds.start)
    starts = [moment for moment in (first, last.end if last else rule.cron.at_or_before(now)) if moment is not None]
    if not starts:
        return
    for run in rule.runs_after(max(starts)):
        if bounds.end is not None and run.start > bounds.end:
            return
        if run.due > now:
            yield run


def _moment(day: date | datetime | None, time_of_day: time, zone: ZoneInfo) -> datetime | None:
    if day is None:
        return None
    if not isinstance(day, datetime):
        day = datetime.combine(day, time_of_day)
    return day if day.tzinfo else day.replace(tzinfo=zone)
