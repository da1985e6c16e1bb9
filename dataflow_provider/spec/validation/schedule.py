"""When a pipeline runs: the cron can fire, the zone exists, and the parts of `schedule` go together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from functools import lru_cache

from dataflow_provider.spec.findings import Problem, Severity
from dataflow_provider.spec.models import Schedule
from dataflow_provider.spec.suggestions import did_you_mean
from dataflow_provider.spec.validation.subject import Subject
from dataflow_provider.spec.values import PIPELINE_ID_PATTERN

_PRESETS = {
    "@once": None, "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@quarterly": "0 0 1 */3 *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}  # fmt: skip
_FIELDS = re.compile(r"[0-9A-Za-z*/,#-]+")
_COUNTRY = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


def validate_schedule(subject: Subject) -> Iterator[Problem]:
    schedule = subject.pipeline.schedule
    if schedule is None:
        return
    yield from _validate_cron(schedule)
    yield from _validate_timezone(schedule)
    yield from _validate_calendar(schedule)
    yield from _validate_after(schedule, subject.pipeline.id)
    if not subject.is_damaged(("schedule",)):
        yield from _validate_combination(schedule)
    yield from _validate_period(schedule)


def _validate_cron(schedule: Schedule) -> Iterator[Problem]:
    if schedule.cron is None:
        return
    fault = cron_fault(schedule.cron)
    if fault:
        code, message, hint = fault
        yield Problem(code, ("schedule", "cron"), message, hint)


@lru_cache(maxsize=4096)
def cron_fault(cron: str) -> tuple[str, str, str | None] | None:
    """Return code, message and hint when a cron is not valid or never fires; None when it is good.

    Cached because hundreds of pipelines share a few crons, and reading one takes longer than loading a file.
    """
    if cron.startswith("@"):
        written = _PRESETS.get(cron)
        hint = f'Write `"{written}"`.' if written else "Leave `schedule` out to run by hand."
        return "DF-SCHED-001", f"The cron `{cron}` is a preset; a cron has five fields.", hint
    fields = cron.split()
    if len(fields) != 5:
        message = f"The cron `{cron}` has `{len(fields)}` fields; it must have five: minute hour day month weekday."
        return "DF-SCHED-001", message, 'An example is `"30 6 * * *"`: every day at 06:30.'
    from croniter import CroniterBadCronError, CroniterBadDateError, croniter

    try:
        if not all(_FIELDS.fullmatch(field) for field in fields):
            raise CroniterBadCronError("a field holds a character that no cron has")
        croniter.expand(cron)
        if fields[2] != "*" and fields[3] != "*":  # only a day of a month can be missing from every year
            croniter(cron, datetime(2024, 1, 1, tzinfo=UTC), max_years_between_matches=9).get_next()
    except CroniterBadDateError:
        return (
            "DF-SCHED-002",
            f"The cron `{cron}` never fires: no month it names has such a day.",
            "Check day and month.",
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as exc:
        ranges = "minute 0-59, hour 0-23, day 1-31, month 1-12, weekday 0-7 (or sun-sat)"
        return "DF-SCHED-001", f"The cron `{cron}` is not valid; allowed are {ranges}.", f"What was read: {exc}."
    return None


def _validate_timezone(schedule: Schedule) -> Iterator[Problem]:
    zone = schedule.timezone
    if _is_zone(zone):
        return
    from zoneinfo import available_timezones

    zones = sorted(available_timezones())
    hint = did_you_mean(zone, zones) or did_you_mean(zone, [name.rpartition("/")[2] for name in zones])
    message = f"The timezone `{zone}` is not known; an IANA name is needed, such as `Europe/Warsaw` or `UTC`."
    yield Problem("DF-SCHED-003", ("schedule", "timezone"), message, hint)


@lru_cache(maxsize=1024)
def _is_zone(zone: str) -> bool:
    if zone == "UTC":
        return True
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        return False
    return True


def _validate_calendar(schedule: Schedule) -> Iterator[Problem]:
    calendar = schedule.calendar
    if calendar is None or calendar == "weekdays" or _COUNTRY.fullmatch(calendar) or "." in calendar:
        return
    hint = (
        f"Write `{calendar.upper()}`." if _COUNTRY.fullmatch(calendar.upper()) else did_you_mean(calendar, ["weekdays"])
    )
    message = (
        f"The calendar `{calendar}` is not known; allowed are a country code (`PL`), `weekdays` or a calendar file."
    )
    yield Problem("DF-SCHED-008", ("schedule", "calendar"), message, hint)


def _validate_after(schedule: Schedule, pipeline_id: str) -> Iterator[Problem]:
    seen = set()
    for index, other in enumerate(schedule.after):
        path = ("schedule", "after", index)
        if other == pipeline_id:
            yield Problem(
                "DF-SCHED-007", path, f"The pipeline `{other}` would wait for itself.", "Name another pipeline."
            )
        elif not re.fullmatch(PIPELINE_ID_PATTERN, other):
            message = f"`{other}` cannot be the id of a pipeline; ids are lower case letters, digits and `_`."
            yield Problem("DF-SCHED-010", path, message, "Write the id alone, without workspace or ending.")
        elif other in seen:
            yield Problem("DF-SCHED-010", path, f"The pipeline `{other}` stands twice in `after`.", "Name it once.")
        seen.add(other)


def _validate_combination(schedule: Schedule) -> Iterator[Problem]:
    if schedule.cron is not None and schedule.after:
        message = "`cron` and `after` stand both; a pipeline runs by the clock or after others."
        yield Problem("DF-SCHED-004", ("schedule", "after"), message, "Delete one of them.", on_key=True)
    if schedule.cron is None:
        for key in ("calendar", "on_holiday"):
            if key in schedule.model_fields_set:
                message = f"`{key}` judges the days of a `cron`, and there is none."
                yield Problem(
                    "DF-SCHED-005", ("schedule", key), message, f"Add `cron`, or delete `{key}`.", on_key=True
                )
    elif "on_holiday" in schedule.model_fields_set and schedule.calendar is None:
        message = "`on_holiday` needs a `calendar` that says which days are holidays."
        yield Problem(
            "DF-SCHED-005", ("schedule", "on_holiday"), message, "Add `calendar: weekdays` or a country.", on_key=True
        )
    if schedule.cron is None and not schedule.after:
        message = "`schedule` has neither `cron` nor `after`, so the pipeline runs only by hand."
        hint = "Add one of them, or delete `schedule`."
        yield Problem("DF-SCHED-009", ("schedule",), message, hint, Severity.WARNING)


def _validate_period(schedule: Schedule) -> Iterator[Problem]:
    start, end = schedule.start, schedule.end
    if start is not None and end is not None and _moment(end, last=True) < _moment(start, last=False):
        message = f"`end` is `{end}`, which is before `start`, `{start}`."
        yield Problem("DF-SCHED-006", ("schedule", "end"), message, "Swap them, or delete `end`.")


def _moment(value: date | datetime, *, last: bool) -> datetime:
    """Return the value as a naive moment; a zone is dropped, which is exact enough to see an order."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return datetime.combine(value, time.max if last else time.min)
