"""The timetable as Airflow's scheduler uses it: one run after another, from the serialised form."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable
from hypothesis import given, settings
from hypothesis import strategies as st
from pendulum import instance

from dataflow_provider.schedules.calendars import Calendar
from dataflow_provider.schedules.rule import RunRule
from dataflow_provider.schedules.ticks import LocalCron
from dataflow_provider.timetables import local_cron
from dataflow_provider.timetables.local_cron import LocalCronTimetable


def timetable(cron: str, zone: str = "Europe/Warsaw", **rule: Any) -> LocalCronTimetable:
    return LocalCronTimetable(RunRule(LocalCron(cron, zone), **rule))


def restriction(start: str | None = None, end: str | None = None, *, catchup: bool = True) -> TimeRestriction:
    earliest, latest = (None if text is None else instance(datetime.fromisoformat(text)) for text in (start, end))
    return TimeRestriction(earliest=earliest, latest=latest, catchup=catchup)


def walk(table: Any, limits: TimeRestriction, count: int) -> list[DagRunInfo]:
    found: list[DagRunInfo] = []
    last = None
    while len(found) < count:
        info = table.next_dagrun_info(last_automated_data_interval=last, restriction=limits)
        if info is None:
            break
        found.append(info)
        last = info.data_interval
    return found


def test_timetable_survives_serialisation_through_the_plugin() -> None:
    table = timetable("30 6 * * *", calendar=Calendar("PL", holidays={date(2026, 12, 24): "Eve"}), on_holiday="next")
    again = decode_timetable(encode_timetable(table))
    assert isinstance(again, LocalCronTimetable)
    assert again == table
    assert again.summary == "06:30 Warsaw, Polish business days, else the next one"


@settings(max_examples=40, deadline=None)
@given(
    minute=st.integers(0, 59),
    hour=st.sampled_from(["0", "2", "3", "13", "*/4", "1,2", "*"]),
    zone=st.sampled_from(["UTC", "Europe/Warsaw", "America/New_York"]),
    start=st.sampled_from(["2026-03-07T00:00+00:00", "2026-03-27T12:00+00:00", "2026-10-23T23:00+00:00"]),
)
def test_timetable_of_a_plain_cron_is_airflows_own(minute: int, hour: str, zone: str, start: str) -> None:
    cron = f"{minute} {hour} * * *"
    ours = walk(timetable(cron, zone), restriction(start), 60)
    theirs = walk(CronDataIntervalTimetable(cron, timezone=zone), restriction(start), 60)
    assert ours == theirs


def test_timetable_with_catchup_runs_all_from_the_start_to_the_end() -> None:
    table = timetable("0 7 * * *", calendar=Calendar("weekdays"))
    # 1 January 2028 is a Saturday: its rows come with Monday's run. 29 February is a day like any other.
    runs = walk(table, restriction("2028-01-01T00:00+01:00", "2028-03-01T23:59+01:00"), 100)
    assert all(info.data_interval for info in runs)
    intervals = [info.data_interval for info in runs if info.data_interval]
    assert intervals[0].start == datetime(2028, 1, 1, 6, tzinfo=UTC)
    assert all(earlier.end == later.start for earlier, later in pairwise(intervals))
    assert [info.run_after.day for info in runs if info.run_after.month == 2][-1] == 29
    assert intervals[-1].start == datetime(2028, 3, 1, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-05-03T12:00+00:00", ("2026-04-29T04:30", "2026-04-30T04:30")),  # in the long weekend
        ("2026-05-04T04:30+00:00", ("2026-04-30T04:30", "2026-05-04T04:30")),  # at the tick
        ("2026-05-04T09:00+00:00", ("2026-04-30T04:30", "2026-05-04T04:30")),
    ],
)
def test_timetable_without_catchup_starts_with_the_last_run_that_was_due(
    monkeypatch: pytest.MonkeyPatch, now: str, expected: tuple[str, str]
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.fromisoformat(now)

    monkeypatch.setattr(local_cron, "datetime", Clock)
    table = timetable("30 6 * * *", calendar=Calendar("PL"))
    info = walk(table, restriction("2026-01-01T00:00+00:00", catchup=False), 1)[0]
    assert info.data_interval is not None
    assert tuple(f"{moment:%Y-%m-%dT%H:%M}" for moment in info.data_interval) == expected


def test_timetable_goes_on_where_the_last_run_ended_after_its_schedule_was_changed() -> None:
    hourly = DataInterval(instance(datetime(2026, 5, 5, 5, tzinfo=UTC)), instance(datetime(2026, 5, 5, 6, tzinfo=UTC)))
    info = timetable("0 6 * * *", "UTC", calendar=Calendar("weekdays")).next_dagrun_info(
        last_automated_data_interval=hourly, restriction=restriction("2026-01-01T00:00+00:00")
    )
    assert info is not None
    assert info.data_interval == (hourly.end, datetime(2026, 5, 6, 6, tzinfo=UTC))
    daily = timetable("0 4 * * *", "UTC", calendar=Calendar("weekdays")).next_dagrun_info(
        last_automated_data_interval=hourly, restriction=restriction("2026-01-01T00:00+00:00")
    )
    assert daily is not None
    assert daily.data_interval == (hourly.end, datetime(2026, 5, 6, 4, tzinfo=UTC))


def test_timetable_puts_a_run_off_but_keeps_its_interval() -> None:
    table = timetable("0 5 1 * *", calendar=Calendar("PL"), on_holiday="next")
    info = walk(table, restriction("2026-04-01T05:00+02:00"), 1)[0]
    assert info.data_interval is not None
    assert (info.data_interval.end, info.run_after) == (
        datetime(2026, 5, 1, 3, tzinfo=UTC),
        datetime(2026, 5, 4, 3, tzinfo=UTC),
    )
    manual = table.infer_manual_data_interval(run_after=instance(datetime(2026, 5, 2, tzinfo=UTC)))
    assert manual.end == datetime(2026, 4, 1, 3, tzinfo=UTC)


def test_timetable_that_never_runs_ends() -> None:
    table = timetable("0 6 * * 0", calendar=Calendar("weekdays"))
    assert walk(table, restriction("2026-01-01T00:00+00:00"), 1) == []
    assert walk(table, restriction("2026-01-01T00:00+00:00", catchup=False), 1) == []
