"""A process killed between any two statements leaves the old rows or the new; a retry, the new; a second, the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Any

import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from tests.crashes.cases import CASES
from tests.crashes.database import FILES, Database, connect
from tests.engines.live import ENGINES

TESTED = ("duckdb", "sqlite", "postgres", "mysql")
LIMIT_S = 120
EVERYWHERE, BOOKS = "overwrite_first_use", "append"
"""The cases that die at more places than where the target may have changed."""


class Crasher:
    """The program that kills processes on one engine; one that does not answer is killed itself, and begun anew."""

    def __init__(self, engine: str, spec: ConnectionSpec, folder: Path) -> None:
        self._engine, self._spec, self._folder = engine, spec, folder
        self._log = folder / "crasher.log"
        self._process: subprocess.Popen[str] | None = None
        self._lines: SimpleQueue[str] = SimpleQueue()

    def crash(self, case: str) -> dict[str, Any]:
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write(json.dumps({"case": case, "sweep": self._sweep(case)}) + "\n")
        process.stdin.flush()
        deadline = time.monotonic() + LIMIT_S
        while line := self._next_line(deadline - time.monotonic()):
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        self.stop()
        pytest.fail(f"the program ended:\n{self._log.read_text()[-3000:]}", pytrace=False)

    def _sweep(self, case: str) -> str:
        """Statements that only read are many, so one engine shows that it is the same to die before and after them."""
        if case == EVERYWHERE:
            return "every" if self._engine == "sqlite" else "effects"
        return "effects" if case == BOOKS else "target"

    def stop(self) -> None:
        """The program is gone, and every process it made."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def _start(self) -> subprocess.Popen[str]:
        names = ("conn_id", "conn_type", "host", "port", "schema", "login", "password")
        fields = {name: value for name in names if (value := getattr(self._spec, name)) is not None}
        given = json.dumps({"engine": self._engine, "spec": fields, "folder": str(self._folder)})
        environment = {"AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR", "PYTHONFAULTHANDLER": "1"}
        with self._log.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.crashes.process", given],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
                cwd=Path(__file__).parents[2], env={**os.environ, **environment},
            )  # fmt: skip
        lines: SimpleQueue[str] = SimpleQueue()
        Thread(target=self._read, args=(process.stdout, lines), daemon=True).start()
        self._process, self._lines = process, lines
        return process

    @staticmethod
    def _read(output: IO[str], lines: SimpleQueue[str]) -> None:
        """Every line is in the queue, and at last an empty one."""
        with output:
            for line in output:
                lines.put(line)
        lines.put("")

    def _next_line(self, timeout_s: float) -> str:
        try:
            return self._lines.get(timeout=max(0.0, timeout_s))
        except Empty:
            pass
        sessions = self._sessions()
        assert self._process is not None
        self._process.send_signal(signal.SIGABRT)  # its stacks go to the log
        self.stop()
        pytest.fail(f"no answer in {LIMIT_S} s:\n{sessions}\n{self._log.read_text()[-6000:]}", pytrace=False)

    def _sessions(self) -> str:
        if self._engine in FILES:
            return ""
        with closing(connect(self._spec)) as raw:
            return Database(self._engine, raw).sessions()


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"engine-{name}")) for name in TESTED],
)
def crasher(request: pytest.FixtureRequest) -> Iterator[Crasher]:
    name: str = request.param
    # In memory, where there is such a place: what is tested is the order of things, not the disk.
    memory = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(prefix="dataflow-crash-", dir=memory if memory.is_dir() else None) as folder,
        ENGINES[name](request, Path(folder)) as (spec, _),
    ):
        program = Crasher(name, spec, Path(folder))
        try:
            yield program
        finally:
            program.stop()


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_killed_try_and_its_retries_leave_the_rows_of_one_clean_run(crasher: Crasher, case: str) -> None:
    answer = crasher.crash(case)
    assert answer["violations"] == []
    assert answer["killed"] >= 5
