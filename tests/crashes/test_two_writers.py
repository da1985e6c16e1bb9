"""Two processes that write to one target at once take turns: the table is as if one had come after the other."""

from __future__ import annotations

import faulthandler
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.compiler.plan import Plan, plan_pipeline
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.errors import DataflowError
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project
from tests.conformance.engine import OneConnection
from tests.crashes.cases import VALUES, Rows
from tests.crashes.database import FILES, Database, connect, remove_traces
from tests.crashes.tap import Listener, ignore, tapped
from tests.engines.live import ENGINES

ROUNDS = 2
LIMIT_S = 90
TESTED = ("duckdb", "sqlite", "postgres", "mysql")
FIRST, SECOND = [[1, "a"], [2, "a"]], [[1, "b"], [3, "b"]]
FIRST_WINS, SECOND_WINS = ([[1, v], [2, "a"], [3, "b"]] for v in "ab")
UPSERT = {"mode": "upsert", "keys": ["id"]}
MODES: dict[str, tuple[dict[str, Any], list[Rows]]] = {
    "append": ({"mode": "append"}, [sorted([*FIRST, *SECOND])]),
    "overwrite": ({"mode": "overwrite"}, [FIRST, SECOND]),
    "upsert": (UPSERT, [FIRST_WINS, SECOND_WINS]),
    "delete_insert": ({"mode": "delete_insert", "keys": ["id"]}, [FIRST_WINS, SECOND_WINS]),
}
# MySQL's lock is asked for five seconds at a time.
PATIENCE_S = {"mysql": 6}


class Place:
    """A database that two pipelines write to; each makes the target when it is missing."""

    def __init__(self, engine: str, spec: ConnectionSpec, folder: Path) -> None:
        self.engine, self.spec, self.folder = engine, spec, folder

    def plan(self, name: str, write: dict[str, Any]) -> Plan:
        target = {"type": f"target.{self.engine}", "from": "rows", "table": "t", "write": write}
        nodes = {
            "rows": {"type": f"source.{self.engine}", "table": f"s_{name}"},
            "t": {**target, "create": {"if_missing": True}},
        }
        document = {"apiVersion": "dataflow/v1", "kind": "Pipeline", "id": name, "defaults": {"connection": "c"}}
        return plan_pipeline(Pipeline.model_validate({**document, "nodes": nodes}))

    def run(self, plan: Plan, before: Listener = ignore) -> list[DataflowError]:
        project = Project(self.folder, "w", (self.folder,), self.folder / "unused")
        with tapped(before):
            return list(run_pipeline(plan, VALUES, OneConnection(self.spec), project).errors.values())

    def prepare(self) -> None:
        """The sources stand, and neither the target nor anything of the product's."""
        if self.engine in FILES:
            remove_traces(Path(str(self.spec.host)))
        with closing(connect(self.spec)) as raw:
            database = Database(self.engine, raw)
            database.run("DROP TABLE IF EXISTS t")
            if self.engine not in FILES:
                database.run(f"DROP SCHEMA IF EXISTS _dataflow{' CASCADE' if self.engine == 'postgres' else ''}")
            for name, rows in (("first", FIRST), ("second", SECOND)):
                values = ", ".join(f"({id}, '{v}')" for id, v in rows)
                database.run(f"DROP TABLE IF EXISTS s_{name}", f"CREATE TABLE s_{name} (id INTEGER, v VARCHAR(20))")
                database.run(f"INSERT INTO s_{name} VALUES {values}")

    def found(self) -> tuple[Rows | None, list[str]]:
        """Return the target's rows, and what is left over."""
        with closing(connect(self.spec)) as raw:
            database = Database(self.engine, raw)
            return database.target(), database.leftovers()


