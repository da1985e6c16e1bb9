"""The end of a task's log as text, in bounded memory, by Airflow's own log handler: remote logs come like local ones.

A large file on this machine is read from its end; every other log runs by once, and its last lines are kept.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancehistory import TaskInstanceHistory
from airflow.utils.log.log_reader import TaskLogReader
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from dataflow_provider.airflow_compat import find_log_files
from dataflow_provider.api.datamodels import LogLine
from dataflow_provider.api.stage_logs import build_log_page
from dataflow_provider.diagnosis.log import MAX_LINES, keep_end, read_log

LARGE_BYTES = 4_000_000
"""A file above that is read from its end; Airflow's own reader goes through all of it."""


def find_try(session: Session, pipeline_id: str, run_id: str, stage_id: str, try_number: int) -> Any:
    """Return a try as Airflow has it, None when it never was."""
    for table in (TaskInstance, TaskInstanceHistory):
        found = session.scalar(
            select(table)
            .where(
                table.dag_id == pipeline_id, table.run_id == run_id, table.task_id == stage_id,
                table.try_number == try_number, table.map_index == -1,
            )
            .options(joinedload(table.dag_run))
        )  # fmt: skip
        if found is not None:
            return found
    return None


def read_log_end(task: Any, try_number: int) -> str:
    """Return the end of a try's log, as Airflow prints it; empty when there is none."""
    large = [file for file in find_log_files(task, try_number) if file.stat().st_size > LARGE_BYTES]
    entries: Iterable[Any] = _rows(large[0]) if large else _chunks(task, try_number)
    return keep_end(_text(line) for entry in entries for line in build_log_page(try_number, {"content": [entry]}).lines)


def _chunks(task: Any, try_number: int) -> Iterable[Any]:
    """Yield the last entries of the log; turning all of a long one into text would take longer than reading it."""
    reader: Any = TaskLogReader()  # handlers of older providers yield texts, which Airflow's types do not tell
    stream, _ = reader.read_log_chunks(task, try_number, {})
    last = deque(stream, MAX_LINES)
    return (entry if isinstance(entry, str) else entry.model_dump(mode="json") for entry in last)


def _rows(file: Path) -> Iterable[Any]:
    """Yield the rows at the end of a file, records of Airflow as such; the first of them may be cut."""
    for row in read_log(file).split("\n")[1:]:
        try:
            record = json.loads(row) if row.startswith("{") else None
        except ValueError:
            record = None
        yield record if isinstance(record, dict) else row.rstrip("\r")


def _text(line: LogLine) -> str:
    """Return the line as Airflow prints it, which the diagnosis reads."""
    if line.time is None:
        return line.message
    logger = f" [{line.logger}]" if line.logger else ""
    return f"{line.time.isoformat()} [{line.level or 'info':8}] {line.message}{logger}"
