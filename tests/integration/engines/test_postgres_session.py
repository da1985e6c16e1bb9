"""What is PostgreSQL's own: its types, settings, fences, lost servers and refused logins."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pyarrow
import pytest

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.impl.postgres import PostgresConnector, PostgresSession
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.errors import AuthorError, DataflowError, TerminalError, TransientError
from dataflow_provider.spec.nodes import Scalar
from tests.engines.postgres import PostgresServer
from tests.engines.processes import free_port

pytestmark = pytest.mark.xdist_group("engine-postgres")
OPTIONS = SessionOptions(Holder("flights", "load"))
CONNECTOR = PostgresConnector()
TYPES = {
    "a": "smallint", "b": "numeric(10,2)", "c": "numeric", "d": "character varying(5)", "e": "character(3)",
    "f": "timestamp(3) without time zone", "g": "timestamp with time zone", "h": "bytea", "i": "jsonb", "j": "uuid",
    "k": "integer[]", "l": "double precision", "m": "time without time zone", "n": "interval", "o": "bit(3)",
}  # fmt: skip


@pytest.fixture
def session(postgres_server: PostgresServer) -> Iterator[PostgresSession]:
    with CONNECTOR.open(postgres_server.spec, OPTIONS) as opened:
        opened.execute("DROP SCHEMA IF EXISTS own CASCADE")
        opened.execute("CREATE SCHEMA own")
        yield opened


def test_columns_have_the_types_of_the_catalogue(session: PostgresSession) -> None:
    session.execute("CREATE TABLE own.t (" + ", ".join(f"{name} {kind}" for name, kind in TYPES.items()) + ")")
    assert session.columns_of('"own"."t"') == TYPES
    assert session.columns_of_query("SELECT * FROM own.t") == TYPES
    assert session.columns_of_query("SELECT 1 AS n, 'x' AS t, now() AS z") == {
        "n": "integer", "t": "text", "z": "timestamp with time zone",
    }  # fmt: skip


def test_columns_of_a_table_that_was_altered_leave_dropped_ones_out(session: PostgresSession) -> None:
    session.execute('CREATE TABLE own."T t" (a INT, b INT)')
    session.execute('ALTER TABLE own."T t" DROP COLUMN a')
    assert session.columns_of('"own"."T t"') == {"b": "integer"}
    assert session.columns_of('"nowhere"."T t"') is None


def test_session_is_in_utc_and_tells_who_asks(session: PostgresSession) -> None:
    shown = "SELECT current_setting('TimeZone'), current_setting('application_name')"
    assert session.fetch_rows(shown)[1] == [("UTC", "dataflow flights/load")]


def test_settings_of_a_node_hold_for_the_session(postgres_server: PostgresServer) -> None:
    settings: dict[str, Scalar] = {"work_mem": "9MB", "jit": False, "statement_timeout": 300}
    with CONNECTOR.open(postgres_server.spec, replace(OPTIONS, settings=settings)) as session:
        shown = "SELECT current_setting('work_mem'), current_setting('jit')"
        assert session.fetch_rows(shown)[1] == [("9MB", "off")]
        with pytest.raises(TransientError, match=r"DF-RUN-019.*57014"):
            session.execute("SELECT pg_sleep(30)")


@pytest.mark.parametrize("name", ["search_path", "TimeZone", "session_authorization", "role", "x; DROP TABLE t"])
def test_setting_that_changes_what_sql_means_is_refused(postgres_server: PostgresServer, name: str) -> None:
    with pytest.raises(AuthorError, match=r"DF-CONN-004.*work_mem"):
        CONNECTOR.open(postgres_server.spec, replace(OPTIONS, settings={name: "x"})).__enter__()


@pytest.mark.parametrize(
    "sql",
    [
        "COPY own.t TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
        "INSERT INTO t SELECT \"pg_read_file\" /* c */ ('/etc/passwd')",
        "SELECT dblink_exec('host=x', 'DROP TABLE t')",
        "SELECT lo_import('/etc/passwd')",
        "CREATE EXTENSION dblink",
        "DO $$ BEGIN END $$",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER SYSTEM SET x = 1",
        "ALTER ROLE postgres SUPERUSER",
        "WITH x AS (SELECT set_config('role', 'a', false)) SELECT * FROM x",
        "CREATE EXTERNAL TABLE x (a INT)",
        "LOAD 'x'",
        "VACUUM; COPY t TO PROGRAM 'cat'",
    ],
)
def test_author_sql_that_leaves_the_database_is_refused(session: PostgresSession, sql: str) -> None:
    with pytest.raises((AuthorError, TerminalError), match=r"DF-RUN-03[01]"):
        session.execute_author_sql(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE UNIQUE INDEX i ON own.t (a)", "ANALYZE own.t", "VACUUM own.t", "TRUNCATE own.t",
        "COMMENT ON TABLE own.t IS 'COPY; DROP'", "SELECT 'pg_read_file(1)' -- pg_read_file(1)",
        "CREATE MATERIALIZED VIEW own.v AS SELECT * FROM own.t", "ALTER TABLE own.t ADD COLUMN b INT",
    ],
)  # fmt: skip
def test_author_sql_of_the_trade_runs(session: PostgresSession, sql: str) -> None:
    session.execute("CREATE TABLE own.t (a INT)")
    session.execute_author_sql(sql)


@pytest.mark.parametrize(
    ("sql", "branch", "code", "state"),
    [
        ("SELECT 'secret-value'::int", TerminalError, "DF-RUN-012", "22P02"),
        ("SELECT 'secret-value'::date", TerminalError, "DF-RUN-012", "22007"),
        ("SELECT 99999999999::int", TerminalError, "DF-RUN-013", "22003"),
        ("SELECT 1 / 0", TerminalError, "DF-RUN-012", "22012"),
        ("INSERT INTO own.u VALUES ('secret-value'), ('secret-value')", TerminalError, "DF-RUN-011", "23505"),
        ("INSERT INTO own.u VALUES (NULL)", TerminalError, "DF-RUN-011", "23502"),
        ("SELECT nope()", TerminalError, "DF-RUN-014", "42883"),
        ("SELECT pg_terminate_backend(pg_backend_pid())", TransientError, "DF-RUN-022", "57P01"),
    ],
)
def test_error_tells_the_vendors_code_and_no_value(
    session: PostgresSession, sql: str, branch: type[DataflowError], code: str, state: str
) -> None:
    session.execute("CREATE TABLE own.u (a TEXT PRIMARY KEY)")
    with pytest.raises(branch) as caught:
        session.execute(sql)
    assert caught.value.code == code
    assert f"PostgreSQL {state}" in caught.value.message
    assert "secret-value" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_error_with_a_detail_says_that_it_was_left_out(session: PostgresSession) -> None:
    session.execute("CREATE TABLE own.u (a TEXT PRIMARY KEY)")
    with pytest.raises(TerminalError, match="u_pkey") as caught:
        session.execute("INSERT INTO own.u VALUES ('x'), ('x')")
    assert "DETAIL is left out" in str(caught.value)


def test_deadlock_and_lock_timeout_are_worth_a_retry(session: PostgresSession, postgres_server: PostgresServer) -> None:
    session.execute("CREATE TABLE own.t (a INT)")
    with postgres_server.connect() as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE own.t")
        with (
            CONNECTOR.open(postgres_server.spec, replace(OPTIONS, settings={"lock_timeout": 100})) as waiting,
            pytest.raises(TransientError, match=r"DF-RUN-023.*55P03"),
        ):
            waiting.execute("DELETE FROM own.t")
        other.execute("ROLLBACK")


def test_server_process_that_is_killed_gives_a_transient_error(
    session: PostgresSession, postgres_server: PostgresServer
) -> None:
    backend = session.fetch_number("SELECT pg_backend_pid()")
    timer = threading.Timer(0.5, os.kill, (backend, signal.SIGKILL))
    timer.start()
    with pytest.raises(TransientError, match="DF-RUN-022"), session.transaction():
        session.execute("SELECT pg_sleep(60)")
    timer.join()
    wait_for(postgres_server)
    with CONNECTOR.open(postgres_server.spec, OPTIONS) as again:
        assert again.fetch_number("SELECT 1") == 1


def wait_for(server: PostgresServer) -> None:
    """PostgreSQL restarts all its processes when one is killed."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            server.query("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError


