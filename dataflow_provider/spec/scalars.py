"""What an unquoted YAML scalar means: text, whole number, number, boolean, date, timestamp or nothing.

Spellings on which YAML 1.1 and 1.2 differ (`yes`, `07:30`, `0123`, `1_000`) are reported, never guessed silently.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

Plain = str | int | float | bool | date | datetime | None

_NUMERIC_START: Final = frozenset("-+.0123456789")
_WORDS: Final[dict[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_AMBIGUOUS_WORDS: Final[dict[str, bool]] = {
    spelling: value
    for word, value in (("yes", True), ("on", True), ("no", False), ("off", False))
    for spelling in (word, word.capitalize(), word.upper())
}
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,400})")
_FLOAT = re.compile(r"[-+]?[0-9]+\.[0-9]*([eE][-+]?[0-9]+)?|[-+]?\.[0-9]+([eE][-+]?[0-9]+)?")
_NOT_A_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_OLD_NUMBER = re.compile(
    r"[-+]?0[0-9_]+|[-+]?0o[0-7]+|[-+]?0x[0-9a-fA-F_]+|[-+]?0b[01_]+|[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?"
    r"|[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?|[-+]?[1-9][0-9]{401,}|[-+]?[0-9]+[eE][-+]?[0-9]+"
)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{0,9}))?"
    r"(?:[ \t]*(?:(Z)|([-+])([0-9]{1,2})(?::?([0-9]{2}))?))?"
)


class Unreadable(Exception):
    """The scalar has the shape of a date or number but is none; the text says why."""


def read_plain(text: str) -> tuple[Plain, str | None]:
    """Return the value of an unquoted scalar, and what other YAML readers take it for when they differ.

    >>> read_plain("2026-01-31")
    (datetime.date(2026, 1, 31), None)
    >>> read_plain("07:30")
    ('07:30', 'a number')

    Raises:
        Unreadable: for a date that does not exist, or a number that is none (`.nan`).
    """
    if text in _WORDS:
        return _WORDS[text], None
    if text[0] in _NUMERIC_START:
        return _read_number_or_date(text)
    if text in _AMBIGUOUS_WORDS:
        value = _AMBIGUOUS_WORDS[text]
        return value, "true" if value else "false"
    return text, None


def is_surely_text(text: str) -> bool:
    """Return whether an unquoted scalar starts with a letter and is no word of YAML: the quick answer for keys."""
    return text[:1].isalpha() and text not in _WORDS and text not in _AMBIGUOUS_WORDS


def _read_number_or_date(text: str) -> tuple[Plain, str | None]:
    if _WHOLE.fullmatch(text):
        return int(text), None
    if _FLOAT.fullmatch(text):
        return float(text), None
    if _OLD_NUMBER.fullmatch(text):
        return text, "a number"
    if _NOT_A_NUMBER.fullmatch(text):
        raise Unreadable("is no number a pipeline can hold")
    return _read_date(text), None


def _read_date(text: str) -> Plain:
    day, moment = _DATE.fullmatch(text), None
    if day is None:
        moment = _TIMESTAMP.fullmatch(text)
    try:
        if day:
            return date(*(int(part) for part in day.groups()))
        return _timestamp(moment) if moment else text
    except ValueError as exc:
        raise Unreadable(f"is no date: {exc}") from exc


def _timestamp(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, zulu, sign, zone_hours, zone_minutes = match.groups()[6:]
    zone = UTC if zulu else None
    if sign:
        offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes or 0))
        zone = timezone(-offset if sign == "-" else offset)
    return datetime(year, month, day, hour, minute, second, int((fraction or "0")[:6].ljust(6, "0")), zone)
