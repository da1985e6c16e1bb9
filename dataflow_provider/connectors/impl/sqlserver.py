"""Sessions on SQL Server by Airflow's MsSqlHook with pymssql.

Not run against a live server.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain
from typing import Any

import pyarrow

from dataflow_provider.connectors.arrow_rows import ArrowColumn, IncomingColumn, split_type
from dataflow_provider.connectors.author_sql import check_one_statement
from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.dbapi import DbApiConnector
from dataflow_provider.connectors.engine_errors import Kind, VendorError, without_values
from dataflow_provider.connectors.hook_connection import build_hook
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.connectors.sized_text import SizedTextSession, decimal_type
from dataflow_provider.dialects.sqlserver import SQLSERVER
from dataflow_provider.spec.nodes import Scalar

logger = logging.getLogger(__name__)

HOOK = "airflow.providers.microsoft.mssql.hooks.mssql:MsSqlHook"
DEFAULT_PORT = 1433
LOGIN_TIMEOUT_S = 15
NO_SUCH_OBJECT = 208
MAX_TEXT, MAX_BYTES = 4000, 8000

# Source: Microsoft, "Database Engine events and errors"; 20002…20009 are DB-Library's.
_KINDS: tuple[tuple[Kind, tuple[int, ...]], ...] = (
    (Kind.UNREACHABLE, (20002, 20009, 40613, 40197, 49918, 49919, 49920)),
    (Kind.LOGIN, (4060, 18452, 18456, 18486, 18487, 18488)),
    (Kind.LOST, (20003, 20004, 20006, 20047, 10053, 10054, 10060, 233, 64)),
    (Kind.CONFLICT, (1205, 3960, 3961, 41302, 41305, 41325, 41839)),
    (Kind.BUSY, (1222, 1204, 10928, 10929, 40501)),
    (Kind.INTERRUPTED, (596, 3617)),
    (Kind.MEMORY, (701, 802, 8645, 8651, 8657)),
    (Kind.DISK, (1101, 1105, 9002, 9100)),
    (Kind.CONSTRAINT, (515, 547, 2601, 2627, 8672)),
    (Kind.RANGE, (220, 232, 2628, 8115, 8152)),
    (Kind.CONVERSION, (241, 242, 244, 245, 248, 295, 529, 8114, 8134, 9809)),
    (Kind.MISSING, (201, 206, 207, 208, 213, 2812, 4104, 4121, 4902, 911, 942, 2714, 3701)),
    (Kind.SYNTAX, (102, 103, 105, 156, 170, 319, 1038)),
    (Kind.RIGHTS, (229, 230, 262, 297, 300, 916, 3906, 3930, 15247)),
)
_KIND_OF = {number: kind for kind, numbers in reversed(_KINDS) for number in numbers}
_WITH_VALUES = (Kind.CONSTRAINT, Kind.RANGE, Kind.CONVERSION, Kind.REFUSED)
_NAMED = re.compile(r"\b(?:object|object name|column|column name|table|constraint|type|index)\s$", re.IGNORECASE)
_DUPLICATE = re.compile(r"(?<=duplicate key value is )\(.*\)")
_REPEATED = re.compile(r"DB-Lib error message \d+, severity \d+:\s*")

ROWS_PER_INSERT = 1000
"""SQL Server takes no more of one VALUES."""
_FIXED = (
    "SET ANSI_NULLS, ANSI_PADDING, ANSI_WARNINGS, ARITHABORT ON",
    "SET CONCAT_NULL_YIELDS_NULL, QUOTED_IDENTIFIER, XACT_ABORT ON",
    "SET NUMERIC_ROUNDABORT, IMPLICIT_TRANSACTIONS, NOCOUNT OFF",
    "SET LANGUAGE us_english",
    "SET DATEFORMAT ymd",
    "SET TEXTSIZE 2147483647",
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
)
_ARROW: Mapping[str, Any] = {
    "bit": pyarrow.bool_(),
    "tinyint": pyarrow.uint8(),
    "smallint": pyarrow.int16(),
    "int": pyarrow.int32(),
    "bigint": pyarrow.int64(),
    "real": pyarrow.float32(),
    "float": pyarrow.float64(),
    "money": pyarrow.decimal128(19, 4),
    "smallmoney": pyarrow.decimal128(10, 4),
    "date": pyarrow.date32(),
    "time": pyarrow.time64("us"),
    **dict.fromkeys(("datetime", "datetime2", "smalldatetime"), pyarrow.timestamp("us")),
    "datetimeoffset": pyarrow.timestamp("us", "UTC"),
    **dict.fromkeys(("binary", "varbinary", "image", "timestamp", "rowversion"), pyarrow.binary()),
}
_TYPES: Mapping[str, str] = {
    "BOOLEAN": "BIT",
    "INTEGER": "INT",
    "DOUBLE": "FLOAT(53)",
    "TIME": "TIME(6)",
    "TIMESTAMP": "DATETIME2(6)",
    "TIMESTAMPTZ": "DATETIMEOFFSET(6)",
    "UUID": "UNIQUEIDENTIFIER",
}


class SqlServerSession(SizedTextSession):
    """One connection; any error in a transaction rolls it back (XACT_ABORT)."""

    engine = "SQL Server"
    sqlglot = "tsql"
    author_rules = SQLSERVER.author_rules

    def __init__(self, raw: Any, connection: ConnectionSpec, hook: Any, *, read_only: bool = False) -> None:
        super().__init__(raw, connection, read_only=read_only)
        self._hook = hook
        self._id = self.fetch_number("SELECT @@SPID")

    def vendor_error(self, exc: Exception) -> VendorError | None:
        return _vendor_error(exc)

    def quote(self, name: str) -> str:
        return "[" + name.replace("]", "]]") + "]"

    def begin(self) -> None:
        self._run("BEGIN TRANSACTION")

    def commit(self) -> None:
        self._run("COMMIT TRANSACTION")

    def roll_back(self) -> None:
        self._run("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION")

    def end_transaction(self) -> None:
        """The driver commits each statement unless a transaction was begun."""

    def _run(self, sql: str) -> None:
        with closing(self._raw.cursor()) as cursor:
            cursor.execute(sql)

    def interrupt(self) -> None:
        """KILL needs the right ALTER ANY CONNECTION; without it the statement goes on to its end."""
        import pymssql

        try:
            with closing(self._hook.get_conn()) as beside, closing(beside.cursor()) as cursor:
                beside.autocommit(True)
                cursor.execute(f"KILL {self._id}")
        except pymssql.Error as exc:
            logger.debug("SQL Server could not be asked to stop: %s", exc)

    # ------------------------------------------------------------ columns

    def columns_of(self, table: str) -> dict[str, str] | None:
        return self._described(f"SELECT * FROM {table}", missing_is_none=True)

    def columns_of_query(self, sql: str) -> dict[str, str]:
        check_one_statement(sql, self.sqlglot)
        return self._described(sql) or {}

    def _described(self, sql: str, *, missing_is_none: bool = False) -> dict[str, str] | None:
        """The procedure answers a query that cannot be described with one row that says why."""
        import pymssql

        ask = (
            "SELECT name, system_type_name, error_number, error_message "
            "FROM sys.dm_exec_describe_first_result_set(%s, NULL, 0) WHERE is_hidden = 0 OR error_number IS NOT NULL "
            "ORDER BY column_ordinal"
        )

        def look() -> dict[str, str] | None:
            with closing(self._raw.cursor()) as cursor:
                cursor.execute(ask, (sql,))
                rows = cursor.fetchall()
            failed = next((row for row in rows if row[2] is not None), None)
            if failed is None:
                return {name: kind for name, kind, *_ in rows}
            if missing_is_none and failed[2] == NO_SUCH_OBJECT:
                return None
            raise pymssql.ProgrammingError(failed[2], str(failed[3]).encode())

        return self.guard(look)

    # ------------------------------------------------------------ rows to and from other connections

    def arrow_column(self, name: str, type_text: str) -> ArrowColumn:
        kind, numbers = split_type(type_text)
        if kind in ("decimal", "numeric"):
            return ArrowColumn(name, pyarrow.decimal128(*(*numbers, 18, 0)[:2]))
        return ArrowColumn(name, _ARROW.get(kind, pyarrow.string()), str if kind == "uniqueidentifier" else None)

    def export_query(self, sql: str, columns: Sequence[ArrowColumn]) -> str:
        """A moment with an offset is asked for in UTC, as the driver knows no offsets."""
        zoned = pyarrow.timestamp("us", "UTC")
        if all(column.type != zoned for column in columns):
            return sql
        listed = ", ".join(
            f"CAST(SWITCHOFFSET({self.quote(column.name)}, '+00:00') AS DATETIME2(7)) AS {self.quote(column.name)}"
            if column.type == zoned
            else self.quote(column.name)
            for column in columns
        )
        return f"SELECT {listed} FROM (\n{sql}\n) AS handed_over"

    def sized_type(self, column: IncomingColumn, size_bytes: int) -> str:
        if column.type == "DECIMAL":
            return decimal_type(column, "DECIMAL")
        if column.type == "BLOB":
            return f"VARBINARY({max(size_bytes, 1)})" if size_bytes <= MAX_BYTES else "VARBINARY(MAX)"
        if column.type in ("VARCHAR", "JSON"):
            return f"NVARCHAR({max(size_bytes, 1)})" if size_bytes <= MAX_TEXT else "NVARCHAR(MAX)"
        return _TYPES.get(column.type, column.type)

    def plain_value(self, value: Any, column: IncomingColumn) -> Any:
        """The driver writes moments to milliseconds; as text they keep their microseconds."""
        return value.isoformat() if column.type in ("TIME", "TIMESTAMP", "TIMESTAMPTZ") else value

    def insert_rows(
        self, table: str, columns: Sequence[IncomingColumn], blocks: Iterator[list[tuple[Any, ...]]]
    ) -> None:
        """By INSERTs of up to a thousand rows: the driver's `executemany` sends each row by itself.

        Values of one column share a type there, so numbers are cast, or one could cost another its digits.
        """
        names = ", ".join(self.quote(column.name) for column in columns)
        head = f"INSERT INTO {table} ({names}) VALUES ".replace("%", "%%")
        row = "(" + ", ".join(self._mark(column) for column in columns) + ")"
        with closing(self._raw.cursor()) as cursor:
            for block in blocks:
                for start in range(0, len(block), ROWS_PER_INSERT):
                    part = block[start : start + ROWS_PER_INSERT]
                    cursor.execute(head + ", ".join([row] * len(part)), tuple(chain.from_iterable(part)))

    def _mark(self, column: IncomingColumn) -> str:
        cast = column.type in ("DECIMAL", "DOUBLE", "REAL")
        return f"CAST(%s AS {self.column_type(column)})" if cast else "%s"


class SqlServerConnector(DbApiConnector[SqlServerSession]):
    """SQL Server 2016 and later, Azure SQL; not run against a live server."""

    manifest = BUILT_IN["sqlserver"]
    node_settings = frozenset({"deadlock_priority", "lock_timeout"})

    def do_connect(self, connection: ConnectionSpec, options: SessionOptions) -> SqlServerSession:
        extra = {
            "login_timeout": LOGIN_TIMEOUT_S,
            "appname": f"dataflow {options.holder.pipeline}/{options.holder.stage}"[:128],
            "charset": "UTF-8",
            "tds_version": "7.4",
            **connection.extra,
        }
        hook = build_hook(HOOK, with_port(connection, DEFAULT_PORT), package="mssql", extra=extra)
        raw = hook.get_conn()
        raw.autocommit(True)
        with closing(raw.cursor()) as cursor:
            for statement in _FIXED:
                cursor.execute(statement)
        return SqlServerSession(raw, connection, hook, read_only=options.read_only)

    def address(self, connection: ConnectionSpec) -> str:
        return f"{connection.host or 'localhost'}:{connection.port or DEFAULT_PORT}"

    def connect_error(self, exc: Exception) -> VendorError | None:
        return _vendor_error(exc)

    def apply_settings(self, session: SqlServerSession, settings: Mapping[str, Scalar]) -> None:
        for name, value in settings.items():
            session._run(f"SET {name.upper()} {int(str(value))}")


def with_port(connection: ConnectionSpec, port: int) -> ConnectionSpec:
    """Return the connection with a port; the hook writes `None` into the driver's otherwise."""
    return connection if connection.port else replace(connection, port=port)


