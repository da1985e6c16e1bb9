"""Our errors in Airflow's words: what a retry cannot help fails the task at once, the rest is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from dataflow_provider.errors import DataflowError, TransientError
from dataflow_provider.runs.xcoms import ERROR_XCOM, QUALITY_XCOM


class TaskStoppedError(AirflowException):
    """Raised inside a task that is being killed, so that its statement is interrupted and rolled back."""


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Errors from inside are raised so that Airflow retries the transient ones only.

    Raises:
        AirflowFailException: for errors of the author, of the engine for good, and of our own.
        TransientError: as it came; the task's retries count.
    """
    try:
        yield
    except TransientError:
        raise
    except DataflowError as error:
        raise AirflowFailException(str(error)) from error


@contextmanager
def keep_error(context: Any) -> Iterator[None]:
    """The message of an error of ours is left in the task's XCom, where the run's record gets it without the log.

    So is what quality rules found that have stopped the run.
    """
    try:
        yield
    except DataflowError as error:
        context["ti"].xcom_push(ERROR_XCOM, str(error))
        from dataflow_provider.quality.results import QualityError

        if isinstance(error, QualityError):
            context["ti"].xcom_push(QUALITY_XCOM, [one.to_json() for one in error.results])
        raise
