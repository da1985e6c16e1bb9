"""Values of rows as JSON has them: nothing that a browser would round, nothing that no JSON reader takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

MASK = "•••"
MAX_TEXT = 2_000
"""Longest text that is shown; what is longer ends in `…`."""
_SAFE_INTEGER = 2**53 - 1

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


def json_value(value: Any) -> JsonValue:
    r"""Return a value of a driver as JSON has it.

    Decimals, and whole numbers that a browser would round, are text; times are ISO 8601; bytes are hex after `0x`.

    >>> json_value(Decimal("1.10")), json_value(2**60), json_value(float("nan")), json_value(b"\x00\xff")
    ('1.10', '1152921504606846976', 'NaN', '0x00ff')
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _SAFE_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else _not_finite(value)
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, Mapping):
        return {str(name): json_value(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_value(one) for one in value]
    return _as_text(value)


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _as_text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else _not_finite(float(value))
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return _short("0x" + bytes(value).hex())
    return _short(str(value))


def _duration(value: timedelta) -> str:
    """Return ISO 8601's word for a length of time.

    >>> _duration(timedelta(days=1, seconds=90)), _duration(-timedelta(seconds=1.5))
    ('P1DT90S', '-PT1.5S')
    """
    sign, length = ("-", -value) if value < timedelta() else ("", value)
    seconds = f"{Decimal(length.seconds) + Decimal(length.microseconds) / 1_000_000:f}"
    seconds = seconds.rstrip("0").rstrip(".") if "." in seconds else seconds
    days = f"{length.days}D" if length.days else ""
    return f"{sign}P{days}T{seconds}S"


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
