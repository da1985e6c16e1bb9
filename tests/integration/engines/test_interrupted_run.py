"""`dataflow run` stopped while a database answers: the statement ends in the database too, and the exit code is 130."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from tests.engines.mariadb import MariaDBServer
from tests.engines.postgres import PostgresServer

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: held
defaults: {connection: held}
nodes:
  rows: {type: source.postgres, table: held_rows}
  t: {type: target.postgres, from: rows, table: held_target, write: {mode: overwrite}}
"""
OF_RUN = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid <> pg_backend_pid()"


@pytest.fixture
def pipeline(postgres_server: PostgresServer, tmp_path: Path) -> Path:
    for table in ("held_rows", "held_target"):
        postgres_server.query(f"DROP TABLE IF EXISTS {table}")
        postgres_server.query(f"CREATE TABLE {table} AS SELECT 1 AS id")
    return write_pipeline(tmp_path, "postgres")


def write_pipeline(folder: Path, engine: str) -> Path:
    path = folder / "yaml_pipelines" / "w" / "held.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(PIPELINE.replace("postgres", engine))
    return path


def as_text(spec: ConnectionSpec) -> str:
    names = ("conn_type", "host", "port", "schema", "login", "password")
    return json.dumps({name: getattr(spec, name) for name in names})


@contextmanager
def running(pipeline: Path, spec: ConnectionSpec) -> Iterator[subprocess.Popen[str]]:
    """A run in a process of its own."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "AIRFLOW_CONN_HELD": as_text(spec),
        "AIRFLOW_HOME": str(pipeline.parent),
    }
    command = [sys.executable, "-m", "dataflow_provider.cli.main", "run", str(pipeline)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(server: PostgresServer, count: int, process: subprocess.Popen[str]) -> list[str]:
    """Return the waiting statements as soon as there are that many."""
    until = time.monotonic() + 120
    while len(found := [str(row[0]) for row in server.query(f"SELECT query {OF_RUN}")]) != count:
        assert time.monotonic() < until, found
        assert count == 0 or process.poll() is None, process.communicate()
        time.sleep(0.05)
    return found


# The live check must look at what it reads; to publish, the target is written, which a reader's lock keeps off.
@pytest.mark.parametrize(
    ("table", "lock", "waits"),
    [("held_rows", "ACCESS EXCLUSIVE", "LIMIT 0"), ("held_target", "SHARE", "held_target")],
    ids=["live_check", "publish"],
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_that_waits_in_the_database_is_stopped_there(
    postgres_server: PostgresServer, pipeline: Path, table: str, lock: str, waits: str, number: signal.Signals
) -> None:
    with postgres_server.connect() as holder, holder.transaction():
        holder.execute(f"LOCK TABLE {table} IN {lock} MODE".encode())
        with running(pipeline, postgres_server.spec) as process:
            (statement,) = wait_for(postgres_server, 1, process)
            assert waits in statement
            process.send_signal(number)
            assert process.wait(30) == 130
            wait_for(postgres_server, 0, process)
    assert postgres_server.query("SELECT id FROM held_target") == [(1,)]


def wait_until(is_met: Callable[[], bool], seconds: float, process: subprocess.Popen[str] | None = None) -> None:
    until = time.monotonic() + seconds
    while not is_met():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.1)


def test_statement_of_a_killed_process_ends_in_postgres(
    postgres_server: PostgresServer, tmp_path: Path, pipeline: Path
) -> None:
    postgres_server.query("DROP TABLE held_rows")
    postgres_server.query("CREATE VIEW held_rows AS SELECT 2 AS id FROM (SELECT pg_sleep(600)) AS nap")
    asleep = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'"
    try:
        with running(pipeline, postgres_server.spec) as process:
            wait_until(lambda: bool(postgres_server.query(asleep)), 120, process)
            process.kill()
            wait_until(lambda: not postgres_server.query(asleep), 10)
        assert postgres_server.query("SELECT id FROM held_target") == [(1,)]
    finally:
        postgres_server.query("DROP VIEW held_rows")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_that_computes_in_mariadb_is_stopped_there(
    mariadb_server: MariaDBServer, tmp_path: Path, number: signal.Signals
) -> None:
    many = "SELECT COUNT(*) AS id FROM held_many AS a, held_many AS b, held_many AS c, held_many AS d"
    for statement in (
        "CREATE OR REPLACE TABLE held_many AS SELECT seq FROM seq_1_to_5000",
        f"CREATE OR REPLACE VIEW held_rows AS {many}",
        "CREATE OR REPLACE TABLE held_target (id BIGINT)",
        "INSERT INTO held_target VALUES (1)",
    ):
        mariadb_server.query(statement)
    at_work = (
        "SELECT 1 FROM information_schema.processlist WHERE info LIKE '%df\\_%held_rows%' AND id <> CONNECTION_ID()"
    )
    try:
        with running(write_pipeline(tmp_path, "mysql"), mariadb_server.spec) as process:
            wait_until(lambda: bool(mariadb_server.query(at_work)), 120, process)
            process.send_signal(number)
            assert process.wait(30) == 130
            wait_until(lambda: not mariadb_server.query(at_work), 10)
        assert mariadb_server.query("SELECT id FROM held_target") == [(1,)]
    finally:
        mariadb_server.query("DROP VIEW held_rows")
        mariadb_server.query("DROP TABLE held_many")