class Writer:
    """A process that runs a pipeline once it is told to go; one that does not come to its end tells its stacks."""

    def __init__(self, place: Place, plan: Plan, go: int, before: Listener = ignore) -> None:
        self._told = place.folder / f"{plan.pipeline.id}.told"
        self._told.unlink(missing_ok=True)
        self._child = os.fork()
        if self._child:
            return
        code = 1
        try:
            with self._told.open("w") as told:
                faulthandler.dump_traceback_later(LIMIT_S, exit=True, file=told)
                os.read(go, 1)
                errors = place.run(plan, before)
                told.write("\n".join(map(str, errors)))
                code = len(errors)
        finally:
            os._exit(code)

    def end(self) -> None:
        """The process has come to its end without an error."""
        code = os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1])
        assert code == 0, self._told.read_text()


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"engine-{name}")) for name in TESTED],
)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    name: str = request.param
    folder = tmp_path_factory.mktemp(f"writers-{name}")
    with ENGINES[name](request, folder) as (spec, _):
        found = Place(name, replace(spec, conn_id="c"), folder)
        # What a first run imports takes seconds; children inherit it.
        found.prepare()
        assert found.run(found.plan("first", {"mode": "overwrite"})) == []
        yield found


@pytest.fixture
def pipes() -> Iterator[list[tuple[int, int]]]:
    """Two pipes, each as the end to read and the end to write."""
    found = [os.pipe(), os.pipe()]
    yield found
    for end in (end for pipe in found for end in pipe):
        os.close(end)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_two_processes_that_begin_at_once_leave_what_one_after_the_other_would(
    place: Place, mode: str, pipes: list[tuple[int, int]]
) -> None:
    write, serial = MODES[mode]
    (go, start), _ = pipes
    for _ in range(ROUNDS):
        place.prepare()
        writers = [Writer(place, place.plan(name, write), go) for name in ("first", "second")]
        os.write(start, b"xx")
        for writer in writers:
            writer.end()
        rows, rest = place.found()
        assert rows in serial
        assert rest == []


@pytest.mark.slow
def test_second_writer_tells_that_it_waits_then_gives_up_and_a_later_one_comes_after_the_first(
    place: Place, pipes: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (go, start), (there, arrived) = pipes

    def hold(statement: str, raw: Any) -> None:
        """The first writer stands in its publish until it is told to go on."""
        if statement.startswith(("INSERT INTO `t`", 'INSERT INTO "t"', 'MERGE INTO "t"')):
            os.write(arrived, b"x")
            os.read(go, 1)

    place.prepare()
    second = place.plan("second", UPSERT)
    first = Writer(place, place.plan("first", UPSERT), go, hold)
    os.write(start, b"x")
    os.read(there, 1)
    monkeypatch.setenv("AIRFLOW__DATAFLOW__WAREHOUSE_LOCK_TIMEOUT", str(PATIENCE_S.get(place.engine, 2)))
    with caplog.at_level(logging.INFO, logger="dataflow_provider"):
        (error,) = place.run(second)
    assert error.code == "DF-CONN-010", error
    assert any(record.getMessage().startswith("Waiting for ") for record in caplog.records), caplog.text

    monkeypatch.setenv("AIRFLOW__DATAFLOW__WAREHOUSE_LOCK_TIMEOUT", str(LIMIT_S))
    go_on = threading.Timer(0.3, os.write, (start, b"x"))
    go_on.start()
    assert place.run(second) == []
    go_on.join()
    first.end()
    assert place.found() == (SECOND_WINS, [])


LOCKS = {"postgres": "LOCK TABLE t IN ACCESS EXCLUSIVE MODE", "mysql": "LOCK TABLES t WRITE"}


@pytest.mark.slow
def test_table_that_somebody_else_keeps_locked_is_not_waited_for_without_end(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place.engine in FILES:
        pytest.skip("not applicable: a file has one writer, and no locks of tables")
    place.prepare()
    plan = place.plan("first", UPSERT)
    assert place.run(plan) == []
    monkeypatch.setenv("AIRFLOW__DATAFLOW__WAREHOUSE_LOCK_TIMEOUT", "1")
    with closing(connect(place.spec)) as raw:
        Database(place.engine, raw).run("BEGIN", LOCKS[place.engine])
        (error,) = place.run(plan)
    assert error.code == "DF-RUN-023", error
    monkeypatch.delenv("AIRFLOW__DATAFLOW__WAREHOUSE_LOCK_TIMEOUT")
    assert place.run(plan) == []
