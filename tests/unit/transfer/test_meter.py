from __future__ import annotations

import logging
import re
import time

import pytest

from dataflow_provider.transfer.meter import Meter, Moved


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_meter_tells_rate_and_time_left_at_most_every_ten_seconds(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        counted = Meter("read", '"t"', 1000, lambda: 5_000_000)
        for _ in range(25):
            clock[0] += 1
            counted.add(20)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert told[0].startswith('read table="t" rows=200 of=1000 seconds_left=40 rows_per_second=20 bytes=5000000')


def test_meter_at_its_end_tells_all_and_no_time_left(clock: list[float], caplog: pytest.LogCaptureFixture) -> None:
    counted = Meter("written", '"t"', 10, lambda: 80)
    clock[0] += 2
    with caplog.at_level(logging.INFO):
        assert counted.end(10) == Moved(10, 80, 2.0)
    assert re.search(r"rows=10 rows_per_second=5 bytes=80", caplog.text)
    assert "seconds_left" not in caplog.text


def test_meter_of_no_rows_divides_by_none(clock: list[float]) -> None:
    assert Meter("read", '"t"', 0, lambda: 0).end(0) == Moved(0, 0, 0.0)
