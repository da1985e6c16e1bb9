"""Sessions on Snowflake by Airflow's SnowflakeHook; rows come in by PUT and COPY INTO and go out as Arrow batches."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator, Mapping
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
from dataflow_provider.connectors.arrow_tables import write_tables
from dataflow_provider.connectors.author_sql import check_one_statement, check_reading
from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.dbapi import DbApiConnector, DbApiSession
from dataflow_provider.connectors.engine_errors import Kind, VendorError
from dataflow_provider.connectors.hook_connection import build_hook, missing_driver
from dataflow_provider.connectors.impl.snowflake_errors import NO_SUCH_OBJECT, vendor_error
from dataflow_provider.connectors.impl.snowflake_jobs import SnowflakeJobs
from dataflow_provider.connectors.jobs import JobState
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.connectors.parquet_rows import write_parquet
from dataflow_provider.dialects.snowflake import SNOWFLAKE

logger = logging.getLogger(__name__)

HOOK = "airflow.providers.snowflake.hooks.snowflake:SnowflakeHook"
NETWORK_TIMEOUT_S = 300
"""How long the driver repeats one request that fails; its own default is for ever. A long query is many requests."""

_DML_ANSWER = "number of rows "
_ARROW: Mapping[str, Any] = {
    "float": pyarrow.float64(),
    "boolean": pyarrow.bool_(),
    "binary": pyarrow.binary(),
    "date": pyarrow.date32(),
    "time": pyarrow.time64("us"),
    "timestamp_ntz": pyarrow.timestamp("us"),
    "timestamp_ltz": pyarrow.timestamp("us", "UTC"),
    "timestamp_tz": pyarrow.timestamp("us", "UTC"),
    **dict.fromkeys(("variant", "object", "array", "geography", "geometry"), pyarrow.json_()),
}
_TYPES: Mapping[str, str] = {
    "SMALLINT": "NUMBER(5, 0)",
    "INTEGER": "NUMBER(10, 0)",
    "BIGINT": "NUMBER(19, 0)",
    "REAL": "FLOAT",
    "DOUBLE": "FLOAT",
    "BLOB": "BINARY",
    "TIME": "TIME(6)",
    "TIMESTAMP": "TIMESTAMP_NTZ(6)",
    "TIMESTAMPTZ": "TIMESTAMP_TZ(6)",
    "JSON": "VARIANT",
    "UUID": "VARCHAR(36)",
}
_WITH_LENGTH = frozenset({"TEXT", "BINARY"})
_WITH_FRACTION = frozenset({"TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"})


class SnowflakeSession(DbApiSession):
    """One connection to Snowflake. Every DDL statement commits, also inside `transaction`."""

    engine = "Snowflake"
    sqlglot = "snowflake"
    author_rules = SNOWFLAKE.author_rules

    def __init__(self, raw: Any, connection: ConnectionSpec, *, read_only: bool) -> None:
        super().__init__(raw, connection)
        self._read_only = read_only
        self._jobs = SnowflakeJobs(raw)
        self.last_job_id: str | None = None
        """The query id of the last statement."""

    def vendor_error(self, exc: Exception) -> VendorError | None:
        return vendor_error(exc)

    def quote(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    # ------------------------------------------------------------ statements

    def execute(self, sql: str) -> int | None:
        if self._read_only:
            check_reading(sql, self.sqlglot)
        return super().execute(sql)

    def affected_rows(self, cursor: Any) -> int | None:
        """DML answers a row of counts, DDL one of text; an UPDATE counts rows that it met twice once more."""
        self.last_job_id = cursor.sfqid
        names = [column[0] for column in cursor.description or ()]
        if not names or not names[0].startswith(_DML_ANSWER):
            return None
        return sum(int(count) for name, count in zip(names, cursor.fetchone(), strict=True) if _DML_ANSWER in name)

    def begin(self) -> None:
        self._run("BEGIN TRANSACTION")

    def commit(self) -> None:
        self._run("COMMIT")

    def roll_back(self) -> None:
        self._run("ROLLBACK")

    def end_transaction(self) -> None:
        """A session commits each statement by itself unless it has said BEGIN."""

    def interrupt(self) -> None:
        """The connection may be asked by several threads at once; a statement's own id is known too late."""
        from snowflake.connector import errors

        try:
            self._run("SELECT SYSTEM$CANCEL_ALL_QUERIES(%s)", self._raw.session_id)
        except errors.Error as exc:
            logger.debug("Snowflake could not be asked to stop: %s", exc)

    def _run(self, sql: str, *values: object) -> None:
        with closing(self._raw.cursor()) as cursor:
            cursor.execute(sql, values or None)

    # ------------------------------------------------------------ columns

    def columns_of(self, table: str) -> dict[str, str] | None:
        from snowflake.connector import errors

        def look() -> dict[str, str] | None:
            with closing(self._raw.cursor()) as cursor:
                try:
                    cursor.execute(f"DESCRIBE TABLE {table}")
                except errors.ProgrammingError as exc:
                    if exc.errno in NO_SUCH_OBJECT:
                        return None
                    raise
                return {row[0]: row[1] for row in cursor.fetchall()}

        return self.guard(look)

    def columns_of_query(self, sql: str) -> dict[str, str]:
        check_one_statement(sql, self.sqlglot)

        def describe() -> dict[str, str]:
            with closing(self._raw.cursor()) as cursor:
                return {column.name: _type_text(column) for column in cursor.describe(sql)}

        return self.guard(describe)

    # ------------------------------------------------------------ jobs

    def takes_jobs(self) -> bool:
        return True

    def submit(self, sql: str) -> str:
        check_one_statement(sql, self.sqlglot)
        self.last_job_id = self.guard(lambda: self._jobs.submit(sql))
        return self.last_job_id

    def job_state(self, job_id: str) -> JobState:
        return self.guard(lambda: self._jobs.state(job_id))

    def cancel_job(self, job_id: str) -> None:
        self.guard(lambda: self._jobs.cancel(job_id))

    # ------------------------------------------------------------ rows to and from other connections

    def arrow_column(self, name: str, type_text: str) -> ArrowColumn:
        kind, numbers = split_type(type_text)
        if kind == "number":
            precision, scale = (*numbers, MAX_DECIMAL_DIGITS, 0)[:2]
            return ArrowColumn(name, pyarrow.decimal128(precision, scale))
        return ArrowColumn(name, _ARROW.get(kind, pyarrow.string()))

    def export_rows(self, sql: str, path: Path) -> None:
        columns = self.arrow_columns(sql)

        def tables() -> Iterator[Any]:
            with closing(self._raw.cursor()) as cursor:
                cursor.execute(sql)
                self.last_job_id = cursor.sfqid
                for table in cursor.fetch_arrow_batches():
                    yield table
                    self._moved(table.num_rows)

        self.guard(lambda: write_tables(columns, tables(), path))

    def column_type(self, column: IncomingColumn) -> str:
        if column.type == "DECIMAL":
            return f"NUMBER({column.numbers[0]}, {column.numbers[1]})"
        return _TYPES.get(column.type, column.type)

    def import_rows(self, table: str, path: Path) -> None:
        """The rows go to a temporary stage as Parquet, then into the new table by one COPY INTO.

        The table stays empty when loading fails; the stage goes with the session.
        """
        columns = incoming_columns(path)
        listed = ", ".join(f"{self.quote(column.name)} {self.column_type(column)}" for column in columns)
        stage = _beside(table, "_df_rows")
        with tempfile.TemporaryDirectory(prefix="dataflow-snowflake-") as name:
            files = write_parquet(path, columns, Path(name))
            self.execute(f"CREATE OR REPLACE TABLE {table} ({listed})")
            if files:
                self.execute(f"CREATE OR REPLACE TEMPORARY STAGE {stage}")
                for file in files:
                    self.execute(f"PUT 'file://{file}' @{stage} AUTO_COMPRESS = FALSE OVERWRITE = TRUE")
                self.execute(_copy_statement(table, stage, [(self.quote(c.name), self._loaded(c)) for c in columns]))

    def _loaded(self, column: IncomingColumn) -> str:
        value = f"$1:{self.quote(column.name)}"
        return f"PARSE_JSON({value}::VARCHAR)" if column.type == "JSON" else f"{value}::{self.column_type(column)}"


