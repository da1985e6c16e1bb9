"""The server ends a session before, in or right after any statement: the error says try again, and that helps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import MySQLdb
import psycopg
import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.errors import DataflowError, TransientError
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.spec.project import Project
from tests.conformance.engine import OneConnection
from tests.crashes.cases import CASES, DAY, NEW, VALUES, Case
from tests.crashes.database import Database, connect
from tests.crashes.tap import Listener, has_effect, ignore, keeps_books, tapped
from tests.engines.live import ENGINES

SERVERS = ("postgres", "mysql")
SWEPT = ("append", "overwrite_first_use", "upsert", "delete_insert_keys", "create", "drift_add", "hooks_outside")
"""Cases whose publishes differ in their statements; the others are swept by killed processes."""
GONE_MS = 5000
LOST = ("DF-RUN-022",)


@dataclass
class Server:
    """One server, a database on it, and somebody who may end sessions."""

    engine: str
    spec: ConnectionSpec
    database: Database
    folder: Path

    def run(self, case: Case, before: Listener = ignore, after: Listener = ignore) -> DataflowError | None:
        """Run the case's pipeline and return its error."""
        project = Project(self.folder, "w", (self.folder,), self.folder / "unused.duckdb")
        with tapped(before, after):
            result = run_pipeline(case.plan(self.engine), VALUES, OneConnection(self.spec), project)
        return next(iter(result.errors.values()), None)

    def session_of(self, raw: Any) -> int:
        """Return the server's number of a driver's connection, which is not at work."""
        return int(raw.info.backend_pid if self.engine == "postgres" else raw.thread_id())

    def end_session(self, session: int) -> None:
        """The server ends the session, and is done with it."""
        if self.engine == "postgres":
            assert self.database.rows(f"SELECT pg_terminate_backend({session}, {GONE_MS})")[1][0][0]
            return
        self.database.run(f"KILL {session}")
        gone = f"SELECT COUNT(*) FROM information_schema.processlist WHERE id = {session}"
        until = time.monotonic() + GONE_MS / 1000
        while self.database.rows(gone)[1][0][0]:
            assert time.monotonic() < until, self.database.sessions()
            time.sleep(0.005)

    def lose_answer(self, raw: Any) -> None:
        """The statement was done, and what comes back is the driver's own error for a session that is gone."""
        self.end_session(self.session_of(raw))
        # The driver, too, closes its end when it notices.
        raw.close()
        if self.engine == "postgres":
            raise psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly")
        raise MySQLdb.OperationalError(2013, "Lost connection to server during query")


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"engine-{name}")) for name in SERVERS],
)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    name: str = request.param
    folder = tmp_path_factory.mktemp(f"lost-{name}")
    with ENGINES[name](request, folder) as (spec, _), closing(connect(spec)) as raw:
        yield Server(name, replace(spec, conn_id="c"), Database(name, raw), folder)


def at_statement(number: int, act: Callable[[Any], None]) -> Listener:
    """Return a listener that acts at the n-th statement."""
    seen = 0

    def listen(statement: str, raw: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            act(raw)

    return listen


def ways_to_lose(server: Server, statement: str, number: int) -> list[tuple[Listener, Listener]]:
    """Return whom to tell before and after: half of the points lose the statement, half its answer, a commit both."""
    lost = (at_statement(number, lambda raw: server.end_session(server.session_of(raw))), ignore)
    unanswered = (ignore, at_statement(number, server.lose_answer))
    if statement == "COMMIT":
        return [lost, unanswered]
    return [(lost, unanswered)[number % 2]]


@pytest.mark.slow
@pytest.mark.parametrize("name", SWEPT)
def test_session_ended_at_any_statement_can_be_tried_again(server: Server, name: str) -> None:
    case, statements = CASES[name], list[str]()
    server.database.set_up(case)
    assert server.run(case, before=lambda statement, raw: statements.append(statement)) is None
    tried = 0
    for number, statement in enumerate(statements, 1):
        if not has_effect(statement) or (name != "append" and keeps_books(statement)):
            continue
        for before, after in ways_to_lose(server, statement, number):
            server.database.set_back(case)
            at = f"{number}: {statement}"
            error = server.run(case, before, after)
            # What follows the publish is cleaning: without it the run has done its work, and a later one cleans.
            if error is None:
                assert server.database.look() == case.new, at
            else:
                assert isinstance(error, TransientError), (at, error)
                assert error.code in LOST, (at, error)
                assert "`c`" in str(error), (at, error)
                assert server.database.look() in case.allowed(server.engine), at
            assert server.run(case) is None, at
            assert server.database.look() == case.new, at
            assert server.database.leftovers() == [], at
            tried += 1
    assert tried > 3


_WAITS = "BEGIN PERFORM pg_sleep(30); RETURN NEW; END"
SLOW = {
    "postgres": (
        f"CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ {_WAITS} $$",
        "CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION slow()",
    ),
    "mysql": ("CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW DO SLEEP(30)",),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["append", "overwrite", "upsert", "merge", "delete_insert_keys"])
def test_session_ended_within_the_publish_leaves_the_old_rows(server: Server, name: str) -> None:
    case = CASES[name] if name != "merge" else replace(CASES[name], incoming=[*NEW, [3, "c", DAY]])
    server.database.set_up(case)
    server.database.run(*SLOW[server.engine])
    enders: list[threading.Timer] = []

    def end_soon(statement: str, raw: Any) -> None:
        if statement.startswith(('INSERT INTO "t"', "INSERT INTO `t`", "MERGE INTO")):
            enders.append(threading.Timer(0.3, server.end_session, (server.session_of(raw),)))
            enders[-1].start()

    error = server.run(case, before=end_soon)
    for ender in enders:
        ender.join()
    assert isinstance(error, TransientError), error
    assert error.code in LOST, error
    assert server.database.look() == case.old
    server.database.run("DROP TRIGGER slow ON t" if server.engine == "postgres" else "DROP TRIGGER slow")
    assert server.run(case) is None
    assert server.database.leftovers() == []
