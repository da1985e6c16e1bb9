"""Sessions on PostgreSQL by Airflow's PostgresHook with psycopg 3; rows come in and go out by COPY."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import psycopg
import pyarrow

from dataflow_provider.connectors.arrow_rows import MAX_DECIMAL_DIGITS, ArrowColumn, IncomingColumn, split_type
from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.csv_rows import CHUNK_BYTES, write_csv_rows
from dataflow_provider.connectors.dbapi import DbApiConnector, DbApiSession
from dataflow_provider.connectors.engine_errors import Kind, VendorError, kind_of_sqlstate, without_values
from dataflow_provider.connectors.hook_connection import build_hook
from dataflow_provider.connectors.impl.postgres_binary import copy_blocks
from dataflow_provider.connectors.impl.postgres_copy import RELAY_BYTES, chunks, relayed_columns, relayed_value
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.dialects.postgres import POSTGRES
from dataflow_provider.spec.nodes import Scalar

logger = logging.getLogger(__name__)

HOOK = "airflow.providers.postgres.hooks.postgres:PostgresHook"
CONNECT_TIMEOUT_S = 15
CANCEL_TIMEOUT_S = 5.0
# Somebody else's lock on a table is not waited for without end; what the login has set stays.
_LOCK_TIMEOUT = "SELECT set_config('lock_timeout', %s, false) WHERE current_setting('lock_timeout') = '0'"
# From 14 on; without it the statement of a process that was killed works on, and the next try waits for its locks.
_CLIENT_CHECK = (
    "SELECT set_config('client_connection_check_interval', '2s', false) "
    "WHERE current_setting('client_connection_check_interval', true) = '0' AND version() LIKE '%linux%'"
)

_ARROW: Mapping[str, Any] = {
    "boolean": pyarrow.bool_(),
    "smallint": pyarrow.int16(),
    "integer": pyarrow.int32(),
    "bigint": pyarrow.int64(),
    "real": pyarrow.float32(),
    "double precision": pyarrow.float64(),
    "text": pyarrow.string(),
    "character varying": pyarrow.string(),
    "character": pyarrow.string(),
    "name": pyarrow.string(),
    "bytea": pyarrow.binary(),
    "date": pyarrow.date32(),
    "time without time zone": pyarrow.time64("us"),
    "timestamp without time zone": pyarrow.timestamp("us"),
    "timestamp with time zone": pyarrow.timestamp("us", "UTC"),
    "json": pyarrow.json_(),
    "jsonb": pyarrow.json_(),
    "uuid": pyarrow.uuid(),
}
_TYPES: Mapping[str, str] = {"DOUBLE": "DOUBLE PRECISION", "VARCHAR": "TEXT", "BLOB": "BYTEA", "JSON": "JSONB"}
_OPEN_ENDED = "numeric"
"""The type of a column whose values alone tell their digits."""
_NAMED = re.compile(r"\b(?:type|column|relation|constraint|table|function|encoding|schema)\s$")
# libpq tells no SQLSTATE here. The server's own words are FATAL ones, and only these of them pass with time.
_LOGIN = re.compile(r"FATAL|authentication|no password supplied")
_TLS = re.compile(r"does not support SSL|certificate")
_LATER = re.compile(r"starting up|shutting down|recovery|too many|connection slots")


class PostgresSession(DbApiSession):
    """One connection to PostgreSQL."""

    engine = "PostgreSQL"
    sqlglot = "postgres"
    makes_temporary = True
    author_rules = POSTGRES.author_rules

    def vendor_error(self, exc: Exception) -> VendorError | None:
        return _vendor_error(exc, lost=bool(self._raw.closed))

    def quote(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def columns_of(self, table: str) -> dict[str, str] | None:
        described = (
            "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a "
            "WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
        )

        def look() -> dict[str, str] | None:
            with closing(self._raw.cursor()) as cursor:
                known = cursor.execute("SELECT to_regclass(%s)::oid", (table,)).fetchone()
                if known is None or known[0] is None:
                    return None
                return dict(cursor.execute(described, (known[0],)).fetchall())

        return self.guard(look)

    def columns_of_query(self, sql: str) -> dict[str, str]:
        named = "SELECT format_type(o, m) FROM unnest(%s::oid[], %s::int[]) WITH ORDINALITY AS t(o, m, n) ORDER BY n"

        def describe() -> dict[str, str]:
            with closing(self._raw.cursor()) as cursor:
                cursor.execute(f"SELECT * FROM (\n{sql}\n) AS described LIMIT 0")
                result, names = cursor.pgresult, [column.name for column in cursor.description]
                types = [result.ftype(at) for at in range(len(names))]
                # libpq's "no modifier" is -1, and so is PostgreSQL's own.
                modifiers = [result.fmod(at) for at in range(len(names))]
                texts = cursor.execute(named, (types, modifiers)).fetchall()
                return dict(zip(names, (text for (text,) in texts), strict=True))

        return self.guard(describe)

    def reading_cursor(self) -> Any:
        return self._raw.cursor(name="_df_rows")

    def fetch(self, sql: str, limit: int | None) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        if limit is None:
            return super().fetch(sql, None)
        with self._reading():
            return super().fetch(sql, limit)

    @contextmanager
    def making_temporary(self) -> Iterator[None]:
        known = "SELECT current_setting('default_transaction_read_only')"
        before = self.fetch_rows(known)[1][0][0]
        self.execute("SET default_transaction_read_only = off")
        try:
            yield
        finally:
            self.execute(f"SET default_transaction_read_only = {before}")

    def _reading(self) -> AbstractContextManager[Any]:
        """A cursor of the server lives as long as its transaction."""
        return nullcontext() if self._in_transaction else self._raw.transaction()

    def interrupt(self) -> None:
        try:
            self._raw.cancel_safe(timeout=CANCEL_TIMEOUT_S)
        except psycopg.Error as exc:
            logger.debug("PostgreSQL could not be asked to stop: %s", exc)

    def roll_back(self) -> None:
        if not self._raw.closed:
            self._raw.rollback()

    def end_transaction(self) -> None:
        if not self._raw.closed:
            self._raw.autocommit = True

    # ------------------------------------------------------------ rows to and from other connections

    def arrow_columns(self, sql: str) -> list[ArrowColumn]:
        """A `numeric` without a precision is as wide as its values: their largest scale is looked up first."""
        columns = self.columns_of_query(sql)
        open_ended = [name for name, text in columns.items() if text == _OPEN_ENDED]
        scales: dict[str, int] = {}
        if open_ended:
            listed = ", ".join(f"max(scale({self.quote(name)}))" for name in open_ended)
            _, rows = self.fetch_rows(f"SELECT {listed} FROM (\n{sql}\n) AS measured")
            scales = {name: scale or 0 for name, scale in zip(open_ended, rows[0], strict=True)}
        return [
            ArrowColumn(name, _decimal(MAX_DECIMAL_DIGITS, scales[name]))
            if name in scales
            else self.arrow_column(name, text)
            for name, text in columns.items()
        ]

    def arrow_type(self, name: str, type_text: str) -> Any | None:
        return None if type_text == _OPEN_ENDED else super().arrow_type(name, type_text)

    def arrow_column(self, name: str, type_text: str) -> ArrowColumn:
        kind, numbers = split_type(type_text)
        if kind == "numeric":
            precision, scale = (*numbers, 0, 0)[:2]
            return ArrowColumn(name, _decimal(precision, scale))
        return ArrowColumn(name, _ARROW.get(kind, pyarrow.string()))

    def export_rows(self, sql: str, path: Path) -> None:
        """By COPY in CSV, which Arrow reads by the columns' types; other types travel as PostgreSQL writes them."""
        columns = self.arrow_columns(sql)
        listed = ", ".join(_written(self.quote(name), text) for name, text in self.columns_of_query(sql).items())
        query = f"SELECT {listed} FROM (\n{sql}\n) AS handed_over"

        def export() -> None:
            with closing(self._raw.cursor()) as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)") as copy:
                write_csv_rows(columns, chunks(copy, CHUNK_BYTES, self.fetch_size, self._moved), path)

        self.guard(export)

    def relayed_columns(self, sql: str) -> dict[str, str]:
        return relayed_columns(self.columns_of_query(sql))

    def relay_out(self, sql: str) -> Generator[bytes | bytearray, None, None]:
        listed = ", ".join(relayed_value(self.quote(name), text) for name, text in self.columns_of_query(sql).items())
        query = f"COPY (SELECT {listed} FROM (\n{sql}\n) AS handed_over) TO STDOUT (FORMAT binary)"
        try:
            with closing(self._raw.cursor()) as cursor, cursor.copy(query) as copy:
                yield from chunks(copy, RELAY_BYTES, None, self._moved)
        except psycopg.Error as exc:
            raise self.told(exc) or exc from None

    def relay_in(self, table: str, columns: Mapping[str, str], blocks: Iterator[bytes | bytearray]) -> int:
        listed = ", ".join(f"{self.quote(name)} {kind}" for name, kind in columns.items())

        def load() -> int:
            with closing(self._raw.cursor()) as cursor:
                with cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
                    for block in blocks:
                        copy.write(block)
                rows: int = cursor.rowcount
                return rows

        with self.transaction():
            self.execute(self.drop_statement(table))
            self.execute(f"CREATE TABLE {table} ({listed})")
            return self.guard(load)

    def column_type(self, column: IncomingColumn) -> str:
        if column.type == "DECIMAL":
            return f"NUMERIC({column.numbers[0]}, {column.numbers[1]})"
        return _TYPES.get(column.type, column.type)

    def load_file(self, table: str, columns: Sequence[IncomingColumn], path: Path) -> None:
        names = ", ".join(self.quote(column.name) for column in columns)
        statement = f"COPY {table} ({names}) FROM STDIN (FORMAT binary)"
        with closing(self._raw.cursor()) as cursor, cursor.copy(statement) as copy:
            for rows, block in copy_blocks(path, columns, self.batch_size):
                copy.write(block)
                if rows:
                    self._moved(rows)


