"""Live state: one poller per watched thing in this process, whatever the number of sockets that watch it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from starlette.concurrency import run_in_threadpool

logger = logging.getLogger(__name__)

T = TypeVar("T")
PATIENCE = 10
"""Polls that may fail in a row before the watchers are let go; they connect again by themselves."""


class WatchLostError(Exception):
    """The poller has given up: the database has not answered for a while."""


@dataclass
class _Watch(Generic[T]):
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    value: T | None = None
    version: int = 0
    lost: bool = False
    watchers: int = 0
    task: asyncio.Task[None] | None = None


class LiveValues(Generic[T]):
    """Values read again and again as long as somebody watches them.

    Args:
        interval_s: Pause between two reads.
        is_final: Whether a value is the last one; its poller then ends.
    """

    def __init__(self, interval_s: float, is_final: Callable[[T], bool] = lambda _value: False) -> None:
        self._interval_s = interval_s
        self._is_final = is_final
        self._watches: dict[Hashable, _Watch[T]] = {}

    @property
    def watched(self) -> int:
        """How many pollers run now."""
        return len(self._watches)

    @asynccontextmanager
    async def watch(self, key: Hashable, read: Callable[[], T]) -> AsyncIterator[AsyncIterator[T]]:
        """Yield the value's versions: the present one at once, then every change; the last one after a final value.

        A slow watcher misses versions in between, never the newest. `read` is called in a worker thread.

        Raises:
            WatchLostError: from the iterator, when `read` kept failing.
        """
        watch = self._watches.get(key)
        if watch is None:
            watch = self._watches[key] = _Watch()
            watch.task = asyncio.create_task(self._poll(watch, read))
        watch.watchers += 1
        try:
            yield self._versions(watch)
        finally:
            watch.watchers -= 1
            if watch.watchers == 0:
                self._watches.pop(key, None)
                if watch.task is not None:
                    watch.task.cancel()

    async def _versions(self, watch: _Watch[T]) -> AsyncIterator[T]:
        seen = 0
        while True:
            if watch.lost:
                raise WatchLostError
            changed = watch.changed
            if watch.value is not None and watch.version > seen:
                seen = watch.version
                yield watch.value
                if self._is_final(watch.value) and watch.version == seen:
                    return
                continue
            await changed.wait()

    async def _poll(self, watch: _Watch[T], read: Callable[[], T]) -> None:
        failures = 0
        while True:
            try:
                value = await run_in_threadpool(read)
                failures = 0
            except Exception:  # whatever fails in a read is tried again, and told to the watchers in the end
                failures += 1
                logger.warning("live read failed failures=%d", failures, exc_info=True)
                if failures >= PATIENCE:
                    watch.lost = True
                    self._tell(watch)
                    return
            else:
                if value != watch.value:
                    watch.value, watch.version = value, watch.version + 1
                    self._tell(watch)
                if self._is_final(value):
                    return
            await asyncio.sleep(self._interval_s)

    @staticmethod
    def _tell(watch: _Watch[T]) -> None:
        changed, watch.changed = watch.changed, asyncio.Event()
        changed.set()
