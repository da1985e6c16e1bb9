"""A signal in the middle of a call: the call is interrupted and has ended before the signal's error goes on."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from dataflow_provider.connectors.interruptible import OneThread, run_interruptible

Run = Callable[[Callable[[], Any], Callable[[], None]], Any]


class SignalError(BaseException):
    """What the handler raises."""


@pytest.fixture
def alarm() -> Iterator[Callable[[float], None]]:
    def expire(number: int, frame: FrameType | None) -> None:
        raise SignalError

    def set_alarm(seconds: float) -> None:
        signal.setitimer(signal.ITIMER_REAL, seconds)

    before = signal.signal(signal.SIGALRM, expire)
    clock = signal.getitimer(signal.ITIMER_REAL)
    try:
        yield set_alarm
    finally:
        signal.setitimer(signal.ITIMER_REAL, *clock)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(params=["of the process", "of a session"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    if request.param == "of the process":
        yield run_interruptible
        return
    thread = OneThread("one")
    yield thread.call
    thread.close()


def test_outcome_and_error_come_back(run: Run) -> None:
    assert run(lambda: threading.current_thread() is threading.main_thread(), lambda: None) is False
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 / 0, lambda: None)


def test_signal_at_any_moment_ends_the_call_and_goes_on(run: Run, alarm: Callable[[float], None]) -> None:
    for step in range(50):
        begun, interrupted, over = threading.Event(), threading.Event(), threading.Event()

        def work(
            begun: threading.Event = begun, interrupted: threading.Event = interrupted, over: threading.Event = over
        ) -> None:
            begun.set()
            interrupted.wait(30)
            over.set()

        began = time.monotonic()
        with pytest.raises(SignalError):  # noqa: PT012 - the signal may come before the call has begun
            alarm(0.00006 * (step + 1))
            run(work, interrupted.set)
        assert time.monotonic() - began < 10
        assert over.is_set() == begun.is_set()


def test_forked_process_has_a_thread_of_its_own() -> None:
    run_interruptible(lambda: None, lambda: None)
    child = os.fork()
    if child == 0:
        os._exit(run_interruptible(lambda: 7, lambda: None))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
