from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow_provider.schedules.calendars import EVERY_DAY, Calendar, named_calendar
from dataflow_provider.schedules.rule import OnHoliday, RunRule, ScheduledRun
from dataflow_provider.schedules.ticks import LocalCron
from dataflow_provider.schedules.wording import describe_rule, notes_on
from tests.unit.schedules import reference

WARSAW = "Europe/Warsaw"
FIRST = datetime(2026, 3, 20, tzinfo=UTC)
SPAN = timedelta(days=16)
closed_days = st.sets(st.integers(0, 20).map(lambda day: date(2026, 3, 18) + timedelta(days=day)), max_size=12)
crons = st.sampled_from(
    ["30 6 * * *", "30 2 * * *", "0 */8 * * *", "0 * * * *", "0 6,18 * * 0", "0 0 * * 1", "15 23 29 * *", "0 5 * * 6,0"]
)


def rule_of(cron: str, calendar: Calendar | None, on_holiday: OnHoliday = "skip", zone: str = WARSAW) -> RunRule:
    return RunRule(LocalCron(cron, zone), calendar, on_holiday)


def local(run: ScheduledRun) -> tuple[str, str, str]:
    zone = LocalCron("0 0 * * *", WARSAW).zone
    start, end, due = (f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" for moment in (run.start, run.end, run.due))
    return start, end, due


@settings(max_examples=60, deadline=None)
@given(
    cron=crons,
    closed=closed_days,
    base=st.sampled_from(["weekdays", EVERY_DAY]),
    on_holiday=st.sampled_from(["skip", "next"]),
)
def test_runs_are_those_of_the_reference(cron: str, closed: set[date], base: str, on_holiday: OnHoliday) -> None:
    calendar = Calendar(base, holidays=dict.fromkeys(closed, "closed"))
    ticks = reference.ticks(cron, WARSAW, FIRST, FIRST + SPAN)
    if len(ticks) < 2:
        return
    rule = rule_of(cron, calendar, on_holiday)
    expected = reference.runs(ticks, WARSAW, calendar, on_holiday)
    found = list(islice(rule.runs_after(ticks[0]), len(expected)))
    assert [(run.start, run.end, run.due) for run in found] == expected
    for earlier, later in pairwise(found):
        assert earlier.end == later.start, "rows would be lost or read twice"
        assert earlier.due < later.due
    assert all(calendar.is_open(rule.local_date(run.due)) for run in found)
    # The newest run that was due is this one from its due on; the first one's start is where the test has cut.
    for earlier, later in list(pairwise(found[1:]))[:: 1 + len(found) // 5]:
        assert rule.last_due(later.due) == later
        assert rule.last_due(later.due - timedelta(seconds=1)) == earlier


@pytest.mark.parametrize(
    ("cron", "on_holiday", "start", "expected"),
    [
        # 1 May is a Friday and a holiday; Monday's run takes all of it up.
        ("30 6 * * *", "skip", "2026-04-30T04:30+00:00", ("2026-04-30 06:30", "2026-05-04 06:30", "2026-05-04 06:30")),
        ("30 6 * * *", "next", "2026-04-30T04:30+00:00", ("2026-04-30 06:30", "2026-05-04 06:30", "2026-05-04 06:30")),
        # A monthly run keeps its month, and runs on the next business day.
        ("0 5 1 * *", "next", "2026-04-01T03:00+00:00", ("2026-04-01 05:00", "2026-05-01 05:00", "2026-05-04 05:00")),
        ("0 5 1 * *", "skip", "2026-04-01T03:00+00:00", ("2026-04-01 05:00", "2026-06-01 05:00", "2026-06-01 05:00")),
        # Christmas Eve (a holiday since 2025) to Sunday, and the turn of the year.
        ("0 7 * * *", "skip", "2026-12-23T06:00+00:00", ("2026-12-23 07:00", "2026-12-28 07:00", "2026-12-28 07:00")),
        ("0 7 * * *", "skip", "2026-12-31T06:00+00:00", ("2026-12-31 07:00", "2027-01-04 07:00", "2027-01-04 07:00")),
        # Judged by the local date: 23:30 UTC on Sunday is Monday in Warsaw.
        ("30 1 * * *", "skip", "2026-06-05T23:30+00:00", ("2026-06-06 01:30", "2026-06-08 01:30", "2026-06-08 01:30")),
    ],
)
def test_runs_on_polish_business_days(
    cron: str, on_holiday: OnHoliday, start: str, expected: tuple[str, str, str]
) -> None:
    rule = rule_of(cron, named_calendar("PL"), on_holiday)
    assert local(next(rule.runs_after(datetime.fromisoformat(start)))) == expected


def test_runs_of_a_schedule_that_only_fires_on_closed_days_end() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert next(rule_of("0 6 * * 0", Calendar("weekdays")).runs_after(start), None) is None
    assert next(rule_of("0 6 25 12 *", named_calendar("PL")).runs_after(start), None) is None
    assert rule_of("0 6 * * 0", Calendar("weekdays")).last_due(start) is None


def test_rule_survives_its_json() -> None:
    calendar = Calendar("PL", "Billing days", {date(2026, 12, 24): "Eve"}, frozenset({date(2026, 5, 2)}))
    rule = rule_of("30 6 * * *", calendar, "next")
    again = RunRule.from_json(rule.to_json())
    assert again.to_json() == rule.to_json()
    assert again.calendar == calendar


def test_rule_in_words() -> None:
    assert describe_rule(rule_of("30 6 * * *", named_calendar("PL"))) == "06:30 Warsaw, Polish business days"
    assert describe_rule(rule_of("0 0 1 * *", Calendar("weekdays"), "next")) == (
        "00:00 Warsaw, day 1 of every month, Monday to Friday, else the next one"
    )


def test_notes_tell_closed_days_and_changes_of_the_clocks() -> None:
    rule = rule_of("30 2 * * *", named_calendar("PL"))
    run = next(rule.runs_after(datetime(2026, 3, 27, 1, 30, tzinfo=UTC)))
    assert notes_on(rule, run) == [
        "includes the closed 2026-03-28 (Saturday), 2026-03-29 (Sunday)",
        "the clocks go forward by 1 h in this interval; it lasts 71 h",
    ]
    plain = rule_of("30 2 * * *", None)
    spring = next(plain.runs_after(datetime(2026, 3, 28, 1, 30, tzinfo=UTC)))
    assert "02:30 does not exist on 2026-03-29; runs at 03:30" in notes_on(plain, spring)
    autumn = next(plain.runs_after(datetime(2026, 10, 24, 0, 30, tzinfo=UTC)))
    assert "02:30 comes twice on 2026-10-25; runs the second time" in notes_on(plain, autumn)
    monthly = rule_of("0 5 1 * *", named_calendar("PL"), "next")
    may = next(monthly.runs_after(datetime(2026, 4, 1, 3, tzinfo=UTC)))
    assert notes_on(monthly, may) == ["includes the closed 2026-05-01 (National Day)", "put off from 2026-05-01"]
