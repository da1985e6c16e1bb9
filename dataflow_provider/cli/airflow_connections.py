"""Connections of the configured Airflow installation, for commands that run outside of it."""

from __future__ import annotations

import os
from pathlib import Path

from dataflow_provider.airflow_compat import logs_to_stderr
from dataflow_provider.connectors.connections import Connections, ConnectionSpec, EnvironmentConnections
from dataflow_provider.connectors.workspace_connections import connections_of_workspace
from dataflow_provider.hooks.metadata_connections import AirflowDatabase
from dataflow_provider.spec.project import Project


def command_connections(project: Project) -> Connections:
    """Return the environment's connections, then those of the configured Airflow, then the embedded warehouse."""
    return EnvironmentConnections(project.warehouse, fallback=_QuietDatabase() if is_airflow_configured() else None)


def pipeline_connections(project: Project) -> Connections:
    """Return those of `command_connections` that pipelines of the project's workspace may use."""
    return connections_of_workspace(command_connections(project), project)


def is_airflow_configured() -> bool:
    """Return whether this machine has an Airflow of its own; without one its database would only be made up."""
    if "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in os.environ:
        return True
    home = Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()
    return Path(os.environ.get("AIRFLOW_CONFIG") or home / "airflow.cfg").is_file()


class _QuietDatabase(AirflowDatabase):
    """Airflow's connections, without its log among a command's answer."""

    def get(self, conn_id: str) -> ConnectionSpec:
        with logs_to_stderr():
            return super().get(conn_id)
