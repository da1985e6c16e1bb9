"""Signals end the demo once, by one door, and cannot cut its stopping short."""

from __future__ import annotations

import os
import signal
from threading import Event

import pytest

from dataflow_provider.demo.signals import ENDING, ended_by_signals


@pytest.mark.parametrize("number", ENDING)
def test_signal_raises_keyboard_interrupt_and_sets_the_event(number: signal.Signals) -> None:
    stopping = Event()
    with pytest.raises(KeyboardInterrupt, match=number.name), ended_by_signals(stopping):
        os.kill(os.getpid(), number)
    assert stopping.is_set()


def test_signal_while_stopping_is_ignored() -> None:
    stopping = Event()
    stopping.set()
    with ended_by_signals(stopping):
        os.kill(os.getpid(), signal.SIGTERM)
        survived = True
    assert survived


def test_handlers_of_before_are_back_afterwards() -> None:
    before = {number: signal.getsignal(number) for number in ENDING}
    with ended_by_signals(Event()):
        assert all(signal.getsignal(number) is not before[number] for number in ENDING)
    assert {number: signal.getsignal(number) for number in ENDING} == before
