"""Sessions on MySQL and MariaDB by Airflow's MySqlHook with mysqlclient; rows go in by LOAD DATA where allowed."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import MySQLdb
import pyarrow
from MySQLdb.constants import FIELD_TYPE
from MySQLdb.cursors import SSCursor

from dataflow_provider.connectors.arrow_rows import (
    MAX_DECIMAL_DIGITS,
    ArrowColumn,
    IncomingColumn,
    inexact,
    split_type,
)
from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.dbapi import DbApiConnector, DbApiSession
from dataflow_provider.connectors.engine_errors import Kind, VendorError, without_values
from dataflow_provider.connectors.hook_connection import build_hook
from dataflow_provider.connectors.impl.mysql_load import REFUSED, ROWS_PER_LOAD, load_blocks, load_statement
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.dialects.mysql import MYSQL
from dataflow_provider.errors import AuthorError, InternalError
from dataflow_provider.spec.nodes import Scalar

logger = logging.getLogger(__name__)

HOOK = "airflow.providers.mysql.hooks.mysql:MySqlHook"
MAX_SCALE = 30
STATEMENT_BYTES = 1024 * 1024
NO_SUCH_TABLE = (1146, 1049)
_MULTI_STATEMENTS_OFF = 1

_KINDS: tuple[tuple[Kind, tuple[int, ...]], ...] = (
    (Kind.LOGIN, (1045, 1049, 1698, 1862, 2059)),
    (Kind.UNREACHABLE, (1040, 1129, 1203, 1226, 2002, 2003, 2005)),
    (Kind.SETUP, (2026,)),  # TLS that only one side has, or a certificate that is not trusted
    (Kind.LOST, (1053, 1927, 2006, 2013, 2055, 4031)),
    (Kind.BUSY, (1205, 3572)),
    (Kind.CONFLICT, (1020, 1213)),
    (Kind.INTERRUPTED, (1317, 1969, 3024)),
    (Kind.CONSTRAINT, (1048, 1062, 1216, 1217, 1364, 1451, 1452, 1586, 1761, 1762, 3819, 4025)),
    (Kind.RANGE, (1264, 1406, 1690)),
    (Kind.CONVERSION, (1265, 1292, 1366, 1411, 3140)),
    (Kind.MISSING, (1051, 1054, 1060, 1091, 1109, 1136, 1146, 1222, 1305, 1318)),
    (Kind.SYNTAX, (1064, 1149)),
    (Kind.RIGHTS, (1044, 1142, 1143, 1227, 1290, 1370, 1792)),
    (Kind.DISK, (1021, 1114)),
    (Kind.MEMORY, (1037, 1038, 1041)),
)
_KIND_OF = {number: kind for kind, numbers in _KINDS for number in numbers}
_WITH_VALUES = (Kind.CONSTRAINT, Kind.RANGE, Kind.CONVERSION, Kind.REFUSED)
_NAMED = re.compile(r"\b(?:key|column|constraint|table|function|database|field)\s$", re.IGNORECASE)

_ARROW: Mapping[str, Any] = {
    "tinyint": pyarrow.int8(),
    "smallint": pyarrow.int16(),
    "mediumint": pyarrow.int32(),
    "int": pyarrow.int32(),
    "bigint": pyarrow.int64(),
    "year": pyarrow.int16(),
    "tinyint unsigned": pyarrow.uint8(),
    "smallint unsigned": pyarrow.uint16(),
    "mediumint unsigned": pyarrow.uint32(),
    "int unsigned": pyarrow.uint32(),
    "bigint unsigned": pyarrow.uint64(),
    "float": pyarrow.float32(),
    "double": pyarrow.float64(),
    "date": pyarrow.date32(),
    "datetime": pyarrow.timestamp("us"),
    "timestamp": pyarrow.timestamp("us", "UTC"),
    "json": pyarrow.json_(),
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"), pyarrow.string()),
    **dict.fromkeys(("inet4", "inet6", "uuid"), pyarrow.string()),
}
_TYPES: Mapping[str, str] = {
    "BOOLEAN": "TINYINT(1)",
    "INTEGER": "INT",
    "REAL": "DOUBLE",  # a FLOAT answers with six digits only
    # Whatever the database's own is, which is latin1 on a MariaDB that nobody has set up.
    "VARCHAR": "LONGTEXT CHARACTER SET utf8mb4",
    "BLOB": "LONGBLOB",
    "TIME": "TIME(6)",
    "TIMESTAMP": "DATETIME(6)",
    "TIMESTAMPTZ": "DATETIME(6)",
    "UUID": "CHAR(36)",
}


class MySqlSession(DbApiSession):
    """One connection to MySQL or MariaDB."""

    engine = "MySQL"
    sqlglot = "mysql"
    makes_temporary = True
    author_rules = MYSQL.author_rules

    def __init__(self, raw: Any, connection: ConnectionSpec, hook: Any, *, read_only: bool = False) -> None:
        super().__init__(raw, connection)
        self._hook = hook
        self._read_only = read_only
        self._local_infile = bool(connection.extra.get("local_infile"))
        self._id = raw.thread_id()

    def vendor_error(self, exc: Exception) -> VendorError | None:
        return _vendor_error(exc)

    def quote(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def columns_of(self, table: str) -> dict[str, str] | None:
        def look() -> dict[str, str] | None:
            with closing(self._raw.cursor()) as cursor:
                try:
                    cursor.execute(f"SHOW COLUMNS FROM {table}")
                except MySQLdb.Error as exc:
                    if exc.args and exc.args[0] in NO_SUCH_TABLE:
                        return None
                    raise
                return {row[0]: row[1] for row in cursor.fetchall()}

        return self.guard(look)

    def columns_of_query(self, sql: str) -> dict[str, str]:
        """Its answer's columns become a temporary table of no rows, as only a table tells its types in full.

        The outer join makes every column nullable: MySQL gives the others defaults that it may then refuse itself. A
        read-only session may write meanwhile: MariaDB counts a temporary table as writing.
        """
        name = self.quote("_df_described")
        empty = f"SELECT q.* FROM (SELECT 1 AS one) AS d LEFT JOIN (\n{sql}\n) AS q ON FALSE LIMIT 0"

        def describe() -> dict[str, str]:
            with closing(self._raw.cursor()) as cursor, self._writing(cursor):
                cursor.execute(f"DROP TEMPORARY TABLE IF EXISTS {name}")
                cursor.execute(f"CREATE TEMPORARY TABLE {name} AS {empty}")
                cursor.execute(f"SHOW COLUMNS FROM {name}")
                columns = {row[0]: row[1] for row in cursor.fetchall()}
                cursor.execute(f"DROP TEMPORARY TABLE {name}")
                return columns

        return self.guard(describe)

    @contextmanager
    def _writing(self, cursor: Any) -> Iterator[None]:
        if not self._read_only:
            yield
            return
        cursor.execute("SET SESSION TRANSACTION READ WRITE")
        try:
            yield
        finally:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")

    @contextmanager
    def making_temporary(self) -> Iterator[None]:
        with closing(self._raw.cursor()) as cursor, self._writing(cursor):
            yield

    def reading_cursor(self) -> Any:
        return self._raw.cursor(SSCursor)

    def fetch(self, sql: str, limit: int | None) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """With a limit the server itself stops: a cursor that is closed early would read the rest to throw it away."""
        if limit is None:
            return super().fetch(sql, None)
        with closing(self._raw.cursor()) as cursor:
            cursor.execute("SET SESSION sql_select_limit = %s", (limit,))
            try:
                cursor.execute(sql)
                return tuple(column[0] for column in cursor.description or ()), list(cursor.fetchmany(limit))
            finally:
                cursor.execute("SET SESSION sql_select_limit = DEFAULT")

    def begin(self) -> None:
        self._raw.autocommit(False)

    def end_transaction(self) -> None:
        self._raw.autocommit(True)

    def interrupt(self) -> None:
        try:
            with closing(self._hook.get_conn()) as beside, closing(beside.cursor()) as cursor:
                cursor.execute(f"KILL QUERY {self._id}")
        except MySQLdb.Error as exc:
            logger.debug("MySQL could not be asked to stop: %s", exc)

    # ------------------------------------------------------------ rows to and from other connections

    def arrow_column(self, name: str, type_text: str) -> ArrowColumn:
        kind, numbers = split_type(type_text)
        kind = kind.removesuffix(" zerofill")
        if kind == "tinyint" and numbers == (1,):
            return ArrowColumn(name, pyarrow.bool_(), _as_bool)
        if kind.startswith("decimal"):
            precision, scale = numbers
            return ArrowColumn(name, pyarrow.decimal128(min(precision, MAX_DECIMAL_DIGITS), scale))
        if kind == "time":
            return ArrowColumn(name, pyarrow.time64("us"), _as_time)
        return ArrowColumn(name, _ARROW.get(kind, pyarrow.binary()), float if kind == "float" else None)

    def export_query(self, sql: str, columns: Sequence[ArrowColumn]) -> str:
        """A FLOAT is asked for as a DOUBLE: MySQL writes it with six digits otherwise."""
        listed = ", ".join(
            f"{self.quote(column.name)} + 0e0" if column.type == pyarrow.float32() else self.quote(column.name)
            for column in columns
        )
        return f"SELECT {listed} FROM (\n{sql}\n) AS handed_over"

    def _blocks(self, sql: str) -> Generator[list[tuple[Any, ...]], None, None]:
        cursor, rows = self.reading_cursor(), self.rows_at_once
        with closing(cursor):
            cursor.execute(sql)
            try:
                while block := cursor.fetchmany(rows):
                    yield list(block)
                    self._moved(len(block))
            except BaseException:
                self._stop_reading(cursor)
                raise

    def _stop_reading(self, cursor: Any) -> None:
        """A cursor that is left early would read all other rows before it closes, so its statement is stopped."""
        self.interrupt()
        with suppress(MySQLdb.Error):
            cursor.close()

    def column_type(self, column: IncomingColumn) -> str:
        if column.type == "DECIMAL":
            precision, scale = column.numbers
            if scale > MAX_SCALE:
                raise inexact(column.name, f"DECIMAL({precision}, {MAX_SCALE})")
            return f"DECIMAL({precision}, {scale})"
        return _TYPES.get(column.type, column.type)

    def plain_value(self, value: Any, column: IncomingColumn) -> Any:
        return value.astimezone(UTC).replace(tzinfo=None) if column.type == "TIMESTAMPTZ" else value

    def load_file(self, table: str, columns: Sequence[IncomingColumn], path: Path) -> None:
        """By LOAD DATA where the connection's extra and the server allow it; docs/benchmarks.md tells what it saves."""
        if not self._local_infile:
            super().load_file(table, columns, path)
            return
        try:
            self._load(table, columns, path)
        except MySQLdb.Error as exc:
            if not exc.args or exc.args[0] not in REFUSED:
                raise
            logger.warning(
                "the server of `%s` forbids LOAD DATA LOCAL (%s), so rows go in by INSERTs, which takes longer; "
                "`local_infile` is its setting",
                self._connection.conn_id, exc.args[0],
            )  # fmt: skip
            self.execute(f"DELETE FROM {table}")  # It may have taken some files before it was told to forbid them.
            super().load_file(table, columns, path)

    def _load(self, table: str, columns: Sequence[IncomingColumn], path: Path) -> None:
        names = [self.quote(column.name) for column in columns]
        with TemporaryDirectory(prefix="dataflow-mysql-") as folder, closing(self._raw.cursor()) as cursor:
            file = Path(folder) / "rows.txt"
            statement = load_statement(table, columns, names, file)
            for rows, data in load_blocks(path, columns, self.batch_size or ROWS_PER_LOAD):
                file.write_bytes(data)
                cursor.execute(statement)
                self._check_loaded(cursor, columns, rows)
                self._moved(rows)

    def _check_loaded(self, cursor: Any, columns: Sequence[IncomingColumn], rows: int) -> None:
        """With LOCAL a value that does not fit is changed and warned of."""
        loaded = cursor.rowcount
        cursor.execute("SHOW WARNINGS LIMIT 1")
        if (warning := cursor.fetchone()) is not None:
            named = next((column for column in columns if f"'{column.name}'" in str(warning[2])), None)
            if named is None:
                raise VendorError(Kind.CONVERSION, str(warning[1]), "").as_error(self.engine, self._connection.conn_id)
            raise inexact(named.name, self.column_type(named))
        if loaded != rows:
            raise InternalError("DF-RUN-027", f"MySQL has read {loaded} of {rows} rows, and warned of nothing")

    def insert_rows(
        self, table: str, columns: Sequence[IncomingColumn], blocks: Iterator[list[tuple[Any, ...]]]
    ) -> None:
        names = ", ".join(self.quote(column.name) for column in columns).replace("%", "%%")
        marks = ", ".join([self.parameter] * len(columns))
        statement = f"INSERT INTO {table.replace('%', '%%')} ({names}) VALUES ({marks})"
        with closing(self._raw.cursor()) as cursor:
            cursor.max_stmt_length = STATEMENT_BYTES
            for block in blocks:
                cursor.executemany(statement, block)


