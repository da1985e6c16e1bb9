"""Connections of the configured Airflow installation, for commands that run outside of it."""

from __future__ import annotations

import os
from pathlib import Path

from dataflow_provider.connectors.connections import (
    Connections,
    ConnectionSpec,
    EnvironmentConnections,
    missing_connection,
)
from dataflow_provider.spec.project import Project


def command_connections(project: Project) -> Connections:
    """Return the environment's connections, then those of the configured Airflow, then the embedded warehouse."""
    return EnvironmentConnections(project.warehouse, fallback=AirflowDatabase() if is_airflow_configured() else None)


def is_airflow_configured() -> bool:
    """Return whether this machine has an Airflow of its own; without one its database would only be made up."""
    if "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in os.environ:
        return True
    home = Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()
    return Path(os.environ.get("AIRFLOW_CONFIG") or home / "airflow.cfg").is_file()


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
