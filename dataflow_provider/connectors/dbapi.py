"""Sessions on databases that Airflow reaches by a hook with a DB-API driver: our verbs and errors over its connection.

An engine's file says how it connects, what its errors and types mean, and where it departs from what stands here.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from dataflow_provider.connectors.arrow_rows import (
    BATCH_ROWS,
    ArrowColumn,
    IncomingColumn,
    incoming_columns,
    incoming_rows,
    write_rows,
)
from dataflow_provider.connectors.author_sql import check_author_sql, check_one_statement
from dataflow_provider.connectors.base import OnRows, SessionOptions, ignore_rows
from dataflow_provider.connectors.bounded_call import call_within
from dataflow_provider.connectors.connections import ConnectionSpec, without_secrets
from dataflow_provider.connectors.engine_errors import Kind, VendorError, tls_error
from dataflow_provider.connectors.interruptible import run_interruptible
from dataflow_provider.connectors.jdbc import JDBCConnectorBase
from dataflow_provider.dialects.author_rules import AuthorRules
from dataflow_provider.errors import AuthorError, DataflowError
from dataflow_provider.spec.nodes import Scalar

logger = logging.getLogger(__name__)

T = TypeVar("T")


class DbApiSession(ABC):
    """One connection of a driver. Outside `transaction` each statement is committed by itself."""

    engine: ClassVar[str]
    """What people call it, for messages."""
    sqlglot: ClassVar[str]
    """sqlglot's name of its SQL, for reading what an author wrote."""
    author_rules: ClassVar[AuthorRules] = AuthorRules()
    parameter: ClassVar[str] = "%s"
    makes_temporary: ClassVar[bool] = False
    """Whether a read-only session was seen to make tables of its own."""

    fetch_size: int | None = None
    """Rows fetched at once when they go to another connection; None for what suits the driver."""
    batch_size: int | None = None
    """Rows sent at once when they come from another connection."""

    def __init__(self, raw: Any, connection: ConnectionSpec) -> None:
        self._raw = raw
        self._connection = connection
        self._in_transaction = False
        self._moved: OnRows = ignore_rows

    # ------------------------------------------------------------ what an engine must say

    @abstractmethod
    def vendor_error(self, exc: Exception) -> VendorError | None:
        """Return what the driver's error means, without values of rows; None when it is not one of the driver's."""

    @abstractmethod
    def arrow_column(self, name: str, type_text: str) -> ArrowColumn:
        """Return how a column of that type travels to another connection."""

    @abstractmethod
    def column_type(self, column: IncomingColumn) -> str:
        """Return the engine's type for a column that comes from another connection."""

    @abstractmethod
    def columns_of(self, table: str) -> dict[str, str] | None:
        """Return column name → type of the quoted table or view; None when it does not exist."""

    @abstractmethod
    def columns_of_query(self, sql: str) -> dict[str, str]:
        """Return column name → type of what a query would answer, without running it."""

    @abstractmethod
    def interrupt(self) -> None:
        """Stop the running statement in the database itself."""

    @abstractmethod
    def quote(self, name: str) -> str:
        """Return the quoted name."""

    # ------------------------------------------------------------ what an engine may change

    def reading_cursor(self) -> Any:
        """Return a cursor whose rows stay in the database until they are fetched."""
        return self._raw.cursor()

    def prepare_fetching(self, cursor: Any, rows: int) -> None:
        """The cursor, which has run nothing yet, will ask the database for so many rows in one go."""
        cursor.arraysize = rows

    def begin(self) -> None:
        self._raw.autocommit = False

    def commit(self) -> None:
        self._raw.commit()

    def roll_back(self) -> None:
        self._raw.rollback()

    def end_transaction(self) -> None:
        """Statements are committed one by one again; called also when the connection is lost."""
        self._raw.autocommit = True

    def plain_value(self, value: Any, column: IncomingColumn) -> Any:
        """Return a value as the driver takes it for a column of that neutral type."""
        return value

    def insert_rows(
        self, table: str, columns: Sequence[IncomingColumn], blocks: Iterator[list[tuple[Any, ...]]]
    ) -> None:
        names = ", ".join(self.quote(column.name) for column in columns)
        marks = ", ".join([self.parameter] * len(columns))
        with closing(self.writing_cursor()) as cursor:
            for block in blocks:
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", block)

    def writing_cursor(self) -> Any:
        return self._raw.cursor()

    def load_file(self, table: str, columns: Sequence[IncomingColumn], path: Path) -> None:
        """The rows of an Arrow stream file stand in the table, which has those columns."""
        self.insert_rows(table, columns, self._plain_blocks(path, columns))

    def drop_statement(self, table: str) -> str:
        return f"DROP TABLE IF EXISTS {table}"

    def run_call(self, call: Callable[[], T]) -> T:
        """Return what a call of the driver returns; a signal stops it."""
        return run_interruptible(call, self.interrupt)

    # ------------------------------------------------------------ the session

    def execute(self, sql: str) -> int | None:
        check_one_statement(sql, self.sqlglot)
        return self.guard(lambda: self._execute(sql))

    def execute_author_sql(self, sql: str) -> int | None:
        check_author_sql(sql, self.sqlglot, self.author_rules)
        return self.execute(sql)

    def fetch_number(self, sql: str) -> int:
        _, rows = self.fetch_rows(sql)
        return int(rows[0][0] or 0) if rows else 0

    def fetch_rows(self, sql: str, limit: int | None = None) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        check_one_statement(sql, self.sqlglot)
        return self.guard(lambda: self.fetch(sql, limit))

    def fetch(self, sql: str, limit: int | None) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        with closing(self._raw.cursor() if limit is None else self.reading_cursor()) as cursor:
            cursor.execute(sql)
            rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit)
            return tuple(column[0] for column in cursor.description or ()), [tuple(row) for row in rows]

    def export_rows(self, sql: str, path: Path) -> None:
        columns = self.arrow_columns(sql)
        query = self.export_query(sql, columns)

        def export() -> None:
            # Closed at once, also when a value cannot travel: the next statement needs the connection.
            with closing(self._blocks(query)) as blocks:
                write_rows(columns, blocks, path)

        self.guard(export)

    def arrow_columns(self, sql: str) -> list[ArrowColumn]:
        return [self.arrow_column(name, text) for name, text in self.columns_of_query(sql).items()]

    def arrow_type(self, name: str, type_text: str) -> Any | None:
        return self.arrow_column(name, type_text).type if type_text else None

    def export_query(self, sql: str, columns: Sequence[ArrowColumn]) -> str:
        """Return the query whose driver values `arrow_column` expects."""
        return sql

    def import_rows(self, table: str, path: Path) -> None:
        columns = incoming_columns(path)
        listed = ", ".join(f"{self.quote(column.name)} {self.column_type(column)}" for column in columns)
        with self.transaction():
            self.execute(self.drop_statement(table))
            self.execute(f"CREATE TABLE {table} ({listed})")
            self.guard(lambda: self.load_file(table, columns, path))

    def import_temporary(self, table: str, path: Path) -> None:
        if not self.makes_temporary:
            raise AuthorError(
                "DF-CONN-020",
                f"rows of another connection cannot be lent to {self.engine}, which is only read from here",
                hint="Look at the nodes on the other connection, or run the pipeline.",
            )
        columns = incoming_columns(path)
        listed = ", ".join(f"{self.quote(column.name)} {self.column_type(column)}" for column in columns)
        with self.making_temporary():
            self.execute(f"CREATE TEMPORARY TABLE {table} ({listed})")
            self.guard(lambda: self.load_file(table, columns, path))

    def make_temporary(self, statements: Sequence[str]) -> bool:
        if not self.makes_temporary:
            return False
        with self.making_temporary():
            for sql in statements:
                self.execute(sql)
        return True

    @contextmanager
    def making_temporary(self) -> Iterator[None]:
        """A read-only session may make tables of its own inside, where the engine counts that as writing."""
        yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.guard(self.begin)
        self._in_transaction = True
        try:
            yield
            self.guard(self.commit)
        except BaseException:
            self._undo()
            raise
        finally:
            self._in_transaction = False
            self._leave()

    def watch(self, on_rows: OnRows) -> None:
        self._moved = on_rows

    def close(self) -> None:
        """The connection is closed; what was not committed is rolled back by the database."""
        self._quietly(self._raw.close)

    def guard(self, call: Callable[[], T]) -> T:
        """Return what the call returns.

        Raises:
            EngineError: for the driver's; its own is not chained, as drivers put values of rows into their text.
        """
        try:
            return self.run_call(call)
        except Exception as exc:
            if (told := self.told(exc)) is None:
                raise
            raise told from None

    def told(self, exc: Exception) -> DataflowError | None:
        """Return our error for the driver's, None when it is not one of the driver's."""
        found = self.vendor_error(exc)
        return None if found is None else found.as_error(self.engine, self._connection.conn_id)

    def _execute(self, sql: str) -> int | None:
        with closing(self._raw.cursor()) as cursor:
            cursor.execute(sql)
            return self.affected_rows(cursor)

    def affected_rows(self, cursor: Any) -> int | None:
        """Return the count of a statement that changes rows; None for a query and DDL."""
        return cursor.rowcount if cursor.description is None and cursor.rowcount >= 0 else None

    def _blocks(self, sql: str) -> Generator[list[tuple[Any, ...]], None, None]:
        rows = self.rows_at_once
        with closing(self.reading_cursor()) as cursor:
            self.prepare_fetching(cursor, rows)
            cursor.execute(sql)
            while block := cursor.fetchmany(rows):
                yield block
                self._moved(len(block))

    @property
    def rows_at_once(self) -> int:
        return self.fetch_size or BATCH_ROWS

    def _plain_blocks(self, path: Path, columns: Sequence[IncomingColumn]) -> Iterator[list[tuple[Any, ...]]]:
        for block in incoming_rows(path, columns, self.batch_size or BATCH_ROWS):
            yield [
                tuple(
                    None if value is None else self.plain_value(value, column)
                    for value, column in zip(row, columns, strict=True)
                )
                for row in block
            ]
            self._moved(len(block))

    def _undo(self) -> None:
        """The first error is the one to tell; a lost connection has been rolled back by the database."""
        self._quietly(self.roll_back)

    def _leave(self) -> None:
        self._quietly(self.end_transaction)

    def _quietly(self, call: Callable[[], None]) -> None:
        try:
            self.run_call(call)
        except Exception as exc:
            found = self.vendor_error(exc)
            if found is None:
                raise
            logger.debug("%s after a transaction: %s %s", self.engine, found.code, found.text)


