"""Snowflake's errors as ours, by its error numbers and then by SQLSTATE, without values of rows."""

from __future__ import annotations

import re
from typing import Any

from dataflow_provider.connectors.engine_errors import Kind, VendorError, kind_of_sqlstate, without_values

NO_SUCH_OBJECT = (2003, 2043)

# Source: Snowflake documentation ("SQL compilation error" numbers) and the driver's `errorcode.py`.
_KINDS: tuple[tuple[Kind, tuple[int, ...]], ...] = (
    (Kind.SYNTAX, (1003,)),
    (Kind.MISSING, (904, 2003, 2043, 2140, 2141)),
    (Kind.RIGHTS, (3001, 3540, 3541)),
    (Kind.BUSY, (625, 628, 639, 390_500)),
    (Kind.INTERRUPTED, (604, 630)),
    (Kind.SETUP, (606,)),
    (Kind.CONSTRAINT, (100_072, 100_090)),
    (Kind.RANGE, (100_039, 100_046, 100_078, 100_132)),
    (Kind.CONVERSION, (100_035, 100_037, 100_038, 100_040, 100_051, 100_069, 100_071, 100_096, 100_097)),
    (Kind.LOST, (390_111, 390_112, 390_114, 390_115, 390_195)),
    (Kind.LOGIN, (390_100, 390_101, 390_102, 390_144, 390_186, 390_201, 390_422, 394_300, 394_304)),
)
_KIND_OF = {number: kind for kind, numbers in _KINDS for number in numbers}
_WITH_VALUES = (Kind.CONSTRAINT, Kind.RANGE, Kind.CONVERSION, Kind.REFUSED)
_NAMED = re.compile(r"\b(?:column|table|object|schema|database|function|identifier|type|warehouse)\s$", re.IGNORECASE)
_PREFIX = re.compile(r"^\d{6}:\s|^\d+(?: \([0-9A-Z]{5}\))?: ")
_BAD_LOGIN = re.compile(r"username or password|authenticat|not allowed to access|JWT token|locked|OAuth", re.IGNORECASE)


def vendor_error(exc: Exception, *, connecting: bool = False) -> VendorError | None:
    """Return what an error of the driver means; None when it is none of the driver's."""
    from snowflake.connector import errors

    if not isinstance(exc, errors.Error):
        return None
    number, state, text = exc.errno or 0, exc.sqlstate or "", _text(exc)
    kind = _KIND_OF.get(number) or _kind_of_driver(exc, number, state, text, connecting=connecting)
    if connecting and kind is Kind.LOST:
        kind = Kind.UNREACHABLE
    return VendorError(kind, _code(number, state), without_values(text, _NAMED) if kind in _WITH_VALUES else text)


def _kind_of_driver(exc: Any, number: int, state: str, text: str, *, connecting: bool) -> Kind:
    """Return what remains: the driver's own numbers (25xxxx: network and login), else the SQLSTATE."""
    from snowflake.connector import errors

    if connecting and not isinstance(exc, errors.OperationalError) and _BAD_LOGIN.search(text):
        return Kind.LOGIN
    if isinstance(exc, errors.ProgrammingError) and 251_000 <= number < 252_000:
        return Kind.SETUP if connecting else Kind.REFUSED
    on_the_way = 250_000 <= number < 300_000 or 580_000 <= number < 590_000  # the driver's own: network and HTTP
    if on_the_way or isinstance(exc, errors.OperationalError | errors.HttpError):
        return Kind.LOST
    return kind_of_sqlstate(state)


def _code(number: int, state: str) -> str:
    return " ".join(part for part in (f"{number:06d}" if number > 0 else "", state if state != "n/a" else "") if part)


def _text(exc: Any) -> str:
    """Return the message in one line, without its number, which the driver repeats in front of it."""
    text = " ".join(str(exc.raw_msg or exc.msg or exc).split())
    while (found := _PREFIX.match(text)) is not None:
        text = text[found.end() :]
    return text