class SnowflakeConnector(DbApiConnector[SnowflakeSession]):
    """Snowflake; the tests run on fakesnow."""

    manifest = BUILT_IN["snowflake"]
    # The driver tries again by itself.
    login_limit_s = 300.0
    node_settings = frozenset(
        {"lock_timeout", "rows_per_resultset", "statement_queued_timeout_in_seconds", "statement_timeout_in_seconds",
         "transaction_abort_on_error", "use_cached_result", "warehouse"}
    )  # fmt: skip

    def do_connect(self, connection: ConnectionSpec, options: SessionOptions) -> SnowflakeSession:
        settings = {name.lower(): value for name, value in options.settings.items()}
        warehouse = settings.pop("warehouse", None)
        own = {name.upper(): value for name, value in settings.items()}
        given = {name.upper(): value for name, value in connection.extra.get("session_parameters", {}).items()}
        extra = {**connection.extra, "session_parameters": {**given, **own, **_fixed_parameters(options)}}
        hook = build_hook(HOOK, connection, package="snowflake", extra=extra, warehouse=warehouse)
        try:
            raw = hook.get_conn()
        except ImportError as exc:
            raise missing_driver(connection, "snowflake", str(exc)) from exc
        # The hook passes neither of the two to the driver.
        raw._network_timeout = int(connection.extra.get("network_timeout", NETWORK_TIMEOUT_S))
        raw._arrow_number_to_decimal = True
        return SnowflakeSession(raw, connection, read_only=options.read_only)

    def address(self, connection: ConnectionSpec) -> str:
        extra = connection.extra
        parts = [part for part in (extra.get("account"), extra.get("region")) if part]
        host = extra.get("host") or ".".join([*map(str, parts), "snowflakecomputing.com"])
        return f"{host}:{extra.get('port') or 443}"

    def connect_error(self, exc: Exception) -> VendorError | None:
        if isinstance(exc, ValueError | TypeError):
            return VendorError(Kind.SETUP, "", " ".join(str(exc).split()))
        return vendor_error(exc, connecting=True)


