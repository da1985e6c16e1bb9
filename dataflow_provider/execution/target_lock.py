"""One publish at a time per target: waits for the engine's lock, tells the log who has it, and gives it back."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.connectors.lock import Waiting
from dataflow_provider.dialects.publish import TargetLock
from dataflow_provider.errors import DataflowError

logger = logging.getLogger(__name__)

ASK_AGAIN_S = 0.2


@contextmanager
def session_lock(session: SqlSession, lock: TargetLock | None, name: str, timeout_s: float) -> Iterator[None]:
    """Hold a lock of the session while inside; a lock that belongs to transactions is left to `take`.

    Raises:
        TransientError: when somebody else held it for `timeout_s`.
    """
    if lock is None or lock.release is None:
        yield
        return
    take(session, lock, name, timeout_s)
    try:
        yield
    finally:
        _give_back(session, lock.release, name)


def transaction_lock(session: SqlSession, lock: TargetLock | None, name: str, timeout_s: float) -> None:
    """The open transaction holds the lock, when it is one of transactions.

    Raises:
        TransientError: when somebody else held it for `timeout_s`.
    """
    if lock is not None and lock.release is None:
        take(session, lock, name, timeout_s)


def take(session: SqlSession, lock: TargetLock, name: str, timeout_s: float) -> None:
    """The lock is held; until then the log tells every few seconds who is in the way."""
    if lock.waits:
        session.execute(lock.take)
        return
    waiting = Waiting(name, timeout_s, lambda: _holder(session, lock))
    while session.fetch_number(lock.take) != 1:
        waiting.report()
        time.sleep(min(ASK_AGAIN_S, waiting.pause_s()))


def _holder(session: SqlSession, lock: TargetLock) -> str | None:
    if lock.holder is None:
        return None
    _, rows = session.fetch_rows(lock.holder, 1)
    return str(rows[0][0]) if rows and rows[0][0] is not None else None


def _give_back(session: SqlSession, release: str, name: str) -> None:
    """A session that broke has lost its locks already; its first error is the one to tell."""
    try:
        session.execute(release)
    except DataflowError as error:
        logger.warning("The lock of %s goes with the session: %s", name, error)
