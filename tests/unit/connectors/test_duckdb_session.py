"""What SQL in a session can reach, what it means, and how its errors come out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dataflow_provider.connectors.base import SessionOptions, SqlSession
from dataflow_provider.connectors.connections import ConnectionSpec, parse_connection
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector
from dataflow_provider.errors import AuthorError, TerminalError


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a.csv").write_text("a\n1\n")
    (inside / "link.csv").symlink_to(outside / "a.csv")
    return tmp_path


def test_folder_that_cannot_be_made_tells_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    connection = ConnectionSpec("w", "duckdb", host=str(tmp_path / "file" / "w.duckdb"))
    with (
        pytest.raises(TerminalError, match=r"DF-CONN-021.*w\.duckdb"),
        get_connector("duckdb").open(connection, SessionOptions(Holder("p", "s"))),
    ):
        pass


@pytest.fixture
def session(roots: Path) -> Iterator[SqlSession]:
    options = SessionOptions(Holder("p", "s"), file_roots=(roots / "inside",))
    connection = ConnectionSpec("w", "duckdb", host=str(roots / "w.duckdb"))
    with get_connector("duckdb").open(connection, options) as opened:
        yield opened


def test_session_reads_files_below_the_roots(session: SqlSession, roots: Path) -> None:
    assert session.fetch_number(f"SELECT a FROM read_csv('{roots}/inside/a.csv')") == 1


@pytest.mark.parametrize(
    "statement",
    [
        "FROM read_csv('{roots}/outside/a.csv')",
        "FROM '{roots}/outside/a.csv'",
        "FROM read_csv('{roots}/inside/../outside/a.csv')",
        "FROM read_csv('{roots}/inside/link.csv')",
        "FROM read_text('/etc/passwd')",
        "FROM glob('/etc/*')",
        "COPY (SELECT 1) TO '{roots}/outside/b.csv'",
        "ATTACH '{roots}/outside/other.duckdb' AS other",
        "EXPORT DATABASE '{roots}/outside/all'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "SET TimeZone = 'Asia/Tokyo'",
        "SET allowed_directories = ['/']",
    ],
)
def test_session_refuses_to_leave_its_database_and_roots(session: SqlSession, roots: Path, statement: str) -> None:
    with pytest.raises(TerminalError):
        session.execute(statement.format(roots=roots))
    assert sorted(path.name for path in (roots / "outside").iterdir()) == ["a.csv"]


def test_session_is_in_utc_whatever_the_machine_says(roots: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    connection = ConnectionSpec("w", "duckdb", host=str(roots / "other.duckdb"))
    with get_connector("duckdb").open(connection, SessionOptions(Holder("p", "s"))) as session:
        _, rows = session.fetch_rows("SELECT CAST(TIMESTAMPTZ '2026-07-01 12:00:00+02' AS VARCHAR)")
    assert rows == [("2026-07-01 10:00:00+00",)]


def test_read_only_session_reads_and_refuses_to_write(roots: Path) -> None:
    connector, connection = get_connector("duckdb"), ConnectionSpec("w", "duckdb", host=str(roots / "w.duckdb"))
    with connector.open(connection, SessionOptions(Holder("p", "s"))) as session:
        session.execute("CREATE TABLE t AS SELECT 1 AS a")
    with connector.open(connection, SessionOptions(Holder("p", "s"), read_only=True)) as session:
        assert session.columns_of('"t"') == {"a": "INTEGER"}
        with pytest.raises(TerminalError, match="read-only"):
            session.execute("INSERT INTO t VALUES (2)")


def test_memory_is_one_database_per_connection_id_and_process() -> None:
    connector, options = get_connector("duckdb"), SessionOptions(Holder("p", "s"))
    first, second = (ConnectionSpec(name, "duckdb", host=":memory:") for name in ("memory_one", "memory_two"))
    with connector.open(first, options) as session:
        session.execute("CREATE TABLE t AS SELECT 5 AS a")
    with connector.open(first, options) as session:
        assert session.fetch_number("SELECT a FROM t") == 5
    with connector.open(second, options) as session:
        assert session.columns_of('"t"') is None


def test_transaction_is_rolled_back_whole(session: SqlSession) -> None:
    session.execute("CREATE TABLE t (a INTEGER)")

    def insert_and_fail() -> None:
        with session.transaction():
            session.execute("INSERT INTO t VALUES (1)")
            session.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(TerminalError):
        insert_and_fail()
    assert session.fetch_number("SELECT COUNT(*) FROM t") == 0
    with session.transaction():
        session.execute("INSERT INTO t VALUES (1)")
    assert session.fetch_number("SELECT COUNT(*) FROM t") == 1


@pytest.mark.parametrize(
    ("statement", "code", "kept"),
    [
        ("INSERT INTO t VALUES (4711)", "DF-RUN-011", "primary key"),
        ("SELECT CAST('s3cret' AS INTEGER)", "DF-RUN-012", "INT32"),
        ("SELECT 4711::UTINYINT", "DF-RUN-012", "UINT8"),
        ("SELECT nope FROM t", "DF-RUN-014", "nope"),
        ("FROM missing_table", "DF-RUN-014", "missing_table"),
        ("SELEC 1", "DF-RUN-015", "SELEC"),
        ("SELECT 1; SELECT 2", "DF-RUN-031", "2"),
        ("FROM read_csv('{roots}/inside/bad.csv', columns = {{'a': 'INTEGER'}})", "DF-READ-001", "line 3"),
    ],
)
def test_errors_keep_what_helps_and_lose_the_values(
    session: SqlSession, roots: Path, statement: str, code: str, kept: str
) -> None:
    (roots / "inside" / "bad.csv").write_text("a\n1\ns3cret\n")
    session.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)")
    session.execute("INSERT INTO t VALUES (4711)")
    with pytest.raises(TerminalError) as caught:
        session.execute(statement.format(roots=roots))
    assert caught.value.code == code
    assert kept.lower() in str(caught.value).lower()
    assert "s3cret" not in str(caught.value)
    assert "4711" not in str(caught.value)


def test_author_sql_takes_one_statement_of_the_allowed_kinds(session: SqlSession) -> None:
    session.execute_author_sql("CREATE TABLE t AS SELECT 1 AS a")
    session.execute_author_sql("ANALYZE t")
    assert session.execute_author_sql("UPDATE t SET a = 2") == 1
    for refused in (
        "ATTACH ':memory:' AS m",
        "BEGIN",
        "COMMIT",
        "PRAGMA database_size",
        "CALL pragma_version()",
        "USE m",
    ):
        with pytest.raises(AuthorError, match="DF-RUN-030"):
            session.execute_author_sql(refused)


def test_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("this is not a database " * 1000)
    connection = ConnectionSpec("w", "duckdb", host=str(path))
    with (
        pytest.raises(TerminalError, match="not a valid DuckDB"),
        get_connector("duckdb").open(connection, SessionOptions(Holder("p", "s"))),
    ):
        pass


def test_connection_without_a_file_is_refused_and_a_uri_path_is_absolute(tmp_path: Path) -> None:
    connector, options = get_connector("duckdb"), SessionOptions(Holder("p", "s"))
    with pytest.raises(AuthorError, match="DF-CONN-006"), connector.open(ConnectionSpec("w", "duckdb"), options):
        pass
    path = tmp_path / "uri.duckdb"
    with connector.open(parse_connection("w", f"duckdb://{path}"), options) as session:
        session.execute("CREATE TABLE t AS SELECT 1 AS a")
    assert path.exists()


def test_spill_of_killed_processes_is_removed_by_the_next_writer(roots: Path) -> None:
    connector, connection = get_connector("duckdb"), ConnectionSpec("w", "duckdb", host=str(roots / "w.duckdb"))
    left = roots / "w.duckdb.tmp-1" / "spill"
    left.mkdir(parents=True)
    with connector.open(connection, SessionOptions(Holder("p", "s"))):
        assert not left.parent.exists()


def test_unknown_connector_names_those_that_run() -> None:
    with pytest.raises(AuthorError, match="`duckdb`"):
        get_connector("db2")


def test_rows_leave_and_come_right_after_a_number_was_asked_for(session: SqlSession, tmp_path: Path) -> None:
    session.execute("CREATE TABLE counted AS SELECT 1 AS n")
    session.execute("INSERT INTO counted VALUES (2)")
    session.export_rows("SELECT * FROM counted", tmp_path / "rows.arrow")
    assert session.fetch_number("SELECT COUNT(*) FROM counted") == 2
    session.export_rows("SELECT * FROM counted", tmp_path / "rows.arrow")
    assert session.fetch_number("SELECT COUNT(*) FROM counted") == 2
    session.import_rows('"again"', tmp_path / "rows.arrow")
    assert session.fetch_number("SELECT SUM(n) FROM again") == 3
