"""Sessions on Databricks by Airflow's DatabricksSqlHook: each statement is a transaction, rows travel as Arrow."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow

from dataflow_provider.connectors.arrow_rows import (
    ArrowColumn,
    IncomingColumn,
    incoming_columns,
    split_type,
)
from dataflow_provider.connectors.arrow_tables import write_tables
from dataflow_provider.connectors.author_sql import check_one_statement, check_reading
from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.dbapi import DbApiConnector, DbApiSession
from dataflow_provider.connectors.engine_errors import Kind, VendorError
from dataflow_provider.connectors.hook_connection import airflow_connection, missing_driver
from dataflow_provider.connectors.impl.databricks_errors import NO_SUCH_OBJECT, error_class, vendor_error
from dataflow_provider.connectors.impl.databricks_jobs import DatabricksJobs, rest_hook, warehouse_of
from dataflow_provider.connectors.jobs import JobState
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.connectors.text_values import insert_statements
from dataflow_provider.dialects.databricks import DATABRICKS
from dataflow_provider.dialects.publish_databricks import COLUMN_MAPPING
from dataflow_provider.errors import TerminalError

logger = logging.getLogger(__name__)

CHANGED_ROWS = "num_affected_rows"
RETRY_S = 120
"""How long the connector repeats a request that fails, unless the connection says otherwise."""

_ARROW: Mapping[str, Any] = {
    "boolean": pyarrow.bool_(),
    "tinyint": pyarrow.int8(),
    "smallint": pyarrow.int16(),
    "int": pyarrow.int32(),
    "bigint": pyarrow.int64(),
    "float": pyarrow.float32(),
    "double": pyarrow.float64(),
    "binary": pyarrow.binary(),
    "date": pyarrow.date32(),
    "timestamp": pyarrow.timestamp("us", "UTC"),
    "timestamp_ntz": pyarrow.timestamp("us"),
}
_TYPES: Mapping[str, str] = {
    "INTEGER": "INT",
    "REAL": "FLOAT",
    "VARCHAR": "STRING",
    "BLOB": "BINARY",
    "TIME": "STRING",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "TIMESTAMPTZ": "TIMESTAMP",
    "JSON": "STRING",
    "UUID": "STRING",
}


class DatabricksSession(DbApiSession):
    """One session of a SQL warehouse or cluster."""

    engine = "Databricks"
    sqlglot = "databricks"
    author_rules = DATABRICKS.author_rules

    def __init__(self, raw: Any, connection: ConnectionSpec, *, read_only: bool) -> None:
        super().__init__(raw, connection)
        self._read_only = read_only
        self._warehouse = warehouse_of(str(connection.extra.get("http_path", "")))
        self._zone = ""
        self._in_step: int | None = None
        self._running: Any = None
        self.last_job_id: str | None = None
        """The query id of the last statement, as the query history shows it."""

    def begin_in_utc(self) -> None:
        """The session is in UTC, and knows the zone that the warehouse has by itself."""
        _, ((zone,),) = self.fetch("SELECT current_timezone()", None)
        self._zone = str(zone)
        self.fetch("SET TIME ZONE 'UTC'", None)

    def vendor_error(self, exc: Exception) -> VendorError | None:
        return vendor_error(exc)

    def quote(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    # ------------------------------------------------------------ statements

    def execute(self, sql: str) -> int | None:
        if self._read_only:
            check_reading(sql, self.sqlglot)
        self._count_step()
        return super().execute(sql)

    def _execute(self, sql: str) -> int | None:
        with self._statement(sql) as cursor:
            return self.affected_rows(cursor)

    def affected_rows(self, cursor: Any) -> int | None:
        names = [column[0] for column in cursor.description or ()]
        if names[:1] == [CHANGED_ROWS]:
            row = cursor.fetchone()
            return None if row is None else int(row[0])
        return cursor.rowcount if cursor.rowcount >= 0 and not names else None

    def fetch(self, sql: str, limit: int | None) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        with self._statement(sql) as cursor:
            rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit)
            return tuple(column[0] for column in cursor.description or ()), [tuple(row) for row in rows]

    @contextmanager
    def _statement(self, sql: str) -> Iterator[Any]:
        """Give the cursor of a running statement, which `interrupt` finds."""
        with closing(self._raw.cursor()) as cursor:
            self._running = cursor
            try:
                cursor.execute(sql)
                yield cursor
            finally:
                self.last_job_id = cursor.query_id or self.last_job_id
                self._running = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold one statement, which is a transaction by itself.

        Raises:
            TerminalError: `DF-RUN-032` at the second statement, since the first could not be taken back.
        """
        self._in_step = 0
        try:
            yield
        finally:
            self._in_step = None

    def _count_step(self) -> None:
        if self._in_step is None:
            return
        if self._in_step:
            raise TerminalError(
                "DF-RUN-032",
                "Databricks commits each statement by itself, and several were to share a transaction",
                hint="Split the node, or choose a write mode that publishes by one statement.",
            )
        self._in_step += 1

    def interrupt(self) -> None:
        cursor = self._running
        if cursor is None:
            return
        try:
            cursor.cancel()
        except Exception as exc:
            if vendor_error(exc) is None:
                raise
            logger.debug("Databricks could not be asked to stop: %s", exc)

    # ------------------------------------------------------------ columns

    def columns_of(self, table: str) -> dict[str, str] | None:
        def look() -> dict[str, str] | None:
            try:
                return self._described(f"DESCRIBE TABLE {table}")
            except Exception as exc:
                if error_class(str(exc)) in NO_SUCH_OBJECT:
                    return None
                raise

        return self.guard(look)

    def columns_of_query(self, sql: str) -> dict[str, str]:
        check_one_statement(sql, self.sqlglot)
        return self.guard(lambda: self._described(f"DESCRIBE QUERY {sql}"))

    def _described(self, sql: str) -> dict[str, str]:
        """Behind the columns, a blank or a `#` begins what else there is to say of a table."""
        columns: dict[str, str] = {}
        for name, text, *_ in self.fetch(sql, None)[1]:
            if not name or name.startswith("#"):
                break
            columns[name] = text
        return columns

    # ------------------------------------------------------------ jobs

    def takes_jobs(self) -> bool:
        """A job runs with the warehouse's own settings, whatever this session has set: those must be in UTC too."""
        return self._warehouse is not None and self._zone.rpartition("/")[2].upper() in ("UTC", "ZULU", "UNIVERSAL")

    def submit(self, sql: str) -> str:
        check_one_statement(sql, self.sqlglot)
        self.last_job_id = self._jobs().submit(sql)
        return self.last_job_id

    def job_state(self, job_id: str) -> JobState:
        return self._jobs().state(job_id)

    def cancel_job(self, job_id: str) -> None:
        self._jobs().cancel(job_id)

    def _jobs(self) -> DatabricksJobs:
        names = {"catalog": self._connection.extra.get("catalog"), "schema": self._connection.schema}
        known = {name: str(value) for name, value in names.items() if value}
        return DatabricksJobs(rest_hook(self._connection), self._warehouse or "", known)

    # ------------------------------------------------------------ rows to and from other connections

    def arrow_column(self, name: str, type_text: str) -> ArrowColumn:
        kind, numbers = split_type(type_text)
        if kind == "decimal":
            return ArrowColumn(name, pyarrow.decimal128(*numbers))
        nested = kind.startswith(("array", "map", "struct", "variant"))
        return ArrowColumn(name, pyarrow.json_() if nested else _ARROW.get(kind, pyarrow.string()))

    def export_query(self, sql: str, columns: Sequence[ArrowColumn]) -> str:
        """Nested values travel as JSON."""
        listed = ", ".join(
            f"to_json({self.quote(column.name)})" if column.type == pyarrow.json_() else self.quote(column.name)
            for column in columns
        )
        return f"SELECT {listed} FROM (\n{sql}\n) AS handed_over"

    def export_rows(self, sql: str, path: Path) -> None:
        columns = self.arrow_columns(sql)

        def tables() -> Iterator[Any]:
            with self._statement(self.export_query(sql, columns)) as cursor:
                while (table := cursor.fetchmany_arrow(self.rows_at_once)).num_rows:
                    yield table
                    self._moved(table.num_rows)

        self.guard(lambda: write_tables(columns, tables(), path))

    def column_type(self, column: IncomingColumn) -> str:
        if column.type == "DECIMAL":
            return f"DECIMAL({column.numbers[0]}, {column.numbers[1]})"
        return _TYPES.get(column.type, column.type)

    def import_rows(self, table: str, path: Path) -> None:
        """The rows come in by INSERTs of many rows each; the table is short of rows when one fails."""
        columns = [(self.quote(column.name), self.column_type(column), column) for column in incoming_columns(path)]
        listed = ", ".join(f"{name} {kind}" for name, kind, _ in columns)
        self.execute(f"CREATE OR REPLACE TABLE {table} ({listed}) USING DELTA {COLUMN_MAPPING}")
        values = [(kind, column) for _, kind, column in columns]
        for statement in insert_statements(table, values, self._plain_blocks(path, [c for *_, c in columns])):
            self.execute(statement)


