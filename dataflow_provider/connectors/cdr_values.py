"""What fields of call detail records hold, as plain values: digits in half bytes, addresses, moments of telecom.

Source: 3GPP TS 29.002 (TBCD-STRING, AddressString), TS 32.298 (TimeStamp), GSMA TD.57 (LocalTimeStamp).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from dataflow_provider.connectors.json_values import JsonError
from dataflow_provider.spec.cdr_options import Asn1Conversion

_DIGITS = "0123456789*#abc"
_FILLER = 0xF


def tbcd(value: Any) -> str:
    """Return digits of which the lower half byte comes first; a filler ends them.

    >>> tbcd(bytes.fromhex("2143f5"))
    '12345'
    """
    return _digits(value, lower_first=True)


def bcd(value: Any) -> str:
    """Return digits of which the upper half byte comes first.

    >>> bcd(bytes.fromhex("12345f"))
    '12345'
    """
    return _digits(value, lower_first=False)


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
        if isinstance(value, bytes | bytearray) and len(value) == 9:
            digits = value[:6].hex()
            hours, minutes = int(value[7:8].hex()), int(value[8:9].hex())
            away = timedelta(hours=hours, minutes=minutes) * {0x2B: 1, 0x2D: -1}[value[6]]
            local = datetime.strptime(digits, "%y%m%d%H%M%S").replace(tzinfo=timezone(away))
            return local.astimezone(UTC).replace(tzinfo=None).isoformat()
        if isinstance(value, datetime):
            return value.isoformat()
        return datetime.strptime(text(value)[:14], "%Y%m%d%H%M%S").isoformat()  # noqa: DTZ007  # local, as it is told
    except (ValueError, KeyError):
        raise JsonError("timestamp of telecom") from None


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


def _digits(value: Any, *, lower_first: bool) -> str:
    out: list[str] = []
    for byte in _bytes(value):
        halves = (byte & 0xF, byte >> 4) if lower_first else (byte >> 4, byte & 0xF)
        for half in halves:
            if half == _FILLER:
                return "".join(out)
            out.append(_DIGITS[half])
    return "".join(out)


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    raise JsonError("string of bytes")
