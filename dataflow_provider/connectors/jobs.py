"""Statements that go on without the session that began them: engines that name each one by a job id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

JOB_ENGINES = frozenset({"snowflake", "databricks"})
"""Engines whose sessions are `JobSession`s."""


@dataclass(frozen=True)
class JobState:
    """How a submitted statement stands; `rows` are those it changed, None when the engine does not say.

    `transient` says of a failed one that the same statement may go through later.
    """

    status: Literal["running", "succeeded", "failed"]
    message: str | None = None
    rows: int | None = None
    transient: bool = False


@runtime_checkable
class JobSession(Protocol):
    """What a session offers besides `SqlSession` when its engine has job ids.

    A job outlives the session and the process; any session of the same connection may ask for it. Errors come out as
    `TransientError` or `TerminalError`; one of a job itself is its state.
    """

    def takes_jobs(self) -> bool:
        """Return whether a statement means the same as a job as it does in this session."""

    def submit(self, sql: str) -> str:
        """Start one statement and return its job id at once."""

    def job_state(self, job_id: str) -> JobState:
        """Return how the job stands; one that the engine does not know any more has failed."""

    def cancel_job(self, job_id: str) -> None:
        """Stop the job; one that has ended stays as it is."""
