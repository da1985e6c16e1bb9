"""What engines without a server here are asked, and in which order: recorded on connections shaped as the drivers'."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import hdbcli.dbapi
import oracledb
import pyarrow
import pymssql
import pyodbc
import pytest
import teradatasql
from airflow.providers.odbc.hooks import odbc as odbc_hook

from dataflow_provider.connectors.arrow_rows import IncomingColumn, incoming_columns
from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.dbapi import DbApiSession
from dataflow_provider.connectors.impl import oracle, saphana, sqlserver, sybase, teradata
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector
from dataflow_provider.errors import TerminalError

DRIVERS: dict[str, tuple[Any, Any, Any, str]] = {
    "teradata": (teradatasql.TeradataConnection, teradatasql.TeradataCursor, teradatasql, "teradata"),
    "sqlserver": (pymssql.Connection, pymssql.Cursor, pymssql, "mssql"),
    "oracle": (oracledb.Connection, oracledb.Cursor, oracledb, "oracle"),
    "sybase": (pyodbc.Connection, pyodbc.Cursor, odbc_hook, "sybase"),
    "saphana": (hdbcli.dbapi.Connection, hdbcli.dbapi.Cursor, hdbcli.dbapi, "saphana"),
}
ROWS = pyarrow.table(
    {
        "n": pyarrow.array([1, None], pyarrow.int64()),
        "m": pyarrow.array([Decimal("1.10"), None], pyarrow.decimal128(12, 2)),
        "t": pyarrow.array(["naïve", None]),
        "z": pyarrow.array([datetime(2020, 1, 1, tzinfo=UTC), None], pyarrow.timestamp("us", "UTC")),
        "b": pyarrow.array([True, None]),
    }
)


class Driver:
    """A driver's connection that keeps what it is asked; `answers` gives rows by the start of a statement."""

    def __init__(self, engine: str) -> None:
        self.connection_class, self.cursor_class, self.module, _ = DRIVERS[engine]
        self.engine = engine
        self.asked: list[str] = []
        self.bound: list[Any] = []
        self.answers: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {}
        self.failing: dict[str, Exception] = {}
        self.connection: Any = Recorded(self)

    def cursor(self, *_: object, **__: object) -> Mock:
        cursor = Mock(spec=self.cursor_class)
        cursor.rowcount, cursor.description = 2, None
        cursor.activityname, cursor.statement = "", None

        def execute(sql: str, *values: object) -> None:
            self.note(" ".join(sql.split()))
            self.bound.extend(values)
            cursor.statement, cursor.activityname = sql, sql.split()[0]
            for start, exc in self.failing.items():
                if sql.startswith(start):
                    raise exc
            for start, (names, rows) in self.answers.items():
                if sql.startswith(start):
                    cursor.description = [(name, None, None, None, None, None, None) for name in names]
                    cursor.fetchall.return_value = rows

        def executemany(sql: str, block: list[Any], *_: object) -> None:
            self.note(" ".join(sql.split()))
            self.bound.append(block)

        cursor.execute.side_effect = execute
        cursor.executemany.side_effect = executemany
        # Some drivers' cursors are context managers.
        cursor.__enter__ = Mock(return_value=cursor)
        cursor.__exit__ = Mock(return_value=None)
        return cursor

    def note(self, what: str) -> None:
        self.asked.append(what)


class Recorded:
    """A connection that refuses what the driver's has not, and notes how transactions are made and ended."""

    def __init__(self, driver: Driver) -> None:
        object.__setattr__(self, "_driver", driver)
        object.__setattr__(self, "_shape", Mock(spec=driver.connection_class))

    def __getattr__(self, name: str) -> Any:
        getattr(self._shape, name)
        if name == "cursor":
            return self._driver.cursor
        if name == "close":
            return lambda: None
        return lambda *values: self._driver.note(" ".join([name, *map(str, values)]))

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._shape, name, value)
        if name == "autocommit":
            self._driver.note(f"autocommit={value}")


