"""How far rows on their way are: counted block by block, told in the log every ten seconds and at the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

logger = logging.getLogger(__name__)

TELL_EVERY_S = 10.0


@dataclass(frozen=True)
class Moved:
    """Rows that have moved, the bytes they took on the way, and how long it took."""

    rows: int
    size_bytes: int
    seconds: float


@dataclass
class Meter:
    """Counts rows that move and tells of them; several threads may feed it.

    expected: how many rows there are, so that the time that is left can be told
    size:     gives the bytes that have moved until now
    """

    what: str
    table: str
    expected: int
    size: Callable[[], int]
    rows: int = 0
    _started: float = field(default_factory=lambda: time.monotonic())
    _told: float = field(default_factory=lambda: time.monotonic())
    _lock: Lock = field(default_factory=Lock)

    def add(self, rows: int) -> None:
        """So many rows more have moved; told when the last time is long ago."""
        with self._lock:
            self.rows += rows
            if time.monotonic() - self._told < TELL_EVERY_S:
                return
            self._told = time.monotonic()
        self._tell()

    def end(self, rows: int) -> Moved:
        """All rows have moved; told, and returned."""
        self.rows = rows
        self._tell()
        return Moved(rows, self.size(), round(time.monotonic() - self._started, 3))

    def _tell(self) -> None:
        seconds, size = max(time.monotonic() - self._started, 0.001), self.size()
        # A part that is read again counts its rows twice.
        left = max(self.expected - self.rows, 0)
        ahead = f" of={self.expected} seconds_left={left * seconds / self.rows:.0f}" if left and self.rows else ""
        logger.info(
            "%s table=%s rows=%d%s rows_per_second=%.0f bytes=%d megabytes_per_second=%.1f seconds=%.3f",
            self.what, self.table, self.rows, ahead, self.rows / seconds, size, size / seconds / 1e6, seconds,
        )  # fmt: skip
