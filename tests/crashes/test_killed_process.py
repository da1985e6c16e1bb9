"""A process killed between any two statements leaves the old rows or the new; a retry, the new; a second, the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crashes.cases import CASES
from tests.engines.live import ENGINES

TESTED = ("duckdb", "sqlite", "postgres", "mysql")
EVERY = "overwrite_first_use"
"""The case that is killed before every statement there is; the others, wherever the database has changed."""


class Crasher:
    """The program that kills processes on one engine."""

    def __init__(self, engine: str, spec: dict[str, Any], folder: Path) -> None:
        self.engine = engine
        given = json.dumps({"engine": engine, "spec": spec, "folder": str(folder)})
        self._log = folder / "crasher.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.crashes.process", given],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                cwd=Path(__file__).parents[2], env={**os.environ, "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"},
            )  # fmt: skip

    def crash(self, case: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"case": case, "every": case == EVERY}) + "\n")
        self._process.stdin.flush()
        while line := self._process.stdout.readline():
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        pytest.fail(f"the program ended:\n{self._log.read_text()[-3000:]}")

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)


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
        fields = {key: value for key, value in fields_of(spec).items() if value is not None}
        program = Crasher(name, fields, Path(folder))
        try:
            yield program
        finally:
            program.stop()


def fields_of(spec: Any) -> dict[str, Any]:
    names = ("conn_id", "conn_type", "host", "port", "schema", "login", "password")
    return {name: getattr(spec, name) for name in names}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_killed_try_and_its_retries_leave_the_rows_of_one_clean_run(crasher: Crasher, case: str) -> None:
    answer = crasher.crash(case)
    assert answer["violations"] == []
    assert answer["killed"] > 8
