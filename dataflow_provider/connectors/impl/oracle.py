"""Sessions on Oracle by Airflow's OracleHook with python-oracledb; numbers stay exact, large objects come inline.

An empty text is a NULL in Oracle. Not run against a live server.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, time
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
from dataflow_provider.connectors.sized_text import SizedTextSession, decimal_type, empty_text
from dataflow_provider.dialects.oracle import ORACLE

logger = logging.getLogger(__name__)

HOOK = "airflow.providers.oracle.hooks.oracle:OracleHook"
DEFAULT_PORT = 1521
NO_SUCH_OBJECT = ("ORA-00942", "ORA-04043")
MAX_TEXT, MAX_BYTES = 4000, 2000

# Source: Oracle, "Database Error Messages"; python-oracledb, "Error handling" (DPY).
_KINDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (Kind.UNREACHABLE, ("DPY-6005", "DPY-6001", "DPY-6003", "DPY-4026", "ORA-12514", "ORA-12505", "ORA-12541",
                        "ORA-12528", "ORA-12537", "ORA-12545", "ORA-12170", "ORA-01033", "ORA-01034", "ORA-00018",
                        "ORA-00020")),
    (Kind.LOGIN, ("ORA-01017", "ORA-01005", "ORA-28000", "ORA-28001", "ORA-01045", "DPY-4001")),
    (Kind.SETUP, ("DPY-4000", "DPY-4018", "DPY-4027", "DPY-2002", "DPY-3010")),
    (Kind.LOST, ("DPY-4011", "DPY-1001", "ORA-00028", "ORA-01012", "ORA-01041", "ORA-01089", "ORA-01092", "ORA-03113",
                 "ORA-03114", "ORA-03135", "ORA-02396", "ORA-12571")),
    (Kind.INTERRUPTED, ("ORA-01013", "DPY-4024")),
    (Kind.BUSY, ("ORA-00054", "ORA-30006", "ORA-04020", "ORA-04021", "ORA-00257", "ORA-01555", "ORA-12827")),
    (Kind.CONFLICT, ("ORA-00060", "ORA-08176", "ORA-08177", "ORA-25408")),
    (Kind.MEMORY, ("ORA-04030", "ORA-04031", "ORA-04036")),
    (Kind.DISK, ("ORA-01536", "ORA-01631", "ORA-01632", "ORA-01652", "ORA-01653", "ORA-01654", "ORA-01688",
                 "ORA-30036")),
    (Kind.CONSTRAINT, ("ORA-00001", "ORA-01400", "ORA-01407", "ORA-02290", "ORA-02291", "ORA-02292", "ORA-30926")),
    (Kind.RANGE, ("ORA-01438", "ORA-12899", "ORA-01426", "ORA-22835", "ORA-01455")),
    (Kind.CONVERSION, ("ORA-01722", "ORA-01476", "ORA-01830", "ORA-01839", "ORA-01840", "ORA-01841", "ORA-01843",
                       "ORA-01847", "ORA-01858", "ORA-01861", "ORA-06502", "DPY-3002")),
    (Kind.MISSING, ("ORA-00904", "ORA-00942", "ORA-00955", "ORA-01430", "ORA-00913", "ORA-00947", "ORA-02289",
                    "ORA-04043", "ORA-00932")),
    (Kind.SYNTAX, ("ORA-00900", "ORA-00905", "ORA-00906", "ORA-00907", "ORA-00911", "ORA-00923", "ORA-00933",
                   "ORA-00936", "ORA-01756", "ORA-03049", "ORA-03048")),
    (Kind.RIGHTS, ("ORA-01031", "ORA-01950", "ORA-00990", "ORA-16000", "ORA-41900")),
)  # fmt: skip
_KIND_OF = {code: kind for kind, codes in _KINDS for code in codes}
_WITH_VALUES = (Kind.CONSTRAINT, Kind.RANGE, Kind.CONVERSION, Kind.REFUSED)
_CODE = re.compile(r"\b((?:ORA|DPY|DPI)-\d+)\b:?\s*")
# From ORA-00001 of version 23: `with column value (1)`.
_DETAIL = re.compile(r"\bORA-03301:.*|\b(?:actual|value): .*", re.DOTALL)

_FIXED = (
    "ALTER SESSION SET TIME_ZONE = '+00:00'",
    "ALTER SESSION SET NLS_LANGUAGE = 'AMERICAN' NLS_TERRITORY = 'AMERICA' NLS_NUMERIC_CHARACTERS = '.,'",
    "ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS' NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF6'",
    "ALTER SESSION SET NLS_TIMESTAMP_TZ_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF6 TZH:TZM'",
    "ALTER SESSION SET NLS_COMP = 'BINARY' NLS_SORT = 'BINARY'",
)
_TYPES: Mapping[str, str] = {
    "BOOLEAN": "NUMBER(1)",
    "SMALLINT": "NUMBER(5)",
    "INTEGER": "NUMBER(10)",
    "BIGINT": "NUMBER(19)",
    "REAL": "BINARY_FLOAT",
    "DOUBLE": "BINARY_DOUBLE",
    "TIME": "VARCHAR2(15)",
    "TIMESTAMP": "TIMESTAMP(6)",
    "TIMESTAMPTZ": "TIMESTAMP(6) WITH TIME ZONE",
    "UUID": "VARCHAR2(36)",
}
_ARROW: Mapping[str, Any] = {
    "float": pyarrow.float64(),
    "binary_float": pyarrow.float32(),
    "binary_double": pyarrow.float64(),
    "boolean": pyarrow.bool_(),
    "date": pyarrow.timestamp("us"),  # an Oracle DATE has a time of day
    "timestamp": pyarrow.timestamp("us"),
    "timestamp with time zone": pyarrow.timestamp("us", "UTC"),
    "timestamp with local time zone": pyarrow.timestamp("us", "UTC"),
    "json": pyarrow.json_(),
    **dict.fromkeys(("raw", "blob", "long raw"), pyarrow.binary()),
}
_WITH_LENGTH = frozenset({"VARCHAR2", "NVARCHAR2", "CHAR", "NCHAR", "RAW"})


class OracleSession(SizedTextSession):
    """One connection. DDL commits what is open."""

    engine = "Oracle"
    sqlglot = "oracle"
    author_rules = ORACLE.author_rules

    def vendor_error(self, exc: Exception) -> VendorError | None:
        return _vendor_error(exc)

    def quote(self, name: str) -> str:
        return f'"{name}"'

    def affected_rows(self, cursor: Any) -> int | None:
        """The driver counts 0 rows for DDL, whose kind it tells apart."""
        return int(cursor.rowcount) if cursor.description is None and _changes_rows(cursor.statement) else None

    def interrupt(self) -> None:
        self._raw.cancel()

    def prepare_fetching(self, cursor: Any, rows: int) -> None:
        """One row more comes with the answer itself, so that the driver sees that a last block is the last."""
        cursor.arraysize, cursor.prefetchrows = rows, rows + 1

    # ------------------------------------------------------------ columns

    def columns_of(self, table: str) -> dict[str, str] | None:
        def look() -> dict[str, str] | None:
            try:
                return self._parsed(f"SELECT * FROM {table}")
            except Exception as exc:
                if code_of(exc) in NO_SUCH_OBJECT:
                    return None
                raise

        return self.guard(look)

    def columns_of_query(self, sql: str) -> dict[str, str]:
        check_one_statement(sql, self.sqlglot)
        return self.guard(lambda: self._parsed(sql))

    def _parsed(self, sql: str) -> dict[str, str]:
        """`parse` describes a query without running it."""
        with closing(self._raw.cursor()) as cursor:
            cursor.parse(sql)
            return {column.name: _type_text(column) for column in cursor.description}

    # ------------------------------------------------------------ rows to and from other connections

    def arrow_column(self, name: str, type_text: str) -> ArrowColumn:
        kind, numbers = split_type(type_text)
        if kind == "number" and numbers:
            precision, scale = (*numbers, 0)[:2]
            return ArrowColumn(name, pyarrow.decimal128(precision, scale))
        if kind == "number":
            # Without digits it holds any; as text they all travel.
            return ArrowColumn(name, pyarrow.string(), lambda value: f"{value:f}")
        return ArrowColumn(name, _ARROW.get(kind, pyarrow.string()), None if kind in _ARROW else str)

    def export_query(self, sql: str, columns: Sequence[ArrowColumn]) -> str:
        """A moment with a zone is asked for in UTC, since the driver drops zones."""
        zoned = pyarrow.timestamp("us", "UTC")
        if all(column.type != zoned for column in columns):
            return sql
        listed = ", ".join(
            f"SYS_EXTRACT_UTC({self.quote(column.name)}) AS {self.quote(column.name)}"
            if column.type == zoned
            else self.quote(column.name)
            for column in columns
        )
        return f"SELECT {listed} FROM (\n{sql}\n)"

    def sized_type(self, column: IncomingColumn, size_bytes: int) -> str:
        if column.type == "DECIMAL":
            return decimal_type(column, "NUMBER")
        if column.type == "BLOB":
            return f"RAW({max(size_bytes, 1)})" if size_bytes <= MAX_BYTES else "BLOB"
        if column.type in ("VARCHAR", "JSON"):
            return f"VARCHAR2({max(size_bytes, 1)} BYTE)" if size_bytes <= MAX_TEXT else "CLOB"
        return _TYPES.get(column.type, column.type)

    def plain_value(self, value: Any, column: IncomingColumn) -> Any:
        """The driver binds no zones, so a moment goes in as UTC; it has no time of day alone."""
        if column.type == "TIMESTAMPTZ":
            return value.astimezone(UTC).replace(tzinfo=None)
        if column.type == "BOOLEAN":
            return int(value)
        if value == "":
            raise empty_text(column, "Oracle keeps as NULL")
        return value.isoformat() if isinstance(value, time) else value

    def insert_rows(
        self, table: str, columns: Sequence[IncomingColumn], blocks: Iterator[list[tuple[Any, ...]]]
    ) -> None:
        """Types are told first, or a column that begins with NULLs would be taken for a text."""
        names = ", ".join(self.quote(column.name) for column in columns)
        marks = ", ".join(
            f"FROM_TZ(:{at}, '+00:00')" if column.type == "TIMESTAMPTZ" else f":{at}"
            for at, column in enumerate(columns, 1)
        )
        with closing(self._raw.cursor()) as cursor:
            cursor.setinputsizes(*(_bound_type(column) for column in columns))
            for block in blocks:
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", block)


class OracleConnector(DbApiConnector[OracleSession]):
    """Oracle Database 12.2 and later; not run against a live server."""

    manifest = BUILT_IN["oracle"]

    def do_connect(self, connection: ConnectionSpec, options: SessionOptions) -> OracleSession:
        raw = build_hook(HOOK, connection, package="oracle", extra=connection.extra).get_conn()
        raw.autocommit = True
        raw.module = "dataflow"
        raw.action = f"{options.holder.pipeline}/{options.holder.stage}"[:64]
        raw.outputtypehandler = _exact_values
        with closing(raw.cursor()) as cursor:
            for statement in _FIXED:
                cursor.execute(statement)
        return OracleSession(raw, connection, read_only=options.read_only)

    def address(self, connection: ConnectionSpec) -> str:
        dsn = connection.extra.get("dsn")
        return str(dsn) if dsn else f"{connection.host or 'localhost'}:{connection.port or DEFAULT_PORT}"

    def connect_error(self, exc: Exception) -> VendorError | None:
        return _vendor_error(exc)


def _exact_values(cursor: Any, metadata: Any) -> Any:
    """Numbers come as Decimals and large objects as what they hold."""
    import oracledb

    if metadata.type_code is oracledb.DB_TYPE_NUMBER:
        from decimal import Decimal

        return cursor.var(Decimal, arraysize=cursor.arraysize)
    inline = {
        oracledb.DB_TYPE_CLOB: oracledb.DB_TYPE_LONG,
        oracledb.DB_TYPE_NCLOB: oracledb.DB_TYPE_LONG_NVARCHAR,
        oracledb.DB_TYPE_BLOB: oracledb.DB_TYPE_LONG_RAW,
    }.get(metadata.type_code)
    return None if inline is None else cursor.var(inline, arraysize=cursor.arraysize)


def _bound_type(column: IncomingColumn) -> Any:
    import oracledb

    return {
        "REAL": oracledb.DB_TYPE_BINARY_FLOAT,
        "DOUBLE": oracledb.DB_TYPE_BINARY_DOUBLE,
        "DATE": oracledb.DB_TYPE_DATE,
        "TIMESTAMP": oracledb.DB_TYPE_TIMESTAMP,
        "TIMESTAMPTZ": oracledb.DB_TYPE_TIMESTAMP,
        "BLOB": oracledb.DB_TYPE_LONG_RAW,
        **dict.fromkeys(("BOOLEAN", "SMALLINT", "INTEGER", "BIGINT", "DECIMAL"), oracledb.DB_TYPE_NUMBER),
    }.get(column.type, oracledb.DB_TYPE_LONG)


def _type_text(column: Any) -> str:
    """Return the type as DDL writes it."""
    code = str(column.type_code.name).removeprefix("DB_TYPE_").replace("_", " ")
    name = {"VARCHAR": "VARCHAR2", "NVARCHAR": "NVARCHAR2"}.get(code, code)
    if name.startswith("BINARY "):
        return name.replace(" ", "_")
    if name == "NUMBER":
        # 0 and -127 are the driver's for a NUMBER without digits and for a FLOAT.
        if column.scale == -127:
            return "FLOAT" if column.precision else "NUMBER"
        return f"NUMBER({column.precision},{column.scale})" if column.precision else "NUMBER"
    if name in _WITH_LENGTH:
        return f"{name}({column.display_size or column.internal_size})"
    if name.startswith("TIMESTAMP"):
        zone = {"TIMESTAMP TZ": " WITH TIME ZONE", "TIMESTAMP LTZ": " WITH LOCAL TIME ZONE"}.get(name, "")
        return f"TIMESTAMP({column.scale if column.scale is not None else 6}){zone}"
    return name


def _changes_rows(statement: str | None) -> bool:
    return (statement or "").lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "MERGE"))


def code_of(exc: Exception) -> str:
    """Return Oracle's or the driver's code, as `ORA-00942` or `DPY-6005`; "" when there is none."""
    return str(getattr(exc.args[0] if exc.args else None, "full_code", "") or "")


def _vendor_error(exc: Exception) -> VendorError | None:
    import oracledb

    if not isinstance(exc, oracledb.Error):
        return None
    code = code_of(exc)
    kind = _KIND_OF.get(code, Kind.REFUSED)
    text = " ".join(_CODE.sub("", str(exc).split("\nHelp:")[0]).split())
    if kind in _WITH_VALUES:
        text = without_values(_DETAIL.sub("", text), re.compile(r"\b(?:constraint|column)\s$"))
    return VendorError(kind, code, text)
