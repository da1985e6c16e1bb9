"""`SqlJobTrigger`: waits for a statement that a database runs on its own, by its job id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast

from airflow.triggers.base import BaseTrigger, TriggerEvent

if TYPE_CHECKING:
    from dataflow_provider.connectors.jobs import JobSession, JobState

LOST_CONTACTS = 5
"""Failed questions in a row after which the task itself looks, and fails or waits anew."""


class SqlJobTrigger(BaseTrigger):
    """Fires once the job has ended, well or not: what that means the operator says.

    The job is cancelled when a person ends the waiting task (mark, clear), and lives on when the triggerer restarts.

    Args:
        conn_id: The connection whose database runs the job.
        job_id: The database's id of it.
        poll_interval: Seconds between two questions.
    """

    def __init__(self, *, conn_id: str, job_id: str, poll_interval: float = 10.0) -> None:
        BaseTrigger.__init__(self)
        self.conn_id = conn_id
        self.job_id = job_id
        self.poll_interval = poll_interval
        self._jobs: JobSession | None = None
        self._stack = ExitStack()

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            "dataflow_provider.triggers.sql_job.SqlJobTrigger",
            {"conn_id": self.conn_id, "job_id": self.job_id, "poll_interval": self.poll_interval},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event: `{"job_id", "status", "message"}`, with status `succeeded`, `failed` or `unknown`."""
        from dataflow_provider.errors import DataflowError

        lost = 0
        while True:
            try:
                state = await asyncio.to_thread(self._ask)
            except DataflowError as error:
                lost += 1
                self.log.warning("job=%s cannot be asked for: %s", self.job_id, error)
                if lost == LOST_CONTACTS:
                    yield await self._event("unknown", str(error))
                    return
            else:
                lost = 0
                if state.status != "running":
                    yield await self._event(state.status, state.message)
                    return
            await asyncio.sleep(self.poll_interval)

    async def on_kill(self) -> None:
        """Cancel the job: a person has ended the task that waits for it."""
        await asyncio.to_thread(self._cancel)

    async def _event(self, status: str, message: str | None) -> TriggerEvent:
        """Return the event once the session is closed: after it, nobody may come back here."""
        await asyncio.to_thread(self._close)
        return TriggerEvent({"job_id": self.job_id, "status": status, "message": message})

    async def cleanup(self) -> None:
        await asyncio.to_thread(self._close)

    # ------------------------------------------------------------ in a thread: sessions block

    def _ask(self) -> JobState:
        try:
            return self._session().job_state(self.job_id)
        except BaseException:
            self._close()
            raise

    def _cancel(self) -> None:
        self._session().cancel_job(self.job_id)

    def _session(self) -> JobSession:
        """Return the session of this trigger, opened when it is first needed; logging in takes a second."""
        from dataflow_provider.connectors.base import SessionOptions
        from dataflow_provider.connectors.lock import Holder
        from dataflow_provider.connectors.registry import connector_of
        from dataflow_provider.hooks.connections import connections_of, project_of_installation

        if self._jobs is None:
            connection = connections_of(project_of_installation()).get(self.conn_id)
            options = SessionOptions(holder=Holder("trigger", self.job_id), read_only=True)
            opened = connector_of(connection).open(connection, options)
            self._jobs = cast("JobSession", self._stack.enter_context(opened))
        return self._jobs

    def _close(self) -> None:
        self._jobs = None
        self._stack.close()
