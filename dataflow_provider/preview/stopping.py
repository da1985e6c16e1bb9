"""When a look ends before its rows are there: its time is over, or nobody waits for it any more."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.errors import DataflowError, TerminalError

logger = logging.getLogger(__name__)

DEFAULT_TIMEOUT_S = 10.0
_LOOK_S = 0.05
_AGAIN_S = 0.25


class StopSign:
    """The end of one look, by the clock or by `stop`; the statement that runs then is stopped in its database."""

    def __init__(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self.timeout_s = timeout_s
        self._end = time.monotonic() + timeout_s
        self._left = threading.Event()

    def stop(self) -> None:
        """Nobody waits for the answer any more; may be called from any thread."""
        self._left.set()

    @property
    def seconds_left(self) -> float:
        return max(self._end - time.monotonic(), 0.0)

    @property
    def is_over(self) -> bool:
        return self._left.is_set() or self.seconds_left == 0

    def check(self) -> None:
        """Do nothing while there is time.

        Raises:
            TerminalError: `DF-PREVIEW-004` or `DF-PREVIEW-005`.
        """
        if self.is_over:
            raise self._told()

    def _told(self) -> TerminalError:
        if self._left.is_set():
            return TerminalError("DF-PREVIEW-005", "the look was ended, as nobody waits for it any more")
        return TerminalError(
            "DF-PREVIEW-004",
            f"the rows were not there after {self.timeout_s:g} seconds, and the statement was stopped in the database",
            hint="Look at a node before the join or aggregate, filter earlier, or allow more time: `--timeout 60`.",
        )

    @contextmanager
    def watching(self, session: SqlSession) -> Iterator[None]:
        """The session's statements are stopped when the sign goes up.

        Raises:
            TerminalError: `DF-PREVIEW-004` or `DF-PREVIEW-005` instead of the database's word for it.
        """
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(session, done), name="dataflow-preview", daemon=True)
        watcher.start()
        try:
            yield
        except DataflowError as error:
            if self.is_over:
                raise self._told() from error
            raise
        finally:
            done.set()
            watcher.join()

    def _watch(self, session: SqlSession, done: threading.Event) -> None:
        pause = _LOOK_S
        while not done.wait(pause):
            if self.is_over:
                # Again and again: the session may be between two statements when it is told.
                logger.debug("stopping the statement of a look")
                session.interrupt()
                pause = _AGAIN_S
