"""Whole hours, days, weeks and months of a zone as the windows of backfill runs. Pure calendar, no database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from croniter import croniter

from dataflow_provider.airflow_backfills import RunWindow
from dataflow_provider.errors import AuthorError


class Granularity(StrEnum):
    """Length of one run's interval."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


# A run's logical date is unique in its Dag. Marked by microseconds, a week's run does not meet the day's run that
# starts at the same moment; the interval itself stays exact.
_MARK = {granularity: timedelta(microseconds=number) for number, granularity in enumerate(Granularity, start=1)}
_SAMPLE = 14
_YEARS = range(1900, 9999)


def list_periods(
    granularity: Granularity, start: datetime, end: datetime, zone: ZoneInfo, now: datetime
) -> Iterator[RunWindow]:
    """Yield the periods that begin in `[start, end]` and are over by `now`, oldest first.

    Days, weeks (from Monday) and months begin at midnight of the zone, so that a day may last 23 or 25 hours.
    """
    for first, last in pairwise(_boundaries(granularity, start.astimezone(zone), zone)):
        if first > end or last > now:
            return
        if first >= start:
            begin = first.astimezone(UTC)
            yield RunWindow(begin, last.astimezone(UTC), begin + _MARK[granularity])


def granularity_of(cron: str) -> Granularity | None:
    """Return how long the intervals of a cron schedule are, None when that is none of ours or not always the same.

    Wall-clock lengths count: the two odd days a year of a zone with daylight saving are days as well.

    >>> granularity_of("30 6 * * *")
    <Granularity.DAY: 'day'>
    >>> granularity_of("*/15 * * * *") is None
    True
    """
    times = list(islice(_cron_times(cron), _SAMPLE))
    lengths = {later - earlier for earlier, later in pairwise(times)}
    if lengths <= {timedelta(days=days) for days in range(28, 32)}:
        return Granularity.MONTH
    exact = {
        timedelta(hours=1): Granularity.HOUR,
        timedelta(days=1): Granularity.DAY,
        timedelta(weeks=1): Granularity.WEEK,
    }
    return exact.get(lengths.pop()) if len(lengths) == 1 else None


def parse_bound(text: str, zone: ZoneInfo, *, last: bool) -> datetime:
    """Return a `--start` or `--end` as a moment; a bare date is the whole day in the zone, so its end is inclusive.

    Raises:
        AuthorError: when the text is no ISO date or date and time, or no year that pipelines know.
    """
    try:
        if len(text) == len("2026-01-31"):
            moment = datetime.combine(date.fromisoformat(text), time.max if last else time.min, zone)
        else:
            moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise AuthorError(
            "DF-RUNS-001",
            f"`{text}` is no date. Allowed: `2026-01-31` or `2026-01-31T06:30`, with or without a zone.",
        ) from exc
    if moment.year not in _YEARS:
        raise AuthorError(
            "DF-RUNS-001", f"The year of `{text}` is out of range. Allowed: {_YEARS.start} to {_YEARS.stop - 1}."
        )
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _boundaries(granularity: Granularity, local: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the beginnings of periods, from the one that holds `local` on."""
    if granularity is Granularity.HOUR:
        moment = local.replace(minute=0, second=0, microsecond=0)
        while True:
            yield moment
            moment = (moment.astimezone(UTC) + timedelta(hours=1)).astimezone(zone)
    day = _first_day(granularity, local.date())
    while True:
        yield datetime.combine(day, time.min, zone)
        day = _next_day(granularity, day)


def _first_day(granularity: Granularity, day: date) -> date:
    if granularity is Granularity.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if granularity is Granularity.MONTH else day


def _next_day(granularity: Granularity, day: date) -> date:
    if granularity is Granularity.MONTH:
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day + timedelta(days=7 if granularity is Granularity.WEEK else 1)


def _cron_times(cron: str) -> Iterator[datetime]:
    times = croniter(cron, datetime(2026, 1, 1, tzinfo=UTC))
    while True:
        yield times.get_next(datetime)
