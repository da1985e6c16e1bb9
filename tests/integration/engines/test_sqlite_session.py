"""What is SQLite's own: one file, one writer in turn, no other file, and values that decide where types are missing."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.sqlite import SqliteConnector, SqliteSession
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.errors import AuthorError, TerminalError, TransientError

OPTIONS = SessionOptions(Holder("flights", "load"), lock_timeout_s=20)
CONNECTOR = SqliteConnector()


@pytest.fixture
def spec(tmp_path: Path) -> ConnectionSpec:
    return ConnectionSpec("lite", "sqlite", host=str(tmp_path / "new folder" / "a?b#c%41 ż.sqlite"))


@pytest.fixture
def session(spec: ConnectionSpec) -> Iterator[SqliteSession]:
    with CONNECTOR.open(spec, OPTIONS) as opened:
        yield opened


def test_missing_file_is_created_where_the_connection_says(session: SqliteSession, spec: ConnectionSpec) -> None:
    session.execute("CREATE TABLE t (a INT)")
    assert Path(str(spec.host)).exists()
    assert [path.name for path in Path(str(spec.host)).parent.iterdir()] == ["a?b#c%41 ż.sqlite"]


@pytest.mark.parametrize("host", [":memory:", None, ""])
def test_connection_without_a_file_is_refused(host: str | None) -> None:
    with pytest.raises(AuthorError, match="DF-CONN-006"):
        CONNECTOR.open(ConnectionSpec("lite", "sqlite", host=host), OPTIONS).__enter__()


def test_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are only some notes, " * 100)
    with (
        pytest.raises(AuthorError, match=r"DF-CONN-015.*not a database"),
        CONNECTOR.open(ConnectionSpec("lite", "sqlite", host=str(path)), OPTIONS) as opened,
    ):
        opened.execute("CREATE TABLE t (a INT)")
    assert path.read_text().startswith("these are")


def test_folder_that_cannot_be_made_tells_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    spec = ConnectionSpec("lite", "sqlite", host=str(tmp_path / "file" / "x.sqlite"))
    with pytest.raises(TerminalError, match=r"DF-CONN-021.*x\.sqlite"):
        CONNECTOR.open(spec, OPTIONS).__enter__()


def test_columns_have_their_declared_types(session: SqliteSession) -> None:
    session.execute("CREATE TABLE \"T t\" (a INTEGER, b DECIMAL(10,2), c, d TEXT GENERATED ALWAYS AS (a || 'x'))")
    assert session.columns_of('"T t"') == {"a": "INTEGER", "b": "DECIMAL(10,2)", "c": "", "d": "TEXT"}
    assert session.columns_of_query('SELECT b, a + 1 AS e FROM "T t" -- x') == {"b": "DECIMAL(10,2)", "e": ""}


def test_settings_of_a_node_hold_for_the_session(spec: ConnectionSpec) -> None:
    with CONNECTOR.open(spec, replace(OPTIONS, settings={"cache_size": -4000, "temp_store": "memory"})) as session:
        assert session.fetch_number("PRAGMA cache_size") == -4000


@pytest.mark.parametrize(
    ("name", "value"), [("journal_mode", "off"), ("foreign_keys", False), ("cache_size", "1; DROP TABLE t")]
)
def test_setting_that_could_do_harm_is_refused(spec: ConnectionSpec, name: str, value: str | bool) -> None:
    with pytest.raises(AuthorError, match="DF-CONN-004"):
        CONNECTOR.open(spec, replace(OPTIONS, settings={name: value})).__enter__()


@pytest.mark.parametrize(
    "sql",
    ["ATTACH '/tmp/other.sqlite' AS o", "VACUUM INTO '/tmp/x.sqlite'", "SELECT load_extension('x')",
     "CREATE VIRTUAL TABLE v USING fts5(a)", "PRAGMA journal_mode = off",
     "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END"],
)  # fmt: skip
def test_author_sql_that_leaves_the_database_is_refused(session: SqliteSession, sql: str) -> None:
    with pytest.raises((AuthorError, TerminalError), match=r"DF-RUN-03[01]"):
        session.execute_author_sql(sql)


@pytest.mark.parametrize("sql", ["ATTACH '{}' AS o", "VACUUM INTO '{}'", "SELECT load_extension('{}')"])
def test_no_sql_at_all_opens_another_file(session: SqliteSession, tmp_path: Path, sql: str) -> None:
    other = tmp_path / "other.sqlite"
    with pytest.raises(TerminalError, match=r"DF-RUN-0(10|16)"):
        session.execute(sql.format(other))
    assert not other.exists()


def test_second_writer_waits_and_says_so(
    session: SqliteSession, spec: ConnectionSpec, caplog: pytest.LogCaptureFixture
) -> None:
    session.execute("CREATE TABLE t (a INT)")
    foreign = sqlite3.connect(str(spec.host), check_same_thread=False, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(1.5, foreign.rollback)
    timer.start()
    with caplog.at_level(logging.INFO), session.transaction():
        session.execute("INSERT INTO t VALUES (1)")
    timer.join()
    foreign.close()
    assert f"Waiting for {spec.host}, held by another process" in caplog.text
    assert session.fetch_number("SELECT COUNT(*) FROM t") == 1


def test_writer_that_waits_too_long_gives_up(session: SqliteSession, spec: ConnectionSpec) -> None:
    session.execute("CREATE TABLE t (a INT)")
    with (
        session.transaction(),
        CONNECTOR.open(spec, replace(OPTIONS, lock_timeout_s=0.2)) as other,
        pytest.raises(TransientError, match="DF-CONN-010"),
    ):
        other.execute("INSERT INTO t VALUES (1)")


def test_commit_waits_for_a_reader(session: SqliteSession, spec: ConnectionSpec) -> None:
    session.execute("CREATE TABLE t (a INT)")
    session.execute("INSERT INTO t VALUES (1), (2)")
    reader = sqlite3.connect(str(spec.host), check_same_thread=False, isolation_level=None)
    cursor = reader.execute("SELECT * FROM t")
    cursor.fetchone()
    timer = threading.Timer(0.5, cursor.close)
    timer.start()
    started = time.monotonic()
    with session.transaction():
        session.execute("DELETE FROM t")
    timer.join()
    reader.close()
    assert time.monotonic() - started > 0.4
    assert session.fetch_number("SELECT COUNT(*) FROM t") == 0


def test_session_is_used_by_any_thread(session: SqliteSession) -> None:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(session.fetch_number("SELECT 7")))
    thread.start()
    thread.join()
    assert found == [7]


def exported(session: SqliteSession, sql: str, folder: Path) -> Any:
    session.export_rows(sql, folder / "rows.arrow")
    with pyarrow.memory_map(str(folder / "rows.arrow")) as file:
        return pyarrow.ipc.open_stream(file).read_all()


def test_declared_types_decide_how_values_travel(session: SqliteSession, tmp_path: Path) -> None:
    session.execute("CREATE TABLE t (a BOOLEAN, b DECIMAL(10,2), c DATE, d TIMESTAMP, e TIMESTAMPTZ, f BLOB, g REAL)")
    session.execute(
        "INSERT INTO t VALUES (1, 0.1 + 0.2, '2024-02-29', '2020-01-01 01:02:03.000004', "
        "'2020-01-01T02:00:00+02:00', x'00ff', 7)"
    )
    assert exported(session, "SELECT * FROM t", tmp_path).to_pylist() == [
        {
            "a": True, "b": Decimal("0.30"), "c": date(2024, 2, 29), "d": datetime(2020, 1, 1, 1, 2, 3, 4),
            "e": datetime(2020, 1, 1, tzinfo=UTC), "f": b"\x00\xff", "g": 7.0,
        }
    ]  # fmt: skip


def test_values_decide_where_no_type_is_declared(session: SqliteSession, tmp_path: Path) -> None:
    rows = exported(
        session,
        "SELECT 1 + 1 AS a, 1.5 AS b, 'x' AS c, x'00' AS d, NULL AS e UNION ALL SELECT 3, 2, NULL, x'', NULL",
        tmp_path,
    )
    assert [str(field.type) for field in rows.schema] == ["int64", "double", "string", "binary", "string"]
    assert rows.to_pylist()[1] == {"a": 3, "b": 2.0, "c": None, "d": b"", "e": None}


@pytest.mark.parametrize(
    ("kind", "value"),
    [("", "1), ('x'"), ("BOOLEAN", "2"), ("DATE", "'someday'"), ("DECIMAL(10,2)", "0.125"), ("INTEGER", "'x'")],
)
def test_value_that_arrow_cannot_hold_fails_by_name(
    session: SqliteSession, kind: str, value: str, tmp_path: Path
) -> None:
    session.execute(f"CREATE TABLE t (odd {kind})")
    session.execute(f"INSERT INTO t VALUES ({value})")
    with pytest.raises(TerminalError, match=r"DF-RUN-024.*`odd`"):
        exported(session, "SELECT * FROM t", tmp_path)
    assert session.fetch_number("SELECT 5") == 5


@pytest.mark.parametrize(
    "column",
    [
        pyarrow.array([Decimal("12345678901234567890.12")], pyarrow.decimal128(38, 2)),
        pyarrow.array([2**63], pyarrow.uint64()),
        pyarrow.array([float("nan")]),
    ],
)
def test_value_that_sqlite_cannot_hold_fails_by_name(session: SqliteSession, column: Any, tmp_path: Path) -> None:
    rows = pyarrow.table({"odd": column})
    with pyarrow.OSFile(str(tmp_path / "in"), "wb") as file, pyarrow.ipc.new_stream(file, rows.schema) as writer:
        writer.write_table(rows)
    with pytest.raises(TerminalError, match=r"DF-RUN-024.*`odd`"):
        session.import_rows('"t"', tmp_path / "in")
    assert session.columns_of('"t"') is None
