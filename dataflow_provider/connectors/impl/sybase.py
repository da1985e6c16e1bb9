"""Sessions on SAP (Sybase) ASE by Airflow's OdbcHook: any ODBC driver that speaks TDS 5.0, FreeTDS unless named.

Not run against a live server.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, time
from typing import Any

import pyarrow

from dataflow_provider.connectors.arrow_rows import MAX_DECIMAL_DIGITS, ArrowColumn, IncomingColumn, split_type
from dataflow_provider.connectors.author_sql import check_one_statement
from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.dbapi import DbApiConnector
from dataflow_provider.connectors.engine_errors import Kind, VendorError, kind_of_sqlstate, without_values
from dataflow_provider.connectors.hook_connection import build_hook, missing_driver
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.connectors.sized_text import SizedTextSession, decimal_type, empty_text
from dataflow_provider.dialects.sybase import SYBASE
from dataflow_provider.errors import AuthorError

logger = logging.getLogger(__name__)

HOOK = "airflow.providers.odbc.hooks.odbc:OdbcHook"
DRIVER = "FreeTDS"
DEFAULT_PORT = 5000
LOGIN_TIMEOUT_S = 15
MAX_LENGTH = 16_000
_DESCRIBED = "#df_described"

# Source: SAP, "ASE Troubleshooting: Error Messages Guide"; 20009 is FreeTDS's.
_KINDS: tuple[tuple[Kind, tuple[int, ...]], ...] = (
    (Kind.UNREACHABLE, (20002, 20009, 20013)),
    (Kind.LOGIN, (4001, 4002, 20014, 911, 916)),
    (Kind.LOST, (20003, 20004, 20006, 20047)),
    (Kind.CONFLICT, (1205, 691)),
    (Kind.BUSY, (1204, 12205, 12207)),
    (Kind.MEMORY, (701, 708)),
    (Kind.DISK, (1105, 1101)),
    (Kind.CONSTRAINT, (233, 515, 546, 547, 548, 2601, 2615, 2626)),
    (Kind.RANGE, (220, 227, 232, 247, 9502)),
    (Kind.CONVERSION, (241, 242, 245, 249, 257, 259, 265, 535, 3606, 3607)),
    (Kind.MISSING, (201, 207, 208, 213, 2714, 2812, 3701, 4902)),
    (Kind.SYNTAX, (102, 103, 105, 156, 170)),
    (Kind.RIGHTS, (229, 230, 262, 10330, 10331)),
)
_KIND_OF = {number: kind for kind, numbers in _KINDS for number in numbers}
_WITH_VALUES = (Kind.CONSTRAINT, Kind.RANGE, Kind.CONVERSION, Kind.REFUSED)
_NAMED = re.compile(r"\b(?:object|column|table|constraint|index|datatype)\s(?:name\s)?$", re.IGNORECASE)
_NUMBER = re.compile(r"\((\d+)\) \(SQL\w+\)")
_NO_DRIVER = ("IM002", "IM003", "01000")

_FIXED = (
    "SET CHAINED OFF",
    "SET QUOTED_IDENTIFIER ON",
    "SET ANSINULL ON",
    "SET STRING_RTRUNCATION ON",
    "SET ARITHABORT ARITH_OVERFLOW ON",
    "SET ARITHABORT NUMERIC_TRUNCATION ON",
    "SET DATEFORMAT ymd",
    "SET TEXTSIZE 2147483647",
    "SET TRANSACTION ISOLATION LEVEL 1",
)
_COLUMNS = (
    "SELECT c.name, t.name, c.length, c.prec, c.scale FROM {database}syscolumns c JOIN {database}systypes t "
    "ON t.usertype = c.usertype WHERE c.id = OBJECT_ID(?) ORDER BY c.colid"
)
_ARROW: Mapping[str, Any] = {
    "bit": pyarrow.bool_(),
    "tinyint": pyarrow.uint8(),
    "smallint": pyarrow.int16(),
    "int": pyarrow.int32(),
    "bigint": pyarrow.int64(),
    "unsigned smallint": pyarrow.uint16(),
    "unsigned int": pyarrow.uint32(),
    "unsigned bigint": pyarrow.uint64(),
    "real": pyarrow.float32(),
    "float": pyarrow.float64(),
    "money": pyarrow.decimal128(19, 4),
    "smallmoney": pyarrow.decimal128(10, 4),
    "date": pyarrow.date32(),
    **dict.fromkeys(("time", "bigtime"), pyarrow.time64("us")),
    **dict.fromkeys(("datetime", "smalldatetime", "bigdatetime"), pyarrow.timestamp("us")),
    **dict.fromkeys(("binary", "varbinary", "image"), pyarrow.binary()),
}
_TYPES: Mapping[str, str] = {
    "BOOLEAN": "TINYINT",
    "INTEGER": "INT",
    "DOUBLE": "FLOAT",
    "TIME": "BIGTIME",
    "TIMESTAMP": "BIGDATETIME",
    "TIMESTAMPTZ": "BIGDATETIME",
    "UUID": "VARCHAR(36)",
}
_WITH_LENGTH = frozenset({"char", "varchar", "binary", "varbinary", "univarchar", "unichar", "nchar", "nvarchar"})
_NULLABLE_NAMES = {"intn": "int", "floatn": "float", "datetimn": "datetime", "moneyn": "money", "decimaln": "decimal",
                   "numericn": "numeric", "daten": "date", "timen": "time", "bigdatetimen": "bigdatetime",
                   "bigtimen": "bigtime", "uintn": "unsigned int", "longsysname": "varchar", "sysname": "varchar",
                   "usmallint": "unsigned smallint", "uint": "unsigned int", "ubigint": "unsigned bigint"}  # fmt: skip


_OWN = frozenset({"driver", "dsn", "fast_executemany"})


class SybaseSession(SizedTextSession):
    """One connection in unchained mode; DDL stays outside of transactions."""

    engine = "Sybase ASE"
    sqlglot = "tsql"
    author_rules = SYBASE.author_rules
    parameter = "?"

    def __init__(self, raw: Any, connection: ConnectionSpec, *, read_only: bool = False) -> None:
        super().__init__(raw, connection, read_only=read_only)
        self._running: Any = None

    def vendor_error(self, exc: Exception) -> VendorError | None:
        return _vendor_error(exc)

    def quote(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def begin(self) -> None:
        self._run("BEGIN TRANSACTION")

    def commit(self) -> None:
        self._run("COMMIT TRANSACTION")

    def roll_back(self) -> None:
        self._run("IF @@trancount > 0 ROLLBACK TRANSACTION")

    def end_transaction(self) -> None:
        """In unchained mode each statement commits by itself unless a transaction was begun."""

    def _run(self, sql: str) -> None:
        with closing(self._raw.cursor()) as cursor:
            cursor.execute(sql)

    def _execute(self, sql: str) -> int | None:
        with closing(self._raw.cursor()) as cursor:
            self._running = cursor
            try:
                cursor.execute(sql)
                return self.affected_rows(cursor)
            finally:
                self._running = None

    def interrupt(self) -> None:
        if (cursor := self._running) is not None:
            cursor.cancel()

    # ------------------------------------------------------------ columns

    def columns_of(self, table: str) -> dict[str, str] | None:
        """OBJECT_ID takes the name without quotes."""
        plain = ".".join(part.strip('"[]') for part in table.split("."))
        return self.guard(lambda: self._catalogued(plain, "")) or None

    def columns_of_query(self, sql: str) -> dict[str, str]:
        """Its columns become a temporary table of no rows, as only the catalogue tells types in full."""
        check_one_statement(sql, self.sqlglot)

        def describe() -> dict[str, str]:
            self._run(f"SELECT * INTO {_DESCRIBED} FROM (\n{sql}\n) AS q WHERE 1 = 0")
            try:
                return self._catalogued(f"tempdb..{_DESCRIBED}", "tempdb..")
            finally:
                self._run(f"DROP TABLE {_DESCRIBED}")

        return self.guard(describe)

    def _catalogued(self, name: str, database: str) -> dict[str, str]:
        with closing(self._raw.cursor()) as cursor:
            cursor.execute(_COLUMNS.format(database=database), (name,))
            return {row[0]: _type_text(*row[1:]) for row in cursor.fetchall()}

    # ------------------------------------------------------------ rows to and from other connections

    def arrow_column(self, name: str, type_text: str) -> ArrowColumn:
        kind, numbers = split_type(type_text)
        if kind in ("decimal", "numeric"):
            return ArrowColumn(name, pyarrow.decimal128(*(*numbers, MAX_DECIMAL_DIGITS, 0)[:2]))
        return ArrowColumn(name, _ARROW.get(kind, pyarrow.string()), None if kind in _ARROW else str)

    def sized_type(self, column: IncomingColumn, size_bytes: int) -> str:
        """Columns accept NULL only when they say so; BIT never does."""
        if column.type in ("VARCHAR", "JSON", "BLOB") and size_bytes > MAX_LENGTH:
            return ("IMAGE" if column.type == "BLOB" else "TEXT") + " NULL"
        if column.type == "DECIMAL":
            return f"{decimal_type(column, 'DECIMAL')} NULL"
        if column.type == "BLOB":
            return f"VARBINARY({max(size_bytes, 1)}) NULL"
        if column.type in ("VARCHAR", "JSON"):
            return f"VARCHAR({max(size_bytes, 1)}) NULL"
        return f"{_TYPES.get(column.type, column.type)} NULL"

    def plain_value(self, value: Any, column: IncomingColumn) -> Any:
        if column.type == "TIMESTAMPTZ":
            value = value.astimezone(UTC).replace(tzinfo=None)
        if column.type == "BOOLEAN":
            return int(value)
        if value == "":
            raise empty_text(column, "Sybase ASE keeps as one blank")
        return value.isoformat() if isinstance(value, time) else value

    def writing_cursor(self) -> Any:
        """By arrays of parameters where the connection's extra says that its ODBC driver has them."""
        cursor = super().writing_cursor()
        cursor.fast_executemany = bool(self._connection.extra.get("fast_executemany"))
        return cursor


