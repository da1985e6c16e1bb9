"""Sessions on SAP HANA by its driver hdbcli; Airflow has no official hook for it.

Not run against a live server.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC
from typing import Any

import pyarrow

from dataflow_provider.connectors.arrow_rows import MAX_DECIMAL_DIGITS, ArrowColumn, IncomingColumn, split_type
from dataflow_provider.connectors.author_sql import check_one_statement
from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.dbapi import DbApiConnector
from dataflow_provider.connectors.engine_errors import Kind, VendorError, without_values
from dataflow_provider.connectors.hook_connection import missing_driver
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.connectors.sized_text import SizedTextSession, decimal_type
from dataflow_provider.dialects.saphana import SAPHANA

logger = logging.getLogger(__name__)

DEFAULT_PORT = 30015
CONNECT_TIMEOUT_MS = 15_000
NO_SUCH_OBJECT = (259, 362)
MAX_TEXT, MAX_BYTES = 5000, 5000

# Source: SAP HANA SQL reference, "SQL error codes"; negative numbers are the client's.
_KINDS: tuple[tuple[Kind, tuple[int, ...]], ...] = (
    (Kind.UNREACHABLE, (-10709, -10108, -10104, -10060)),
    (Kind.LOGIN, (10, 332, 414, 416, 663)),
    (Kind.SETUP, (-10211, -10210, -10209)),
    (Kind.LOST, (-10807, -10806, -10101, 597, 613)),
    (Kind.BUSY, (131, 132, 146, 1032)),
    (Kind.CONFLICT, (133, 138, 140)),
    (Kind.INTERRUPTED, (139,)),
    (Kind.MEMORY, (4, 1000)),
    (Kind.CONSTRAINT, (287, 301, 461, 462, 677)),
    (Kind.RANGE, (274, 314, 411)),
    (Kind.CONVERSION, (266, 303, 304, 305, 306, 339)),
    (Kind.MISSING, (259, 260, 261, 268, 269, 288, 328, 362, 397)),
    (Kind.SYNTAX, (257, 256)),
    (Kind.RIGHTS, (258, 7)),
)
_KIND_OF = {number: kind for kind, numbers in _KINDS for number in numbers}
_WITH_VALUES = (Kind.CONSTRAINT, Kind.RANGE, Kind.CONVERSION, Kind.REFUSED)
_NAMED = re.compile(r"\b(?:name|column|table|schema|constraint|INDEX|for)[:(]?\s?$", re.IGNORECASE)

# The protocol's type codes. Source: SAP, "SAP HANA SQL Command Network Protocol Reference", data types.
_CODES: Mapping[int, str] = {
    1: "TINYINT", 2: "SMALLINT", 3: "INTEGER", 4: "BIGINT", 5: "DECIMAL", 6: "REAL", 7: "DOUBLE", 8: "CHAR",
    9: "VARCHAR", 10: "NCHAR", 11: "NVARCHAR", 12: "BINARY", 13: "VARBINARY", 14: "DATE", 15: "TIME", 16: "TIMESTAMP",
    25: "CLOB", 26: "NCLOB", 27: "BLOB", 28: "BOOLEAN", 29: "VARCHAR", 30: "NVARCHAR", 33: "VARBINARY",
    47: "SMALLDECIMAL", 51: "TEXT", 52: "SHORTTEXT", 55: "ALPHANUM", 61: "TIMESTAMP", 62: "SECONDDATE", 63: "DATE",
    64: "TIME",
}  # fmt: skip
_WITH_LENGTH = frozenset({"CHAR", "VARCHAR", "NCHAR", "NVARCHAR", "BINARY", "VARBINARY", "SHORTTEXT", "ALPHANUM"})
_ANY_SCALE = 32767
_ARROW: Mapping[str, Any] = {
    "tinyint": pyarrow.uint8(),
    "smallint": pyarrow.int16(),
    "integer": pyarrow.int32(),
    "bigint": pyarrow.int64(),
    "real": pyarrow.float32(),
    "double": pyarrow.float64(),
    "boolean": pyarrow.bool_(),
    "date": pyarrow.date32(),
    "time": pyarrow.time64("us"),
    **dict.fromkeys(("timestamp", "seconddate"), pyarrow.timestamp("us")),
    **dict.fromkeys(("binary", "varbinary", "blob"), pyarrow.binary()),
}
_TYPES: Mapping[str, str] = {"TIMESTAMPTZ": "TIMESTAMP", "UUID": "NVARCHAR(36)"}


class SapHanaSession(SizedTextSession):
    """One connection. DDL commits what is open, as the client asks for it."""

    engine = "SAP HANA"
    sqlglot = "postgres"  # sqlglot knows no HANA; of what is read here, comments and quotes are the same
    author_rules = SAPHANA.author_rules
    parameter = "?"

    def vendor_error(self, exc: Exception) -> VendorError | None:
        return _vendor_error(exc)

    def quote(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def begin(self) -> None:
        self._raw.setautocommit(False)

    def end_transaction(self) -> None:
        self._raw.setautocommit(True)

    def interrupt(self) -> None:
        self._raw.cancel()

    def prepare_fetching(self, cursor: Any, rows: int) -> None:
        cursor.setfetchsize(rows)

    # ------------------------------------------------------------ columns

    def columns_of(self, table: str) -> dict[str, str] | None:
        def look() -> dict[str, str] | None:
            try:
                return self._answered(f"SELECT * FROM {table} WHERE 1 = 0")
            except Exception as exc:
                if getattr(exc, "errorcode", None) in NO_SUCH_OBJECT:
                    return None
                raise

        return self.guard(look)

    def columns_of_query(self, sql: str) -> dict[str, str]:
        check_one_statement(sql, self.sqlglot)
        return self.guard(lambda: self._answered(f"SELECT * FROM (\n{sql}\n) AS described WHERE 1 = 0"))

    def _answered(self, sql: str) -> dict[str, str]:
        with closing(self._raw.cursor()) as cursor:
            cursor.execute(sql)
            return {column[0]: _type_text(column) for column in cursor.description}

    # ------------------------------------------------------------ rows to and from other connections

    def arrow_column(self, name: str, type_text: str) -> ArrowColumn:
        kind, numbers = split_type(type_text)
        if kind == "decimal" and numbers:
            return ArrowColumn(name, pyarrow.decimal128(*(*numbers, MAX_DECIMAL_DIGITS, 0)[:2]))
        if kind in ("decimal", "smalldecimal"):
            # Without digits its scale floats; as text every value travels.
            return ArrowColumn(name, pyarrow.string(), lambda value: f"{value:f}")
        return ArrowColumn(name, _ARROW.get(kind, pyarrow.string()), None if kind in _ARROW else str)

    def sized_type(self, column: IncomingColumn, size_bytes: int) -> str:
        if column.type == "DECIMAL":
            return decimal_type(column, "DECIMAL")
        if column.type == "BLOB":
            return f"VARBINARY({max(size_bytes, 1)})" if size_bytes <= MAX_BYTES else "BLOB"
        if column.type in ("VARCHAR", "JSON"):
            return f"NVARCHAR({max(size_bytes, 1)})" if size_bytes <= MAX_TEXT else "NCLOB"
        return _TYPES.get(column.type, column.type)

    def plain_value(self, value: Any, column: IncomingColumn) -> Any:
        return value.astimezone(UTC).replace(tzinfo=None) if column.type == "TIMESTAMPTZ" else value

    def create_statement(self, table: str, columns: str) -> str:
        return f"CREATE COLUMN TABLE {table} ({columns})"


class SapHanaConnector(DbApiConnector[SapHanaSession]):
    """SAP HANA 2; not run against a live server."""

    manifest = BUILT_IN["saphana"]

    def do_connect(self, connection: ConnectionSpec, options: SessionOptions) -> SapHanaSession:
        """Extra fields go to the driver (`encrypt`, `sslValidateCertificate`, `databaseName`, …)."""
        try:
            from hdbcli import dbapi
        except ImportError as exc:
            raise missing_driver(connection, "saphana", str(exc)) from exc
        given = {"connectTimeout": CONNECT_TIMEOUT_MS, "currentSchema": connection.schema, **connection.extra}
        raw = dbapi.connect(
            address=connection.host or "localhost",
            port=connection.port or DEFAULT_PORT,
            user=connection.login or "",
            password=connection.password or "",
            autocommit=True,
            **{name: value for name, value in given.items() if value is not None},
        )
        raw.setclientinfo("APPLICATION", f"dataflow {options.holder.pipeline}/{options.holder.stage}"[:128])
        return SapHanaSession(raw, connection, read_only=options.read_only)

    def address(self, connection: ConnectionSpec) -> str:
        return f"{connection.host or 'localhost'}:{connection.port or DEFAULT_PORT}"

    def connect_error(self, exc: Exception) -> VendorError | None:
        return _vendor_error(exc)


def _type_text(column: tuple[Any, ...]) -> str:
    """Return the type as DDL writes it, of a column of the driver's description."""
    _, code, _, size, precision, scale, *_ = column
    name = _CODES.get(code, f"type {code}")
    if name == "DECIMAL" and scale != _ANY_SCALE:
        return f"DECIMAL({precision},{scale})"
    return f"{name}({size})" if name in _WITH_LENGTH else name


def _vendor_error(exc: Exception) -> VendorError | None:
    from hdbcli import dbapi

    if not isinstance(exc, dbapi.Error):
        return None
    number = getattr(exc, "errorcode", 0) or 0
    kind = _KIND_OF.get(number, Kind.REFUSED)
    text = " ".join(str(getattr(exc, "errortext", "") or exc).split())
    return VendorError(kind, str(number or ""), without_values(text, _NAMED) if kind in _WITH_VALUES else text)
