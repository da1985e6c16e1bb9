"""Stage tables that nobody will come back for: found in the registers of connections, and dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dataflow_provider.connectors.base import SessionOptions, SqlSession
from dataflow_provider.connectors.connections import Connections
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import REGISTRY, get_connector
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.errors import AuthorError, DataflowError
from dataflow_provider.execution.stage_tables import RegisteredTable, StageRegister, utc_text
from dataflow_provider.settings import Settings


def retention() -> timedelta:
    """Return how long stage tables are kept when nobody says otherwise."""
    return timedelta(days=Settings.load().stage_retention_days)


@dataclass(frozen=True)
class Wanted:
    """Which tables may go: those made up to a second, or those of one run; of some pipelines only when named."""

    before: datetime | None
    run_id: str | None = None
    pipelines: frozenset[tuple[str, str]] | None = None
    """Pipeline id and workspace; every environment of a workspace is meant."""

    def includes(self, table: RegisteredTable) -> bool:
        place = (table.pipeline, table.workspace.partition("/")[0])
        return (
            (self.pipelines is None or place in self.pipelines)
            and (self.run_id is None or table.run_id == self.run_id)
            and (self.before is None or table.created_at <= utc_text(self.before.astimezone(UTC)))
        )


@dataclass(frozen=True)
class CleanedTable:
    """A stage table of one connection, and whether it is gone; `error` says why not."""

    connection: str
    table: RegisteredTable
    state: str
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"connection": self.connection, **asdict(self.table), "state": self.state, "error": self.error}


def clean_stage_tables(
    conn_ids: Iterable[str],
    wanted: Wanted,
    connections: Connections,
    *,
    dry_run: bool = False,
    is_needed: Callable[[RegisteredTable], bool] = lambda table: False,
    on_table: Callable[[CleanedTable], None] = lambda table: None,
) -> list[CleanedTable]:
    """Drop what is wanted on each connection, or only list it (`state` is dropped, listed or kept).

    Tables that are not in the register are never touched, whatever they are called. One that somebody uses is kept, and
    one that `is_needed` is passed over.

    Raises:
        DataflowError: when a connection cannot be opened.
    """
    done: list[CleanedTable] = []
    for conn_id in conn_ids:
        with _session(conn_id, connections, read_only=dry_run) as (session, dialect):
            register = StageRegister(session, get_dialect(dialect))
            for table in register.tables():
                if wanted.includes(table) and not is_needed(table):
                    done.append(_cleaned(conn_id, register, table, dry_run=dry_run))
                    on_table(done[-1])
    return done


def _cleaned(conn_id: str, register: StageRegister, table: RegisteredTable, *, dry_run: bool) -> CleanedTable:
    if dry_run:
        return CleanedTable(conn_id, table, "listed")
    try:
        register.drop((table.table,))
    except DataflowError as error:
        return CleanedTable(conn_id, table, "kept", error.message)
    return CleanedTable(conn_id, table, "dropped")


@contextmanager
def _session(conn_id: str, connections: Connections, *, read_only: bool) -> Iterator[tuple[SqlSession, str]]:
    connection = connections.get(conn_id)
    found = REGISTRY.of_connection_type(connection.conn_type)
    if found is None or not found.dialect:
        raise AuthorError(
            "DF-RUN-064",
            f"connection `{conn_id}` is of type `{connection.conn_type}`, where no stage table can be",
            hint="Name a connection of a database.",
        )
    options = SessionOptions(
        holder=Holder("clean", "stage_tables"),
        read_only=read_only,
        lock_timeout_s=Settings.load().warehouse_lock_timeout_s,
    )
    with get_connector(found.name).open(connection, options) as session:
        yield session, found.dialect
