"""The hook of connection type `duckdb`: the form's Test button, and DuckDB for Dags written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.sdk import BaseHook

from dataflow_provider.connectors.base import SessionOptions, SqlSession
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector
from dataflow_provider.errors import DataflowError
from dataflow_provider.hooks.connections import connections_of, project_of_installation
from dataflow_provider.settings import Settings


class DuckDBHook(BaseHook):
    """Runs SQL on a DuckDB file; waits in line while another process writes to it.

    SQL reaches this database and the files below the project's file roots, nothing else on the machine.

    Args:
        duckdb_conn_id: The connection; its host is the file's path.
        kwargs: What every hook takes.
    """

    conn_name_attr = "duckdb_conn_id"
    default_conn_name = "duckdb_default"
    conn_type = "duckdb"
    hook_name = "DuckDB"

    def __init__(self, duckdb_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.duckdb_conn_id = duckdb_conn_id

    @contextmanager
    def session(self, *, read_only: bool = False) -> Iterator[SqlSession]:
        """Hold a session for as long as the block lasts; readers share the file, a writer has it alone."""
        project = project_of_installation()
        options = SessionOptions(
            holder=Holder(pipeline="hook", stage=self.duckdb_conn_id),
            read_only=read_only,
            file_roots=project.file_roots,
            lock_timeout_s=Settings.load().warehouse_lock_timeout_s,
        )
        connection = connections_of(project).get(self.duckdb_conn_id)
        with get_connector("duckdb").open(connection, options) as session:
            yield session

    def get_conn(self) -> Any:
        """Refuse: a bare connection would hold the file without end. Use `session()`."""
        raise NotImplementedError("use `with hook.session() as session:`, so that the file is freed again")

    def run(self, sql: str) -> int | None:
        """Run one statement and return how many rows it changed, None when it does not say."""
        with self.session() as session:
            return session.execute(sql)

    def get_records(self, sql: str, limit: int | None = None) -> list[tuple[Any, ...]]:
        """Return at most `limit` rows of a query, all when None."""
        with self.session(read_only=True) as session:
            return session.fetch_rows(sql, limit)[1]

    def test_connection(self) -> tuple[bool, str]:
        """Return whether the file opens and answers, with a sentence for the form."""
        try:
            with self.session(read_only=True) as session:
                session.fetch_number("SELECT 1")
        except DataflowError as error:
            return False, str(error)
        return True, "The database opened and answered."
