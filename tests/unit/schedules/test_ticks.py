"""Ticks against a reference that tries every minute, in zones with gaps and overlaps of an hour and of half an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow_provider.schedules.ticks import LocalCron
from tests.unit.schedules import reference

ZONES = ["UTC", "Europe/Warsaw", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu"]
# Around changes of the clocks, the turn of a year and a leap day.
STARTS = [
    datetime(2026, 3, 27, 20, 17, 30, tzinfo=UTC),
    datetime(2026, 10, 23, 20, tzinfo=UTC),
    datetime(2026, 3, 7, 3, tzinfo=UTC),
    datetime(2026, 10, 30, tzinfo=UTC),
    datetime(2026, 4, 3, 12, tzinfo=UTC),
    datetime(2026, 9, 4, 12, tzinfo=UTC),
    datetime(2026, 12, 30, 23, 59, tzinfo=UTC),
    datetime(2028, 2, 27, tzinfo=UTC),
]
minutes = st.sampled_from(["0", "30", "15,45", "*/20", "59"])
hours = st.sampled_from(["*", "0", "2", "3", "1-4", "*/6", "23", "2,3"])
days = st.sampled_from([("*", "*"), ("*", "1-5"), ("*", "0"), ("29", "*"), ("1", "*"), ("1", "1")])


@settings(max_examples=60, deadline=None)
@given(minute=minutes, hour=hours, day=days, zone=st.sampled_from(ZONES), start=st.sampled_from(STARTS))
def test_ticks_are_those_of_the_reference_both_ways(
    minute: str, hour: str, day: tuple[str, str], zone: str, start: datetime
) -> None:
    cron = f"{minute} {hour} {day[0]} * {day[1]}"
    end = start + timedelta(days=4)
    expected = reference.ticks(cron, zone, start, end)
    local = LocalCron(cron, zone)
    found = []
    for tick in local.all_after(start):
        if tick >= end:
            break
        found.append(tick)
    assert found == expected
    backwards = []
    tick = end
    while (earlier := local.before(tick)) is not None and earlier > start:
        backwards.append(earlier)
        tick = earlier
    assert backwards == expected[::-1]


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        ("30 2 * * *", "2026-03-28T12:00+00:00", "2026-03-29T03:30+02:00"),  # 02:30 does not exist
        ("30 2 * * *", "2026-10-24T12:00+00:00", "2026-10-25T02:30+01:00"),  # 02:30 comes twice
        ("30 * * * *", "2026-10-25T00:30+00:00", "2026-10-25T02:30+01:00"),  # each hour has its run
        ("0 * * * 1-5", "2026-03-27T22:00+00:00", "2026-03-30T00:00+02:00"),  # Airflow's own says 01:00
        ("0 * * * 1-5", "2026-10-23T21:00+00:00", "2026-10-26T00:00+01:00"),  # Airflow's own says Sunday 23:00
        ("0 6 29 2 *", "2026-01-01T00:00+00:00", "2028-02-29T06:00+01:00"),
    ],
)
def test_ticks_follow_the_wall_clock_of_warsaw(cron: str, after: str, expected: str) -> None:
    tick = LocalCron(cron, "Europe/Warsaw").after(datetime.fromisoformat(after))
    assert tick == datetime.fromisoformat(expected)


def test_ticks_at_the_moment_itself_count_for_at_or_before_and_at_or_after() -> None:
    cron, moment = LocalCron("30 6 * * *", "UTC"), datetime(2026, 5, 4, 6, 30, tzinfo=UTC)
    assert cron.at_or_before(moment) == cron.at_or_after(moment) == moment
    assert cron.before(moment) == moment - timedelta(days=1)
    assert cron.after(moment) == moment + timedelta(days=1)
    assert cron.at_or_after(moment + timedelta(seconds=1)) == moment + timedelta(days=1)


def test_ticks_of_a_cron_that_never_fires_are_none() -> None:
    assert LocalCron("0 0 30 2 *", "UTC").after(datetime(2026, 1, 1, tzinfo=UTC)) is None
