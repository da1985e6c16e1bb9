"""How long a stage and a whole run may take where no Airflow ends them: the statement at work is cancelled then."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

from dataflow_provider.compiler.plan import Plan, Stage
from dataflow_provider.errors import Place, TransientError
from dataflow_provider.spec.values import render_duration


class _Expired(BaseException):
    """Raised by the clock into whatever is at work; not an error, so that nothing on the way handles it."""


class TimeLimits:
    """The limits of one run, which begins now."""

    def __init__(self, plan: Plan) -> None:
        self._of_run = plan.pipeline.run_timeout
        self._began = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether the run has had its time, so that no other stage may begin."""
        return self._of_run is not None and self._left(self._of_run) <= 0

    @contextmanager
    def of_stage(self, stage: Stage) -> Iterator[None]:
        """The block is stopped when the stage's time or the rest of the run's is over.

        Signals reach the main thread only; elsewhere (a thread of a caller's own) there is no limit.

        Raises:
            TransientError: DF-RUN-056 after the stage's `timeout`, DF-RUN-057 after the run's `run_timeout`.
        """
        limits = []
        if stage.timeout is not None:
            limits.append((stage.timeout.total_seconds(), _stage_error(stage, stage.timeout)))
        if self._of_run is not None:
            limits.append((self._left(self._of_run), _run_error(stage, self._of_run)))
        if not limits or threading.current_thread() is not threading.main_thread():
            yield
            return
        seconds, error = min(limits, key=lambda limit: limit[0])
        if seconds <= 0:
            raise error
        try:
            with _alarm(seconds):
                yield
        except _Expired:
            raise error from None

    def _left(self, limit: timedelta) -> float:
        return self._began + limit.total_seconds() - time.monotonic()


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def expire(number: int, frame: FrameType | None) -> None:
        raise _Expired

    began = time.monotonic()
    before = signal.signal(signal.SIGALRM, expire)
    theirs, again = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if theirs:  # whoever had set the clock before still waits for it
            signal.setitimer(signal.ITIMER_REAL, max(theirs - (time.monotonic() - began), 0.001), again)


def _stage_error(stage: Stage, limit: timedelta) -> TransientError:
    return TransientError(
        "DF-RUN-056",
        f"stage `{stage.id}` timed out after {render_duration(limit)}",
        place=Place(node=stage.id),
        hint="Raise the `timeout` of its nodes, or give it less to do.",
    )


def _run_error(stage: Stage, limit: timedelta) -> TransientError:
    return TransientError(
        "DF-RUN-057",
        f"the run timed out after {render_duration(limit)}, in stage `{stage.id}`",
        place=Place(node=stage.id),
        hint="Raise `run_timeout`; the same run id with `--from-checkpoint` goes on where it was stopped.",
    )