class PostgresConnector(DbApiConnector[PostgresSession]):
    """PostgreSQL 12 and later."""

    manifest = BUILT_IN["postgres"]
    node_settings = frozenset(
        {"default_statistics_target", "effective_cache_size", "enable_hashagg", "enable_hashjoin", "enable_indexscan",
         "enable_mergejoin", "enable_nestloop", "enable_seqscan", "enable_sort", "from_collapse_limit", "geqo",
         "hash_mem_multiplier", "idle_in_transaction_session_timeout", "jit", "join_collapse_limit", "lock_timeout",
         "maintenance_work_mem", "max_parallel_workers_per_gather", "parallel_setup_cost", "parallel_tuple_cost",
         "random_page_cost", "seq_page_cost", "statement_timeout", "temp_buffers", "temp_file_limit", "work_mem"}
    )  # fmt: skip

    def do_connect(self, connection: ConnectionSpec, options: SessionOptions) -> PostgresSession:
        holder = options.holder
        extra = {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": f"dataflow {holder.pipeline}/{holder.stage}"[:63],
            **{name: value for name, value in connection.extra.items() if name != "cursor"},
            "client_encoding": "utf8",
        }
        raw = build_hook(HOOK, connection, package="postgres", extra=extra).get_conn()
        raw.autocommit = True
        with closing(raw.cursor()) as cursor:
            for name, value in _fixed_settings(read_only=options.read_only).items():
                cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
            cursor.execute(_LOCK_TIMEOUT, (str(max(1, round(options.lock_timeout_s * 1000))),))
            cursor.execute(_CLIENT_CHECK)
        return PostgresSession(raw, connection)

    def connect_error(self, exc: Exception) -> VendorError | None:
        if not isinstance(exc, psycopg.Error):
            return None
        text = " ".join(str(exc).split())
        if isinstance(exc, psycopg.ProgrammingError) or _TLS.search(text):
            return VendorError(Kind.SETUP, exc.sqlstate or "", text)
        refused = _LOGIN.search(text) and not _LATER.search(text)
        kind = Kind.LOGIN if refused else Kind.UNREACHABLE
        return VendorError(kind_of_sqlstate(exc.sqlstate) if exc.sqlstate else kind, exc.sqlstate or "", text)

    def apply_settings(self, session: PostgresSession, settings: Mapping[str, Scalar]) -> None:
        with closing(session._raw.cursor()) as cursor:
            for name, value in settings.items():
                text = str(value).lower() if isinstance(value, bool) else str(value)
                cursor.execute("SELECT set_config(%s, %s, false)", (name.lower(), text))


