from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from airflow.sdk import Asset, CronDataIntervalTimetable
from airflow.timetables.base import DataInterval, TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable as CoreTimetable
from pendulum import instance

from dataflow_provider.dag_factory.schedule import lower_schedule
from dataflow_provider.spec.models import Schedule


def schedule(**fields: Any) -> Schedule:
    return Schedule.model_validate(fields)


def test_schedule_of_nothing_runs_by_hand_one_at_a_time() -> None:
    lowered = lower_schedule(None)
    assert (lowered.when, lowered.end, lowered.catchup, lowered.max_active_runs) == (None, None, False, 1)


def test_schedule_of_a_cron_keeps_its_zone() -> None:
    when = lower_schedule(schedule(cron="30 6 * * *", timezone="Europe/Warsaw")).when
    assert isinstance(when, CronDataIntervalTimetable)
    assert (when.expression, str(when.timezone)) == ("30 6 * * *", "Europe/Warsaw")


@pytest.mark.parametrize(
    ("before", "expected_hour"),
    [(datetime(2026, 3, 28, 5, 30, tzinfo=UTC), 4), (datetime(2026, 10, 24, 4, 30, tzinfo=UTC), 5)],
)
def test_schedule_follows_daylight_saving(before: datetime, expected_hour: int) -> None:
    """06:30 in Warsaw is 05:30 UTC in winter and 04:30 in summer, on the days the clocks change."""
    when = lower_schedule(schedule(cron="30 6 * * *", timezone="Europe/Warsaw")).when
    assert isinstance(when, CronDataIntervalTimetable)
    timetable = CoreTimetable(when.expression, timezone=str(when.timezone))
    start = instance(before)
    run = timetable.next_dagrun_info(
        last_automated_data_interval=DataInterval(start.subtract(days=1), start),
        restriction=TimeRestriction(earliest=None, latest=None, catchup=True),
    )
    assert run is not None
    assert run.data_interval is not None
    assert (run.data_interval.start, run.data_interval.end.hour) == (start, expected_hour)


def test_schedule_bounds_are_days_of_the_zone_and_the_end_is_included() -> None:
    lowered = lower_schedule(
        schedule(cron="0 0 * * *", timezone="Europe/Warsaw", start=date(2026, 1, 1), end=date(2026, 7, 1))
    )
    assert lowered.start.astimezone(UTC) == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert lowered.end is not None
    assert lowered.end.astimezone(UTC) == datetime(2026, 7, 1, 21, 59, 59, 999999, tzinfo=UTC)


def test_schedule_bounds_with_a_time_are_taken_as_they_are() -> None:
    lowered = lower_schedule(
        schedule(cron="0 0 * * *", timezone="Europe/Warsaw", start=datetime.fromisoformat("2026-01-01T12:00"))
    )
    assert lowered.start.astimezone(UTC) == datetime(2026, 1, 1, 11, tzinfo=UTC)


def test_schedule_after_others_waits_for_all_their_assets() -> None:
    when = lower_schedule(schedule(after=("calls", "bills"))).when
    assert when == [
        Asset(name="dataflow.calls", uri="x-dataflow://pipeline/calls", group="dataflow"),
        Asset(name="dataflow.bills", uri="x-dataflow://pipeline/bills", group="dataflow"),
    ]


def test_schedule_that_allows_overlap_runs_several_at_once() -> None:
    assert lower_schedule(schedule(cron="0 0 * * *", overlap="allow")).max_active_runs > 1
    assert lower_schedule(schedule(cron="0 0 * * *", overlap="queue")).max_active_runs == 1


def test_schedule_catches_up_only_with_a_cron() -> None:
    assert lower_schedule(schedule(cron="0 0 * * *", catchup=True, start=date(2026, 1, 1))).catchup
    assert not lower_schedule(schedule(after=("calls",), catchup=True)).catchup
