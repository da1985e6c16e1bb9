"""A schedule in words for people: `06:30 Warsaw, Polish business days`."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from dataflow_provider.schedules.calendar_files import is_file_name, title_of
from dataflow_provider.schedules.calendars import EVERY_DAY, Calendar
from dataflow_provider.schedules.rule import RunRule, ScheduledRun
from dataflow_provider.spec.models import Schedule

_DAYS = ("Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
_MANY_DAYS = 6


def describe_rule(rule: RunRule) -> str:
    """Return when a schedule runs, in one line.

    >>> from dataflow_provider.schedules.calendars import Calendar
    >>> from dataflow_provider.schedules.ticks import LocalCron
    >>> describe_rule(RunRule(LocalCron("30 6 * * *", "Europe/Warsaw"), Calendar("weekdays")))
    '06:30 Warsaw, Monday to Friday'
    """
    words = describe_cron(rule.cron.cron, rule.cron.timezone)
    return words if rule.calendar is None else _on_days(words, rule.calendar, rule.on_holiday)


def _on_days(words: str, calendar: Calendar, on_holiday: str) -> str:
    otherwise = ", else the next one" if on_holiday == "next" else ""
    return f"{words.removesuffix(', daily')}, {calendar.describe()}{otherwise}"


def describe_schedule(schedule: Schedule) -> str | None:
    """Return when a pipeline runs, without looking at calendar files; None when it runs by hand only.

    >>> describe_schedule(Schedule(cron="30 6 * * *", timezone="Europe/Warsaw", calendar="PL"))
    '06:30 Warsaw, Polish business days'
    """
    if schedule.cron is None:
        return "after " + ", ".join(schedule.after) if schedule.after else None
    words = describe_cron(schedule.cron, schedule.timezone)
    if schedule.calendar is None:
        return words
    is_file = is_file_name(schedule.calendar)
    calendar = Calendar(EVERY_DAY, title_of(schedule.calendar)) if is_file else Calendar(schedule.calendar)
    return _on_days(words, calendar, schedule.on_holiday)


def describe_cron(cron: str, timezone: str) -> str:
    """Return a cron in words; one that has no short words is quoted as it is written.

    >>> describe_cron("0 9 * * 1", "UTC"), describe_cron("*/15 * * * *", "UTC"), describe_cron("0 1,13 2 * *", "UTC")
    ('09:00 UTC, Mondays', 'every 15 minutes', 'cron `0 1,13 2 * *` UTC')
    """
    place = timezone.rpartition("/")[2].replace("_", " ")
    minute, hour, day, month, weekday = cron.split()
    when = _days(day, month, weekday)
    if when is None:
        return f"cron `{cron}` {place}"
    if minute.isdigit() and hour.isdigit():
        return f"{int(hour):02d}:{int(minute):02d} {place}, {when}"
    often = _often(minute, hour)
    if often is None:
        return f"cron `{cron}` {place}"
    return often if when == "daily" else f"{often}, {when} ({place})"


def _often(minute: str, hour: str) -> str | None:
    if hour == "*" and minute.isdigit():
        return "hourly" if int(minute) == 0 else f"hourly at :{int(minute):02d}"
    if hour == "*" and minute == "*":
        return "every minute"
    if hour == "*" and minute.startswith("*/") and minute[2:].isdigit():
        return f"every {int(minute[2:])} minutes"
    if minute.isdigit() and hour.startswith("*/") and hour[2:].isdigit():
        return f"every {int(hour[2:])} hours at :{int(minute):02d}"
    return None


def _days(day: str, month: str, weekday: str) -> str | None:
    if month == "*" and day == "*":
        return _weekdays(weekday)
    if weekday != "*" or not day.isdigit():
        return None
    if month == "*":
        return f"day {int(day)} of every month"
    return f"{int(day)} {_MONTHS[int(month) - 1]}" if month.isdigit() and 1 <= int(month) <= 12 else None


def _weekdays(weekday: str) -> str | None:
    if weekday == "*":
        return "daily"
    if weekday.lower() in ("1-5", "mon-fri"):
        return "Monday to Friday"
    return _DAYS[int(weekday) % 7] if weekday.isdigit() and int(weekday) <= 7 else None


def notes_on(rule: RunRule, run: ScheduledRun) -> list[str]:
    """Return what is unusual about a run: closed days it makes up for, a run put off, and clocks that change."""
    return [*_holiday_notes(rule, run), *_clock_notes(rule, run)]


def _holiday_notes(rule: RunRule, run: ScheduledRun) -> list[str]:
    calendar = rule.calendar
    if calendar is None:
        return []
    closed: list[tuple[date, str]] = []
    for tick in rule.cron.all_after(run.start):
        if tick > run.end or len(closed) > _MANY_DAYS:
            break
        day = rule.local_date(tick)
        reason = calendar.closed_because(day)
        if reason is not None and (not closed or closed[-1][0] != day):
            closed.append((day, reason))
    notes = []
    if closed:
        told = ", ".join(f"{day} ({reason})" for day, reason in closed[:_MANY_DAYS])
        more = " and more days" if len(closed) > _MANY_DAYS else ""
        notes.append(f"includes the closed {told}{more}")
    if run.due > run.end:
        notes.append(f"put off from {rule.local_date(run.end)}")
    return notes


def _clock_notes(rule: RunRule, run: ScheduledRun) -> list[str]:
    start, end = (moment.astimezone(rule.cron.zone) for moment in (run.start, run.end))
    moved = (end.utcoffset() or timedelta()) - (start.utcoffset() or timedelta())
    notes = []
    if moved:
        hours = abs(moved) / timedelta(hours=1)
        way = "forward" if moved > timedelta() else "back"
        notes.append(f"the clocks go {way} by {hours:g} h in this interval; it lasts {_hours(run)} h")
    if (missing := _missing_time(rule, run.end)) is not None:
        notes.append(f"{missing:%H:%M} does not exist on {end.date()}; runs at {end:%H:%M}")
    elif not rule.cron.every_hour and end.fold:
        notes.append(f"{end:%H:%M} comes twice on {end.date()}; runs the second time")
    return notes


def _hours(run: ScheduledRun) -> str:
    return f"{(run.end - run.start) / timedelta(hours=1):g}"


def _missing_time(rule: RunRule, tick: datetime) -> datetime | None:
    """Return the wall time of the cron that the clocks have skipped, when the tick stands for one."""
    if rule.cron.every_hour:
        return None
    return rule.cron.skipped_wall_time(tick)
