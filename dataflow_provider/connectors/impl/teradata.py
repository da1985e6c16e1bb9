"""Sessions on Teradata by Airflow's TeradataHook with teradatasql, whose driver opens and ends transactions itself.

Not run against a live server.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow

from dataflow_provider.connectors.arrow_rows import (
    MAX_DECIMAL_DIGITS,
    ArrowColumn,
    IncomingColumn,
    incoming_columns,
    split_type,
)
from dataflow_provider.connectors.arrow_tables import count_rows
from dataflow_provider.connectors.author_sql import check_one_statement
from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.dbapi import DbApiConnector
from dataflow_provider.connectors.engine_errors import Kind, VendorError, without_values
from dataflow_provider.connectors.hook_connection import build_hook
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.connectors.sized_text import SizedTextSession, decimal_type, longest_texts
from dataflow_provider.dialects.teradata import TERADATA
from dataflow_provider.errors import TerminalError

logger = logging.getLogger(__name__)

HOOK = "airflow.providers.teradata.hooks.teradata:TeradataHook"
DEFAULT_PORT = 1025
MAX_TEXT = 32_000
MAX_BYTES = 64_000
NO_SUCH_OBJECT = (3802, 3807)
FASTLOAD_ROWS = 100_000
"""Fewer rows are sooner there by plain INSERTs, and FastLoads at one time are few."""
_DESCRIBED = '"df_described"'

# Source: Teradata, "Database Messages"; 2825 and 2826: the request may have been carried out before the restart.
_KINDS: tuple[tuple[Kind, tuple[int, ...]], ...] = (
    (Kind.CONFLICT, (2631, 2639, 3111, 3598, 3603)),
    (Kind.BUSY, (2641, 2834, 2835, 3110, 3127, 3151, 3178, 7595)),
    (Kind.LOST, (308, 449, 804, 3120, 8019, 8055)),
    (Kind.REFUSED, (2652, 2825, 2826)),
    (Kind.MEMORY, (2646, 2710, 3710)),
    (Kind.DISK, (2644, 2843)),
    (Kind.CONSTRAINT, (2700, 2801, 2802, 2803, 3604, 3811, 5317)),
    (Kind.RANGE, (2616, 2617, 3520, 3996, 7453)),
    (Kind.CONVERSION, (2618, 2619, 2620, 2621, 2665, 2666, 3535, 6706, 6760)),
    (Kind.MISSING, (3802, 3807, 3810, 3822, 5628, 9881)),
    (Kind.SYNTAX, (3706, 3707, 3708, 3709)),
    (Kind.RIGHTS, (3523, 3524, 5315, 8009)),
    (Kind.LOGIN, (8017, 3032, 3004, 8018)),
    (Kind.UNREACHABLE, (115, 444, 446, 493, 3002, 8024)),
    (Kind.INTERRUPTED, (512, 1526, 3156)),
)
_KIND_OF = {number: kind for kind, numbers in reversed(_KINDS) for number in numbers}
_WITH_VALUES = (Kind.CONSTRAINT, Kind.RANGE, Kind.CONVERSION, Kind.REFUSED)
_ERROR = re.compile(r"\[Error (\d+)\]")
_NAMED = re.compile(r"\b(?:object|column|table|database)\s$", re.IGNORECASE)

# HELP COLUMN's codes; {l} is a length of characters or bytes, {p} and {s} the digits.
_CODES: Mapping[str, str] = {
    "I1": "BYTEINT", "I2": "SMALLINT", "I": "INTEGER", "I8": "BIGINT", "F": "FLOAT", "D": "DECIMAL({p},{s})",
    "CF": "CHAR({l})", "CV": "VARCHAR({l})", "CO": "CLOB", "BF": "BYTE({l})", "BV": "VARBYTE({l})", "BO": "BLOB",
    "DA": "DATE", "AT": "TIME({s})", "TS": "TIMESTAMP({s})", "TZ": "TIME({s}) WITH TIME ZONE",
    "SZ": "TIMESTAMP({s}) WITH TIME ZONE", "JN": "JSON", "XM": "XML",
}  # fmt: skip
_ARROW: Mapping[str, Any] = {
    "byteint": pyarrow.int8(),
    "smallint": pyarrow.int16(),
    "integer": pyarrow.int32(),
    "bigint": pyarrow.int64(),
    "float": pyarrow.float64(),
    **dict.fromkeys(("byte", "varbyte", "blob"), pyarrow.binary()),
    "date": pyarrow.date32(),
    "time": pyarrow.time64("us"),
    "timestamp": pyarrow.timestamp("us"),
    "timestamp with time zone": pyarrow.timestamp("us", "UTC"),
    "json": pyarrow.json_(),
}
_TYPES: Mapping[str, str] = {
    "BOOLEAN": "BYTEINT",
    "REAL": "FLOAT",
    "DOUBLE": "FLOAT",
    "TIME": "TIME(6)",
    "TIMESTAMP": "TIMESTAMP(6)",
    "TIMESTAMPTZ": "TIMESTAMP(6) WITH TIME ZONE",
}


class TeradataSession(SizedTextSession):
    """One connection. DDL must end a transaction, so tables are made while every statement commits by itself."""

    engine = "Teradata"
    sqlglot = "teradata"
    author_rules = TERADATA.author_rules
    parameter = "?"
    _fast = False

    def vendor_error(self, exc: Exception) -> VendorError | None:
        return _vendor_error(exc)

    def quote(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def affected_rows(self, cursor: Any) -> int | None:
        """The driver counts the rows of queries and DDL as well; its name of the activity tells them apart."""
        activity = str(getattr(cursor, "activityname", "") or "").upper()
        changes = activity.startswith(("INSERT", "UPDATE", "DELETE", "MERGE"))
        return cursor.rowcount if changes and cursor.rowcount >= 0 else None

    def interrupt(self) -> None:
        self._raw.cancel()

    # ------------------------------------------------------------ columns

    def columns_of(self, table: str) -> dict[str, str] | None:
        def look() -> dict[str, str] | None:
            try:
                return self._helped(table)
            except Exception as exc:
                if _number(exc) in NO_SUCH_OBJECT:
                    return None
                raise

        return self.guard(look)

    def columns_of_query(self, sql: str) -> dict[str, str]:
        """Its columns become a volatile table of no rows, as only HELP COLUMN of a table tells types in full."""
        check_one_statement(sql, self.sqlglot)

        def describe() -> dict[str, str]:
            with closing(self._raw.cursor()) as cursor:
                cursor.execute(
                    f"CREATE VOLATILE MULTISET TABLE {_DESCRIBED} AS (SELECT * FROM (\n{sql}\n) q) "
                    "WITH NO DATA NO PRIMARY INDEX ON COMMIT PRESERVE ROWS"
                )
                try:
                    return self._helped(_DESCRIBED)
                finally:
                    cursor.execute(f"DROP TABLE {_DESCRIBED}")

        return self.guard(describe)

    def _helped(self, table: str) -> dict[str, str]:
        with closing(self._raw.cursor()) as cursor:
            cursor.execute(f"HELP COLUMN {table}.*")
            titles = [column[0] for column in cursor.description]
            rows = [dict(zip(titles, row, strict=True)) for row in cursor.fetchall()]
        return {str(row["Column Dictionary Name"]).rstrip(): _type_text(row) for row in rows}

    # ------------------------------------------------------------ rows to and from other connections

    def arrow_column(self, name: str, type_text: str) -> ArrowColumn:
        kind, numbers = split_type(type_text)
        if kind == "decimal":
            return ArrowColumn(name, pyarrow.decimal128(*(*numbers, MAX_DECIMAL_DIGITS, 0)[:2]))
        return ArrowColumn(name, _ARROW.get(kind, pyarrow.string()), str if kind not in _ARROW else None)

    def sized_type(self, column: IncomingColumn, size_bytes: int) -> str:
        if column.type == "DECIMAL":
            return decimal_type(column, "DECIMAL")
        if column.type == "BLOB":
            return f"VARBYTE({max(size_bytes, 1)})" if size_bytes <= MAX_BYTES else "BLOB"
        if column.type in ("VARCHAR", "JSON", "UUID"):
            kind = f"VARCHAR({max(size_bytes, 1)})" if size_bytes <= MAX_TEXT else "CLOB"
            return f"{kind} CHARACTER SET UNICODE"
        return _TYPES.get(column.type, column.type)

    def plain_value(self, value: Any, column: IncomingColumn) -> Any:
        return int(value) if column.type == "BOOLEAN" else value

    def import_rows(self, table: str, path: Path) -> None:
        """By FastLoad where the connection's extra says so, the rows are many and none is a large object."""
        rows, told = count_rows(path), self.batch_size
        self._fast = self._loads_fast(path, rows)
        self.batch_size = told or (FASTLOAD_ROWS if self._fast else None)
        try:
            super().import_rows(table, path)
        finally:
            fast, self._fast, self.batch_size = self._fast, False, told
        if fast and (loaded := self.fetch_number(f"SELECT COUNT(*) FROM {table}")) != rows:
            raise TerminalError(
                "DF-RUN-012",
                f"a value could not be converted: FastLoad has taken {loaded} of {rows} rows into {table}",
                hint="Its error tables tell why; without `fastload` in the connection's extra the first bad row fails.",
            )

    def _loads_fast(self, path: Path, rows: int) -> bool:
        if not self._connection.extra.get("fastload") or rows < FASTLOAD_ROWS:
            return False
        columns = incoming_columns(path)
        kinds = map(self.sized_type, columns, longest_texts(path, columns))
        return not any(kind.startswith(("BLOB", "CLOB")) for kind in kinds)

    def insert_rows(
        self, table: str, columns: Sequence[IncomingColumn], blocks: Iterator[list[tuple[Any, ...]]]
    ) -> None:
        if not self._fast:
            super().insert_rows(table, columns, blocks)
            return
        marks = ", ".join([self.parameter] * len(columns))
        with closing(self._raw.cursor()) as cursor:
            # It can only add to a table without rows, which the one just made is.
            for block in blocks:
                cursor.executemany(f"{{fn teradata_require_fastload}}INSERT INTO {table} ({marks})", block)

    def create_statement(self, table: str, columns: str) -> str:
        return f"CREATE MULTISET TABLE {table} ({columns}) NO PRIMARY INDEX"


