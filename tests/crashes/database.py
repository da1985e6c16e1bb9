"""A database as somebody beside the product sees it: set up for a case, set back before each crash, looked at."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import MySQLdb
import psycopg

from dataflow_provider.connectors.connections import ConnectionSpec
from tests.crashes.cases import OLD, Case, Rows, State

COLUMNS = "id INTEGER, v VARCHAR(20), d DATE"
REGISTERS = ("stage_tables", "stage_reads")
FILES = ("duckdb", "sqlite")
MISSING = (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, duckdb.CatalogException)
WAIT_S = 20
"""How long somebody waits for a lock before that is an error."""
GLANCE_MS = 100


def connect(spec: ConnectionSpec) -> Any:
    """Return a connection of the driver, each statement committed by itself."""
    return _CONNECT[spec.conn_type](spec)


def _mysql(spec: ConnectionSpec) -> Any:
    return MySQLdb.connect(
        host=spec.host, port=spec.port or 0, user=spec.login, passwd=spec.password, db=spec.schema, charset="utf8mb4",
        autocommit=True, init_command=f"SET lock_wait_timeout = {WAIT_S}, innodb_lock_wait_timeout = {WAIT_S}",
    )  # fmt: skip


def _postgres(spec: ConnectionSpec) -> Any:
    # Prepared statements would not survive the target's columns, which the cases change.
    return psycopg.connect(
        host=spec.host, port=spec.port, user=spec.login, password=spec.password, dbname=spec.schema, autocommit=True,
        prepare_threshold=None, options=f"-c lock_timeout={WAIT_S}s",
    )  # fmt: skip


def _sqlite(spec: ConnectionSpec) -> Any:
    return sqlite3.connect(str(spec.host), isolation_level=None, timeout=WAIT_S, check_same_thread=False)


_CONNECT: dict[str, Callable[[ConnectionSpec], Any]] = {
    "duckdb": lambda spec: duckdb.connect(str(spec.host)),
    "sqlite": lambda spec: sqlite3.connect(
        str(spec.host), isolation_level=None, timeout=WAIT_S, check_same_thread=False
    ),
    "postgres": _postgres,
    "mysql": _mysql,
}


_SESSIONS = {
    "postgres": (
        "SELECT pid, state, wait_event, pg_blocking_pids(pid), query FROM pg_stat_activity WHERE datname IS NOT NULL",
        "SELECT pid, locktype, mode, granted, relation::regclass FROM pg_locks ORDER BY granted, pid",
    ),
    "mysql": ("SELECT id, command, time, state, info FROM information_schema.processlist",),
}


class Database:
    """The database of one connection; `raw` is any connection of its driver."""

    def __init__(self, engine: str, raw: Any) -> None:
        self.engine = engine
        self.raw = raw

    def run(self, *statements: str) -> None:
        for statement in statements:
            with closing(self.raw.cursor()) as cursor:
                cursor.execute(statement)

    def rows(self, sql: str) -> tuple[list[str], list[Sequence[Any]]]:
        with closing(self.raw.cursor()) as cursor:
            cursor.execute(sql)
            return [column[0] for column in cursor.description], list(cursor.fetchall())

    # ------------------------------------------------------------ looking

    def target(self) -> Rows | None:
        """Return the target's rows, sorted, without the run-id column; None when it is missing."""
        try:
            names, found = self.rows("SELECT * FROM t")
        except Exception as exc:
            if self._is_missing(exc):
                return None
            raise
        shown = [at for at, name in enumerate(names) if name != "_run_id"]
        return sorted(([_plain(row[at]) for at in shown] for row in found), key=str)

    def look(self) -> State:
        return [self.target(), [list(row) for row in self.rows("SELECT n FROM log")[1]]]

    def glance(self) -> State | None:
        """Return what `look` does; None when a transaction has the table to itself, so that nobody sees anything."""
        if self.engine != "postgres":
            return self.look()
        self.run(f"SET lock_timeout = '{GLANCE_MS}ms'")
        try:
            return self.look()
        except psycopg.errors.LockNotAvailable:
            return None
        finally:
            self.run(f"SET lock_timeout = '{WAIT_S}s'")

    def sessions(self) -> str:
        """Return what each session of a server does, and the locks that it has or waits for."""
        asked = _SESSIONS.get(self.engine)
        return "" if asked is None else "\n".join(str(row) for sql in asked for row in self.rows(sql)[1])

    def leftovers(self) -> list[str]:
        """Return the stage tables there are, and what the registers say of any."""
        if not self._has_register():
            return self.stage_tables()
        counted = [f"{name}: {self.rows(f'SELECT COUNT(*) FROM {self.own(name)}')[1][0][0]} rows" for name in REGISTERS]
        return [*self.stage_tables(), *(text for text in counted if not text.endswith(": 0 rows"))]

    def stage_tables(self) -> list[str]:
        if self.engine == "sqlite":
            names = self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")[1]
            return [row[0] for row in names if row[0].startswith("_dataflow_df_")]
        found = self.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = '_dataflow'")[1]
        return [f"_dataflow.{row[0]}" for row in found if row[0].startswith("df_")]

    def own(self, name: str) -> str:
        """Return the name of one of the product's own tables."""
        return f"_dataflow_{name}" if self.engine == "sqlite" else f"_dataflow.{name}"

    def _has_register(self) -> bool:
        try:
            self.rows(f"SELECT 1 FROM {self.own(REGISTERS[1])} WHERE 1 = 0")
        except Exception as exc:
            if self._is_missing(exc):
                return False
            raise
        return True

    def _is_missing(self, exc: Exception) -> bool:
        if isinstance(exc, MISSING):
            return True
        if isinstance(exc, MySQLdb.Error):
            return exc.args[0] in (1146, 1049)
        return isinstance(exc, sqlite3.OperationalError) and "no such table" in str(exc)

    # ------------------------------------------------------------ setting up

    def set_up(self, case: Case) -> None:
        """The source and the target are as the case says before its run, and nothing of the product's is there."""
        wide = ", n INTEGER" if case.widens else ""
        self.run("DROP TABLE IF EXISTS s", f"CREATE TABLE s ({COLUMNS}{wide})", *_inserts("s", case.incoming))
        self.set_back(case)

    def set_back(self, case: Case) -> None:
        """The same for what a run may have changed; the registers stay, empty, unless the case is about their birth."""
        marked = ", _run_id VARCHAR(600)" if case.marked else ""
        made = [f"CREATE TABLE t ({COLUMNS}{marked})", *_inserts("t", OLD)] if case.exists else []
        self.run(
            *(f"DROP TABLE {name}" for name in self.stage_tables()),
            "DROP TABLE IF EXISTS t",
            "DROP TABLE IF EXISTS log",
            *made,
            "CREATE TABLE log (n INTEGER)",
            "INSERT INTO log VALUES (0)",
        )
        if case.first_use:
            self._forget_the_product()
        elif self._has_register():
            self.run(*(f"DELETE FROM {self.own(name)}" for name in REGISTERS))

    def _forget_the_product(self) -> None:
        if self.engine == "sqlite":
            self.run(*(f"DROP TABLE IF EXISTS {self.own(name)}" for name in REGISTERS))
        else:
            self.run(f"DROP SCHEMA IF EXISTS _dataflow{'' if self.engine == 'mysql' else ' CASCADE'}")


def _inserts(table: str, rows: Rows) -> list[str]:
    names = ("id", "v", "d", "n")
    texts = (", ".join("NULL" if value is None else f"'{value}'" for value in row) for row in rows)
    return [f"INSERT INTO {table} ({', '.join(names[: len(rows[0])])}) VALUES ({text})" for text in texts]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def remove_traces(file: Path) -> None:
    """A database file and all that its engine and the product put beside it are gone."""
    for trace in file.parent.glob(f"{file.name}*"):
        if trace.is_file():
            trace.unlink()
