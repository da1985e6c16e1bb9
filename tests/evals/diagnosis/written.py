"""Whole task logs out of `logs.txt`, where a case is its cause and what was said, in the forms that Airflow writes.

A line's first letter says how it was said: I, W, E logged as information, warning, error; R printed by a program that
the task started; T the exception, C one raised from it. The form (console, brackets, JSON records) goes by the number
of the case.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_LEVELS = {"I": "info", "W": "warning", "E": "error"}
_BEFORE = (
    "I AIRFLOW_CTX_DAG_OWNER=data-eng AIRFLOW_CTX_TRY_NUMBER=1 [task]",
    "W /usr/lib/python3.12/site-packages/pandas/core/frame.py:91: FutureWarning: downcasting will change [py.warnings]",
    "I statement timeout for this session: 949 s, lock timeout 30 s [app]",
    "I pool size 5, max overflow 10, 0 rejected [app.pool]",
    "W attempt 1 of 5 failed: Connection reset by peer, retrying in 2 s [app.http]",
    "I TLS handshake ok, token refreshed, expires in 3600 s [app.auth]",
)
_BEHIND = ("I metrics flushed (16 gauges) [task.stdout]", "I Task exited with return code 1 [task]")
_FRAMES = (
    '  File "/opt/airflow/lib/python3.12/site-packages/airflow/sdk/execution_time/task_runner.py", line 1579, in run',
    "    result = _execute_task(context=context, ti=ti, log=log)",
    '  File "/opt/airflow/dags/load.py", line 40, in run',
    "    load(day)",
)
_LINK = "The above exception was the direct cause of the following exception:"


@dataclass(frozen=True)
class Case:
    """A log and its cause; `said` is the case as it was written."""

    cause: str
    said: tuple[str, ...]
    form: str
    log: str


def read_cases() -> list[Case]:
    blocks = (Path(__file__).parent / "logs.txt").read_text(encoding="utf-8").split("=== ")[1:]
    cases = []
    for number, block in enumerate(blocks):
        cause, *said = block.rstrip("\n").split("\n")
        name = list(FORMS)[number % len(FORMS)]
        noise = [_BEFORE[(number + step) % len(_BEFORE)] for step in range(number % 4)]
        cases.append(Case(cause, tuple(said), name, FORMS[name]([*noise, *said, *_BEHIND])))
    return cases


def _stamped(lines: Sequence[str], row: Callable[[str, str, str, str], str]) -> str:
    """Return a log with rows of stamp, level, text and logger, and stack traces below an error."""
    written: list[str] = []
    for number, line in enumerate(lines):
        kind, text = line[0], line[2:].replace("\\n", "\n").replace("\\t", "\t")
        if kind == "R":
            written.append(text)
        elif kind in "TC":
            if kind == "T":
                written.append(row(_stamp(number), "error", "Task failed with exception", "task"))
            else:
                written += ["", _LINK, ""]
            written += ["Traceback (most recent call last):", *_FRAMES, text]
        else:
            text, _, logger = text.rpartition(" [")
            written.append(row(_stamp(number), _LEVELS[kind], text, logger.rstrip("]")))
    return "\n".join(written)


def _stamp(number: int) -> str:
    return f"2026-04-01T09:{number // 60:02}:{number % 60:02}"


def _console(lines: Sequence[str]) -> str:
    return _stamped(lines, lambda at, level, text, logger: f"{at}.120000Z [{level:8}] {text} [{logger}]")


def _brackets(lines: Sequence[str]) -> str:
    return _stamped(
        lines, lambda at, level, text, logger: f"[{at}.120+0000] {{{logger}.py:88}} {level.upper()} - {text}"
    )


def _records(lines: Sequence[str]) -> str:
    """Return JSON records, as Airflow 3 keeps them: the printed ones are records too, exceptions are their details."""
    records: list[dict[str, object]] = []
    for number, line in enumerate(lines):
        kind, text = line[0], line[2:].replace("\\n", "\n").replace("\\t", "\t")
        record: dict[str, object] = {"timestamp": f"{_stamp(number)}.120000Z", "logger": "task"}
        if kind in "TC":
            type_, _, value = text.partition(": ")
            detail = {"exc_type": type_, "exc_value": value, "frames": [{"filename": "load.py", "lineno": 40}]}
            if kind == "C":
                details = records[-1]["error_detail"]
                assert isinstance(details, list)
                details.insert(0, detail)
                continue
            record |= {"level": "error", "event": "Task failed with exception", "error_detail": [detail]}
        elif kind == "R":
            record |= {"level": "info", "event": text, "logger": "task.stdout"}
        else:
            text, _, logger = text.rpartition(" [")
            record |= {"level": _LEVELS[kind], "event": text, "logger": logger.rstrip("]")}
        records.append(record)
    return "\n".join(json.dumps(record) for record in records)


FORMS: dict[str, Callable[[Sequence[str]], str]] = {"console": _console, "brackets": _brackets, "records": _records}
