"""Kills whole processes at every step of a stage, on one engine; a program of its own, as it forks.

Argument: a JSON object with `engine`, `spec` (fields of the connection) and `folder`. Then each line of input names a
case, and each line of output is a JSON object: the statements there are, how many tries were killed, and every
violation found. Each killed try is a forked child, so that what dies is a process, by SIGKILL, with its connection.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from dataflow_provider.compiler.plan import Plan
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.spec.project import Project
from tests.conformance.engine import OneConnection
from tests.crashes.cases import CASES, VALUES, Case, State
from tests.crashes.database import FILES, Database, connect, remove_traces
from tests.crashes.tap import has_effect, keeps_books, tapped

POLL_S = 0.003


@dataclass
class Arena:
    """One engine, where cases are crashed one after the other."""

    engine: str
    spec: ConnectionSpec
    folder: Path
    violations: list[dict[str, Any]] = field(default_factory=list)
    kept: Any = None

    @property
    def file(self) -> Path:
        return Path(str(self.spec.host))

    @property
    def fresh(self) -> Path:
        return self.folder / "fresh"

    @contextmanager
    def beside(self) -> Iterator[Database]:
        """Give the database to somebody who is not the product; a server keeps the connection for the next one."""
        if self.engine in FILES:
            with closing(connect(self.spec)) as raw:
                yield Database(self.engine, raw)
            return
        self.kept = self.kept or connect(self.spec)
        yield Database(self.engine, self.kept)

    def run(self, plan: Plan) -> None:
        project = Project(self.folder, "w", (self.folder,), self.folder / "unused.duckdb")
        result = run_pipeline(plan, VALUES, OneConnection(self.spec), project)
        for error in result.errors.values():
            raise error

    def set_up(self, case: Case, plan: Plan) -> None:
        """The first run makes the product's own tables, unless the case begins without them."""
        if self.engine in FILES:
            remove_traces(self.file)
        with self.beside() as database:
            database.set_up(case)
        self.run(plan)
        with self.beside() as database:
            database.set_back(case)
        if self.engine in FILES:
            shutil.copy(self.file, self.fresh)

    def set_back(self, case: Case) -> None:
        if self.engine in FILES:
            remove_traces(self.file)
            shutil.copy(self.fresh, self.file)
            return
        with self.beside() as database:
            database.set_back(case)

    def found(self, at: str, what: str, **more: Any) -> None:
        self.violations.append({"at": at, "what": what, **more})


# ---------------------------------------------------------------- children


def in_child(work: Callable[[], None]) -> int:
    """Return how the child ended: 0, or the signal that killed it as a negative number."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run_and_die(arena: Arena, plan: Plan, before: int) -> None:
    """The process kills itself before its n-th statement: the answer of the one before is lost."""
    seen = 0

    def die(statement: str, raw: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == before:
            os.kill(os.getpid(), signal.SIGKILL)

    with tapped(before=die):
        arena.run(plan)


def clean_run(arena: Arena, plan: Plan, case: Case) -> list[str]:
    """Return the statements of a run without a crash; at each of them somebody else looks at the target."""
    statements: list[str] = []

    def look(statement: str, raw: Any) -> None:
        statements.append(statement)
        with beside_session(arena, raw) as database:
            seen = database.glance()
        if seen is None and case.may_hide(arena.engine):
            return
        if seen not in case.allowed(arena.engine):
            arena.found(f"{len(statements)}: {statement}", "seen before it", state=seen)

    with tapped(before=look):
        arena.run(plan)
    return statements


@contextmanager
def beside_session(arena: Arena, raw: Any) -> Iterator[Database]:
    """Give the database to somebody else while a session is open, whose driver's connection is `raw`.

    No other process can open a DuckDB file then; another connection of this one sees what is committed.
    """
    if arena.engine != "duckdb":
        with arena.beside() as database:
            yield database
        return
    with closing(raw.cursor()) as cursor:
        yield Database("duckdb", cursor)


# ---------------------------------------------------------------- somebody who reads all the time


def read_on(spec: ConnectionSpec, wire: Connection) -> None:
    """Between two words on the wire the target is read again and again; the second is answered with what was seen."""
    while wire.recv():
        seen: list[Any] = []
        with closing(connect(spec)) as raw:
            database = Database(spec.conn_type, raw)
            while not wire.poll(POLL_S):
                found = database.target()
                if found not in seen:
                    seen.append(found)
        wire.recv()
        wire.send(seen)


class Reader:
    """A process that reads the target while another one is crashed; none where one process at a time has the file."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self._wire, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=read_on, args=(arena.spec, theirs), daemon=True)
        if arena.engine != "duckdb":
            self._process.start()

    @contextmanager
    def reading(self, case: Case, at: str) -> Iterator[None]:
        if self.arena.engine == "duckdb":
            yield
            return
        self._wire.send(True)
        try:
            yield
        finally:
            self._wire.send(True)
            targets = [state[0] for state in case.allowed(self.arena.engine)]
            for seen in self._wire.recv():
                if seen not in targets:
                    self.arena.found(at, "read meanwhile", state=seen)


