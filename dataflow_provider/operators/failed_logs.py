"""The log of another task of the run, as a task can read it: a file on its worker, or Airflow's remote log store.

A task has no database of Airflow, so Airflow's own log reader is out of its reach; the store behind that reader is not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataflow_provider.airflow_compat import remote_log_store
from dataflow_provider.diagnosis.log import keep_end, read_log

_WAITS = (0.0, 2.0, 4.0)
"""Seconds before each look: a worker carries a log to the store only when its task has been told as failed."""
_LAST_TRY = 100


@dataclass(frozen=True)
class LoggedTry:
    """A try as a log store looks at it: what names it; its times are not known to other tasks."""

    dag_id: str
    run_id: str
    task_id: str
    try_number: int
    map_index: int = -1
    start_date: None = None
    end_date: None = None


@dataclass(frozen=True)
class FoundLog:
    """The end of a try's log."""

    try_number: int
    text: str


def newest_log(dag_id: str, run_id: str, task: str) -> Path | None:
    """Return the file of a task's last try below Airflow's log folder; None when this machine has none."""
    from airflow.sdk.configuration import conf

    folder = Path(conf.get("logging", "base_log_folder")) / _folder(dag_id, run_id, task)
    tries = [file for file in folder.glob("attempt=*.log") if file.stem.partition("=")[2].isdigit()]
    return max(tries, key=_number, default=None)


def find_log(dag_id: str, run_id: str, task: str, planned_tries: int) -> FoundLog | None:
    """Return a task's newest log, None when neither this worker nor a remote store has one.

    The store is asked about the last planned try first; a task that was cleared has more tries than planned.
    """
    file = newest_log(dag_id, run_id, task)
    if file is not None:
        return FoundLog(_number(file), read_log(file))
    store = remote_log_store()
    for wait in _WAITS if store is not None else ():
        time.sleep(wait)
        found = _newest_remote(store, dag_id, run_id, task, planned_tries)
        if found is not None:
            return found
    return None


def _newest_remote(store: Any, dag_id: str, run_id: str, task: str, planned_tries: int) -> FoundLog | None:
    def at(number: int) -> FoundLog | None:
        path = f"{_folder(dag_id, run_id, task)}/attempt={number}.log"
        text = keep_end(_lines(store, path, LoggedTry(dag_id, run_id, task, number)))
        return FoundLog(number, text) if text.strip() else None

    found = next(filter(None, map(at, range(planned_tries, 0, -1))), None)
    if found is None or found.try_number < planned_tries:
        return found
    for number in range(planned_tries + 1, _LAST_TRY):
        later = at(number)
        if later is None:
            break
        found = later
    return found


def _lines(store: Any, path: str, tried: LoggedTry) -> Iterator[str]:
    """Yield the lines of a log; a store streams them, or returns whole texts."""
    _, logs = store.stream(path, tried) if hasattr(store, "stream") else store.read(path, tried)
    for log in logs or ():
        for piece in (log,) if isinstance(log, str) else log:
            yield from str(piece).splitlines()


def _folder(dag_id: str, run_id: str, task: str) -> str:
    return f"dag_id={dag_id}/run_id={run_id}/task_id={task}"


def _number(file: Path) -> int:
    return int(file.stem.partition("=")[2])
