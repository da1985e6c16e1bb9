"""Values of JSON and the types of columns: which type holds a value exactly, and what it becomes there."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import pyarrow

from dataflow_provider.connectors.arrow_rows import MAX_DECIMAL_DIGITS, split_type

Convert = Callable[[Any], Any]
_BITS = {"tinyint": 8, "smallint": 16, "int2": 16, "int": 32, "integer": 32, "int4": 32, "bigint": 64, "int8": 64}
_UNSIGNED_BITS = {"utinyint": 8, "usmallint": 16, "uinteger": 32}
_FLOAT = ("double", "double precision", "float", "real", "float4", "float8")
_LOCAL = ("timestamp", "timestamp without time zone", "timestampntz", "timestamp_ntz", "datetime", "datetime2")
_ZONED = ("timestamptz", "timestamp with time zone", "timestamp_tz", "datetimeoffset")


class JsonError(ValueError):
    """A text or value that is not what it must be; its words tell no content."""


def parse_json(text: str) -> Any:
    """Return the value of a JSON text; numbers with a fraction keep their digits as `Decimal`, NaN is refused.

    >>> parse_json('[1, 0.10]')
    [1, Decimal('0.10')]
    """
    return _DECODER.decode(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"`{name}` is no JSON number")


# Made once: `json.loads` and `json.dumps` with options make one for each value, which costs as much as the value.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)
_encode = json.JSONEncoder(ensure_ascii=False).encode


def to_json(value: Any) -> str:
    """Return a value as JSON: decimals with all digits, dates and times in ISO form, bytes in base64.

    >>> to_json({"a": [Decimal("1.50"), None, True]})
    '{"a":[1.50,null,true]}'

    Raises:
        JsonError: for a number that JSON has not, and for what is nested too deeply.
    """
    try:
        return _text_of(value)
    except RecursionError:
        raise JsonError("it is nested too deeply") from None


def _text_of(value: Any) -> str:
    if isinstance(value, str):
        return _encode(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_encode(str(k))}:{_text_of(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text_of, value)) + "]"
    if isinstance(value, Decimal | float) and not math.isfinite(value):
        raise JsonError("JSON has no NaN and no infinity")
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date | time):
        return json.dumps(value.isoformat())
    if isinstance(value, bytes):
        return json.dumps(base64.b64encode(value).decode())
    return _encode(value)


def text_of(value: Any) -> str:
    """Return a value as JSON has it, texts and times without their quotes.

    >>> text_of("a"), text_of(1), text_of(True)
    ('a', '1', 'true')
    """
    if isinstance(value, str):
        return value
    text = to_json(value)
    return text[1:-1] if text.startswith('"') else text


# ---------------------------------------------------------------- types found


def kind_of(value: Any) -> str | None:
    """Return the SQL type that holds a JSON value; None for null."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        if -(2**63) <= value < 2**63:
            return "BIGINT"
        return "DECIMAL(38,0)" if abs(value) < 10**MAX_DECIMAL_DIGITS else "VARCHAR"
    return "DOUBLE" if isinstance(value, Decimal) else "VARCHAR"


def widest(one: str | None, other: str | None) -> str | None:
    """Return the type that holds values of both; texts hold everything.

    >>> widest("BIGINT", "DOUBLE"), widest("BOOLEAN", "BIGINT"), widest(None, "BIGINT")
    ('DOUBLE', 'VARCHAR', 'BIGINT')
    """
    if one is None or other is None or one == other:
        return one or other
    pair = {one, other}
    if pair == {"BIGINT", "DECIMAL(38,0)"}:
        return "DECIMAL(38,0)"
    return "DOUBLE" if pair == {"BIGINT", "DOUBLE"} else "VARCHAR"


# ---------------------------------------------------------------- types declared


def converter_of(kind: str) -> tuple[Any, Convert]:
    """Return the Arrow type for a SQL type and what makes a JSON value (never null) one of it.

    A type that is not known here travels as text; the database casts it.
    """
    name, numbers = split_type(kind)
    if name in ("boolean", "bool"):
        return pyarrow.bool_(), _to_boolean
    if name in _BITS and not numbers:
        return pyarrow.int64(), _whole_of(_BITS[name])
    if name in _UNSIGNED_BITS:
        return pyarrow.int64(), _unsigned_of(_UNSIGNED_BITS[name])
    if name in _FLOAT:
        return pyarrow.float64(), _to_float
    if name in ("decimal", "numeric", "number") and numbers and numbers[0] <= MAX_DECIMAL_DIGITS:
        precision, scale = numbers[0], numbers[1] if len(numbers) > 1 else 0
        return pyarrow.decimal128(precision, scale), lambda value: _to_decimal(value, precision, scale)
    if name == "date":
        return pyarrow.date32(), _to_date
    if name in _LOCAL:
        return pyarrow.timestamp("us"), _to_local
    if name in _ZONED:
        return pyarrow.timestamp("us", "UTC"), _to_zoned
    return pyarrow.string(), _to_text


def _to_text(value: Any) -> str:
    try:
        return value if isinstance(value, str) else _text_of(value)
    except RecursionError:
        raise JsonError("text: it is nested too deeply") from None


def _to_boolean(value: Any) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise JsonError("boolean")


def _number(value: Any, wanted: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise JsonError(wanted)
    try:
        return Decimal(value)
    except InvalidOperation:
        raise JsonError(wanted) from None


def _whole_of(bits: int) -> Convert:
    limit = 2 ** (bits - 1)
    return _between(-limit, limit - 1, f"whole number of {bits} bits")


def _unsigned_of(bits: int) -> Convert:
    return _between(0, 2**bits - 1, f"whole number from 0 to {2**bits - 1}")


def _between(low: int, high: int, wanted: str) -> Convert:
    def convert(value: Any) -> int:
        number = value if type(value) is int else _number(value, "whole number")
        if isinstance(number, Decimal) and (not number.is_finite() or number != number.to_integral_value()):
            raise JsonError(wanted)
        if not low <= number <= high:
            raise JsonError(wanted)
        return int(number)

    return convert


def _to_float(value: Any) -> float:
    number = float(_number(value, "number"))
    if not math.isfinite(number):
        raise JsonError("finite number")
    return number


def _to_decimal(value: Any, precision: int, scale: int) -> Decimal:
    wanted = f"DECIMAL({precision},{scale})"
    number = _number(value, wanted)
    limit = Decimal(10) ** (precision - scale)
    exponent = number.normalize().as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -scale or abs(number) >= limit:
        raise JsonError(wanted)
    return number


def _moment(value: Any, wanted: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise JsonError(wanted) from None


def _to_date(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise JsonError("date such as 2026-01-31") from None


def _to_local(value: Any) -> datetime:
    found = _moment(value, "timestamp such as 2026-01-31T06:00:00")
    return found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)


def _to_zoned(value: Any) -> datetime:
    found = _moment(value, "timestamp such as 2026-01-31T06:00:00Z")
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
