"""Sessions on SQLite files by Airflow's SqliteHook: one writer at a time, waited for visibly, and no other file.

A column has the type it was declared with; what a query computes has none (""), and its values decide.
"""

from __future__ import annotations

import hashlib
import math
import re
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from datetime import time as clock_time
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import pyarrow

from dataflow_provider.connectors.arrow_rows import ArrowColumn, IncomingColumn, inexact, split_type
from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import MEMORY, ConnectionSpec
from dataflow_provider.connectors.database_folder import make_database_folder
from dataflow_provider.connectors.dbapi import DbApiConnector, DbApiSession
from dataflow_provider.connectors.engine_errors import Kind, VendorError
from dataflow_provider.connectors.hook_connection import build_hook
from dataflow_provider.connectors.interruptible import OneThread
from dataflow_provider.connectors.lock import Waiting
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.dialects.sqlite import SQLITE
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.nodes import Scalar

T = TypeVar("T")

HOOK = "airflow.providers.sqlite.hooks.sqlite:SqliteHook"
RETRY_S = 0.05
SIGNIFICANT_DIGITS = 15
"""What a REAL holds of a decimal number."""
MAX_INTEGER = 2**63

_KINDS: Mapping[str, Kind] = {
    "SQLITE_BUSY": Kind.BUSY,
    "SQLITE_LOCKED": Kind.BUSY,
    "SQLITE_CONSTRAINT": Kind.CONSTRAINT,
    "SQLITE_MISMATCH": Kind.CONVERSION,
    "SQLITE_TOOBIG": Kind.RANGE,
    "SQLITE_READONLY": Kind.RIGHTS,
    "SQLITE_PERM": Kind.RIGHTS,
    "SQLITE_AUTH": Kind.RIGHTS,
    "SQLITE_NOMEM": Kind.MEMORY,
    "SQLITE_INTERRUPT": Kind.INTERRUPTED,
    "SQLITE_FULL": Kind.DISK,
    "SQLITE_SCHEMA": Kind.CONFLICT,
    "SQLITE_CANTOPEN": Kind.UNREACHABLE,
    "SQLITE_NOTADB": Kind.SETUP,
}
_MISSING = re.compile(r"^no such |has no column|ambiguous column|wrong number of arguments|^no tables")
_SYNTAX = re.compile(r"syntax error|incomplete input|unrecognized token")

_ARROW: Mapping[str, Any] = {
    "boolean": pyarrow.bool_(),
    "bool": pyarrow.bool_(),
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "integer", "bigint"), pyarrow.int64()),
    **dict.fromkeys(("real", "double", "double precision", "float"), pyarrow.float64()),
    **dict.fromkeys(("text", "varchar", "char", "character", "nvarchar", "nchar", "clob", "uuid"), pyarrow.string()),
    "json": pyarrow.json_(),
    "blob": pyarrow.binary(),
    "date": pyarrow.date32(),
    "time": pyarrow.time64("us"),
    "timestamp": pyarrow.timestamp("us"),
    "datetime": pyarrow.timestamp("us"),
    "timestamptz": pyarrow.timestamp("us", "UTC"),
}
_TYPES: Mapping[str, str] = {"VARCHAR": "TEXT", "UUID": "TEXT", "JSON": "JSON"}