class SybaseConnector(DbApiConnector[SybaseSession]):
    """SAP ASE 15.7 and later; not run against a live server."""

    manifest = BUILT_IN["sybase"]

    def do_connect(self, connection: ConnectionSpec, options: SessionOptions) -> SybaseSession:
        driver = str(connection.extra.get("driver", DRIVER)).strip("{}")
        _check_driver(connection, driver)
        given = {name: value for name, value in connection.extra.items() if name.lower() not in _OWN}
        fields = {"TDS_Version": "5.0", "ClientCharset": "UTF-8", "APP": "dataflow"} if driver == DRIVER else {}
        bound = ConnectionSpec(
            connection.conn_id, "odbc", connection.host, connection.port or DEFAULT_PORT, connection.schema,
            connection.login, connection.password,
        )  # fmt: skip
        hook = build_hook(
            HOOK,
            bound,
            package="sybase",
            extra={**fields, **given},
            driver=driver,
            connect_kwargs={"timeout": LOGIN_TIMEOUT_S, "autocommit": True},
        )
        raw = hook.get_conn()
        with closing(raw.cursor()) as cursor:
            for statement in _FIXED:
                cursor.execute(statement)
        return SybaseSession(raw, connection, read_only=options.read_only)

    def address(self, connection: ConnectionSpec) -> str:
        return f"{connection.host or 'localhost'}:{connection.port or DEFAULT_PORT}"

    def connect_error(self, exc: Exception) -> VendorError | None:
        return _vendor_error(exc)