def session_of(engine: str) -> tuple[DbApiSession, Driver]:
    driver = Driver(engine)
    spec = ConnectionSpec("away", engine)
    build: dict[str, Callable[[], DbApiSession]] = {
        "teradata": lambda: teradata.TeradataSession(driver.connection, spec),
        "sqlserver": lambda: sqlserver.SqlServerSession(driver.connection, spec, Mock()),
        "oracle": lambda: oracle.OracleSession(driver.connection, spec),
        "sybase": lambda: sybase.SybaseSession(driver.connection, spec),
        "saphana": lambda: saphana.SapHanaSession(driver.connection, spec),
    }
    driver.answers["SELECT @@SPID"] = (("id",), [(51,)])
    session = build[engine]()
    driver.asked.clear()
    return session, driver


BEGIN = {
    "teradata": "autocommit=False",
    "sqlserver": "BEGIN TRANSACTION",
    "oracle": "autocommit=False",
    "sybase": "BEGIN TRANSACTION",
    "saphana": "setautocommit False",
}
COMMIT = {**dict.fromkeys(BEGIN, "commit"), **dict.fromkeys(("sqlserver", "sybase"), "COMMIT TRANSACTION")}
UNDO = {
    **dict.fromkeys(BEGIN, "rollback"),
    "sqlserver": "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION",
    "sybase": "IF @@trancount > 0 ROLLBACK TRANSACTION",
}
END = {"teradata": ["autocommit=True"], "oracle": ["autocommit=True"], "saphana": ["setautocommit True"]}


@pytest.mark.parametrize("engine", DRIVERS)
def test_transaction_begins_commits_and_ends_in_that_order(engine: str) -> None:
    session, driver = session_of(engine)
    with session.transaction():
        assert session.execute("DELETE FROM t") == 2
    assert driver.asked == [BEGIN[engine], "DELETE FROM t", COMMIT[engine], *END.get(engine, [])]


@pytest.mark.parametrize("engine", DRIVERS)
def test_transaction_that_fails_is_rolled_back_and_ends(engine: str) -> None:
    session, driver = session_of(engine)
    error = {
        "teradata": teradatasql.OperationalError("[Error 2801] x"),
        "sqlserver": pymssql.IntegrityError(2627, b"x"),
        "oracle": oracledb.DatabaseError("x"),
        "sybase": pyodbc.Error("23000", "[23000] x (2601) (SQLExecDirectW)"),
        "saphana": hdbcli.dbapi.IntegrityError(301, "x"),
    }[engine]
    driver.failing["INSERT"] = error
    with pytest.raises(TerminalError), session.transaction():
        session.execute("INSERT INTO t VALUES (1)")
    assert driver.asked == [BEGIN[engine], "INSERT INTO t VALUES (1)", UNDO[engine], *END.get(engine, [])]


TABLES = {
    "teradata": 'CREATE MULTISET TABLE "t" ("n" BIGINT, "m" DECIMAL(12, 2), "t" VARCHAR(6) CHARACTER SET UNICODE, '
    '"z" TIMESTAMP(6) WITH TIME ZONE, "b" BYTEINT) NO PRIMARY INDEX',
    "sqlserver": 'CREATE TABLE "t" ([n] BIGINT, [m] DECIMAL(12, 2), [t] NVARCHAR(6), [z] DATETIMEOFFSET(6), [b] BIT)',
    "oracle": 'CREATE TABLE "t" ("n" NUMBER(19), "m" NUMBER(12, 2), "t" VARCHAR2(6 BYTE), '
    '"z" TIMESTAMP(6) WITH TIME ZONE, "b" NUMBER(1))',
    "sybase": 'CREATE TABLE "t" ("n" BIGINT NULL, "m" DECIMAL(12, 2) NULL, "t" VARCHAR(6) NULL, '
    '"z" BIGDATETIME NULL, "b" TINYINT NULL)',
    "saphana": 'CREATE COLUMN TABLE "t" ("n" BIGINT, "m" DECIMAL(12, 2), "t" NVARCHAR(6), "z" TIMESTAMP, "b" BOOLEAN)',
}
INSERTS = {
    **dict.fromkeys(BEGIN, 'INSERT INTO "t" ("n", "m", "t", "z", "b") VALUES (?, ?, ?, ?, ?)'),
    "sqlserver": 'INSERT INTO "t" ([n], [m], [t], [z], [b]) VALUES '
    + ", ".join(["(%s, CAST(%s AS DECIMAL(12, 2)), %s, %s, %s)"] * 2),
    "oracle": 'INSERT INTO "t" ("n", "m", "t", "z", "b") VALUES (:1, :2, :3, FROM_TZ(:4, \'+00:00\'), :5)',
}
NAIVE = datetime(2020, 1, 1)
BOUND = {
    "teradata": (1, Decimal("1.10"), "naïve", NAIVE.replace(tzinfo=UTC), 1),
    "sqlserver": (1, Decimal("1.10"), "naïve", "2020-01-01T00:00:00+00:00", True),
    "oracle": (1, Decimal("1.10"), "naïve", NAIVE, 1),
    "sybase": (1, Decimal("1.10"), "naïve", NAIVE, 1),
    "saphana": (1, Decimal("1.10"), "naïve", NAIVE, True),
}


