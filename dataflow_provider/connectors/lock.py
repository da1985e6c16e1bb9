"""The line in front of a DuckDB file: many readers or one writer, across processes and threads, in turn.

Two kernel locks (`flock`) on files beside the database: everyone passes `.gate` one at a time and takes `.lock` behind
it, so a waiting writer stops later readers and cannot starve. The kernel frees both when a process dies.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from dataflow_provider.errors import TerminalError, TransientError

logger = logging.getLogger(__name__)

FIRST_REPORT_S = 1.0
REPORT_EVERY_S = 5.0


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, in words for those who wait; `since` is in seconds of the epoch."""

    pipeline: str
    stage: str
    pid: int = 0
    since: float = 0.0

    def __str__(self) -> str:
        seconds = max(0, round(time.time() - self.since))
        return f"pipeline {self.pipeline}, stage {self.stage} (pid {self.pid}, {seconds} s)"


class Waiting:
    """One wait in line: tells the log who is in the way, every few seconds, and ends in a clear error."""

    def __init__(self, name: str, timeout_s: float, holder: Callable[[], Holder | str | None]) -> None:
        self.name = name
        self._holder = holder
        self._started = time.monotonic()
        self._deadline = self._started + timeout_s
        self._next_report = self._started + FIRST_REPORT_S

    def pause_s(self) -> float:
        """Return the seconds until `report` is due again."""
        return max(0.0, min(self._next_report, self._deadline) - time.monotonic())

    def report(self, foreign: str | None = None) -> None:
        """Log who holds the lock, when that is due; `foreign` names a program that does not stand in line.

        Raises:
            TransientError: when the time to wait is over.
        """
        now = time.monotonic()
        if now < self._next_report and now < self._deadline:
            return
        by = f"held by {foreign or self._holder() or 'another process'}"
        if now >= self._deadline:
            raise TransientError(
                "DF-CONN-010",
                f"`{self.name}` was still busy after {now - self._started:.0f} s, {by}",
                hint="Run it again when that is done, or raise the option `[dataflow] warehouse_lock_timeout`.",
            )
        logger.info("Waiting for %s, %s waited=%.0fs", self.name, by, now - self._started)
        self._next_report = now + REPORT_EVERY_S


class _FileLock:
    """One kernel lock on an open file; `flock` belongs to the open file, so threads contend as processes do."""

    def __init__(self, path: Path) -> None:
        try:
            self.fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as exc:
            raise TerminalError(
                "DF-CONN-011",
                f"the lock file `{path}` cannot be opened: {exc.strerror}",
                hint="Make the folder exist and let this user write there.",
            ) from exc
        self._mutex = threading.Lock()
        self._waits = self._given_up = False

    def acquire(self, operation: int, waiting: Waiting) -> None:
        """Hold the lock. A thread waits in the kernel's queue, so that this one can report and give up."""
        try:
            fcntl.flock(self.fd, operation | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            granted = threading.Event()
        self._waits = True
        threading.Thread(target=self._wait, args=(operation, granted), name="dataflow-line", daemon=True).start()
        while not granted.wait(waiting.pause_s()):
            waiting.report()

    def _wait(self, operation: int, granted: threading.Event) -> None:
        fcntl.flock(self.fd, operation)
        with self._mutex:
            self._waits = False
            if self._given_up:
                os.close(self.fd)
        granted.set()

    def release(self) -> None:
        """Let the next one in. A wait that was given up closes its file itself, once the kernel grants it."""
        with self._mutex:
            self._given_up = True
            if not self._waits:
                os.close(self.fd)


@contextmanager
def line_up(database: Path, holder: Holder, *, exclusive: bool, timeout_s: float) -> Iterator[Waiting]:
    """Hold the database's lock, alone or shared with other readers; it is released on every way out.

    Gives the wait itself, whose time keeps running for what the caller may have to wait for next. A thread must not
    line up twice at once for one file: it would wait for itself.

    Raises:
        TransientError: when the lock was not free within `timeout_s`.
    """
    lock_path = database.with_name(database.name + ".lock")
    waiting = Waiting(database.name, timeout_s, lambda: read_holder(lock_path))
    lock = _FileLock(lock_path)
    try:
        gate = _FileLock(database.with_name(database.name + ".gate"))
        try:
            gate.acquire(fcntl.LOCK_EX, waiting)
            lock.acquire(fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH, waiting)
        finally:
            gate.release()
        _write_holder(lock.fd, replace(holder, pid=os.getpid(), since=time.time()))
        yield waiting
    finally:
        lock.release()


def read_holder(lock_path: Path) -> Holder | None:
    """Return who wrote the lock file last, when that process still lives; of several readers it names one."""
    try:
        holder = Holder(**json.loads(lock_path.read_text("utf-8")))
        os.kill(holder.pid, 0)
    except PermissionError:
        return holder
    except (OSError, ValueError, TypeError):
        return None
    return holder


def _write_holder(fd: int, holder: Holder) -> None:
    """Write in one call, so that a reader of the file sees the old text, the new one, or nothing it can parse."""
    text = json.dumps(asdict(holder)).encode()
    os.ftruncate(fd, 0)
    os.pwrite(fd, text, 0)
