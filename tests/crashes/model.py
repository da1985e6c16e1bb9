"""A database of one target, small enough to be sure of: what a statement does, when it is kept, who sees it.

Statements run in DuckDB's words, so rows are real; the model adds what makes engines differ: which statements commit
what is open, and whether statements can share a transaction at all. The execution room publishes through it as through
a session. A client that dies never sends its statement, and what it has not committed is gone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

Translate = Callable[[str], Iterable[str]]
TABLE = 'MART."Usage"'
KINDS = {"Key": "INTEGER", "group": "VARCHAR", "at": "TIMESTAMP", "_run_id": "VARCHAR"}
_SCHEMA = re.compile(r"(CREATE SCHEMA|IF SCHEMA_ID|DO BEGIN)", re.IGNORECASE)
_TABLE = re.compile(r"(CREATE \w*\s?\w*\s?TABLE|IF OBJECT_ID|SELECT s\.\*.* INTO )", re.IGNORECASE)
_COLUMN = re.compile(r"ALTER TABLE \S+ ADD (?:COLUMNS? )?\(?[\"`\[](?P<name>\w+)")
_LOCK = re.compile(r"\s*(LOCK|LOCKING) TABLE|.*sp_getapplock", re.IGNORECASE)
_DDL = re.compile(
    r"\s*(CREATE|ALTER|DROP|TRUNCATE|RENAME|IF OBJECT_ID|IF SCHEMA_ID|DO BEGIN|SELECT s\.\*.* INTO)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Facts:
    """What an engine does to transactions, by its vendor's documentation.

    commits: the statements that commit what is open, before they run and themselves
    shares:  several statements may share a transaction; if not, each is one by itself
    """

    commits: re.Pattern[str] | None = None
    shares: bool = True


FACTS: Mapping[str, Facts] = {
    # "Each DDL statement executes as a separate transaction"; TRUNCATE belongs to the open one.
    "snowflake": Facts(re.compile(r"\s*(CREATE|ALTER|DROP)\b", re.IGNORECASE)),
    # Each statement is one commit in the log of one table.
    "databricks": Facts(shares=False),
    # A DDL statement must be the last of its transaction.
    "teradata": Facts(_DDL),
    "teradata_merge": Facts(_DDL),
    # DDL and TRUNCATE belong to the transaction.
    "sqlserver": Facts(),
    # "Oracle Database issues an implicit COMMIT before and after every DDL statement"; TRUNCATE is one.
    "oracle": Facts(_DDL),
    # DDL in a transaction is an error unless the database allows it; the model takes the worse.
    "sybase": Facts(_DDL),
    # "DDL statements … auto-commit", whatever the session's mode.
    "saphana": Facts(_DDL),
}


class Crashed(BaseException):
    """The client is gone; nobody handles that."""


class ModelSession:
    """A session on the model, as the execution room uses one; `types` are the engine's words for the columns.

    `crash_at` is the number of the statement, from 0, that the client dies before.
    """

    def __init__(
        self,
        raw: duckdb.DuckDBPyConnection,
        facts: Facts,
        translate: Translate,
        types: Mapping[str, str],
        watch: Callable[[], None],
        crash_at: int | None = None,
    ) -> None:
        self._raw, self._facts, self._translate, self._types = raw, facts, translate, types
        self._watch, self._crash_at = watch, crash_at
        self._open = False
        self._news = True
        self.sent: list[str] = []

    # ------------------------------------------------------------ what the execution room calls

    def execute(self, sql: str) -> int | None:
        self._arrive(sql)
        if self._facts.commits is not None and self._facts.commits.match(sql):
            self._keep()
        if not self._facts.shares:
            self._keep()
        alone = not self._open
        if alone:
            self._raw.execute("BEGIN")
        for one in self._in_duckdb(sql):
            self._raw.execute(one)
        if alone:
            self._raw.execute("COMMIT")
            self._news = True
        return None

    execute_author_sql = execute

    def fetch_number(self, sql: str) -> int:
        self._arrive(sql)
        if _LOCK.match(sql):
            return 1
        row = self._raw.execute("; ".join(self._in_duckdb(sql))).fetchone()
        return 0 if row is None else int(row[0] or 0)

    def columns_of(self, table: str) -> dict[str, str] | None:
        try:
            found = self._raw.execute(f"DESCRIBE {TABLE}").fetchall()
        except duckdb.CatalogException:
            return None
        return {row[0]: self._types[row[0]] for row in found}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._arrive("BEGIN")
        self._raw.execute("BEGIN")
        self._open = True
        try:
            yield
            self._arrive("COMMIT")
            self._keep()
        finally:
            self.end()

    # ------------------------------------------------------------ the server

    def end(self) -> None:
        """The session is gone, and what it has not committed."""
        if self._open:
            self._raw.execute("ROLLBACK")
        self._open = False

    def _keep(self) -> None:
        if self._open:
            self._raw.execute("COMMIT")
            self._news = True
        self._open = False

    def _arrive(self, sql: str) -> None:
        if self._news:  # nobody sees anything else until something is committed
            self._watch()
            self._news = False
        if len(self.sent) == self._crash_at:
            raise Crashed
        self.sent.append(sql)

    def _in_duckdb(self, sql: str) -> Iterable[str]:
        if _LOCK.match(sql):
            return []
        if _SCHEMA.match(sql):
            return ["CREATE SCHEMA IF NOT EXISTS MART"]
        if _TABLE.match(sql):
            columns = ", ".join(f'"{name}" {kind}' for name, kind in KINDS.items() if name in sql or name != "_run_id")
            return [f"CREATE TABLE {TABLE} ({columns})"]
        if column := _COLUMN.match(sql):
            return [f'ALTER TABLE {TABLE} ADD COLUMN "{column["name"]}" {KINDS[column["name"]]}']
        return self._translate(sql)


def look(other: duckdb.DuckDBPyConnection, *, whole: bool = False) -> list[Any]:
    """Return what a session sees: the target's rows without the run-id column, and the hooks' table.

    With `whole` the run-id column is among them: two crashes that leave the same whole leave the same database.
    """
    log = [list(row) for row in other.execute("FROM log").fetchall()]
    try:
        result = other.execute(f"FROM {TABLE}")
    except duckdb.CatalogException:
        return [None, log]
    names = [column[0] for column in result.description or ()]
    shown = [at for at, name in enumerate(names) if whole or name != "_run_id"]
    rows = sorted(str([row[at] for at in shown]) for row in result.fetchall())
    return [rows, log, names] if whole else [rows, log]