def _fixed_settings(*, read_only: bool) -> dict[str, str]:
    """Return what decides the meaning of SQL and of its answers, the same on every server."""
    return {
        "TimeZone": "UTC",
        "DateStyle": "ISO, MDY",
        "IntervalStyle": "postgres",
        "extra_float_digits": "1",
        "standard_conforming_strings": "on",
        "default_transaction_isolation": "read committed",
        "default_transaction_read_only": "on" if read_only else "off",
    }


def _written(quoted: str, type_text: str) -> str:
    """Return the expression whose CSV is what Arrow reads as the column's type."""
    kind = split_type(type_text)[0]
    if kind == "bytea":
        return f"encode({quoted}, 'hex')"
    return quoted if kind in _ARROW or kind == "numeric" else f"{quoted}::text"


def _decimal(precision: int, scale: int) -> Any:
    return pyarrow.decimal128(min(max(precision, 1), MAX_DECIMAL_DIGITS), min(scale, MAX_DECIMAL_DIGITS))


def _vendor_error(exc: Exception, *, lost: bool) -> VendorError | None:
    if not isinstance(exc, psycopg.Error):
        return None
    state = exc.sqlstate or ""
    text = " ".join((exc.diag.message_primary or str(exc)).split())
    if not state:
        # The driver's own: it lost the server, or could not make a Python value of a column's.
        kind = Kind.LOST if lost else Kind.CONVERSION if isinstance(exc, psycopg.DataError) else Kind.REFUSED
        return VendorError(kind, state, without_values(text, _NAMED) if kind is Kind.CONVERSION else text)
    kind = kind_of_sqlstate(state)
    if state[:2] == "22":
        text = without_values(text, _NAMED)
    hint = "PostgreSQL's DETAIL is left out, as it may hold values of rows; its own log has it."
    return VendorError(kind, state, text, hint if exc.diag.message_detail else exc.diag.message_hint)
