"""Passages of every log format that Airflow writes, and of logs that are no logs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dataflow_provider.diagnosis.log import MAX_BYTES, Role, read_log, read_passages

FORMATS = [
    "2026-05-21T20:17:45.126000Z [error   ] disk failed     [task]",
    "2026-04-25T19:14:15.037+00:00 ERROR task: disk failed",
    "[2026-04-29 09:10:27] ERROR - disk failed source=task loc=task.py:591",
    "[2026-04-04, 08:24:47 UTC] {task:483} ERROR - disk failed",
    '[2026-05-31, 01:57:21] ERROR - disk failed: source="task"',
    json.dumps({"timestamp": "2026-05-31T01:57:21Z", "level": "error", "event": "disk failed", "logger": "task"}),
]


@pytest.mark.parametrize("row", FORMATS)
def test_line_of_any_format_gives_its_level_and_text(row: str) -> None:
    (passage,) = read_passages(row)
    assert (passage.role, passage.text.strip(), passage.line) == (Role.ERROR, "disk failed", 1)


def test_chain_begins_with_the_innermost_exception() -> None:
    log = (
        "Traceback (most recent call last):\n"
        '  File "a.py", line 1, in f\n'
        "    g()\n"
        "psycopg.errors.UniqueViolation: duplicate key\n"
        "DETAIL:  Key (a)=(1) already exists.\n"
        "\n"
        "The above exception was the direct cause of the following exception:\n"
        "\n"
        "Traceback (most recent call last):\n"
        '  File "b.py", line 2, in h\n'
        "RuntimeError: load failed\n"
    )
    root, outer = read_passages(log)
    assert (root.role, outer.role) == (Role.ROOT, Role.CHAINED)
    assert root.text.startswith("psycopg.errors.UniqueViolation")
    assert "already exists" in root.text
    assert outer.text == "RuntimeError: load failed"


def test_structured_record_holds_its_chain_innermost_first() -> None:
    record = {
        "timestamp": "2026-05-31T01:57:21Z",
        "level": "error",
        "event": "Task failed with exception",
        "error_detail": [
            {"exc_type": "RuntimeError", "exc_value": "load failed", "frames": []},
            {"exc_type": "DatabaseError", "exc_value": "ORA-00060: deadlock detected", "frames": []},
        ],
    }
    roles = {passage.role: passage.text for passage in read_passages(json.dumps(record))}
    assert "ORA-00060" in roles[Role.ROOT]
    assert "load failed" in roles[Role.CHAINED]


@pytest.mark.parametrize("log", ["", "\n\n", "\x00\x01\x02", "{not json}", "]]]]"])
def test_no_log_has_no_alarming_passage(log: str) -> None:
    assert all(passage.role in (Role.RAW, Role.INFO) for passage in read_passages(log))


def test_huge_log_is_read_from_its_end(tmp_path: Path) -> None:
    path = tmp_path / "task.log"
    with path.open("wb") as stream:
        stream.truncate(200_000_000)
        stream.seek(0, 2)
        stream.write(b"\nORA-00060: deadlock detected\n")
    text = read_log(path)
    assert len(text) <= MAX_BYTES
    assert text.endswith("deadlock detected\n")
