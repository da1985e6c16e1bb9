"""What is MariaDB's own: its types, settings, fences, killed connections and refused logins."""

from __future__ import annotations

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
from dataflow_provider.connectors.impl.mysql import MySqlConnector, MySqlSession
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.errors import AuthorError, DataflowError, TerminalError, TransientError
from dataflow_provider.spec.nodes import Scalar
from tests.engines.mariadb import MariaDBServer
from tests.engines.processes import free_port

pytestmark = pytest.mark.xdist_group("engine-mysql")
OPTIONS = SessionOptions(Holder("flights", "load"))
CONNECTOR = MySqlConnector()
TYPES = {
    "a": "smallint(6)", "b": "decimal(10,2)", "c": "tinyint(1)", "d": "varchar(5)", "e": "char(3)", "f": "datetime(3)",
    "g": "timestamp(6)", "h": "longblob", "i": "enum('x','y')", "j": "bigint(20) unsigned", "k": "double", "l": "float",
    "m": "time(6)", "n": "date", "o": "year(4)", "p": "bit(3)",
}  # fmt: skip


@pytest.fixture
def session(mariadb_server: MariaDBServer) -> Iterator[MySqlSession]:
    mariadb_server.query("CREATE OR REPLACE DATABASE own CHARACTER SET utf8mb4")
    with CONNECTOR.open(replace(mariadb_server.spec, schema="own"), OPTIONS) as opened:
        yield opened
    mariadb_server.query("DROP DATABASE own")


def test_columns_have_the_types_of_the_catalogue(session: MySqlSession) -> None:
    session.execute("CREATE TABLE t (" + ", ".join(f"{name} {kind} NULL" for name, kind in TYPES.items()) + ")")
    assert session.columns_of("`own`.`t`") == TYPES
    assert session.columns_of_query("SELECT * FROM t") == TYPES


def test_columns_of_a_query_over_required_dates_are_told(session: MySqlSession) -> None:
    session.execute("CREATE TABLE t (d DATE NOT NULL, m TIMESTAMP NOT NULL, n DATETIME NOT NULL)")
    assert session.columns_of_query("SELECT * FROM t") == {"d": "date", "m": "timestamp", "n": "datetime"}
    assert session.columns_of("`nowhere`.`t`") is None


def test_describing_a_query_inside_a_transaction_does_not_end_it(session: MySqlSession) -> None:
    session.execute("CREATE TABLE t (a INT)")
    with pytest.raises(ZeroDivisionError), session.transaction():
        insert_describe_fail(session)
    assert session.fetch_number("SELECT COUNT(*) FROM t") == 0


def insert_describe_fail(session: MySqlSession) -> None:
    session.execute("INSERT INTO t VALUES (1)")
    session.columns_of_query("SELECT * FROM t")
    raise ZeroDivisionError


def test_session_is_in_utc_strict_and_speaks_utf8(session: MySqlSession) -> None:
    _, rows = session.fetch_rows("SELECT @@time_zone, @@sql_mode, @@character_set_client, 'ż😀'")
    assert (rows[0][0], rows[0][2:]) == ("+00:00", ("utf8mb4", "ż😀"))
    session.execute("CREATE TABLE t (a TINYINT, b VARCHAR(2))")
    for bad in ("(300, 'x')", "(1, 'xyz')"):
        with pytest.raises(TerminalError, match="DF-RUN-013"):
            session.execute(f"INSERT INTO t VALUES {bad}")


def test_settings_of_a_node_hold_for_the_session(mariadb_server: MariaDBServer) -> None:
    settings: dict[str, Scalar] = {"max_statement_time": 0.3, "optimizer_switch": "mrr=on"}
    with CONNECTOR.open(mariadb_server.spec, replace(OPTIONS, settings=settings)) as session:
        assert "mrr=on" in session.fetch_rows("SELECT @@optimizer_switch")[1][0][0]
        with pytest.raises(TransientError, match=r"DF-RUN-019.*1969"):
            session.execute("SELECT SLEEP(30), 1 FROM seq_1_to_10")


@pytest.mark.parametrize("name", ["sql_mode", "time_zone", "autocommit", "sql_select_limit", "x; DROP TABLE t"])
def test_setting_that_changes_what_sql_means_is_refused(mariadb_server: MariaDBServer, name: str) -> None:
    with pytest.raises(AuthorError, match=r"DF-CONN-004.*join_buffer_size"):
        CONNECTOR.open(mariadb_server.spec, replace(OPTIONS, settings={name: "x"})).__enter__()