class TeradataConnector(DbApiConnector[TeradataSession]):
    """Teradata Vantage; not run against a live server."""

    manifest = BUILT_IN["teradata"]

    def do_connect(self, connection: ConnectionSpec, options: SessionOptions) -> TeradataSession:
        holder = options.holder
        given = str(connection.extra.get("query_band", ""))
        band = f"pipeline={_band_value(holder.pipeline)};stage={_band_value(holder.stage)};"
        extra = {"tmode": "TERA", **connection.extra, "query_band": f"{given.rstrip(';')};{band}".lstrip(";")}
        raw = build_hook(HOOK, connection, package="teradata", extra=extra).get_conn()
        with closing(raw.cursor()) as cursor:
            cursor.execute("SET TIME ZONE INTERVAL '00:00' HOUR TO MINUTE")
            cursor.execute("SET SESSION DATEFORM = INTEGERDATE")
        return TeradataSession(raw, connection, read_only=options.read_only)

    def address(self, connection: ConnectionSpec) -> str:
        return f"{connection.host or 'localhost'}:{connection.port or DEFAULT_PORT}"

    def connect_error(self, exc: Exception) -> VendorError | None:
        return _vendor_error(exc)


def _vendor_error(exc: Exception) -> VendorError | None:
    import teradatasql

    if not isinstance(exc, teradatasql.Error):
        return None
    number = _number(exc)
    kind = _KIND_OF.get(number, Kind.REFUSED)
    # Behind the first line stands where in the driver it happened.
    text = " ".join(str(exc).splitlines()[0].rpartition("] ")[2].split())
    return VendorError(kind, str(number or ""), without_values(text, _NAMED) if kind in _WITH_VALUES else text)


def _number(exc: Exception) -> int:
    found = _ERROR.search(str(exc))
    return int(found[1]) if found else 0


def _type_text(row: Mapping[str, Any]) -> str:
    """Return the type of a row of HELP COLUMN as DDL writes it; Max Length counts two bytes a Unicode character."""
    code = str(row["Type"] or "").strip()
    length = int(row["Max Length"] or 0)
    if code in ("CF", "CV") and row.get("Char Type") == 2:
        length //= 2
    precision, scale = (row[f"Decimal {part} Digits"] for part in ("Total", "Fractional"))
    text = _CODES.get(code)
    if text is None:
        return "NUMBER" if code == "N" else code
    return text.format(l=length, p=precision, s=scale if scale is not None else 6)


def _band_value(text: str) -> str:
    """Return the text without what ends a value of a query band."""
    return re.sub(r"[;='\s]+", "_", text)[:256]
