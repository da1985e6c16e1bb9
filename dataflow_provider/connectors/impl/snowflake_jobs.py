"""Statements on Snowflake as jobs: asynchronous queries, known by their query id to every session of the account.

Source: Snowflake Connector for Python, "Performing an asynchronous query"; SYSTEM$CANCEL_QUERY.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

from dataflow_provider.connectors.jobs import JobState

UNKNOWN_LOOKS = 24
"""How often Snowflake may answer that it does not know a query: a new one is known after a moment only."""


class SnowflakeJobs:
    """The jobs of one open connection of the Snowflake driver; its errors come out as they are."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._unknown: dict[str, int] = {}

    def submit(self, sql: str) -> str:
        """Start the statement in this connection's database, schema and role, and return its query id."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute_async(sql)
            return str(cursor.sfqid)

    def state(self, query_id: str) -> JobState:
        """Return how the query stands; one that stays unknown has failed."""
        status = self._connection.get_query_status(query_id)
        if status.name == "NO_DATA":
            self._unknown[query_id] = self._unknown.get(query_id, 0) + 1
            if self._unknown[query_id] >= UNKNOWN_LOOKS:
                return JobState("failed", "Snowflake does not know this query id")
            return JobState("running")
        self._unknown.pop(query_id, None)
        if self._connection.is_still_running(status):
            return JobState("running")
        if self._connection.is_an_error(status):
            return JobState("failed", self._reason(query_id) or status.name)
        return JobState("succeeded")

    def _reason(self, query_id: str) -> str:
        from snowflake.connector.errors import ProgrammingError

        try:
            self._connection.get_query_status_throw_if_error(query_id)
        except ProgrammingError as error:
            return str(error.msg or error)
        return ""

    def cancel(self, query_id: str) -> None:
        """Stop the query; for one that has ended nothing happens."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute("SELECT SYSTEM$CANCEL_QUERY(%s)", (query_id,))
