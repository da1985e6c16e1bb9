"""Statements on Databricks as jobs: the Statement Execution API of a SQL warehouse, known by their statement id.

Source: Databricks REST API, `/api/2.0/sql/statements`, through the official hook.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.hook_connection import airflow_connection
from dataflow_provider.connectors.jobs import JobState
from dataflow_provider.errors import DataflowError, TerminalError, TransientError

RETRIES = 3
"""How often the hook itself asks again, a second apart, before contact counts as lost."""

_WAREHOUSE = re.compile(r"/warehouses/([^/?]+)")
_STATUS = re.compile(r"\b(?:Status Code|HTTP)\D{0,3}(\d{3})\b", re.IGNORECASE)


def warehouse_of(http_path: str) -> str | None:
    """Return the id of the SQL warehouse that an HTTP path leads to; None for a cluster, which runs no jobs of SQL.

    >>> warehouse_of("/sql/1.0/warehouses/abc123")
    'abc123'
    """
    match = _WAREHOUSE.search(http_path)
    return match[1] if match else None


def rest_hook(connection: ConnectionSpec) -> Any:
    """Return Airflow's hook for the REST API of the workspace, bound to the connection."""
    from airflow.providers.databricks.hooks.databricks import DatabricksHook

    bound = airflow_connection(_of_the_workspace(connection), connection.extra)
    hook: Any = DatabricksHook(connection.conn_id, retry_limit=RETRIES)
    hook.get_connection = lambda conn_id: bound
    return hook


def _of_the_workspace(connection: ConnectionSpec) -> ConnectionSpec:
    """Return the connection with the address that the SQL connector uses; the hook takes `schema` for the protocol."""
    written = str(connection.extra.get("_connection_uri") or connection.host or "")
    parts = urlsplit(written if "://" in written else f"https://{written}")
    return replace(connection, host=parts.hostname, port=parts.port or connection.port, schema=parts.scheme)


class DatabricksJobs:
    """The jobs of one warehouse; `hook` is the `DatabricksHook` of the connection.

    `names` are `catalog` and `schema` that unqualified tables are looked up in, as in the session.
    """

    def __init__(self, hook: Any, warehouse_id: str, names: Mapping[str, str] | None = None) -> None:
        self._hook = hook
        self._warehouse_id = warehouse_id
        self._names = dict(names or {})

    def submit(self, sql: str) -> str:
        """Start the statement and return its id at once.

        Raises:
            DataflowError: as `_call`.
        """
        body = {"statement": sql, "warehouse_id": self._warehouse_id, "wait_timeout": "0s", **self._names}
        return str(self._call(self._hook.post_sql_statement, body))

    def state(self, statement_id: str) -> JobState:
        """Return how the statement stands; one that the warehouse has forgotten has failed.

        Raises:
            TransientError: when the workspace cannot be reached.
        """
        try:
            found = self._call(self._hook.get_sql_statement_state, statement_id)
        except TerminalError as error:
            return JobState("failed", error.message)
        if found.is_running:
            return JobState("running")
        if found.is_successful:
            return JobState("succeeded")
        said = " ".join(part for part in (found.error_code, found.error_message) if part)
        return JobState("failed", said or found.state)

    def cancel(self, statement_id: str) -> None:
        """Stop the statement; for one that has ended nothing happens."""
        self._call(self._hook.cancel_sql_statement, statement_id)

    def _call(self, ask: Any, argument: Any) -> Any:
        """Return the answer of the hook.

        Raises:
            TerminalError: DF-RUN-071 when the workspace refuses (a 4xx other than too many requests).
            TransientError: DF-RUN-072 when it cannot be reached or is busy.
        """
        from airflow.sdk.exceptions import AirflowException

        try:
            return ask(argument)
        except (AirflowException, OSError) as exc:
            raise _as_error(str(exc)) from exc


def _as_error(text: str) -> DataflowError:
    match = _STATUS.search(text)
    code = int(match[1]) if match else 0
    if 400 <= code < 500 and code != 429:
        return TerminalError("DF-RUN-071", f"Databricks refuses the statement: {text}")
    return TransientError("DF-RUN-072", f"Databricks cannot be asked: {text}")
