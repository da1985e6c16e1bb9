"""The rows of a stage table on their way to another connection.

They wait in an Arrow file, or go straight from the one session into the other where both are of one engine that has a
form of its own for that.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dataflow_provider.connectors.base import RelaySession, SqlSession
from dataflow_provider.connectors.interruptible import run_interruptible
from dataflow_provider.errors import InternalError

Reopen = Callable[[], AbstractContextManager[SqlSession]]


class Handed(Protocol):
    """Rows that wait to be taken over."""

    def put(self, session: SqlSession, table: str) -> None:
        """The quoted table is built anew from the rows; on failure it is as it was."""


def hand_over(session: SqlSession, table: str, path: Path, same_engine: Reopen | None) -> Handed:
    """Return the rows of a quoted table, read into the file unless they can be relayed when they are taken over.

    `same_engine` opens the session again; None when the rows go to another engine.
    """
    query = f"SELECT * FROM {table}"
    if same_engine is not None and isinstance(session, RelaySession):
        return RelayedRows(same_engine, query)
    session.export_rows(query, path)
    return FileRows(path)


@dataclass(frozen=True)
class FileRows:
    """Rows in an Arrow stream file."""

    path: Path

    def put(self, session: SqlSession, table: str) -> None:
        session.import_rows(table, self.path)


@dataclass(frozen=True)
class RelayedRows:
    """Rows that stay where they are until the other side takes them, block by block and by way of no file."""

    source: Reopen
    query: str

    def put(self, session: SqlSession, table: str) -> None:
        with self.source() as source:
            if not (isinstance(source, RelaySession) and isinstance(session, RelaySession)):
                raise InternalError("DF-RUN-026", "a relay between sessions that cannot relay")

            def relay() -> int:
                columns = source.relayed_columns(self.query)
                with closing(source.relay_out(self.query)) as blocks:
                    return session.relay_in(table, columns, blocks)

            def stop() -> None:
                # Either may be the one that is waited for.
                source.interrupt()
                session.interrupt()

            run_interruptible(relay, stop)
