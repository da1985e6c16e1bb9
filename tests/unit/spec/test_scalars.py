from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from dataflow_provider.spec.scalars import Plain, Unreadable, read_plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("0", 0),
        ("-12", -12),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.5e3", 1500.0),
        ("text", "text"),
        ("5m", "5m"),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        ("tRue", "tRue"),
        ("y", "y"),
        ("2026-01-31", date(2026, 1, 31)),
        ("2026-1-3", "2026-1-3"),
        ("2026-01-31T06:30:00", datetime(2026, 1, 31, 6, 30)),
        ("2026-01-31 06:30:00.25Z", datetime(2026, 1, 31, 6, 30, 0, 250_000, UTC)),
        ("2026-01-31T06:30:00-01:30", datetime(2026, 1, 31, 6, 30, tzinfo=timezone(-timedelta(hours=1, minutes=30)))),
    ],
)
def test_read_plain_scalar_gives_its_value(text: str, value: Plain) -> None:
    read, ambiguous = read_plain(text)
    assert (type(read), read, ambiguous) == (type(value), value, None)


@pytest.mark.parametrize("text", ["07:30", "1:2:3", "0123", "0x1F", "0o17", "0b1", "1_000", "1e5", "9" * 500])
def test_read_plain_number_of_one_yaml_only_stays_text_and_is_reported(text: str) -> None:
    assert read_plain(text) == (text, "a number")


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("No", False), ("ON", True), ("off", False)])
def test_read_plain_old_boolean_is_reported(text: str, value: bool) -> None:
    assert read_plain(text) == (value, str(value).lower())


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13-01T00:00:00", "2026-01-01 25:00:00", ".inf", "-.Inf", ".NaN"])
def test_read_plain_impossible_date_or_number_raises(text: str) -> None:
    with pytest.raises(Unreadable):
        read_plain(text)