class DatabricksConnector(DbApiConnector[DatabricksSession]):
    """Databricks SQL; the tests run on a stand-in that speaks the connector's protocol."""

    manifest = BUILT_IN["databricks"]
    # A warehouse that sleeps is woken by the login.
    login_limit_s = 300.0
    node_settings = frozenset({"max_file_partition_bytes", "statement_timeout", "use_cached_result"})

    def do_connect(self, connection: ConnectionSpec, options: SessionOptions) -> DatabricksSession:
        raw = _hook(connection, options).get_conn()
        session = DatabricksSession(raw, connection, read_only=options.read_only)
        session.begin_in_utc()
        return session

    def connect_error(self, exc: Exception) -> VendorError | None:
        if isinstance(exc, ValueError | TypeError):
            return VendorError(Kind.SETUP, "", " ".join(str(exc).split()))
        return vendor_error(exc, connecting=True)


def _hook(connection: ConnectionSpec, options: SessionOptions) -> Any:
    """Return the hook; it hands every field of the extra that it does not know to the connector."""
    try:
        from airflow.providers.databricks.hooks.databricks_sql import DatabricksSqlHook
    except ImportError as exc:
        raise missing_driver(connection, "databricks", str(exc)) from exc
    extra = {"_retry_stop_after_attempts_duration": RETRY_S, **connection.extra}
    catalog = extra.pop("catalog", None)
    given = extra.pop("session_configuration", None) or {}
    own = {name.lower(): _text(value) for name, value in options.settings.items()}
    on_warehouse = "/warehouses/" in str(extra.get("http_path", ""))
    ansi = "ansi_mode" if on_warehouse else "spark.sql.ansi.enabled"
    tags: dict[str, str | None] = {"dataflow_pipeline": options.holder.pipeline, "dataflow_stage": options.holder.stage}
    bound = airflow_connection(connection, extra)
    hook: Any = DatabricksSqlHook(
        connection.conn_id,
        session_configuration={**given, **own, ansi: "true"},
        catalog=catalog,
        schema=connection.schema or None,
        query_tags=tags if on_warehouse else None,
    )
    hook.get_connection = lambda conn_id: bound
    return hook


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
