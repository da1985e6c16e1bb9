"""A schedule worked out the slow and plain way: every wall time of every day, tried one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

import pendulum

from dataflow_provider.schedules.calendars import Calendar

Run = tuple[datetime, datetime, datetime]


def matches(cron: str, wall: datetime) -> bool:
    """Whether a wall time meets a cron of lists, ranges and steps; day and weekday both set are alternatives."""
    minutes, hours, days, months, weekdays, either = _fields(cron)
    if wall.minute not in minutes or wall.hour not in hours or wall.month not in months:
        return False
    in_day, in_week = wall.day in days, wall.isoweekday() % 7 in weekdays
    return (in_day or in_week) if either else (in_day and in_week)


@lru_cache(maxsize=64)
def _fields(cron: str) -> tuple[set[int], set[int], set[int], set[int], set[int], bool]:
    minute, hour, day, month, weekday = cron.split()
    return (
        _values(minute, 0, 59),
        _values(hour, 0, 23),
        _values(day, 1, 31),
        _values(month, 1, 12),
        _values(weekday, 0, 6),
        day != "*" and weekday != "*",
    )


def _values(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        found |= set(range(int(first), int(last or first) + 1, int(step or 1)))
    return found


def ticks(cron: str, zone: str, start: datetime, end: datetime) -> list[datetime]:
    """Ticks in `(start, end)`, by trying every minute: of UTC for a cron of every hour, of the wall clock else."""
    found: set[datetime] = set()
    if cron.split()[1] == "*":
        moment, tz = start.replace(second=0, microsecond=0), pendulum.timezone(zone)
        while moment < end:
            if matches(cron, moment.astimezone(tz).replace(tzinfo=None)):
                found.add(moment)
            moment += timedelta(minutes=1)
    else:
        day = start.astimezone(pendulum.timezone(zone)).date() - timedelta(days=1)
        while day <= end.date() + timedelta(days=1):
            found |= _ticks_of_day(cron, zone, day)
            day += timedelta(days=1)
    return sorted(tick for tick in found if start < tick < end)


def _ticks_of_day(cron: str, zone: str, day: date) -> set[datetime]:
    walls = [
        (hour, minute)
        for hour in range(24)
        for minute in range(60)
        if matches(cron, datetime(day.year, day.month, day.day, hour, minute))
    ]
    # pendulum moves a time that does not exist by the length of the gap, and `fold=1` is the second of two.
    return {
        datetime.fromtimestamp(
            pendulum.datetime(day.year, day.month, day.day, hour, minute, tz=zone, fold=1).timestamp(), UTC
        )
        for hour, minute in walls
    }


def runs(all_ticks: list[datetime], zone: str, calendar: Calendar, on_holiday: str) -> list[Run]:
    """All runs of these ticks, the first tick being where the first interval starts."""
    tz = pendulum.timezone(zone)
    ends: list[tuple[datetime, datetime]] = []
    for position, tick in enumerate(all_ticks[1:], start=1):
        local = tick.astimezone(tz)
        day = local.date()
        if calendar.is_open(day):
            ends.append((tick, tick))
            continue
        if on_holiday == "skip":
            continue
        target = day
        while not calendar.is_open(target):
            target += timedelta(days=1)
        if position + 1 == len(all_ticks):
            break
        if all_ticks[position + 1].astimezone(tz).date() <= target:
            continue  # a later tick takes this one up: another closed day's, or the business day's own
        due = pendulum.datetime(target.year, target.month, target.day, local.hour, local.minute, tz=zone, fold=1)
        ends.append((tick, datetime.fromtimestamp(due.timestamp(), UTC)))
    starts = [all_ticks[0], *(end for end, _due in ends)]
    return [(start, end, due) for (start, _next), (end, due) in zip(pairwise(starts), ends, strict=True)]
