"""Signals that end the demo: Ctrl-C, a polite kill and a closed terminal all leave by the same door."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals(stopping: Event) -> Iterator[None]:
    """Inside, the first such signal raises KeyboardInterrupt in the main thread.

    Once `stopping` is set, by a signal or by the caller, later ones are ignored: stopping ends soon by itself, and to
    cut it short would leave processes behind.
    """

    def on_signal(number: int, frame: FrameType | None) -> None:
        if not stopping.is_set():
            stopping.set()
            raise KeyboardInterrupt(signal.Signals(number).name)

    earlier = {number: signal.signal(number, on_signal) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