# ---------------------------------------------------------------- the sweep

Sweep = Literal["every", "effects", "target"]
"""Where to die: before each statement, after each with an effect, or after those whose effect is not the product's own.

Dying before and after a statement that only reads is the same to the database. What the product does to its own tables
is the same in every write mode.
"""


def points_of(sweep: Sweep, statements: Sequence[str]) -> list[int]:
    """Return the numbers of the statements, from 1, that a try dies before."""
    if sweep == "every":
        return list(range(1, len(statements) + 1))
    left_out = keeps_books if sweep == "target" else lambda statement: False
    done = (has_effect(statement) and not left_out(statement) for statement in statements[:-1])
    return [1, *(number for number, effect in enumerate(done, 2) if effect)]


def crash_everywhere(arena: Arena, reader: Reader, case: Case, sweep: Sweep) -> dict[str, Any]:
    """Kill a try before each statement of the sweep, and try again."""
    arena.violations.clear()
    started, plan = time.monotonic(), case.plan(arena.engine)
    arena.set_up(case, plan)
    statements = clean_run(arena, plan, case)
    points = points_of(sweep, statements)
    for number in points:
        _crash_and_retry(arena, reader, case, plan, number, f"{number}: {statements[number - 1]}")
    return {
        "statements": len(statements),
        "killed": len(points),
        "seconds": round(time.monotonic() - started, 1),
        "violations": arena.violations,
    }


def _crash_and_retry(arena: Arena, reader: Reader, case: Case, plan: Plan, number: int, at: str) -> None:
    """A second retry follows where the first one found the work done, only unacknowledged."""
    arena.set_back(case)
    with reader.reading(case, at):
        ended = in_child(lambda: run_and_die(arena, plan, number))
        if ended != -signal.SIGKILL:
            arena.found(at, f"the try was to be killed and ended with {ended}")
        left = _run_again(arena, case, plan, at)
        if left == case.new:
            _run_again(arena, case, plan, f"{at}, again")
    if left not in case.allowed(arena.engine):
        arena.found(at, "left by the crash", state=left)


def _run_again(arena: Arena, case: Case, plan: Plan, at: str) -> State:
    """Return what the database held before; afterwards it must hold the new rows and nothing that is left over."""
    before: list[State] = []

    def look(statement: str, raw: Any) -> None:
        if not before:
            with beside_session(arena, raw) as database:
                before.append(database.look())

    with tapped(before=look):
        arena.run(plan)
    with arena.beside() as database:
        state, rest = database.look(), database.leftovers()
    if state != case.new:
        arena.found(at, "left by the retry", state=state)
    if rest:
        arena.found(at, "not cleaned up", tables=rest)
    return before[0]


def main(given: dict[str, Any]) -> None:
    folder = Path(given["folder"])
    arena = Arena(given["engine"], ConnectionSpec(**{**given["spec"], "conn_id": "c"}), folder)
    reader = Reader(arena)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(crash_everywhere(arena, reader, CASES[asked["case"]], asked["sweep"])), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
