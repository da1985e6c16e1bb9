"""What connectors are opened with and what is behind them: SQL sessions and stores of files, no driver named."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from dataflow_provider.connectors.lock import Holder
from dataflow_provider.spec.nodes import FileTarget, Scalar
from dataflow_provider.spec.project import Project

if TYPE_CHECKING:
    from dataflow_provider.connectors.arrow_rows import IncomingColumn

DEFAULT_LOCK_TIMEOUT_S = 600.0
OnRows = Callable[[int], None]
"""Told how many rows have moved since the last time; may be called in another thread."""


def ignore_rows(rows: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class SessionOptions:
    """How a session is opened.

    `file_roots` are the only folders its SQL may touch; `settings` are the node's session settings, set before the
    configuration is locked; `holder` is shown to others who wait for the same database. Of rows that go to or come
    from another connection `fetch_size` leave and `batch_size` enter the database at once; None is up to the session.
    """

    holder: Holder
    read_only: bool = False
    file_roots: tuple[Path, ...] = ()
    lock_timeout_s: float = DEFAULT_LOCK_TIMEOUT_S
    settings: Mapping[str, Scalar] = field(default_factory=lambda: MappingProxyType({}))
    fetch_size: int | None = None
    batch_size: int | None = None


class SqlSession(Protocol):
    """One open session. Errors come out as `TransientError` or `TerminalError`, never as the driver's."""

    def execute(self, sql: str) -> int | None:
        """Run one statement and return its affected rows, None when it reports none."""

    def execute_author_sql(self, sql: str) -> int | None:
        """Run one statement that the author wrote; statements that could leave the database are refused."""

    def fetch_number(self, sql: str) -> int:
        """Return the number a query of one row and one column answers; NULL is 0."""

    def fetch_rows(self, sql: str, limit: int | None = None) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Return the column names and at most `limit` rows."""

    def columns_of(self, table: str) -> dict[str, str] | None:
        """Return column name → type of the quoted table or view in its order; None when it does not exist."""

    def columns_of_query(self, sql: str) -> dict[str, str]:
        """Return column name → type of what a query would answer, without running it."""

    def arrow_type(self, name: str, type_text: str) -> Any | None:
        """Return the Arrow type by which a column of that type leaves; None when only its values tell."""

    def column_type(self, column: IncomingColumn) -> str:
        """Return the engine's type for a column that comes from another connection."""

    def export_rows(self, sql: str, path: Path) -> None:
        """Write the rows of a query to an Arrow stream file, batch by batch."""

    def import_rows(self, table: str, path: Path) -> None:
        """Build the quoted table anew from an Arrow stream file."""

    def import_temporary(self, table: str, path: Path) -> None:
        """Build a table of the session alone from an Arrow stream file; a read-only session may do so too."""

    def make_temporary(self, statements: Sequence[str]) -> bool:
        """Run statements that make tables of the session alone, read-only or not; False where it cannot."""

    def transaction(self) -> AbstractContextManager[None]:
        """Run what is inside in one transaction: committed at the end, rolled back when anything is raised."""

    def watch(self, on_rows: OnRows) -> None:
        """Tell of rows that leave for or come from another connection, block by block, where the engine lets see."""

    def interrupt(self) -> None:
        """Stop the running statement; may be called from another thread or a signal handler."""


@runtime_checkable
class RelaySession(Protocol):
    """A session whose database writes rows in a form of its own that another one of its kind reads as it is.

    Both are open at once, so only an engine whose sessions do not wait for each other has it.
    """

    def relayed_columns(self, sql: str) -> dict[str, str]:
        """Return column name → type that the rows of a query get in the other database."""

    def relay_out(self, sql: str) -> Generator[bytes | bytearray, None, None]:
        """Yield the rows of a query in the engine's own form."""

    def relay_in(self, table: str, columns: Mapping[str, str], blocks: Iterator[bytes | bytearray]) -> int:
        """Build the quoted table anew from rows in the engine's own form, in one transaction; return how many."""


@dataclass(frozen=True)
class FileDestination:
    """Where a target's rows go: written to `temporary`, then moved to `final` in one step."""

    node: str
    temporary: str
    final: str


class FileStore(Protocol):
    """Files as a source and a target of SQL that reads and writes them by path."""

    def find(self, node: str, written: str, project: Project) -> tuple[str, ...]:
        """Return the files a path or glob stands for, all inside the project's roots."""

    def destination(self, node: str, target: FileTarget, project: Project, run_value: str) -> FileDestination:
        """Return where the rows of one run go; the same run value gives the same destination."""

    def prepare(self, destination: FileDestination) -> None:
        """Make way for the temporary file."""

    def publish(self, destination: FileDestination) -> None:
        """Move the written file to its final path, atomically and durably."""

    def discard(self, destination: FileDestination) -> None:
        """Remove what a failed try has written."""