class MySqlConnector(DbApiConnector[MySqlSession]):
    """MySQL 8 and MariaDB; the tests run on MariaDB."""

    manifest = BUILT_IN["mysql"]
    node_settings = frozenset(
        {"bulk_insert_buffer_size", "group_concat_max_len", "innodb_lock_wait_timeout", "join_buffer_size",
         "lock_wait_timeout", "max_execution_time", "max_heap_table_size", "max_statement_time", "net_read_timeout",
         "net_write_timeout", "optimizer_prune_level", "optimizer_search_depth", "optimizer_switch", "read_buffer_size",
         "read_rnd_buffer_size", "sort_buffer_size", "tmp_table_size", "wait_timeout"}
    )  # fmt: skip

    def do_connect(self, connection: ConnectionSpec, options: SessionOptions) -> MySqlSession:
        hook = build_hook(
            HOOK, connection, package="mysql", extra=_extra(connection), local_infile=_may_load(connection)
        )
        raw = hook.get_conn()
        _require_tls(connection, raw)
        raw.autocommit(True)
        raw.set_server_option(_MULTI_STATEMENTS_OFF)
        raw.converter = {**raw.converter, **_CONVERTERS}
        with closing(raw.cursor()) as cursor:
            cursor.execute("SET SESSION time_zone = '+00:00'")
            cursor.execute(_SQL_MODE)
            # For a lock on a table; for one on a row the server's own limit stands, 50 seconds.
            cursor.execute(
                f"SET SESSION lock_wait_timeout = LEAST(@@lock_wait_timeout, {max(1, round(options.lock_timeout_s))})"
            )
            if options.read_only:
                cursor.execute("SET SESSION TRANSACTION READ ONLY")
        return MySqlSession(raw, connection, hook, read_only=options.read_only)

    def connect_error(self, exc: Exception) -> VendorError | None:
        if isinstance(exc, MySQLdb.Error) and exc.args and exc.args[0] == 1044:
            return VendorError(Kind.LOGIN, "1044", str(exc.args[1]))
        return _vendor_error(exc)

    def apply_settings(self, session: MySqlSession, settings: Mapping[str, Scalar]) -> None:
        with closing(session._raw.cursor()) as cursor:
            for name, value in settings.items():
                cursor.execute(f"SET SESSION {name.lower()} = %s", (value,))