def _vendor_error(exc: Exception) -> VendorError | None:
    import pymssql

    if not isinstance(exc, pymssql.Error):
        return None
    number, text = number_and_text(exc)
    kind = _KIND_OF.get(number, Kind.REFUSED) if number else _kind_of_driver(exc, text)
    if kind in _WITH_VALUES:
        text = without_values(_DUPLICATE.sub("(…)", text), _NAMED)
    return VendorError(kind, str(number or ""), text)


def number_and_text(exc: Exception) -> tuple[int, str]:
    """Return SQL Server's number and words; the driver wraps them in one more tuple when it cannot connect."""
    given: Any = exc.args[0] if len(exc.args) == 1 and isinstance(exc.args[0], tuple) else exc.args
    number = given[0] if given and isinstance(given[0], int) else 0
    said = given[-1] if given else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    lines = dict.fromkeys(line.strip() for line in _REPEATED.sub("", text).splitlines() if line.strip())
    return number, " ".join(lines)


def _kind_of_driver(exc: Exception, text: str) -> Kind:
    import pymssql

    if isinstance(exc, pymssql.InterfaceError) or "DBPROCESS is dead" in text:
        return Kind.LOST
    return Kind.CONVERSION if isinstance(exc, pymssql.DataError) else Kind.REFUSED