S = TypeVar("S", bound=DbApiSession)


def _network_error(exc: Exception) -> VendorError | None:
    """Return what an error of the network means that a driver lets through; None for any other."""
    if not isinstance(exc, OSError):
        return None
    text = " ".join(str(exc.strerror or exc).split())
    return VendorError(Kind.UNREACHABLE, type(exc).__name__, text)


class DbApiConnector(JDBCConnectorBase[S]):
    """An engine that is reached by one of Airflow's hooks."""

    node_settings: ClassVar[frozenset[str]] = frozenset()
    """What a node's `session` may set; all else could weaken the fences or change what SQL means."""
    login_limit_s: ClassVar[float] = 60.0
    """How long a login may take: most drivers wait without end for a server that takes a call and says nothing."""

    @abstractmethod
    def do_connect(self, connection: ConnectionSpec, options: SessionOptions) -> S:
        """Return a session on a new connection, in UTC, read-only when asked to; the driver's errors may come out."""

    @abstractmethod
    def connect_error(self, exc: Exception) -> VendorError | None:
        """Return what an error of `do_connect` means; None when it is not one of the driver's."""

    def address(self, connection: ConnectionSpec) -> str:
        """Return where the connection leads, for people who look for what is wrong with it."""
        return ":".join(str(part) for part in (connection.host or "localhost", connection.port) if part)

    def apply_settings(self, session: S, settings: Mapping[str, Scalar]) -> None:
        """Make the node's settings; their names have been checked."""

    def connect(self, connection: ConnectionSpec, options: SessionOptions) -> S:
        """Return a session.

        Raises:
            AuthorError: for settings a node may not make, and for a missing driver.
            TransientError: when the database cannot be reached.
            TerminalError: when it refuses the login.
        """
        self.check_settings(options.settings)
        session = self._connected(connection, options)
        session.fetch_size, session.batch_size = options.fetch_size, options.batch_size
        try:
            session.guard(lambda: self.apply_settings(session, options.settings))
        except BaseException:
            session.close()
            raise
        return session

    def disconnect(self, session: S) -> None:
        session.close()

    def check_settings(self, settings: Mapping[str, Scalar]) -> None:
        for name in settings:
            if name.lower() not in self.node_settings:
                allowed = ", ".join(f"`{known}`" for known in sorted(self.node_settings)) or "none"
                raise AuthorError(
                    "DF-CONN-004", f"`session.{name}` cannot be set on `{self.name}`; allowed are {allowed}"
                )

    def _connected(self, connection: ConnectionSpec, options: SessionOptions) -> S:
        try:
            return call_within(
                self.login_limit_s, lambda: self.do_connect(connection, options), lambda late: late.close()
            )
        except DataflowError:
            raise
        except Exception as exc:
            found = self.connect_error(exc) or _network_error(exc)
            if found is None:
                raise
            if found.kind in (Kind.LOST, Kind.UNREACHABLE):  # Nothing was held yet that could be lost.
                found = tls_error(exc) or replace(found, kind=Kind.UNREACHABLE)
                if (where := self.address(connection)) not in found.text:
                    found = replace(found, text=f"{where}: {found.text}")
            found = replace(found, text=without_secrets(found.text, connection, self.manifest.fields))
            raise found.as_error(self.name, connection.conn_id) from None