@pytest.mark.parametrize("engine", DRIVERS)
def test_import_makes_the_table_first_and_fills_it_in_one_transaction(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, driver = session_of(engine)
    monkeypatch.setattr(session, "columns_of", lambda table: {"old": "INTEGER"})
    path = tmp_path / "rows.arrow"
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, ROWS.schema) as writer:
        writer.write_table(ROWS)
    session.import_rows('"t"', path)
    assert driver.asked == [
        'DROP TABLE "t"', TABLES[engine], BEGIN[engine], INSERTS[engine], COMMIT[engine], *END.get(engine, []),
    ]  # fmt: skip
    sent = [BOUND[engine], (None,) * 5]
    assert driver.bound[-1] == ((*sent[0], *sent[1]) if engine == "sqlserver" else sent)


@pytest.mark.parametrize("engine", ["oracle", "sybase"])
def test_import_of_an_empty_text_is_refused_where_there_is_none(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, driver = session_of(engine)
    monkeypatch.setattr(session, "columns_of", lambda table: None)
    path, table = tmp_path / "rows.arrow", pyarrow.table({"name": [""]})
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(TerminalError, match=r"DF-RUN-024.*`name`"):
        session.import_rows('"t"', path)
    assert UNDO[engine] in driver.asked


@pytest.mark.parametrize("engine", DRIVERS)
def test_read_only_session_refuses_what_writes(engine: str) -> None:
    session, driver = session_of(engine)
    session.__dict__["_read_only"] = True
    with pytest.raises(TerminalError, match="DF-RUN-016"):
        session.execute("DELETE FROM t")
    assert driver.asked == []


@pytest.mark.parametrize(
    ("engine", "entry", "expected"),
    [
        ("teradata", "connect", ["SET QUERY_BAND=", "SET TIME ZONE INTERVAL '00:00'", "SET SESSION DATEFORM"]),
        ("sqlserver", "connect", ["autocommit True", "SET ANSI_NULLS", "SET CONCAT_NULL_YIELDS_NULL", "SET NUMERIC_"]),
        ("oracle", "connect", ["autocommit=True", "ALTER SESSION SET TIME_ZONE = '+00:00'", "ALTER SESSION SET NLS_"]),
        ("sybase", "connect", ["SET CHAINED OFF", "SET QUOTED_IDENTIFIER ON", "SET ANSINULL ON"]),
        ("saphana", "connect", ["setclientinfo APPLICATION dataflow flights/load"]),
    ],
)
def test_open_says_first_who_asks_and_what_sql_means(
    engine: str, entry: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = Driver(engine)
    driver.answers["SELECT @@SPID"] = (("id",), [(51,)])
    monkeypatch.setattr(driver.module, entry, lambda *_, **__: driver.connection)
    spec = ConnectionSpec("away", engine, "127.0.0.1", 1, None, "u", "p")
    with get_connector(engine).open(spec, SessionOptions(Holder("flights", "load"))):
        pass
    for asked, start in zip(driver.asked, expected, strict=False):
        assert asked.startswith(start)
    assert len(driver.asked) >= len(expected)


def test_teradata_tells_types_as_help_column_codes_them() -> None:
    session, driver = session_of("teradata")
    titles = ("Column Dictionary Name", "Type", "Max Length", "Char Type", "Decimal Total Digits",
              "Decimal Fractional Digits")  # fmt: skip
    rows = [
        ("n ", "I8", 8, None, None, None), ("m", "D ", 8, None, 12, 2), ("latin", "CV", 20, 1, None, None),
        ("wide", "CV", 20, 2, None, None), ("at", "TS", 26, None, None, 6), ("zoned", "SZ", 32, None, None, 3),
    ]  # fmt: skip
    driver.answers["HELP COLUMN"] = (titles, rows)
    assert session.columns_of('"db"."t"') == {
        "n": "BIGINT", "m": "DECIMAL(12,2)", "latin": "VARCHAR(20)", "wide": "VARCHAR(10)", "at": "TIMESTAMP(6)",
        "zoned": "TIMESTAMP(3) WITH TIME ZONE",
    }  # fmt: skip


def test_teradata_describes_a_query_by_a_volatile_table_that_it_drops() -> None:
    session, driver = session_of("teradata")
    driver.answers["HELP COLUMN"] = (("Column Dictionary Name",), [])
    session.columns_of_query("SELECT 1 AS a")
    assert [asked.partition(" AS (")[0] for asked in driver.asked] == [
        'CREATE VOLATILE MULTISET TABLE "df_described"',
        'HELP COLUMN "df_described".*',
        'DROP TABLE "df_described"',
    ]


@pytest.mark.parametrize(
    ("engine", "error"),
    [
        ("teradata", teradatasql.OperationalError("[Error 3807] Object 't' does not exist.")),
        ("saphana", hdbcli.dbapi.ProgrammingError(259, "invalid table name")),
    ],
)
def test_columns_of_a_missing_table_are_none(engine: str, error: Exception) -> None:
    session, driver = session_of(engine)
    driver.failing = {"HELP": error, "SELECT": error}
    assert session.columns_of('"t"') is None


def test_sqlserver_describes_a_query_without_running_it() -> None:
    session, driver = session_of("sqlserver")
    names = ("name", "system_type_name", "error_number", "error_message")
    driver.answers["SELECT name"] = (names, [("a", "decimal(12,2)", None, None), ("b", "nvarchar(20)", None, None)])
    assert session.columns_of_query("SELECT a, b FROM t") == {"a": "decimal(12,2)", "b": "nvarchar(20)"}
    assert driver.bound[-1] == ("SELECT a, b FROM t",)


@pytest.mark.parametrize(("number", "code"), [(208, None), (207, "DF-RUN-014")])
def test_sqlserver_tells_a_missing_table_from_a_query_that_is_wrong(number: int, code: str | None) -> None:
    session, driver = session_of("sqlserver")
    names = ("name", "system_type_name", "error_number", "error_message")
    driver.answers["SELECT name"] = (names, [(None, None, number, "Invalid")])
    if code is None:
        assert session.columns_of("[t]") is None
    else:
        with pytest.raises(TerminalError, match=code):
            session.columns_of("[t]")


@pytest.mark.parametrize(("engine", "stop"), [("teradata", "cancel"), ("oracle", "cancel"), ("saphana", "cancel")])
def test_interrupt_asks_the_driver_to_cancel(engine: str, stop: str) -> None:
    session, driver = session_of(engine)
    session.interrupt()
    assert driver.asked == [stop]


@pytest.mark.parametrize("engine", DRIVERS)
def test_rows_are_fetched_by_the_size_that_was_asked_for(engine: str) -> None:
    session, driver = session_of(engine)
    session.fetch_size = 2
    cursor = driver.cursor()
    cursor.fetchmany.side_effect = [[(1,), (2,)], [(3,)], []]
    driver.cursor = lambda *_, **__: cursor  # type: ignore[method-assign]  # the same one, to look at it afterwards
    assert list(session._blocks("SELECT 1")) == [[(1,), (2,)], [(3,)]]
    assert [call.args for call in cursor.fetchmany.call_args_list] == [(2,)] * 3
    if engine == "saphana":
        cursor.setfetchsize.assert_called_once_with(2)
    else:
        assert cursor.arraysize == 2
    if engine == "oracle":
        assert cursor.prefetchrows == 3


@pytest.mark.parametrize("engine", DRIVERS)
def test_rows_are_sent_by_the_size_that_was_asked_for(engine: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.arrow"
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, ROWS.schema) as writer:
        writer.write_table(pyarrow.concat_tables([ROWS, ROWS, ROWS.slice(0, 1)]).combine_chunks())
    session, driver = session_of(engine)
    session.batch_size = 2
    session.load_file('"t"', incoming_columns(path), path)
    if engine == "sqlserver":
        assert [len(values) // len(ROWS.schema) for values in driver.bound] == [2, 2, 1]
    else:
        assert [len(block) for block in driver.bound if isinstance(block, list)] == [2, 2, 1]


def test_sqlserver_gets_a_thousand_rows_a_statement_and_numbers_of_one_type(tmp_path: Path) -> None:
    session, driver = session_of("sqlserver")
    columns = [IncomingColumn("50% off", "DECIMAL", (38, 10)), IncomingColumn("t", "VARCHAR")]
    blocks = iter([[(Decimal("1.5"), "a")] * 2500])
    session.insert_rows("[t]", columns, blocks)
    assert [asked.count("(CAST(%s AS DECIMAL(38, 10)), %s)") for asked in driver.asked] == [1000, 1000, 500]
    assert driver.asked[0].startswith("INSERT INTO [t] ([50%% off], [t]) VALUES (CAST")
    assert [len(values) for values in driver.bound] == [2000, 2000, 1000]


@pytest.mark.parametrize("asked", [False, True])
def test_sybase_sends_arrays_only_where_its_driver_is_said_to_have_them(asked: bool) -> None:
    session, driver = session_of("sybase")
    session._connection = replace(session._connection, extra={"fast_executemany": asked})
    cursor = driver.cursor()
    driver.cursor = lambda *_, **__: cursor  # type: ignore[method-assign]  # the same one, to look at it afterwards
    session.insert_rows('"t"', [IncomingColumn("n", "INTEGER")], iter([[(1,)]]))
    assert cursor.fast_executemany is asked
    assert driver.asked == ['INSERT INTO "t" ("n") VALUES (?)']


def fastload_of(path: Path, monkeypatch: pytest.MonkeyPatch, table: Any, *, extra: bool, loaded: int) -> list[str]:
    """Import the table into Teradata, where three rows are many; return the INSERTs it is asked for."""
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    session, driver = session_of("teradata")
    monkeypatch.setattr(teradata, "FASTLOAD_ROWS", 3)
    monkeypatch.setattr(session, "columns_of", lambda table: None)
    monkeypatch.setattr(session, "fetch_number", lambda sql: loaded)
    session._connection = replace(session._connection, extra={"fastload": extra})
    session.import_rows('"s"."t"', path)
    assert session.batch_size is None  # What suits FastLoad is not for the next table.
    made = next(at for at, asked in enumerate(driver.asked) if asked.startswith("CREATE MULTISET TABLE"))
    inserts = [at for at, asked in enumerate(driver.asked) if "INSERT INTO" in asked]
    assert made < min(inserts)
    return [driver.asked[at] for at in inserts]


def test_teradata_loads_fast_into_the_table_just_made_only_when_asked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, path = pyarrow.table({"n": [1, 2, 3, 4]}), tmp_path / "rows.arrow"
    fast = '{fn teradata_require_fastload}INSERT INTO "s"."t" (?)'
    plain = 'INSERT INTO "s"."t" ("n") VALUES (?)'
    assert fastload_of(path, monkeypatch, rows, extra=True, loaded=4) == [fast, fast]
    assert fastload_of(path, monkeypatch, rows, extra=False, loaded=4) == [plain]
    assert fastload_of(path, monkeypatch, rows.slice(0, 2), extra=True, loaded=2) == [plain]
    large = pyarrow.table({"n": ["x" * 40_000, "", "", ""]})
    assert fastload_of(path, monkeypatch, large, extra=True, loaded=4) == [plain]


def test_teradata_misses_rows_that_fastload_has_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = pyarrow.table({"n": [1, 2, 3, 4]})
    with pytest.raises(TerminalError, match=r"DF-RUN-012.*3 of 4 rows"):
        fastload_of(tmp_path / "rows.arrow", monkeypatch, rows, extra=True, loaded=3)