def test_statement_is_stopped_in_the_server_too(session: PostgresSession, postgres_server: PostgresServer) -> None:
    timer = threading.Timer(0.3, session.interrupt)
    timer.start()
    with pytest.raises(TransientError, match="DF-RUN-019"):
        session.execute("SELECT pg_sleep(60) /* to be stopped */")
    running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%to be ' || 'stopped%'"
    assert postgres_server.query(running) == [(0,)]


def test_open_with_a_wrong_password_is_refused(postgres_server: PostgresServer) -> None:
    wrong = replace(postgres_server.spec, password="not-it-at-all")
    with pytest.raises(TerminalError, match=r"DF-CONN-013.*`pg_test`.*password authentication failed") as caught:
        CONNECTOR.open(wrong, OPTIONS).__enter__()
    assert "not-it-at-all" not in str(caught.value)


def test_open_of_a_missing_database_is_refused(postgres_server: PostgresServer) -> None:
    with pytest.raises(TerminalError, match=r"DF-CONN-013.*nowhere"):
        CONNECTOR.open(replace(postgres_server.spec, schema="nowhere"), OPTIONS).__enter__()


def test_open_on_a_closed_port_tells_where(postgres_server: PostgresServer) -> None:
    port = free_port()
    with pytest.raises(TransientError, match=rf"DF-CONN-012.*{port}.*refused"):
        CONNECTOR.open(replace(postgres_server.spec, port=port), OPTIONS).__enter__()


