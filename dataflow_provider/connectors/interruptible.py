"""Calls that block in a driver, stopped by a signal: the statement ends first, then the signal's error goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")


def run_interruptible(call: Callable[[], T], interrupt: Callable[[], None]) -> T:
    """Return what the call returns; a signal stops its statement and is raised once that has ended.

    Drivers do not look at Python's signals while they work, and only the main thread gets them. So there another
    thread works, and this one waits.
    """
    if threading.current_thread() is not threading.main_thread():
        return call()
    outcome: Future[T] = Future()
    stopped = threading.Event()

    def work() -> None:
        if stopped.is_set():
            return
        try:
            outcome.set_result(call())
        except BaseException as exc:  # noqa: BLE001 # handed to the waiting thread as it is
            outcome.set_exception(exc)

    worker = threading.Thread(target=work, name="dataflow-statement", daemon=True)
    try:
        # A signal may come at any point from here on, also while the thread starts.
        worker.start()
        # Waking up now and then: a signal that another thread got would not wake this one.
        while wait((outcome,), timeout=1).not_done:
            pass
        return outcome.result()
    except BaseException:
        stopped.set()
        while worker.is_alive():
            # Again and again: the call may be between two statements when an interrupt comes.
            interrupt()
            worker.join(0.05)
        raise


class OneThread:
    """A thread that makes all calls of a driver whose connections stay in the thread that opened them."""

    def __init__(self, name: str) -> None:
        self._thread: threading.Thread | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name, initializer=self._begin)

    def _begin(self) -> None:
        self._thread = threading.current_thread()

    def call(self, call: Callable[[], T], interrupt: Callable[[], None]) -> T:
        """Return what the call returns; a signal stops its statement and is raised once that has ended.

        A call may make further ones: those are made at once, since its thread would wait for itself.
        """
        if threading.current_thread() is self._thread:
            return call()
        outcome = self._pool.submit(call)
        try:
            while wait((outcome,), timeout=1).not_done:
                pass
            return outcome.result()
        except BaseException:
            outcome.cancel()
            while not outcome.done():
                interrupt()
                wait((outcome,), timeout=0.05)
            raise

    def close(self) -> None:
        """The thread ends with the call it is at."""
        self._pool.shutdown()
