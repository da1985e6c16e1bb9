"""Scalar values of the YAML that pydantic does not have: durations, identifiers, strict scalars.

Scalars are strict: the YAML `5` is no string, `"5"` no integer and `yes` no string.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, Strict, StringConstraints, WithJsonSchema

NODE_ID_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
PIPELINE_ID_PATTERN = r"^[a-z][a-z0-9_]{0,199}$"
DURATION_PATTERN = r"^[0-9]{1,9}(s|m|h|d)$"
MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+([+-][0-9:]+|Z)?)?$"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DURATION = re.compile(r"([0-9]{1,9})(s|m|h|d)")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(value: object) -> timedelta:
    """Return `90s`, `5m`, `2h` or `1d` as a timedelta.

    >>> parse_duration("90s")
    datetime.timedelta(seconds=90)

    Raises:
        ValueError: for everything else, a bare number included (its unit would be a guess).
    """
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a duration is a whole number and a unit: `90s`, `5m`, `2h` or `1d`")
    return timedelta(seconds=int(match[1]) * _UNIT_SECONDS[match[2]])


def render_duration(length: timedelta) -> str:
    """Return a length of whole seconds as it is written in a pipeline, in the largest unit that has no rest.

    >>> render_duration(timedelta(minutes=90)), render_duration(timedelta(hours=2)), render_duration(timedelta())
    ('90m', '2h', '0s')
    """
    seconds = int(length.total_seconds())
    unit = next(one for one in "dhms" if seconds % _UNIT_SECONDS[one] == 0) if seconds else "s"
    return f"{seconds // _UNIT_SECONDS[unit]}{unit}"


def parse_moment(value: object) -> date | datetime:
    """Return a date or timestamp, which YAML has read already or which is quoted ISO text.

    >>> parse_moment("2026-01-31")
    datetime.date(2026, 1, 31)

    Raises:
        ValueError: for everything else; numbers would be taken for seconds since 1970.
    """
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value) if _DAY.fullmatch(value) else datetime.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("a date is written `2026-01-31`, a timestamp `2026-01-31T06:30:00`")


Moment = Annotated[
    date | datetime,
    BeforeValidator(parse_moment),
    WithJsonSchema({"type": "string", "pattern": MOMENT_PATTERN}),
]
Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN})
]
OnError = Annotated[
    Literal["fail", "null", "reject"],
    BeforeValidator(lambda value: "null" if value is None else value),  # YAML reads a bare `null` as nothing
    WithJsonSchema({"enum": ["fail", "null", "reject", None]}),
]
Text = Annotated[str, Strict()]
NonEmptyText = Annotated[str, Strict(), StringConstraints(min_length=1)]
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Count = Annotated[int, Strict(), Field(ge=0)]
PositiveCount = Annotated[int, Strict(), Field(ge=1)]
Number = Annotated[int, Strict()] | Annotated[float, Strict()]
