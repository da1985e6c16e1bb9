"""A call of a driver that may never return, such as a login at a port where something listens and says nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


def call_within(limit_s: float, call: Callable[[], T], discard: Callable[[T], None]) -> T:
    """Return what the call returns; what it returns after the limit, or after a signal, goes to `discard`.

    The call runs in a thread of its own, which is left alone when it is late: no driver offers a way to stop it.

    Raises:
        TimeoutError: when the limit, in seconds, is over.
    """
    outcome: list[T] = []
    errors: list[BaseException] = []
    context = copy_context()
    # Whoever takes it first decides: the thread that the outcome counts, or this one that it comes too late.
    decided, done = threading.Lock(), threading.Lock()
    done.acquire()

    def work() -> None:
        try:
            outcome.append(context.run(call))
        except BaseException as exc:  # noqa: BLE001 # handed to the waiting thread as it is
            errors.append(exc)
        if decided.acquire(blocking=False):
            done.release()
            return
        for late in outcome:
            with suppress(Exception):
                discard(late)

    threading.Thread(target=work, name="dataflow-login", daemon=True).start()
    try:
        is_done = done.acquire(timeout=limit_s)
    except BaseException:
        decided.acquire(blocking=False)
        raise
    if not is_done and decided.acquire(blocking=False):
        raise TimeoutError(f"no answer within {limit_s:g} seconds")
    if not is_done:
        done.acquire()
    if errors:
        raise errors[0]
    return outcome[0]
