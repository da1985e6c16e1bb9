"""`schedule` of a pipeline as the rule its runs follow, and what is wrong with its calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from dataflow_provider.errors import AuthorError
from dataflow_provider.schedules.calendar_files import load_calendar
from dataflow_provider.schedules.calendars import Calendar
from dataflow_provider.schedules.rule import RunRule
from dataflow_provider.schedules.ticks import LocalCron
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.models import Schedule
from dataflow_provider.spec.project import Project


def rule_of(schedule: Schedule | None, project: Project | None) -> RunRule | None:
    """Return the rule of a schedule, None without a cron; the project is needed for a calendar only.

    Raises:
        AuthorError: when there is no such calendar (`load_calendar`).
    """
    if schedule is None or schedule.cron is None:
        return None
    return RunRule(LocalCron(schedule.cron, schedule.timezone), calendar_of(schedule, project), schedule.on_holiday)


def calendar_of(schedule: Schedule, project: Project | None) -> Calendar | None:
    """Return the calendar of a schedule, None when every day is a business day.

    Raises:
        AuthorError: when there is no such calendar.
    """
    if schedule.calendar is None:
        return None
    if project is None:
        raise ValueError("a calendar needs its project")
    return load_calendar(schedule.calendar, project)


def check_calendar(schedule: Schedule | None, project: Project) -> Iterator[Problem]:
    """Yield what is wrong with a schedule's calendar: it cannot be had, or closes every day the cron fires on.

    The pipeline's own structure must hold. Imports `holidays` for a country.
    """
    if schedule is None or schedule.calendar is None or schedule.cron is None:
        return
    try:
        rule = rule_of(schedule, project)
    except AuthorError as error:
        yield calendar_problem(error)
        return
    if rule is not None and next(rule.runs_after(datetime.now(UTC)), None) is None:
        yield Problem(
            "DF-SCHED-012",
            ("schedule", "calendar"),
            f"The cron `{schedule.cron}` fires only on days that `{schedule.calendar}` closes: it never runs.",
            hint="Use `on_holiday: next`, other days in `cron`, or no `calendar`.",
        )


def calendar_problem(error: AuthorError) -> Problem:
    """Return the error as a finding on `schedule.calendar`."""
    where = f" ({error.place})" if str(error.place) else ""
    return Problem(error.code, ("schedule", "calendar"), f"{error.message}{where}", hint=error.hint)
