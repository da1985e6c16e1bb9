"""The rows of a stage table on their way to another connection.

They wait in an Arrow file, or go straight from the one session into the other where both are of one engine that has a
form of its own for that.
"""

from __future__ import annotations

import errno
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dataflow_provider.connectors.arrow_tables import count_rows
from dataflow_provider.connectors.base import RelaySession, SqlSession, ignore_rows
from dataflow_provider.connectors.interruptible import run_interruptible
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.errors import InternalError, TransientError
from dataflow_provider.transfer.meter import Meter, Moved
from dataflow_provider.transfer.parts import KeptParts, Reopen, Split, export_parts


class Handed(Protocol):
    """Rows that wait to be taken over."""

    def put(self, session: SqlSession, table: str) -> Moved:
        """The quoted table is built anew from the rows; on failure it is as it was."""


@dataclass(frozen=True)
class Source:
    """A quoted table in an open session, and how another session on its connection is opened.

    same_engine: the rows go to another connection of the same engine
    split:       how it is read in parts, None for one read; never for an engine whose sessions wait for each other
    kept:        where parts wait for another try; None: a new try reads all of them
    """

    session: SqlSession
    reopen: Reopen
    dialect: SqlDialect
    table: str
    same_engine: bool
    split: Split | None = None
    kept: KeptParts | None = None


def hand_over(source: Source, path: Path) -> Handed:
    """Return the rows of the table, read into the file unless they can be relayed when they are taken over."""
    if source.same_engine and isinstance(source.session, RelaySession):
        return RelayedRows(source.reopen, source.table)
    session, split, table = source.session, source.split, source.table
    expected = session.fetch_number(f"SELECT COUNT(*) FROM {table}")
    meter = Meter("read", table, expected, lambda: _size_of(path, source.kept))
    session.watch(meter.add)
    with _room_in(path.parent):
        if split is not None and split.column in (session.columns_of(table) or {}):
            export_parts(session, source.reopen, source.dialect, table, split, path, meter.add, source.kept)
        else:
            session.export_rows(f"SELECT * FROM {table}", path)
    session.watch(ignore_rows)
    rows = count_rows(path)
    if rows != expected:
        raise InternalError("DF-RUN-028", f"{rows} rows of {table} have left it, and {expected} stand in it")
    return FileRows(path, meter.end(rows))


@contextmanager
def _room_in(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise TransientError(
            "DF-RUN-021",
            f"the disk of the worker is full, where rows on their way wait: `{folder.parent}`",
            hint="Free some space there, or give it a folder with more room by `TMPDIR`.",
        ) from exc


def _size_of(path: Path, kept: KeptParts | None) -> int:
    """Return the bytes of a file, or of the parts that wait to be joined to it."""
    found = 0
    waiting = () if kept is None or path.exists() else kept.root.glob(f"*/{path.stem}.*")
    for one in (*path.parent.glob(f"{path.stem}.*"), *waiting):
        with suppress(FileNotFoundError):
            found += one.stat().st_size
    return found


@dataclass(frozen=True)
class FileRows:
    """Rows in an Arrow stream file, and what it took to read them."""

    path: Path
    read: Moved

    def put(self, session: SqlSession, table: str) -> Moved:
        meter = Meter("written", table, self.read.rows, lambda: self.read.size_bytes)
        session.watch(meter.add)
        with _room_in(self.path.parent):
            session.import_rows(table, self.path)
        session.watch(ignore_rows)
        written = meter.end(self.read.rows)
        return Moved(written.rows, written.size_bytes, round(self.read.seconds + written.seconds, 3))


@dataclass(frozen=True)
class RelayedRows:
    """Rows that stay where they are until the other side takes them, block by block and by way of no file."""

    reopen: Reopen
    table: str

    def put(self, session: SqlSession, table: str) -> Moved:
        query = f"SELECT * FROM {self.table}"
        with self.reopen() as source:
            if not (isinstance(source, RelaySession) and isinstance(session, RelaySession)):
                raise InternalError("DF-RUN-026", "rows were to be relayed between sessions that cannot do that")

            expected, size = source.fetch_number(f"SELECT COUNT(*) FROM {self.table}"), Size()
            meter = Meter("relayed", table, expected, lambda: size.size_bytes)
            source.watch(meter.add)

            def relay() -> Moved:
                columns = source.relayed_columns(query)
                with closing(size.counted(source.relay_out(query))) as blocks:
                    rows = session.relay_in(table, columns, blocks)
                return meter.end(rows)

            def stop() -> None:
                # Either may be the one that is waited for.
                source.interrupt()
                session.interrupt()

            return run_interruptible(relay, stop)


@dataclass
class Size:
    """Counts the bytes that pass."""

    size_bytes: int = 0

    def counted(self, blocks: Generator[bytes | bytearray, None, None]) -> Generator[bytes | bytearray, None, None]:
        with closing(blocks):
            for block in blocks:
                self.size_bytes += len(block)
                yield block