@pytest.mark.parametrize(
    "sql",
    [
        "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t",
        "SELECT * FROM t INTO OUTFILE '/tmp/x'",
        "SELECT 1 INTO  /* c */ DUMPFILE '/tmp/x'",
        "SELECT 1 /*! INTO OUTFILE '/tmp/x' */",
        "SELECT 1 /*M!100100 INTO OUTFILE '/tmp/x' */",
        "/*! DROP DATABASE own */",
        "SELECT LOAD_FILE('/etc/passwd')",
        "CREATE TABLE t (a INT) DATA DIRECTORY = '/tmp'",
        "CREATE TABLE t (a INT) ENGINE=CONNECT table_type=CSV file_name='/etc/passwd'",
        "ALTER TABLE t ENGINE 'federated'",
        "CREATE DATABASE x",
        "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h')",
        "CREATE FUNCTION f RETURNS STRING SONAME 'x.so'",
        "CREATE USER u",
        "INSTALL PLUGIN p SONAME 'x'",
        "SET GLOBAL x = 1",
        "KILL 1",
    ],
)
def test_author_sql_that_leaves_the_database_is_refused(session: MySqlSession, sql: str) -> None:
    with pytest.raises(AuthorError, match="DF-RUN-030"):
        session.execute_author_sql(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX i ON t (a)", "ANALYZE TABLE t", "OPTIMIZE TABLE t", "TRUNCATE t", "REPLACE INTO t VALUES (1)",
        "SELECT 'INTO OUTFILE' -- INTO OUTFILE", "CREATE TABLE u ENGINE=InnoDB AS SELECT * FROM t",
    ],
)  # fmt: skip
def test_author_sql_of_the_trade_runs(session: MySqlSession, sql: str) -> None:
    session.execute("CREATE TABLE t (a INT)")
    session.execute_author_sql(sql)


@pytest.mark.parametrize(
    ("sql", "branch", "code", "number"),
    [
        ("INSERT INTO t VALUES ('secret-value', 1), ('secret-value', 2)", TerminalError, "DF-RUN-011", 1062),
        ("INSERT INTO t VALUES ('x', 'secret-value')", TerminalError, "DF-RUN-012", 1366),
        ("INSERT INTO t (b) VALUES (1)", TerminalError, "DF-RUN-011", 1364),
        ("SELECT nope() ", TerminalError, "DF-RUN-014", 1305),
        ("KILL CONNECTION CONNECTION_ID()", TransientError, "DF-RUN-022", 1927),
    ],
)
def test_error_tells_the_vendors_code_and_no_value(
    session: MySqlSession, sql: str, branch: type[DataflowError], code: str, number: int
) -> None:
    session.execute("CREATE TABLE t (a VARCHAR(99) NOT NULL PRIMARY KEY, b INT)")
    with pytest.raises(branch) as caught:
        session.execute(sql)
    assert caught.value.code == code
    assert f"MySQL {number}" in caught.value.message
    assert "secret-value" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_lock_timeout_is_worth_a_retry(session: MySqlSession, mariadb_server: MariaDBServer) -> None:
    session.execute("CREATE TABLE t (a INT PRIMARY KEY)")
    session.execute("INSERT INTO t VALUES (1)")
    spec, settings = replace(mariadb_server.spec, schema="own"), {"innodb_lock_wait_timeout": 1}
    with session.transaction(), CONNECTOR.open(spec, replace(OPTIONS, settings=settings)) as other:
        session.execute("DELETE FROM t")
        with pytest.raises(TransientError, match=r"DF-RUN-023.*1205"):
            other.execute("DELETE FROM t")


def test_connection_that_is_killed_gives_a_transient_error(
    session: MySqlSession, mariadb_server: MariaDBServer
) -> None:
    number = session.fetch_number("SELECT CONNECTION_ID()")
    timer = threading.Timer(0.5, mariadb_server.query, (f"KILL CONNECTION {number}",))
    timer.start()
    with pytest.raises(TransientError, match="DF-RUN-022"), session.transaction():
        session.execute("SELECT SUM(a.seq * b.seq) FROM seq_1_to_1000000 a JOIN seq_1_to_1000000 b ON a.seq <> b.seq")
    timer.join()
    with pytest.raises(TransientError, match="DF-RUN-022"):
        session.execute("SELECT 1")