# Values that do not fit are errors, text in double quotes is text, backslashes escape: as the dialect writes SQL.
# Whether a GROUP BY must be complete stays as the server has it.
_SQL_MODE = (
    "SET SESSION sql_mode = CONCAT('STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
    "NO_ENGINE_SUBSTITUTION', IF(FIND_IN_SET('ONLY_FULL_GROUP_BY', @@sql_mode), ',ONLY_FULL_GROUP_BY', ''))"
)


def _extra(connection: ConnectionSpec) -> dict[str, Any]:
    client = connection.extra.get("client", "mysqlclient")
    if client != "mysqlclient":
        raise AuthorError(
            "DF-CONN-015",
            f"connection `{connection.conn_id}` asks for the client `{client}`; pipelines run on `mysqlclient`",
            hint="Delete `client` from its extra.",
        )
    if not connection.schema:
        raise AuthorError(
            "DF-CONN-015",
            f"connection `{connection.conn_id}` names no database",
            hint="Give its default database as `schema`.",
        )
    return {"charset": "utf8mb4", **{name: value for name, value in connection.extra.items() if name != "cursor"}}


def _require_tls(connection: ConnectionSpec, raw: Any) -> None:
    """MariaDB's client takes `ssl` and `ssl_mode` for a wish, and goes on without TLS where the server has none.

    Raises:
        AuthorError: `DF-CONN-015` when TLS was asked for and is not there; the session is closed.
    """
    mode = str(connection.extra.get("ssl_mode") or "").upper()
    if not (connection.extra.get("ssl") or mode.startswith(("REQUIRED", "VERIFY"))) or mode == "DISABLED":
        return
    with closing(raw.cursor()) as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
        found = cursor.fetchone()
    if not found or not found[1]:
        raw.close()
        raise AuthorError(
            "DF-CONN-015",
            f"connection `{connection.conn_id}` asks for TLS, and its server speaks none",
            hint="Set the server up for TLS, or delete `ssl` and `ssl_mode` from the connection's extra.",
        )


