"""Which days are business days: Monday to Friday, a country's by the `holidays` package, or a file's.

`holidays` is imported when a country's day is asked for, and never before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from dataflow_provider.errors import AuthorError
from dataflow_provider.schedules.countries import ADJECTIVES, COUNTRIES
from dataflow_provider.spec.suggestions import did_you_mean, listed

WEEKDAYS = "weekdays"
EVERY_DAY = "every_day"
_LONGEST_CLOSURE = 400
_DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Calendar:
    """Business days: those of `base` (a country, `weekdays` or `every_day`), but for the days named here.

    `holidays` are closed whatever the base says, `business_days` open; `title` is for people.
    """

    base: str
    title: str | None = None
    holidays: Mapping[date, str] = field(default_factory=dict)
    business_days: frozenset[date] = frozenset()

    def is_open(self, day: date) -> bool:
        """Return whether the day is a business day."""
        return self.closed_because(day) is None

    def closed_because(self, day: date) -> str | None:
        """Return why the day is none, in words (`Saturday`, `Labor Day`); None for a business day."""
        if day in self.business_days:
            return None
        if day in self.holidays:
            return self.holidays[day] or "holiday"
        if self.base == EVERY_DAY:
            return None
        if self.base == WEEKDAYS:
            return _DAY_NAMES[day.weekday()] if day.weekday() > 4 else None
        return _closed_in_country(self.base, day)

    def next_open(self, day: date) -> date | None:
        """Return the first business day on or after the day; None when more than a year has none."""
        for _ in range(_LONGEST_CLOSURE):
            if self.is_open(day):
                return day
            day += timedelta(days=1)
        return None

    def describe(self) -> str:
        """Return the calendar in words: `Polish business days`."""
        if self.title:
            return self.title
        words = {WEEKDAYS: "Monday to Friday", EVERY_DAY: "every day"}
        return words.get(self.base) or _of_country(self.base)

    def to_json(self) -> dict[str, Any]:
        """Return all that the calendar is, so that a process without its file knows the days too."""
        return {
            "base": self.base,
            "title": self.title,
            "holidays": {day.isoformat(): name for day, name in self.holidays.items()},
            "business_days": sorted(day.isoformat() for day in self.business_days),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Calendar:
        """Return the calendar that `to_json` wrote."""
        return cls(
            base=data["base"],
            title=data["title"],
            holidays={date.fromisoformat(day): name for day, name in data["holidays"].items()},
            business_days=frozenset(date.fromisoformat(day) for day in data["business_days"]),
        )


def named_calendar(name: str) -> Calendar:
    """Return the calendar of a country (`PL`, `DE-BY`) or `weekdays`.

    Raises:
        AuthorError: DF-SCHED-008 for a country or a part of one that the `holidays` package does not know.
    """
    if name not in (WEEKDAYS, EVERY_DAY):
        _require_country(name)
    return Calendar(name)


def _require_country(name: str) -> None:
    code, _, part = name.partition("-")
    country = COUNTRIES.get(code)
    if country is None:
        raise AuthorError(
            "DF-SCHED-008",
            f"The calendar `{name}` is not known; allowed are a country code (`PL`), `weekdays` or a calendar file.",
            hint=did_you_mean(code, COUNTRIES) or "A calendar file ends in `.yaml`; see docs/schedule.md.",
        )
    if part and part not in country.parts:
        raise AuthorError(
            "DF-SCHED-008",
            f"{country.name} has no part `{part}` with holidays of its own.",
            hint=f"Its parts are {listed(country.parts, 60)}." if country.parts else f"Write `{code}`.",
        )


@lru_cache(maxsize=64)
def _country_days(name: str) -> Any:
    import holidays

    code, _, part = name.partition("-")
    return holidays.country_holidays(code, subdiv=part or None, language="en_US")


@lru_cache(maxsize=100_000)
def _closed_in_country(name: str, day: date) -> str | None:
    days = _country_days(name)
    if days.is_working_day(day):
        return None
    return days.get(day) or _DAY_NAMES[day.weekday()]


def _of_country(name: str) -> str:
    code, _, part = name.partition("-")
    adjective = ADJECTIVES.get(code)
    suffix = f" ({part})" if part else ""
    if adjective is None:
        return f"business days of {COUNTRIES[code].name if code in COUNTRIES else code}{suffix}"
    return f"{adjective}{suffix} business days"