def _fixed_parameters(options: SessionOptions) -> dict[str, Any]:
    """Return what decides the meaning of SQL, the same in every account, and who asks."""
    holder = options.holder
    return {
        "AUTOCOMMIT": True,
        "TIMEZONE": "UTC",
        "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
        "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
        "BINARY_INPUT_FORMAT": "HEX",
        "ERROR_ON_NONDETERMINISTIC_MERGE": True,
        "QUERY_TAG": json.dumps({"app": "dataflow", "pipeline": holder.pipeline, "stage": holder.stage}),
    }


def _type_text(column: Any) -> str:
    """Return the type as DESCRIBE TABLE writes it."""
    from snowflake.connector.constants import FIELD_ID_TO_NAME

    name = FIELD_ID_TO_NAME[column.type_code]
    if name == "FIXED":
        return f"NUMBER({column.precision},{column.scale})"
    if name in _WITH_LENGTH:
        return f"{'VARCHAR' if name == 'TEXT' else name}({column.internal_size})"
    if name in _WITH_FRACTION:
        return f"{name}({column.scale})"
    return "FLOAT" if name == "REAL" else name


def _beside(table: str, suffix: str) -> str:
    """Return the quoted name of an object beside a table.

    >>> _beside('"s"."t"', "_x")
    '"s"."t_x"'
    """
    return f'{table.removesuffix(chr(34))}{suffix}"'


def _copy_statement(table: str, stage: str, columns: list[tuple[str, str]]) -> str:
    names = ", ".join(name for name, _ in columns)
    values = ", ".join(value for _, value in columns)
    return (
        f"COPY INTO {table} ({names}) FROM (SELECT {values} FROM @{stage}) FILE_FORMAT = "
        "(TYPE = PARQUET USE_LOGICAL_TYPE = TRUE BINARY_AS_TEXT = FALSE) ON_ERROR = ABORT_STATEMENT FORCE = TRUE"
    )
