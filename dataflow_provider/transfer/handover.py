"""The rows of a stage table on their way to another connection.

They wait in an Arrow file, or go straight from the one session into the other where both are of one engine that has a
form of its own for that.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from dataflow_provider.connectors.base import RelaySession, SqlSession
from dataflow_provider.connectors.interruptible import run_interruptible
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.errors import InternalError
from dataflow_provider.transfer.parts import Reopen, Split, export_parts

logger = logging.getLogger(__name__)

TELL_EVERY_S = 10.0


class Handed(Protocol):
    """Rows that wait to be taken over."""

    def put(self, session: SqlSession, table: str) -> None:
        """The quoted table is built anew from the rows; on failure it is as it was."""


@dataclass(frozen=True)
class Source:
    """A quoted table in an open session, and how another session on its connection is opened.

    same_engine: the rows go to another connection of the same engine
    split:       how it is read in parts, None for one read; never for an engine whose sessions wait for each other
    """

    session: SqlSession
    reopen: Reopen
    dialect: SqlDialect
    table: str
    same_engine: bool
    split: Split | None = None


def hand_over(source: Source, path: Path) -> Handed:
    """Return the rows of the table, read into the file unless they can be relayed when they are taken over."""
    if source.same_engine and isinstance(source.session, RelaySession):
        return RelayedRows(source.reopen, source.table)
    meter = Meter("read", source.table)
    split = source.split
    if split is not None and split.column in (source.session.columns_of(source.table) or {}):
        export_parts(source.session, source.reopen, source.dialect, source.table, split, path)
    else:
        source.session.export_rows(f"SELECT * FROM {source.table}", path)
    meter.size_bytes = path.stat().st_size
    meter.tell()
    return FileRows(path)


@dataclass
class Meter:
    """Counts what has moved and tells it in the log: every ten seconds where it is fed on the way, and at the end."""

    what: str
    table: str
    size_bytes: int = 0
    started: float = field(default_factory=time.monotonic)
    _told: float = field(default_factory=time.monotonic)

    def add(self, size_bytes: int) -> None:
        self.size_bytes += size_bytes
        if time.monotonic() - self._told >= TELL_EVERY_S:
            self._told = time.monotonic()
            self.tell()

    def tell(self, rows: int | None = None) -> None:
        seconds = max(time.monotonic() - self.started, 0.001)
        counted = "" if rows is None else f"rows={rows} rows_per_second={rows / seconds:.0f} "
        logger.info(
            "%s table=%s %sbytes=%d megabytes_per_second=%.1f seconds=%.3f",
            self.what, self.table, counted, self.size_bytes, self.size_bytes / seconds / 1e6, seconds,
        )  # fmt: skip


@dataclass(frozen=True)
class FileRows:
    """Rows in an Arrow stream file."""

    path: Path

    def put(self, session: SqlSession, table: str) -> None:
        meter = Meter("written", table, self.path.stat().st_size)
        session.import_rows(table, self.path)
        meter.tell()


@dataclass(frozen=True)
class RelayedRows:
    """Rows that stay where they are until the other side takes them, block by block and by way of no file."""

    reopen: Reopen
    table: str

    def put(self, session: SqlSession, table: str) -> None:
        query = f"SELECT * FROM {self.table}"
        with self.reopen() as source:
            if not (isinstance(source, RelaySession) and isinstance(session, RelaySession)):
                raise InternalError("DF-RUN-026", "rows were to be relayed between sessions that cannot do that")

            def relay() -> None:
                columns = source.relayed_columns(query)
                meter = Meter("relayed", table)
                with closing(_metered(source.relay_out(query), meter)) as blocks:
                    rows = session.relay_in(table, columns, blocks)
                meter.tell(rows)

            def stop() -> None:
                # Either may be the one that is waited for.
                source.interrupt()
                session.interrupt()

            run_interruptible(relay, stop)


def _metered(
    blocks: Generator[bytes | bytearray, None, None], meter: Meter
) -> Generator[bytes | bytearray, None, None]:
    with closing(blocks):
        for block in blocks:
            meter.add(len(block))
            yield block