def _check_driver(connection: ConnectionSpec, driver: str) -> None:
    """The ODBC driver is on this machine: a name that unixODBC knows, or the path of its library."""
    try:
        import pyodbc
    except ImportError as exc:
        raise missing_driver(connection, "sybase", str(exc)) from exc
    known = pyodbc.drivers()
    if driver in known or driver.startswith("/"):
        return
    listed = ", ".join(f"`{name}`" for name in known) or "none"
    raise AuthorError(
        "DF-CONN-014",
        f"connection `{connection.conn_id}` needs the ODBC driver `{driver}`; installed are {listed}",
        hint="Install FreeTDS (Debian: `apt-get install tdsodbc`), or name another in `driver` of its extra.",
    )


def _type_text(name: str, length: int, precision: int | None, scale: int | None) -> str:
    """Return the type as DDL writes it; the catalogue has own names for columns that may be NULL."""
    kind = _NULLABLE_NAMES.get(name, name)
    if kind in ("decimal", "numeric"):
        return f"{kind}({precision},{scale})"
    if name in ("intn", "uintn"):
        return {1: "tinyint", 2: "smallint", 8: "bigint"}.get(length, "int")
    if name == "floatn" and length == 4:
        return "real"
    return f"{kind}({length // 2 if kind.startswith('uni') else length})" if kind in _WITH_LENGTH else kind


def _vendor_error(exc: Exception) -> VendorError | None:
    import pyodbc

    if not isinstance(exc, pyodbc.Error):
        return None
    state, text = str(exc.args[0]) if exc.args else "", str(exc.args[-1]) if exc.args else str(exc)
    found = _NUMBER.search(text)
    number = int(found[1]) if found else 0
    kind = _KIND_OF.get(number) or (Kind.INTERRUPTED if state == "HY008" else kind_of_sqlstate(state))
    if state in _NO_DRIVER and "Driver Manager" in text:
        kind = Kind.SETUP
    shown = " ".join(_NUMBER.sub("", text).rpartition("]")[2].split())
    code = " ".join(part for part in (str(number or ""), state) if part)
    return VendorError(kind, code, without_values(shown, _NAMED) if kind in _WITH_VALUES else shown)
