"""Logins that take too long: the caller goes on, and a session that comes late is closed by nobody else."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextvars import ContextVar

import pytest

from dataflow_provider.connectors.bounded_call import call_within

asked_by: ContextVar[str] = ContextVar("asked_by", default="nobody")


class Login:
    """A login that waits until it is let through, and what became of the sessions that came too late."""

    def __init__(self) -> None:
        self.is_open, self.discarded = threading.Event(), threading.Event()
        self.late: list[str] = []

    def __call__(self) -> str:
        assert self.is_open.wait(30)
        return "session"

    def discard(self, session: str) -> None:
        self.late.append(session)
        self.discarded.set()


def test_outcome_and_context_are_those_of_the_call() -> None:
    asked_by.set("me")
    assert call_within(30, asked_by.get, lambda _: None) == "me"


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_error_of_the_call_comes_out(error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        call_within(30, fail, lambda _: None)
    assert caught.value is error


def test_late_session_is_closed() -> None:
    login = Login()
    with pytest.raises(TimeoutError, match=r"no answer within 0\.01 seconds"):
        call_within(0.01, login, login.discard)
    assert login.late == []
    login.is_open.set()
    assert login.discarded.wait(30)
    assert login.late == ["session"]


def test_late_error_is_nobodys() -> None:
    login, ended = Login(), threading.Event()

    def refuse() -> str:
        try:
            login()
            raise ValueError("too late")
        finally:
            ended.set()

    with pytest.raises(TimeoutError):
        call_within(0.01, refuse, login.discard)
    login.is_open.set()
    assert ended.wait(30)
    assert login.late == []


def test_signal_ends_the_waiting_and_not_the_closing(interrupt_soon: Callable[[], None]) -> None:
    login = Login()
    interrupt_soon()
    with pytest.raises(KeyboardInterrupt):
        call_within(30, login, login.discard)
    login.is_open.set()
    assert login.discarded.wait(30)
    assert login.late == ["session"]


def test_session_that_comes_with_the_signal_is_closed() -> None:
    main, login = threading.main_thread().ident, Login()
    assert main is not None
    login.is_open.set()

    def come() -> str:
        session = login()
        signal.pthread_kill(main, signal.SIGINT)
        return session

    with pytest.raises(KeyboardInterrupt):
        call_within(30, come, login.discard)
    assert login.discarded.wait(30)
    assert login.late == ["session"]


@pytest.fixture
def interrupt_soon() -> Callable[[], None]:
    main = threading.main_thread().ident
    assert main is not None
    return lambda: threading.Timer(0.05, signal.pthread_kill, (main, signal.SIGINT)).start()
