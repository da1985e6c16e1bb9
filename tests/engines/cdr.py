"""Call detail records made up for tests: a TAP-like ASN.1 schema with files of it, and lines with record types."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

import asn1tools

SCHEMA = """
Usage DEFINITIONS IMPLICIT TAGS ::=
BEGIN
Batch ::= [APPLICATION 1] SEQUENCE {
  sender  [0] IA5String,
  detail  [1] Detail,
  total   [2] INTEGER
}
Detail ::= SEQUENCE {
  note    [0] OCTET STRING OPTIONAL,
  events  [APPLICATION 3] SEQUENCE OF Event
}
Event ::= CHOICE {
  moc [APPLICATION 9] Call,
  mtc [APPLICATION 10] Call,
  sms [APPLICATION 11] Message
}
Call ::= SEQUENCE {
  served  [0] OCTET STRING,
  other   [1] OCTET STRING OPTIONAL,
  started [2] OCTET STRING,
  seconds [3] INTEGER,
  cell    [4] Cell OPTIONAL,
  charges [5] SEQUENCE OF Charge OPTIONAL
}
Cell ::= SEQUENCE { lac [0] INTEGER, ci [1] INTEGER }
Charge ::= SEQUENCE { kind [0] IA5String, amount [1] INTEGER }
Message ::= SEQUENCE { served [0] OCTET STRING, sent [1] OCTET STRING }
END
"""
FIELDS: dict[str, Any] = {
    "imsi": {"path": "served", "as": "tbcd"},
    "other": {"path": "other", "as": "address"},
    "at": {"path": ["started", "sent"], "as": "timestamp"},
    "seconds": "seconds",
    "lac": "cell.lac",
    "first_charge": "charges.0.amount",
}


@lru_cache(maxsize=1)
def compiled() -> Any:
    return asn1tools.compile_string(SCHEMA, "ber")


def tbcd(digits: str) -> bytes:
    padded = digits + "f" * (len(digits) % 2)
    return bytes(int(padded[at + 1] + padded[at], 16) for at in range(0, len(padded), 2))


def moment(at: datetime) -> bytes:
    """Return nine bytes as switches write them, in Warsaw's winter time."""
    return bytes.fromhex(at.strftime("%y%m%d%H%M%S")) + b"+" + bytes.fromhex("0100")


def events(count: int, seed: int = 1) -> Iterator[tuple[str, dict[str, Any]]]:
    random, start = Random(seed), datetime(2026, 1, 31, 6, 0, 0)
    for number in range(count):
        served, at = tbcd(f"26001{number:010d}"), moment(start + timedelta(seconds=number))
        if number % 3 == 2:
            yield "sms", {"served": served, "sent": at}
            continue
        call: dict[str, Any] = {"served": served, "started": at, "seconds": random.randrange(1, 3600)}
        if number % 2:
            call["other"] = b"\x91" + tbcd(f"48{number:09d}")
            call["cell"] = {"lac": number % 100, "ci": number}
            call["charges"] = [{"kind": "air", "amount": number}]
        yield ("moc", "mtc")[number % 3], call


def encoded(count: int, seed: int = 1) -> list[bytes]:
    return [bytes(compiled().encode("Event", event)) for event in events(count, seed)]


def frame(tag: bytes, contents: bytes, *, indefinite: bool = False) -> bytes:
    if indefinite:
        return tag + b"\x80" + contents + b"\x00\x00"
    size = len(contents)
    length = bytes([size]) if size < 0x80 else b"\x84" + size.to_bytes(4, "big")
    return tag + length + contents


def batch(records: list[bytes], *, indefinite: bool = False) -> bytes:
    """Return one `Batch` around records that are encoded already, whatever they hold."""
    inner = frame(b"\x63", b"".join(records), indefinite=indefinite)
    detail = frame(b"\xa1", frame(b"\x80", b"note") + inner, indefinite=indefinite)
    total = frame(b"\x82", len(records).to_bytes(4, "big"))
    return frame(b"\x61", frame(b"\x80", b"PLMN1") + detail + total, indefinite=indefinite)


def lines(count: int) -> list[str]:
    """Return header, records of two types and a trailer that counts them."""
    body = [
        f"MOC;{number};48{number:09d};{number % 600}" if number % 2 else f"SMS;{number};hello {number}"
        for number in range(count)
    ]
    return ["HDR;switch 1", *body, f"TRL;{count}"]
