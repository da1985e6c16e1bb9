"""Calls that block in a driver, stopped by a signal: the statement ends first, then the signal's error goes on."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_LOOK_S = 1.0
_AGAIN_S = 0.05
_LEAVE_S = 1.0


class _Call(Generic[T]):
    """A call in another thread, waited for by one that a signal may stop at any point.

    A signal's error may strike inside the locks of `Future`, `wait` and `Thread.join`, and leave them taken for ever.
    Here the waiting thread takes one lock of its own, once, and then looks at a flag.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._outcome: list[T] = []
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        self._lock.acquire()
        self.is_stopped = self.is_over = False

    def work(self) -> None:
        try:
            if not self.is_stopped:
                self._outcome.append(self._call())
        except BaseException as exc:  # noqa: BLE001 # handed to the waiting thread as it is
            self._error = exc
        finally:
            self.is_over = True
            self._lock.release()

    def result(self) -> T:
        """Wait for the outcome and return it, or raise its error."""
        # Waking up now and then: a signal that another thread got would not wake this one.
        while not self._lock.acquire(timeout=_LOOK_S):
            pass
        if self._error is not None:
            raise self._error
        return self._outcome[0]

    def stop(self, interrupt: Callable[[], None]) -> None:
        """Return when the call has ended."""
        while not self.is_over:
            # Again and again: the call may be between two statements when an interrupt comes.
            interrupt()
            time.sleep(_AGAIN_S)


class OneThread:
    """A thread that makes all calls of a driver whose connections stay in the thread that opened them."""

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[_Call[Any] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def call(self, call: Callable[[], T], interrupt: Callable[[], None]) -> T:
        """Return what the call returns; a signal stops its statement and is raised once that has ended.

        A call may make further ones: those are made at once, since its thread would wait for itself.
        """
        if threading.current_thread() is self._thread:
            return call()
        wanted = _Call(call)
        try:
            self._calls.put(wanted)
            return wanted.result()
        except BaseException:
            wanted.is_stopped = True
            if not wanted.is_over:
                # The signal may have come before the thread was given the call; behind this one it is over either way.
                behind = _Call(_nothing)
                self._calls.put(behind)
                behind.stop(interrupt)
            raise

    def close(self, timeout_s: float | None = None) -> None:
        """The thread ends with the call it is at; it is waited for so long."""
        self._calls.put(None)
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while (wanted := self._calls.get()) is not None:
            wanted.work()
            # What the call holds, a driver's connection say, must not live until the next one.
            del wanted


def _nothing() -> None:
    """Do nothing."""


_statements: OneThread | None = None


def run_interruptible(call: Callable[[], T], interrupt: Callable[[], None]) -> T:
    """Return what the call returns; a signal stops its statement and is raised once that has ended.

    Drivers do not look at Python's signals while they work, and only the main thread gets them. So another thread works
    for it, the same for all calls: what Python runs when a thread is forgotten swallows the error of a signal.
    """
    global _statements
    if threading.current_thread() is not threading.main_thread():
        return call()
    if _statements is None:
        _statements = OneThread("dataflow-statements")
        # A thread that is still there when Python ends keeps alive what drivers want to free by then.
        atexit.register(_statements.close, _LEAVE_S)
    return _statements.call(call, interrupt)


def _forget_thread() -> None:
    """Threads do not follow into a process that was forked."""
    global _statements
    if _statements is not None:
        atexit.unregister(_statements.close)
    _statements = None


os.register_at_fork(after_in_child=_forget_thread)