def _may_load(connection: ConnectionSpec) -> bool:
    """Only when asked for: a server that a client lets load could ask for any file that the worker can read.

    Raises:
        AuthorError: `DF-CONN-015` for what is neither true nor false.
    """
    said = connection.extra.get("local_infile", False)
    if said in (True, False):
        return bool(said)
    raise AuthorError(
        "DF-CONN-015",
        f"connection `{connection.conn_id}` has `local_infile: {said}`; it is `true` or `false`",
        hint="Correct it in its extra; without it rows go in by INSERTs.",
    )


def _date_or_text(text: str) -> date | str:
    """Return the date; MySQL's `0000-00-00` stays text, where the driver would make it a NULL."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def _moment_or_text(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


_CONVERTERS: dict[int, Any] = {
    FIELD_TYPE.DATE: _date_or_text,
    FIELD_TYPE.DATETIME: _moment_or_text,
    FIELD_TYPE.TIMESTAMP: _moment_or_text,
}


def _as_bool(value: int) -> bool:
    if value not in (0, 1):
        raise ValueError(value)
    return bool(value)


def _as_time(value: timedelta) -> time:
    if not timedelta() <= value < timedelta(days=1):
        raise ValueError(value)
    return (datetime(1, 1, 1, tzinfo=UTC) + value).time()


def _vendor_error(exc: Exception) -> VendorError | None:
    if not isinstance(exc, MySQLdb.Error):
        return None
    number = exc.args[0] if exc.args and isinstance(exc.args[0], int) else 0
    text = " ".join(str(exc.args[-1] if exc.args else exc).split())
    if not number:
        # The driver's own: a value it cannot write, such as NaN, or a connection it has closed.
        lost = isinstance(exc, MySQLdb.InterfaceError)
        return VendorError(Kind.LOST if lost else Kind.CONVERSION, "", text)
    kind = _KIND_OF.get(number, Kind.REFUSED)
    return VendorError(kind, str(number), without_values(text, _NAMED) if kind in _WITH_VALUES else text)
