"""Sessions on DuckDB files: in line for the file, locked down, in UTC, with errors of ours.

SQL in a session can touch this database and the files below the allowed roots, nothing else on the machine.
"""

from __future__ import annotations

import glob
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow

from dataflow_provider.connectors.arrow_rows import IncomingColumn
from dataflow_provider.connectors.author_sql import check_author_sql
from dataflow_provider.connectors.base import OnRows, SessionOptions, ignore_rows
from dataflow_provider.connectors.connections import MEMORY, ConnectionSpec
from dataflow_provider.connectors.database_folder import make_database_folder
from dataflow_provider.connectors.duckdb_messages import engine_error, foreign_holder, is_busy, read_batches
from dataflow_provider.connectors.interruptible import run_interruptible
from dataflow_provider.connectors.jdbc import JDBCConnectorBase
from dataflow_provider.connectors.lock import Waiting, line_up
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.dialects.duckdb import DUCKDB
from dataflow_provider.errors import AuthorError, TerminalError

logger = logging.getLogger(__name__)

T = TypeVar("T")

RETRY_FOREIGN_LOCK_S = 0.2
# What a node's `session` may set; all else could weaken the locks below or the meaning of SQL (time zone, NULL order).
NODE_SETTINGS = (
    "default_collation", "ieee_floating_point_ops", "integer_division", "max_temp_directory_size", "memory_limit",
    "merge_join_threshold", "nested_loop_join_threshold", "ordered_aggregate_threshold",
    "partitioned_write_max_open_files", "perfect_ht_threshold", "preserve_insertion_order", "threads",
)  # fmt: skip
_AUTHOR_STATEMENTS = frozenset(
    {
        duckdb.StatementType.ALTER,
        duckdb.StatementType.CREATE,
        duckdb.StatementType.DELETE,
        duckdb.StatementType.DROP,
        duckdb.StatementType.INSERT,
        duckdb.StatementType.MERGE_INTO,
        duckdb.StatementType.SELECT,
        duckdb.StatementType.UPDATE,
        duckdb.StatementType.VACUUM,
    }
)
_HANDED_OVER = "_df_handed_over"
_BATCH_ROWS = 100_000
_NULL_TYPE = '"NULL"'
_TYPES = {"REAL": "FLOAT", "TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}
_memory: dict[str, duckdb.DuckDBPyConnection] = {}
_memory_guard = threading.RLock()
_opening = threading.Lock()


class DuckDBConnector(JDBCConnectorBase["DuckDBSession"]):
    """DuckDB: one process writes, or many read; `line_up` decides whose turn it is."""

    manifest = BUILT_IN["duckdb"]

    def connect(self, connection: ConnectionSpec, options: SessionOptions) -> DuckDBSession:
        """Return a session on the connection's file; a missing file is created.

        `:memory:` is one database per process and connection id, used by one session at a time.

        Raises:
            TransientError: when the file stayed busy, by us or a foreign program, for `lock_timeout_s`.
            AuthorError: for settings that a node may not make.
        """
        _check_settings(options)
        held = ExitStack()
        session = DuckDBSession(held.enter_context(self._held(connection, options)), held)
        session.fetch_size = options.fetch_size or _BATCH_ROWS
        return session

    def disconnect(self, session: DuckDBSession) -> None:
        session.close()

    @contextmanager
    def _held(self, connection: ConnectionSpec, options: SessionOptions) -> Iterator[duckdb.DuckDBPyConnection]:
        location = database_location(connection)
        if location == MEMORY:
            with _memory_guard:
                yield _open_memory(connection.conn_id, options)
            return
        database = Path(location).expanduser().absolute()
        make_database_folder(database)
        read_only = options.read_only and database.exists()
        with line_up(database, options.holder, exclusive=not read_only, timeout_s=options.lock_timeout_s) as waiting:
            if not read_only:
                _remove_spill(database)
            raw = _connect(database, options, waiting, read_only=read_only)
            try:
                yield raw
            finally:
                raw.close()


def database_location(connection: ConnectionSpec) -> str:
    """Return the database file of a connection, or `:memory:`; `duckdb:///data/x.duckdb` means the absolute path.

    Raises:
        AuthorError: when the connection names neither; nothing may land in a database that nobody finds again.
    """
    if connection.host:
        return connection.host
    if connection.schema:
        return f"/{connection.schema.removeprefix('/')}"
    raise AuthorError(
        "DF-CONN-006",
        f"connection `{connection.conn_id}` names no database file",
        hint="Give its path as `host`, such as `/data/warehouse.duckdb`.",
    )


class DuckDBSession:
    """One connection of DuckDB behind our own verbs and errors."""

    def __init__(self, raw: duckdb.DuckDBPyConnection, held: ExitStack | None = None) -> None:
        self._raw = raw
        self._held = held or ExitStack()
        self.fetch_size = _BATCH_ROWS
        self._moved: OnRows = ignore_rows

    def close(self) -> None:
        """The file is free for the next one in line."""
        self._held.close()

    def execute(self, sql: str) -> int | None:
        return self._guard(lambda: _affected_rows(self._run(sql)))

    def execute_author_sql(self, sql: str) -> int | None:
        check_author_sql(sql, DUCKDB.sqlglot, DUCKDB.author_rules)
        statements = self._guard(lambda: self._raw.extract_statements(sql))
        if len(statements) != 1 or statements[0].type not in _AUTHOR_STATEMENTS:
            raise AuthorError(
                "DF-RUN-030",
                "the statement is not one of those a pipeline may run here",
                hint="Write one INSERT, UPDATE, DELETE, MERGE, SELECT, CREATE, ALTER, DROP or ANALYZE; "
                "transactions, settings, files and other databases are the product's own.",
            )
        return self.execute(sql)

    def fetch_number(self, sql: str) -> int:
        # To the end: a result that is not refuses the next statement of some kinds.
        rows = self._guard(lambda: self._run(sql).fetchall())
        return int(rows[0][0] or 0) if rows else 0

    def fetch_rows(self, sql: str, limit: int | None = None) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        def fetch() -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
            result = self._run(sql)
            names = tuple(column[0] for column in result.description or ())
            return names, result.fetchall() if limit is None else result.fetchmany(limit)

        return self._guard(fetch)

    def columns_of(self, table: str) -> dict[str, str] | None:
        try:
            return _described(self._raw.execute(f"DESCRIBE TABLE {table}"))
        except duckdb.CatalogException:
            return None
        except duckdb.Error as exc:
            raise engine_error(exc) from exc

    def columns_of_query(self, sql: str) -> dict[str, str]:
        return self._guard(lambda: _described(self._raw.execute(f"DESCRIBE {sql}")))

    def arrow_type(self, name: str, type_text: str) -> Any | None:
        if type_text in ("", _NULL_TYPE):
            return None
        sql = f"SELECT CAST(NULL AS {type_text}) AS c WHERE false"
        return self._guard(lambda: self._raw.sql(sql).to_arrow_reader(1).schema.field(0).type)

    def column_type(self, column: IncomingColumn) -> str:
        if column.type == "DECIMAL":
            return f"DECIMAL({column.numbers[0]},{column.numbers[1]})"
        return _TYPES.get(column.type, column.type)

    def export_rows(self, sql: str, path: Path) -> None:
        def export() -> None:
            with pyarrow.OSFile(str(path), "wb") as file:
                reader = self._raw.sql(sql).to_arrow_reader(self.fetch_size)
                with pyarrow.ipc.new_stream(file, reader.schema) as writer:
                    for batch in read_batches(reader):
                        writer.write_batch(batch)
                        self._moved(batch.num_rows)

        self._guard(export)

    def import_rows(self, table: str, path: Path) -> None:
        self._import("TABLE", table, path)

    def import_temporary(self, table: str, path: Path) -> None:
        self._import("TEMPORARY TABLE", table, path)

    def make_temporary(self, statements: Sequence[str]) -> bool:
        for sql in statements:
            self.execute(sql)
        return True

    def _import(self, kind: str, table: str, path: Path) -> None:
        def build() -> None:
            with pyarrow.memory_map(str(path)) as file:
                self._raw.register(_HANDED_OVER, pyarrow.ipc.open_stream(file))
                try:
                    self._raw.execute(f"CREATE OR REPLACE {kind} {table} AS SELECT * FROM {_HANDED_OVER}")
                finally:
                    self._raw.unregister(_HANDED_OVER)

        self._guard(build)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.execute("BEGIN TRANSACTION")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def watch(self, on_rows: OnRows) -> None:
        self._moved = on_rows

    def interrupt(self) -> None:
        self._raw.interrupt()

    def _roll_back(self) -> None:
        """The first error is the one to tell; DuckDB may have rolled back by itself already."""
        try:
            self._raw.rollback()
        except duckdb.TransactionException as exc:
            logger.debug("Nothing to roll back: %s", exc)

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        statements = self._raw.extract_statements(sql)
        if len(statements) != 1:
            raise TerminalError("DF-RUN-031", f"one statement was expected and {len(statements)} came")
        return self._raw.execute(statements[0])

    def _guard(self, call: Callable[[], T]) -> T:
        try:
            return run_interruptible(call, self._raw.interrupt)
        except duckdb.Error as exc:
            raise engine_error(exc) from exc


def _affected_rows(result: duckdb.DuckDBPyConnection) -> int | None:
    """Return the count that INSERT, UPDATE, DELETE and MERGE answer with; DDL answers no rows."""
    row = result.fetchone()
    if row is None or not isinstance(row[0], int):
        return None
    result.fetchone()  # There is no second; an answer that is not read to its end stands in the way of others.
    return row[0]


def _described(result: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return {row[0]: row[1] for row in result.fetchall()}


def _check_settings(options: SessionOptions) -> None:
    for name in options.settings:
        if name.lower() not in NODE_SETTINGS:
            allowed = ", ".join(f"`{known}`" for known in NODE_SETTINGS)
            raise AuthorError("DF-CONN-004", f"`session.{name}` cannot be set on DuckDB; allowed are {allowed}")


def _configuration(options: SessionOptions, database: Path | None) -> dict[str, Any]:
    """Return the settings a database is opened with.

    Half of the memory: a writer and a few previews share the machine. Spill files carry the process id, since readers
    of several processes work on one database at once.
    """
    configuration: dict[str, Any] = {
        "memory_limit": "50%",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_persistent_secrets": False,
        "python_enable_replacements": False,
        "arrow_lossless_conversion": True,
        **dict(options.settings),
    }
    if database is not None:
        configuration["temp_directory"] = f"{database}.tmp-{os.getpid()}"
    return configuration


def _remove_spill(database: Path) -> None:
    """Spill folders of processes that were killed are gone; whoever is alone at the file has no living neighbour."""
    for folder in database.parent.glob(f"{glob.escape(database.name)}.tmp-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _lock_down(raw: duckdb.DuckDBPyConnection, options: SessionOptions) -> bool:
    """Close the way to files outside the roots and lock the configuration, so that no SQL can undo it.

    Sessions of one process share an open database; False when another one has it open with other roots.
    """
    roots = [str(root) for root in options.file_roots]
    names = ("lock_configuration", "allowed_directories", "temp_directory")
    state = raw.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in names)).fetchone()
    if state is not None and state[0]:
        # DuckDB adds its own spill folder to the list.
        return {name.rstrip("/") for name in state[1]} - {str(state[2])} == set(roots)
    listed = ", ".join("'" + root.replace("'", "''") + "'" for root in roots)
    raw.execute("SET GLOBAL TimeZone = 'UTC'")
    raw.execute(f"SET allowed_directories = [{listed}]")
    raw.execute("SET enable_external_access = false")
    raw.execute("SET lock_configuration = true")
    return True


def _connect(
    database: Path, options: SessionOptions, waiting: Waiting, *, read_only: bool
) -> duckdb.DuckDBPyConnection:
    """Open the file; a foreign program that holds DuckDB's own lock is waited for like one of ours."""
    configuration = _configuration(options, database)
    foreign = "a session of this process with other roots"
    while True:
        try:
            with _opening:
                raw = duckdb.connect(str(database), read_only=read_only, config=configuration)
                if _lock_down(raw, options):
                    return raw
                raw.close()
        except duckdb.Error as exc:
            if not is_busy(exc):
                raise engine_error(exc) from exc
            foreign = foreign_holder(exc)
        waiting.report(foreign)
        time.sleep(RETRY_FOREIGN_LOCK_S)


def _open_memory(conn_id: str, options: SessionOptions) -> duckdb.DuckDBPyConnection:
    if options.settings:
        raise AuthorError("DF-CONN-005", f"connection `{conn_id}` is `:memory:`, which takes no `session` settings")
    if conn_id not in _memory:
        _memory[conn_id] = duckdb.connect(MEMORY, config=_configuration(options, None))
        _lock_down(_memory[conn_id], options)
    return _memory[conn_id].cursor()