def test_statement_is_stopped_in_the_server_too(session: MySqlSession, mariadb_server: MariaDBServer) -> None:
    timer = threading.Timer(0.3, session.interrupt)
    timer.start()
    with pytest.raises(TransientError, match="DF-RUN-019"):
        session.execute("SELECT SUM(a.seq * b.seq) FROM seq_1_to_1000000 a JOIN seq_1_to_1000000 b ON a.seq <> b.seq")
    running = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SUM(a.seq%'"
    # The server gives the statement up a moment after it has told the client so.
    deadline = time.monotonic() + 10
    while mariadb_server.query(running) != [(0,)]:
        assert time.monotonic() < deadline, "the statement still runs in the server"


def test_open_with_a_wrong_password_is_refused(mariadb_server: MariaDBServer) -> None:
    wrong = replace(mariadb_server.spec, password="not-it-at-all")
    with pytest.raises(TerminalError, match=r"DF-CONN-013.*`my_test`.*Access denied.*1045") as caught:
        CONNECTOR.open(wrong, OPTIONS).__enter__()
    assert "not-it-at-all" not in str(caught.value)


def test_open_of_a_missing_database_is_refused(mariadb_server: MariaDBServer) -> None:
    with pytest.raises(TerminalError, match=r"DF-CONN-013.*1049"):
        CONNECTOR.open(replace(mariadb_server.spec, schema="nowhere"), OPTIONS).__enter__()


def test_open_on_a_closed_port_tells_where(mariadb_server: MariaDBServer) -> None:
    port = free_port()
    with pytest.raises(TransientError, match=rf"DF-CONN-012.*127\.0\.0\.1:{port}"):
        CONNECTOR.open(replace(mariadb_server.spec, port=port), OPTIONS).__enter__()


@pytest.mark.parametrize("change", [{"schema": None}, {"extra": {"client": "mysql-connector-python"}}])
def test_open_of_a_connection_that_cannot_serve_is_refused(
    mariadb_server: MariaDBServer, change: dict[str, Any]
) -> None:
    with pytest.raises(AuthorError, match="DF-CONN-015"):
        CONNECTOR.open(replace(mariadb_server.spec, **change), OPTIONS).__enter__()


def exported(session: MySqlSession, sql: str, folder: Path) -> Any:
    session.export_rows(sql, folder / "rows.arrow")
    with pyarrow.memory_map(str(folder / "rows.arrow")) as file:
        return pyarrow.ipc.open_stream(file).read_all()


def test_values_travel_exactly(session: MySqlSession, tmp_path: Path) -> None:
    session.execute(
        "CREATE TABLE t (a BIGINT UNSIGNED, b DECIMAL(30,10), c FLOAT, d BOOLEAN, e ENUM('x', 'y'), f TIMESTAMP(6), "
        "g DATETIME(6), h VARBINARY(9), i DATE, j INT ZEROFILL)"
    )
    session.execute(
        "INSERT INTO t VALUES (18446744073709551615, 12345678901234567890.0123456789, 16777217, TRUE, 'y', "
        "'2020-01-01 00:00:00.000001', '2020-01-01 00:00:00', x'00FF', '1000-01-01', 7)"
    )
    rows = exported(session, "SELECT * FROM t", tmp_path)
    assert rows.schema.field("b").type == pyarrow.decimal128(30, 10)
    assert rows.to_pylist() == [
        {
            "a": 18446744073709551615, "b": Decimal("12345678901234567890.0123456789"), "c": 16777216.0, "d": True,
            "e": "y", "f": datetime(2020, 1, 1, 0, 0, 0, 1, tzinfo=UTC), "g": datetime(2020, 1, 1), "h": b"\x00\xff",
            "i": date(1000, 1, 1), "j": 7,
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value"),
    [("TINYINT(1)", "2"), ("TIME", "'30:00:00'"), ("DATE", "'0000-00-00'"), ("DECIMAL(65,0)", "1e64")],
)
def test_value_that_arrow_cannot_hold_fails_by_name(
    session: MySqlSession, mariadb_server: MariaDBServer, kind: str, value: str, tmp_path: Path
) -> None:
    session.execute(f"CREATE TABLE t (odd {kind})")
    mariadb_server.query(f"SET STATEMENT sql_mode = '' FOR INSERT INTO own.t VALUES ({value})")
    with pytest.raises(TerminalError, match=r"DF-RUN-024.*`odd`"):
        exported(session, "SELECT * FROM t", tmp_path)
    assert session.fetch_number("SELECT 5") == 5


def test_export_that_fails_does_not_read_the_other_rows(session: MySqlSession, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(TerminalError, match="DF-RUN-024"):
        exported(session, "SELECT CAST(IF(seq = 5, '30:00:00', 0) AS TIME) AS c FROM seq_1_to_100000000", tmp_path)
    assert session.fetch_number("SELECT 5") == 5
    assert time.monotonic() - started < 5


def test_names_with_percent_signs_take_rows(session: MySqlSession, tmp_path: Path) -> None:
    rows = exported(session, "SELECT 1 AS `50% off`, '%s' AS `%s`", tmp_path)
    session.import_rows("`own`.`100%`", tmp_path / "rows.arrow")
    assert session.fetch_rows("SELECT * FROM `100%`") == (tuple(rows.schema.names), [(1, "%s")])
