"""Our errors in Airflow's words: what a retry cannot help fails the task at once, the rest is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from dataflow_provider.errors import DataflowError, TransientError

ERROR_XCOM = "dataflow_error"
"""XCom key of the message of the error that ended a task's last try; a new try begins without it."""


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
    """The message of an error of ours is left in the task's XCom, where the run page reads it without the log."""
    try:
        yield
    except DataflowError as error:
        context["ti"].xcom_push(ERROR_XCOM, str(error))
        raise
