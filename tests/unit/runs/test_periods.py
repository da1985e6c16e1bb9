from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dataflow_provider.errors import AuthorError
from dataflow_provider.runs.periods import Granularity, granularity_of, list_periods, parse_bound

WARSAW = ZoneInfo("Europe/Warsaw")
KOLKATA = ZoneInfo("Asia/Kolkata")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def local_starts(granularity: Granularity, start: str, end: str, zone: ZoneInfo, now: datetime = NOW) -> list[str]:
    first, last = parse_bound(start, zone, last=False), parse_bound(end, zone, last=True)
    periods = list_periods(granularity, first, last, zone, now)
    return [period.start.astimezone(zone).isoformat(timespec="minutes")[:16] for period in periods]


@pytest.mark.parametrize(
    ("granularity", "start", "end", "expected"),
    [
        (Granularity.DAY, "2026-11-01", "2026-11-02", ["2026-11-01T00:00", "2026-11-02T00:00"]),
        (Granularity.DAY, "2026-11-01T10:00", "2026-11-02", ["2026-11-02T00:00"]),
        (Granularity.WEEK, "2026-11-02", "2026-11-15", ["2026-11-02T00:00", "2026-11-09T00:00"]),
        (Granularity.WEEK, "2026-11-03", "2026-11-08", []),
        (Granularity.MONTH, "2025-12-01", "2026-02-28", ["2025-12-01T00:00", "2026-01-01T00:00", "2026-02-01T00:00"]),
        (Granularity.HOUR, "2026-11-01T22:00", "2026-11-01", ["2026-11-01T22:00", "2026-11-01T23:00"]),
        (Granularity.DAY, "2026-11-03", "2026-11-02", []),
    ],
)
def test_periods_begin_within_both_bounds(granularity: Granularity, start: str, end: str, expected: list[str]) -> None:
    assert local_starts(granularity, start, end, WARSAW) == expected


def test_periods_that_are_not_over_are_left_out() -> None:
    assert local_starts(Granularity.DAY, "2026-11-18", "2026-11-25", WARSAW) == ["2026-11-18T00:00", "2026-11-19T00:00"]
    assert local_starts(Granularity.MONTH, "2026-10-01", "2026-12-01", WARSAW) == ["2026-10-01T00:00"]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)])
def test_days_follow_daylight_saving(day: str, hours: int) -> None:
    bounds = parse_bound(day, WARSAW, last=False), parse_bound(day, WARSAW, last=True)
    (period,) = list_periods(Granularity.DAY, *bounds, WARSAW, NOW)
    assert period.end - period.start == timedelta(hours=hours)
    assert len(list(list_periods(Granularity.HOUR, *bounds, WARSAW, NOW))) == hours


def test_hours_of_a_half_hour_zone_begin_on_its_full_hours() -> None:
    bounds = parse_bound("2026-11-01", KOLKATA, last=False), parse_bound("2026-11-01", KOLKATA, last=True)
    periods = list(list_periods(Granularity.HOUR, *bounds, KOLKATA, NOW))
    assert periods[0].start == datetime(2026, 10, 31, 18, 30, tzinfo=UTC)
    assert len(periods) == 24


def test_periods_that_start_alike_have_logical_dates_of_their_own() -> None:
    start = datetime(2026, 6, 1, tzinfo=UTC)  # a Monday and the first of a month
    found = {next(list_periods(one, start, start, ZoneInfo("UTC"), NOW)).logical_date for one in Granularity}
    assert len(found) == len(Granularity)
    assert start not in found


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 * * * *", Granularity.HOUR),
        ("30 6 * * *", Granularity.DAY),
        ("0 4 * * 1", Granularity.WEEK),
        ("0 0 1 * *", Granularity.MONTH),
        ("*/15 * * * *", None),
        ("0 6 * * 1-5", None),
        ("0 0 1 1 *", None),
    ],
)
def test_granularity_of_a_cron_is_the_length_of_its_intervals(cron: str, expected: Granularity | None) -> None:
    assert granularity_of(cron) is expected


def test_bound_without_a_zone_is_in_the_schedules_zone() -> None:
    assert parse_bound("2026-11-01T06:30", WARSAW, last=False) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert parse_bound("2026-11-01T06:30+00:00", WARSAW, last=False) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-11-31", ""])
def test_bound_that_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(AuthorError, match="DF-RUNS-001"):
        parse_bound(text, WARSAW, last=False)
