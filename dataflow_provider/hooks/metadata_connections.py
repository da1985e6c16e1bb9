"""Connections as a process outside of tasks finds them: in Airflow's secrets backends and its metadata database."""

from __future__ import annotations

from dataflow_provider.connectors.connections import ConnectionSpec, missing_connection


class AirflowDatabase:
    """Connections in Airflow's secrets backends and metadata database."""

    def get(self, conn_id: str) -> ConnectionSpec:
        # Seconds of start-up, so only when a connection is not in the environment.
        from airflow.exceptions import AirflowNotFoundException
        from airflow.models.connection import Connection

        try:
            found = Connection.get_connection_from_secrets(conn_id)
        except AirflowNotFoundException as exc:
            raise missing_connection(conn_id) from exc
        return ConnectionSpec(
            conn_id,
            found.conn_type or "",
            host=found.host or None,
            port=found.port,
            schema=found.schema or None,
            login=found.login or None,
            password=found.password or None,
            extra=found.extra_dejson,
        )
