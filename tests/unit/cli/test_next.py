"""`dataflow next` as a person and as a program sees it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.cli.commands import next as command
from dataflow_provider.cli.main import main

NODES = "nodes:\n  a: {type: source.duckdb, table: a}\n  b: {type: target.duckdb, from: a, table: b}\n"


class Clock(datetime):
    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return datetime(2026, 3, 27, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "datetime", Clock)


def write(folder: Path, schedule: str) -> str:
    path = folder / "calls.yaml"
    path.write_text(f"apiVersion: dataflow/v1\nkind: Pipeline\nid: calls\n{schedule}{NODES}")
    return str(path)


def test_next_lists_runs_with_intervals_local_time_and_notes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, 'schedule: {cron: "30 2 * * *", timezone: Europe/Warsaw, calendar: PL}\n')
    assert main(["next", file, "--count", "2", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["pipeline"], answer["summary"]) == ("calls", "02:30 Warsaw, Polish business days")
    first, second = answer["runs"]
    assert first == {
        "interval_start": "2026-03-27T01:30:00+00:00",
        "interval_end": "2026-03-30T00:30:00+00:00",
        "due": "2026-03-30T00:30:00+00:00",
        "local_time": "2026-03-30T02:30:00+02:00",
        "notes": [
            "includes the closed 2026-03-28 (Saturday), 2026-03-29 (Sunday)",
            "the clocks go forward by 1 h in this interval; it lasts 71 h",
        ],
    }
    assert second["interval_start"] == first["interval_end"]
    assert main(["next", file, "--count", "1"]) == 0
    assert "Mon 2026-03-30 02:30 CEST" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ("", "runs by hand only"),
        ("schedule: {after: [other]}\n", "after other"),
        ('schedule: {cron: "0 6 * * *", end: 2026-03-01}\n', "no run to come"),
        ('schedule: {cron: "0 6 * * *", start: 2027-02-28}\n', "Mon 2027-03-01 06:00 UTC"),
    ],
)
def test_next_keeps_to_the_bounds_and_says_when_there_is_no_clock(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], schedule: str, told: str
) -> None:
    assert main(["next", write(tmp_path, schedule)]) == 0
    assert told in capsys.readouterr().out


def test_next_of_an_unknown_calendar_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, 'schedule: {cron: "0 6 * * *", calendar: XX}\n')
    assert main(["next", file, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "DF-SCHED-008"
