"""Airflow's connections, as the engine asks for them: from the secrets backends, the environment or the database."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from airflow.sdk import Connection
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowNotFoundException

from dataflow_provider.connectors.connections import (
    Connections,
    ConnectionSpec,
    EnvironmentConnections,
    missing_connection,
)
from dataflow_provider.connectors.workspace_connections import connections_of_workspace
from dataflow_provider.settings import Settings
from dataflow_provider.spec.project import Project


class AirflowConnections:
    """Connections of the Airflow installation that a task runs in; nothing is kept between two questions."""

    def get(self, conn_id: str) -> ConnectionSpec:
        """Return the connection.

        Raises:
            AuthorError: `DF-CONN-001` when Airflow has none of that id.
        """
        try:
            connection = Connection.get(conn_id)
        except AirflowNotFoundException as exc:
            raise missing_connection(conn_id) from exc
        return ConnectionSpec(
            conn_id=conn_id,
            conn_type=connection.conn_type,
            host=connection.host or None,
            port=connection.port,
            schema=connection.schema or None,
            login=connection.login or None,
            password=connection.password or None,
            extra=connection.extra_dejson,
        )


def connections_of(project: Project) -> Connections:
    """Return the connections of a task: the environment's, then Airflow's, then the project's embedded warehouse.

    A checkout of a Git bundle has none: Airflow removes it when no run needs that commit any more, rows and all.
    """
    warehouse = None if _is_in_checkout(project.warehouse) else project.warehouse
    return EnvironmentConnections(warehouse, fallback=AirflowConnections(), one_process=False)


def _is_in_checkout(path: Path) -> bool:
    default = os.path.join(tempfile.gettempdir(), "airflow", "dag_bundles")
    bundles = os.path.realpath(conf.get("dag_processor", "dag_bundle_storage_path", fallback="") or default)
    return Path(os.path.realpath(path)).is_relative_to(bundles)


def workspace_connections_of(project: Project) -> Connections:
    """Return the connections of a pipeline's task: those of `connections_of` that its workspace may use."""
    return connections_of_workspace(connections_of(project), project)


def project_of_installation() -> Project:
    """Return the project that the pipelines folder of this installation belongs to."""
    settings = Settings.load()
    return Project.of(settings.pipelines_folder / "_", settings)