class SqliteSession(DbApiSession):
    """One connection to a SQLite file, in a thread of its own: SQLite's connections stay where they were opened."""

    engine = "SQLite"
    sqlglot = "sqlite"
    parameter = "?"
    makes_temporary = True
    author_rules = SQLITE.author_rules

    def __init__(
        self, raw: sqlite3.Connection, connection: ConnectionSpec, options: SessionOptions, thread: OneThread
    ) -> None:
        super().__init__(raw, connection)
        self._options = options
        self._thread = thread

    def vendor_error(self, exc: Exception) -> VendorError | None:
        return _vendor_error(exc)

    def quote(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def columns_of(self, table: str) -> dict[str, str] | None:
        schema, name = _name_parts(table)

        def look() -> dict[str, str] | None:
            sql = "SELECT name, type FROM pragma_table_xinfo(?, ?) WHERE hidden <> 1"
            with closing(self._raw.cursor()) as cursor:
                return dict(cursor.execute(sql, (name, schema)).fetchall()) or None

        return self.guard(look)

    def columns_of_query(self, sql: str) -> dict[str, str]:
        """Return the declared types of the columns a query hands through; a computed column has the type ""."""
        view = self.quote("_df_described")

        def describe() -> dict[str, str]:
            with closing(self._raw.cursor()) as cursor:
                cursor.execute(f"DROP VIEW IF EXISTS temp.{view}")
                cursor.execute(f"CREATE TEMP VIEW {view} AS {sql}")
                try:
                    return dict(cursor.execute("SELECT name, type FROM pragma_table_xinfo('_df_described')").fetchall())
                finally:
                    cursor.execute(f"DROP VIEW temp.{view}")

        return self.guard(describe)

    def set_pragma(self, name: str, value: Scalar) -> None:
        text = str(int(value)) if isinstance(value, bool) else str(value)
        if not re.fullmatch(r"-?\w+", text):
            raise AuthorError(
                "DF-CONN-004", f"`session.{name}` cannot be `{text}` on `sqlite`; write a number or a word"
            )
        self.guard(lambda: self._raw.execute(f"PRAGMA {name} = {text}"))

    def interrupt(self) -> None:
        self._raw.interrupt()

    def begin(self) -> None:
        self._raw.execute("BEGIN" if self._options.read_only else "BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._raw.execute("COMMIT")

    def roll_back(self) -> None:
        if self._raw.in_transaction:
            self._raw.execute("ROLLBACK")

    def end_transaction(self) -> None:
        """Nothing to do: SQLite commits by itself outside BEGIN and COMMIT."""

    def run_call(self, call: Callable[[], T]) -> T:
        """A busy file is waited for, as nothing was done yet; a signal stops the statement first."""
        waiting = Waiting(str(self._connection.host), self._options.lock_timeout_s, lambda: None)
        while True:
            try:
                return self._thread.call(call, self.interrupt)
            except sqlite3.OperationalError as exc:
                if not exc.sqlite_errorname.startswith("SQLITE_BUSY"):
                    raise
            waiting.report()
            time.sleep(RETRY_S)

    def close(self) -> None:
        super().close()
        self._thread.close()

    # ------------------------------------------------------------ rows to and from other connections

    def arrow_columns(self, sql: str) -> list[ArrowColumn]:
        columns = self.columns_of_query(sql)
        unknown = [name for name, text in columns.items() if not _is_declared(*split_type(text))]
        found = self._stored_types(sql, unknown) if unknown else {}
        return [
            ArrowColumn(name, found[name]) if name in found else self.arrow_column(name, text)
            for name, text in columns.items()
        ]

    def _stored_types(self, sql: str, names: Sequence[str]) -> dict[str, Any]:
        """Return the Arrow type of columns without a declared one, from how their values are stored."""
        listed = ", ".join(f"group_concat(DISTINCT typeof({self.quote(name)}))" for name in names)
        _, rows = self.fetch_rows(f"SELECT {listed} FROM (\n{sql}\n)")
        return {name: _of_stored(name, stored or "") for name, stored in zip(names, rows[0], strict=True)}

    def arrow_type(self, name: str, type_text: str) -> Any | None:
        return super().arrow_type(name, type_text) if _is_declared(*split_type(type_text)) else None

    def arrow_column(self, name: str, type_text: str) -> ArrowColumn:
        kind, numbers = split_type(type_text)
        if kind in ("decimal", "numeric") and numbers:
            precision, scale = (*numbers, 0)[:2]
            return ArrowColumn(name, pyarrow.decimal128(precision, scale), _decimal_reader(scale))
        type_ = _ARROW.get(kind, pyarrow.string())
        return ArrowColumn(name, type_, _READERS.get(kind))

    def column_type(self, column: IncomingColumn) -> str:
        if column.type == "DECIMAL":
            return f"DECIMAL({column.numbers[0]}, {column.numbers[1]})"
        return _TYPES.get(column.type, column.type)

    def plain_value(self, value: Any, column: IncomingColumn) -> Any:
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            return _stored_number(value, column)
        if isinstance(value, datetime) and value.tzinfo is not None:
            value = value.astimezone(UTC)
        if isinstance(value, datetime):
            return value.isoformat(" ")
        if isinstance(value, date | clock_time):
            return value.isoformat()
        if isinstance(value, float) and math.isnan(value):
            # SQLite would store a NULL.
            raise inexact(column.name, "a number of SQLite")
        return value


class SqliteConnector(DbApiConnector[SqliteSession]):
    """SQLite 3.35 and later."""

    manifest = BUILT_IN["sqlite"]
    node_settings = frozenset({"automatic_index", "cache_size", "cache_spill", "mmap_size", "temp_store", "threads"})

    def do_connect(self, connection: ConnectionSpec, options: SessionOptions) -> SqliteSession:
        database = database_file(connection)
        make_database_folder(database)
        read_only = options.read_only and database.exists()
        thread = OneThread("dataflow-sqlite")
        try:
            raw = thread.call(lambda: _open(connection, database, read_only=read_only), lambda: None)
        except BaseException:
            thread.close()
            raise
        return SqliteSession(raw, connection, options, thread)

    def connect_error(self, exc: Exception) -> VendorError | None:
        return _vendor_error(exc)

    def apply_settings(self, session: SqliteSession, settings: Mapping[str, Scalar]) -> None:
        for name, value in settings.items():
            session.set_pragma(name.lower(), value)


def database_file(connection: ConnectionSpec) -> Path:
    """Return the file of a connection; `sqlite:///data/x.sqlite` means the absolute path.

    Raises:
        AuthorError: when it names none; rows in `:memory:` would be gone with the session that wrote them.
    """
    if connection.host and connection.host != MEMORY:
        return Path(connection.host).expanduser().absolute()
    if connection.schema and not connection.host:
        return Path(f"/{connection.schema.removeprefix('/')}")
    raise AuthorError(
        "DF-CONN-006",
        f"connection `{connection.conn_id}` names no database file",
        hint="Give its path as `host`, such as `/data/warehouse.sqlite`.",
    )


def _open(connection: ConnectionSpec, database: Path, *, read_only: bool) -> sqlite3.Connection:
    # The hook hands the name to SQLite as a URI, so what has a meaning there is written as %XX.
    spec = ConnectionSpec(connection.conn_id, "sqlite", host=quote(str(database)))
    hook = build_hook(HOOK, spec, package="sqlite", extra={"mode": "ro" if read_only else "rwc"})
    raw: sqlite3.Connection = hook.get_conn()
    raw.isolation_level = None
    raw.execute("PRAGMA busy_timeout = 0")
    raw.execute("PRAGMA foreign_keys = ON")
    # The dialect's guards around casts ask it; SQLite has the operator, and leaves the function to programs.
    raw.create_function("regexp", 2, _regexp, deterministic=True)
    raw.create_function("df_md5", 1, _md5, deterministic=True)
    raw.set_authorizer(_authorize)
    return raw


def _md5(text: str) -> str:
    """Return the hash by which a sample with a seed chooses rows."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _regexp(pattern: str | None, text: object) -> int | None:
    if pattern is None or text is None:
        return None
    return int(re.search(pattern, str(text)) is not None)


def _authorize(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
    """No SQL may open another file or load code."""
    loads = action == sqlite3.SQLITE_FUNCTION and (second or "").lower() == "load_extension"
    closed = (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_CREATE_VTABLE)
    return sqlite3.SQLITE_DENY if loads or action in closed else sqlite3.SQLITE_OK


def _name_parts(table: str) -> tuple[str, str]:
    """Return schema and name of a quoted table, `main` where it has no schema.

    >>> _name_parts('"t""x"'), _name_parts('"temp"."t"')
    (('main', 't"x'), ('temp', 't'))
    """
    parts = [part.replace('""', '"') for part in re.findall(r'"((?:[^"]|"")*)"', table)]
    return (parts[0], parts[1]) if len(parts) == 2 else ("main", parts[0] if parts else table)


def _vendor_error(exc: Exception) -> VendorError | None:
    if not isinstance(exc, sqlite3.Error):
        return None
    text, name = " ".join(str(exc).split()), getattr(exc, "sqlite_errorname", "")
    kind = next((kind for prefix, kind in _KINDS.items() if name.startswith(prefix)), Kind.REFUSED)
    if kind is Kind.REFUSED and _MISSING.search(text):
        kind = Kind.MISSING
    elif kind is Kind.REFUSED and _SYNTAX.search(text):
        kind = Kind.SYNTAX
    return VendorError(kind, name, text)


# ---------------------------------------------------------------- values


def _is_declared(kind: str, numbers: tuple[int, ...]) -> bool:
    return kind in _ARROW or (kind in ("decimal", "numeric") and bool(numbers))


def _of_stored(name: str, stored: str) -> Any:
    kinds = frozenset(stored.split(",")) - {"null", ""}
    try:
        return _STORED[kinds]
    except KeyError:
        raise inexact(name, f"one type ({', '.join(sorted(kinds))} are stored)") from None


_STORED: Mapping[frozenset[str], Any] = {
    frozenset(): pyarrow.string(),
    frozenset({"integer"}): pyarrow.int64(),
    frozenset({"real"}): pyarrow.float64(),
    frozenset({"integer", "real"}): pyarrow.float64(),
    frozenset({"text"}): pyarrow.string(),
    frozenset({"blob"}): pyarrow.binary(),
}


def _decimal_reader(scale: int) -> Callable[[Any], Decimal]:
    def read(value: Any) -> Decimal:
        number = _of_real(value) if isinstance(value, float) else Decimal(value)
        if number != round(number, scale):
            raise ValueError(value)
        return number

    return read


def _of_real(value: float) -> Decimal:
    return Decimal(f"{value:.{SIGNIFICANT_DIGITS}g}")


def _stored_number(value: Decimal | int, column: IncomingColumn) -> int | float:
    """Return the number as SQLite stores it: a whole one of 64 bits, else a REAL when that holds all its digits."""
    whole = int(value)
    if whole == value and -MAX_INTEGER <= whole < MAX_INTEGER:
        return whole
    real = float(value)
    if _of_real(real) != value:
        raise inexact(column.name, "a number of SQLite")
    return real


def _as_bool(value: Any) -> bool:
    if value not in (0, 1):
        raise ValueError(value)
    return bool(value)


def _as_moment(value: str) -> datetime:
    return datetime.fromisoformat(value)


def _as_utc(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "boolean": _as_bool,
    "bool": _as_bool,
    "date": date.fromisoformat,
    "time": clock_time.fromisoformat,
    "timestamp": _as_moment,
    "datetime": _as_moment,
    "timestamptz": _as_utc,
}
