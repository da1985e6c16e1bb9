"""What fields of call detail records hold, as plain values: digits in half bytes, addresses, moments of telecom.

Source: 3GPP TS 29.002 (TBCD-STRING, AddressString), TS 32.298 (TimeStamp), GSMA TD.57 (LocalTimeStamp).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dataflow_provider.connectors.json_values import JsonError
from dataflow_provider.spec.cdr_options import Asn1Conversion

_FILLER = "f"
_DIGITS = f"0123456789*#abc{_FILLER}"
_LOWER_FIRST = tuple(_DIGITS[byte & 0xF] + _DIGITS[byte >> 4] for byte in range(256))
_UPPER_FIRST = tuple(_DIGITS[byte >> 4] + _DIGITS[byte & 0xF] for byte in range(256))
_AWAY = {ord("+"): timedelta(hours=1), ord("-"): timedelta(hours=-1)}
_MINUTE = {ord("+"): timedelta(minutes=1), ord("-"): timedelta(minutes=-1)}
_FIRST_YEAR_OF_1900S = "69"  # as POSIX reads years of two digits


def tbcd(value: Any) -> str:
    """Return digits of which the lower half byte comes first; a filler ends them.

    >>> tbcd(bytes.fromhex("2143f5"))
    '12345'
    """
    return _digits(value, _LOWER_FIRST)


def bcd(value: Any) -> str:
    """Return digits of which the upper half byte comes first.

    >>> bcd(bytes.fromhex("12345f"))
    '12345'
    """
    return _digits(value, _UPPER_FIRST)


def address(value: Any) -> str:
    """Return the digits after the byte that tells kind and plan of a number; an international one begins with `+`.

    >>> address(bytes.fromhex("918406214365"))
    '+4860123456'
    """
    data = _bytes(value)
    international = bool(data) and data[0] >> 4 & 0x7 == 1
    return ("+" if international else "") + tbcd(data[1:])


def hexadecimal(value: Any) -> str:
    return _bytes(value).hex()


def text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return _bytes(value).decode("utf-8")
    except UnicodeDecodeError:
        raise JsonError("UTF-8 text") from None


def ipv4(value: Any) -> str:
    data = _bytes(value)
    if len(data) != 4:
        raise JsonError("address of four bytes")
    return str(ipaddress.IPv4Address(data))


def integer(value: Any) -> int:
    return value if isinstance(value, int) else int.from_bytes(_bytes(value), "big")


def timestamp(value: Any) -> str:
    """Return a moment in ISO form: nine bytes `YYMMDDhhmmss±hhmm` in UTC, or a text `YYYYMMDDhhmmss` as it is.

    >>> timestamp(bytes.fromhex("2601310630002b0100")), timestamp("20260131063000")
    ('2026-01-31T05:30:00', '2026-01-31T06:30:00')
    """
    try:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, bytes | bytearray) and len(value) == 9:
            digits = value.hex()
            century = "19" if digits[:2] >= _FIRST_YEAR_OF_1900S else "20"
            local = datetime.fromisoformat(_iso(century + digits[:12]))
            return (local - _AWAY[value[6]] * int(digits[14:16]) - _MINUTE[value[6]] * int(digits[16:])).isoformat()
        return datetime.fromisoformat(_iso(text(value))).isoformat()
    except (ValueError, KeyError):
        raise JsonError("timestamp of telecom") from None


def _iso(digits: str) -> str:
    """Write `YYYYMMDDhhmmss` as ISO does; `strptime` takes ten times as long."""
    if not digits[:14].isdigit() or len(digits) < 14:
        raise ValueError(digits)
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{digits[8:10]}:{digits[10:12]}:{digits[12:14]}"


CONVERSIONS: Mapping[Asn1Conversion, tuple[str, Callable[[Any], Any]]] = {
    "tbcd": ("VARCHAR", tbcd),
    "bcd": ("VARCHAR", bcd),
    "hex": ("VARCHAR", hexadecimal),
    "text": ("VARCHAR", text),
    "address": ("VARCHAR", address),
    "ipv4": ("VARCHAR", ipv4),
    "timestamp": ("TIMESTAMP", timestamp),
    "integer": ("BIGINT", integer),
}
"""The SQL type that a conversion gives, and the conversion."""


def plain(value: Any) -> Any:
    """Return a decoded value that has no conversion as JSON has it: bytes in hexadecimal, a choice as an object."""
    if isinstance(value, bytes | bytearray):
        return value.hex()
    if isinstance(value, tuple) and len(value) == 2:
        # A choice, or bits and how many there are.
        return {value[0]: plain(value[1])} if isinstance(value[0], str) else bytes(value[0]).hex()
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return value


def _digits(value: Any, pairs: Sequence[str]) -> str:
    return "".join([pairs[byte] for byte in _bytes(value)]).partition(_FILLER)[0]


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    raise JsonError("string of bytes")
