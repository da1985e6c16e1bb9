"""Hooks of connection types that no official provider brings: the form's Test button, and SQL for Dags by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.sdk import BaseHook

from dataflow_provider.connectors.base import SessionOptions, SqlSession
from dataflow_provider.connectors.inspection import inspect_connection
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import connector_of
from dataflow_provider.hooks.connections import connections_of, project_of_installation


class DatabaseHook(BaseHook):
    """Runs SQL on a database that a connector of ours reaches."""

    conn_name_attr = "database_conn_id"

    def __init__(self, database_conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.database_conn_id = database_conn_id

    @contextmanager
    def session(self, *, read_only: bool = False) -> Iterator[SqlSession]:
        """Hold a session for as long as the block lasts."""
        connection = connections_of(project_of_installation()).get(self.database_conn_id)
        options = SessionOptions(Holder("hook", self.database_conn_id), read_only=read_only)
        with connector_of(connection).open(connection, options) as session:
            yield session

    def get_conn(self) -> Any:
        """Refuse: a bare connection of the driver has none of our guards. Use `session()`."""
        raise NotImplementedError("use `with hook.session() as session:`")

    def test_connection(self) -> tuple[bool, str]:
        """Return whether the database answers, with a sentence for the form that holds no secret."""
        connection = connections_of(project_of_installation()).get(self.database_conn_id)
        found = inspect_connection(connection)
        return found.ok, " ".join(part for part in (found.message, found.hint) if part)


class SybaseHook(DatabaseHook):
    """SAP ASE, by an ODBC driver that speaks TDS 5.0."""

    conn_name_attr = "sybase_conn_id"
    default_conn_name = "sybase_default"
    conn_type = "sybase"
    hook_name = "SAP ASE (Sybase)"

    def __init__(self, sybase_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(sybase_conn_id, **kwargs)


class SapHanaHook(DatabaseHook):
    """SAP HANA, by its own driver."""

    conn_name_attr = "saphana_conn_id"
    default_conn_name = "saphana_default"
    conn_type = "saphana"
    hook_name = "SAP HANA"

    def __init__(self, saphana_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(saphana_conn_id, **kwargs)
