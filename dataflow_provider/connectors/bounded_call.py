"""A call of a driver that may never return, such as a login at a port where something listens and says nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Generic, TypeVar

T = TypeVar("T")

logger = logging.getLogger(__name__)


class _Bounded(Generic[T]):
    """A call in another thread, which is waited for or left."""

    def __init__(self, call: Callable[[], T], discard: Callable[[T], None]) -> None:
        self._call, self._discard, self._context = call, discard, copy_context()
        self._outcome: list[T] = []
        self._error: BaseException | None = None
        # Whoever takes it first decides: the thread that the outcome counts, or who waits that it comes too late.
        self._decided, self._done = threading.Lock(), threading.Lock()
        self._done.acquire()

    def work(self) -> None:
        try:
            self._outcome.append(self._context.run(self._call))
        except BaseException as exc:  # noqa: BLE001 # handed to the waiting thread as it is
            self._error = exc
        if self._decided.acquire(blocking=False):
            self._done.release()
        else:
            self.drop()

    def wait(self, limit_s: float) -> bool:
        """Return whether the outcome is there, at the latest when the limit is over; if not, it is dropped later."""
        return self._done.acquire(timeout=limit_s) or not self._decided.acquire(blocking=False)

    def leave(self) -> None:
        """The outcome is dropped, now or when it comes."""
        if not self._decided.acquire(blocking=False):
            self.drop()

    def drop(self) -> None:
        while self._outcome:
            try:
                self._discard(self._outcome.pop())
            except Exception as exc:  # noqa: BLE001 # a driver's of any kind; who asked has gone on already
                logger.debug("what came too late could not be closed: %s", type(exc).__name__)

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._outcome[0]


def call_within(limit_s: float, call: Callable[[], T], discard: Callable[[T], None]) -> T:
    """Return what the call returns; what it returns after the limit, or after a signal, goes to `discard`.

    The call runs in a thread of its own, which is left alone when it is late: no driver offers a way to stop it.

    Raises:
        TimeoutError: when the limit, in seconds, is over.
    """
    bounded = _Bounded(call, discard)
    try:
        threading.Thread(target=bounded.work, name="dataflow-login", daemon=True).start()
        is_there = bounded.wait(limit_s)
    except BaseException:
        bounded.leave()
        raise
    if not is_there:
        raise TimeoutError(f"no answer within {limit_s:g} seconds")
    return bounded.result()
