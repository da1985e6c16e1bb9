"""What every session promises, on each engine that runs here."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pyarrow
import pytest

from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.errors import AuthorError, TerminalError, TransientError
from tests.engines.live import LiveEngine

LONG = {
    "duckdb": "SELECT SUM(a.range * b.range) FROM range(1000000) AS a, range(1000000) AS b",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n",
    "postgres": "SELECT COUNT(*) FROM generate_series(1, 1000000000) AS a",
    "mysql": "SELECT SUM(a.seq * b.seq) FROM seq_1_to_1000000 AS a JOIN seq_1_to_1000000 AS b ON a.seq <> b.seq",
}


@pytest.fixture
def table(live_engine: LiveEngine) -> str:
    return live_engine.table("Select")


@pytest.fixture
def session(live_engine: LiveEngine, table: str) -> Iterator[SqlSession]:
    with live_engine.open() as opened:
        opened.execute(f"CREATE TABLE {table} (a INTEGER PRIMARY KEY, b VARCHAR(20))")
        opened.execute(f"INSERT INTO {table} VALUES (1, 'x'), (2, 'ż;'), (3, NULL)")
        yield opened


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("INSERT INTO {} VALUES (4, 'semi;colon')", 1),
        ("UPDATE {} SET b = 'y' WHERE a > 1", 2),
        ("DELETE FROM {}", 3),
        ("UPDATE {} SET b = 'y' WHERE a > 100", 0),
    ],
)
def test_execute_returns_the_rows_a_statement_changed(session: SqlSession, table: str, sql: str, rows: int) -> None:
    assert session.execute(sql.format(table)) == rows


def test_execute_of_two_statements_changes_nothing(session: SqlSession, table: str) -> None:
    with pytest.raises(TerminalError, match="DF-RUN-031"):
        session.execute(f"DELETE FROM {table} WHERE a = 1; DELETE FROM {table}")
    assert session.fetch_number(f"SELECT COUNT(*) FROM {table}") == 3


def test_fetch_rows_with_a_limit_returns_names_and_so_many_rows(session: SqlSession, table: str) -> None:
    assert session.fetch_rows(f"SELECT a, b FROM {table} ORDER BY a", 2) == (("a", "b"), [(1, "x"), (2, "ż;")])
    assert len(session.fetch_rows(f"SELECT a, b FROM {table}")[1]) == 3


def test_fetch_number_of_null_is_zero(session: SqlSession, table: str) -> None:
    assert session.fetch_number(f"SELECT SUM(a) FROM {table} WHERE a > 9") == 0


def test_columns_of_tables_and_views_stand_in_their_order(session: SqlSession, live_engine: LiveEngine) -> None:
    view = live_engine.table("seen")
    session.execute(f"CREATE VIEW {view} AS SELECT b, a FROM {live_engine.table('Select')}")
    columns, seen = session.columns_of(live_engine.table("Select")) or {}, session.columns_of(view) or {}
    assert list(columns) == ["a", "b"]
    assert seen == {"b": columns["b"], "a": columns["a"]}
    assert session.columns_of(live_engine.table("select_not_there")) is None


def test_columns_of_a_query_are_told_without_running_it(
    session: SqlSession, table: str, live_engine: LiveEngine
) -> None:
    started = time.monotonic()
    slow = LONG[live_engine.name].partition(" FROM ")[2]
    assert list(session.columns_of_query(f"SELECT a, b AS \n c FROM {table} -- no more")) == ["a", "c"]
    if live_engine.name != "sqlite":
        assert list(session.columns_of_query(f"SELECT COUNT(*) AS n FROM {slow}")) == ["n"]
    assert time.monotonic() - started < 5


def test_columns_of_a_query_are_told_to_a_reader(session: SqlSession, table: str, live_engine: LiveEngine) -> None:
    known = session.columns_of_query(f"SELECT a, b FROM {table}")
    if live_engine.name == "duckdb":
        return  # one process holds the file, and its sessions share one mode
    with live_engine.open(read_only=True) as reading:
        assert reading.columns_of_query(f"SELECT a, b FROM {table}") == known


def test_transaction_that_fails_leaves_the_rows_as_they_were(session: SqlSession, table: str) -> None:
    with pytest.raises(TerminalError, match="DF-RUN-014"), session.transaction():
        run_all(session, f"DELETE FROM {table}", "DELETE FROM not_there")
    assert session.fetch_number(f"SELECT COUNT(*) FROM {table}") == 3


def run_all(session: SqlSession, *statements: str) -> None:
    for sql in statements:
        session.execute(sql)


def test_transaction_is_seen_by_others_at_its_end(session: SqlSession, table: str, live_engine: LiveEngine) -> None:
    if live_engine.name == "duckdb":
        return  # others wait in line for the file
    with live_engine.open(read_only=True) as reading:
        with session.transaction():
            session.execute(f"DELETE FROM {table} WHERE a = 1")
            assert reading.fetch_number(f"SELECT COUNT(*) FROM {table}") == 3
        assert reading.fetch_number(f"SELECT COUNT(*) FROM {table}") == 2


def test_statement_outside_a_transaction_is_kept(live_engine: LiveEngine, table: str) -> None:
    with live_engine.open() as first:
        first.execute(f"CREATE TABLE {table} (a INTEGER)")
        first.execute(f"INSERT INTO {table} VALUES (1)")
    with live_engine.open(read_only=True) as second:
        assert second.fetch_number(f"SELECT COUNT(*) FROM {table}") == 1


def test_read_only_session_refuses_what_writes(live_engine: LiveEngine, table: str) -> None:
    with live_engine.open() as writing:
        writing.execute(f"CREATE TABLE {table} (a INTEGER)")
    with live_engine.open(read_only=True) as reading:
        assert reading.fetch_number(f"SELECT COUNT(*) FROM {table}") == 0
        with pytest.raises(TerminalError):
            reading.execute(f"INSERT INTO {table} VALUES (1)")


@pytest.mark.parametrize(
    "sql",
    [
        "BEGIN",
        "SET x = 1",
        "EXPLAIN SELECT 1",
        "CREATE TABLE t (a INT); DROP TABLE t",
        "DROP SCHEMA x; SELECT 1",
        "",
    ],
)
def test_author_sql_of_another_kind_is_refused(session: SqlSession, sql: str) -> None:
    with pytest.raises((AuthorError, TerminalError), match=r"DF-RUN-03[01]"):
        session.execute_author_sql(sql)


def test_author_sql_that_keeps_to_tables_runs(session: SqlSession, table: str) -> None:
    assert session.execute_author_sql(f"DELETE FROM {table} WHERE b = 'x' OR b = 'a;b' -- gone") == 1


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT nope FROM {}", "DF-RUN-014"),
        ("SELECT * FROM not_there", "DF-RUN-014"),
        ("SELEC 1", "DF-RUN-015"),
        ("INSERT INTO {} VALUES (1, 'secret-value')", "DF-RUN-011"),
    ],
)
def test_error_has_a_stable_code_and_no_value(session: SqlSession, table: str, sql: str, code: str) -> None:
    with pytest.raises(TerminalError) as caught:
        session.execute(sql.format(table))
    assert caught.value.code == code
    assert "secret-value" not in str(caught.value)


def test_interrupt_from_another_thread_stops_the_statement(session: SqlSession, live_engine: LiveEngine) -> None:
    timer = threading.Timer(0.5, session.interrupt)
    timer.start()
    started = time.monotonic()
    with pytest.raises(TransientError, match="DF-RUN-019"):
        session.fetch_rows(LONG[live_engine.name])
    timer.join()
    assert time.monotonic() - started < 10
    assert session.fetch_number("SELECT 7") == 7


def test_signal_stops_the_statement_and_is_raised(session: SqlSession, live_engine: LiveEngine, table: str) -> None:
    class Stopped(Exception):
        pass

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    started = time.monotonic()
    try:
        with pytest.raises(Stopped), session.transaction():
            run_all(session, f"DELETE FROM {table}", LONG[live_engine.name])
    finally:
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - started < 10
    assert session.fetch_number(f"SELECT COUNT(*) FROM {table}") == 3


def test_export_of_many_rows_keeps_every_one(session: SqlSession, table: str, tmp_path: Path) -> None:
    for power in range(14):
        session.execute(f"INSERT INTO {table} SELECT a + {4 * 2**power}, b FROM {table}")
    session.export_rows(f"SELECT a, b FROM {table}", tmp_path / "rows.arrow")
    with pyarrow.memory_map(str(tmp_path / "rows.arrow")) as file:
        rows = pyarrow.ipc.open_stream(file).read_all()
    assert rows.num_rows == 3 * 2**14
    assert len(set(rows["a"].to_pylist())) == rows.num_rows
    assert rows["b"].null_count == 2**14


def test_rows_of_an_earlier_try_are_replaced(session: SqlSession, live_engine: LiveEngine, tmp_path: Path) -> None:
    session.export_rows(f"SELECT a, b FROM {live_engine.table('Select')}", tmp_path / "rows.arrow")
    for _ in range(2):
        session.import_rows(live_engine.table("again"), tmp_path / "rows.arrow")
    assert session.fetch_number(f"SELECT COUNT(*) FROM {live_engine.table('again')}") == 3