def test_open_with_an_unknown_extra_tells_its_name(postgres_server: PostgresServer) -> None:
    with pytest.raises(AuthorError, match=r"DF-CONN-015.*sslmoode"):
        CONNECTOR.open(replace(postgres_server.spec, extra={"sslmoode": "require"}), OPTIONS).__enter__()


def exported(session: PostgresSession, sql: str, folder: Path) -> Any:
    session.export_rows(sql, folder / "rows.arrow")
    with pyarrow.memory_map(str(folder / "rows.arrow")) as file:
        return pyarrow.ipc.open_stream(file).read_all()


def test_numeric_without_precision_travels_with_all_its_digits(session: PostgresSession, tmp_path: Path) -> None:
    rows = exported(session, "SELECT * FROM (VALUES (1.5), (12345678901234567890.123), (NULL)) AS t(n)", tmp_path)
    assert rows.schema.field("n").type == pyarrow.decimal128(38, 3)
    assert [str(value) for value in rows["n"].to_pylist()] == ["1.500", "12345678901234567890.123", "None"]


@pytest.mark.parametrize(
    "value", ["'NaN'::numeric", "1e37::numeric + 0.001", "'infinity'::timestamp", "'infinity'::date"]
)
def test_value_that_arrow_cannot_hold_fails_by_name(session: PostgresSession, value: str, tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match=r"DF-RUN-(024|012)"):
        exported(session, f"SELECT {value} AS odd", tmp_path)
    assert session.fetch_number("SELECT 5") == 5


def test_types_without_an_equal_travel_as_postgres_writes_them(session: PostgresSession, tmp_path: Path) -> None:
    sql = "SELECT ARRAY[1, NULL] AS list, INTERVAL '1 month 2 days' AS span, '10.0.0.0/8'::inet AS net, B'101' AS bits"
    assert exported(session, sql, tmp_path).to_pylist() == [
        {"list": "{1,NULL}", "span": "1 mon 2 days", "net": "10.0.0.0/8", "bits": "101"}
    ]


def test_limit_leaves_other_rows_in_the_server(session: PostgresSession) -> None:
    started = time.monotonic()
    rows = session.fetch_rows("SELECT generate_series(1, 1000000000)", 10)[1]
    assert [number for (number,) in rows] == list(range(1, 11))
    assert time.monotonic() - started < 5
