"""Fixtures of the unit tests that benchmarks use too: Airflow's tables, and a server of our API."""

from __future__ import annotations

from tests.unit.api.conftest import as_role, auth, project, server
from tests.unit.conftest import metadata_tables, sync_dags

__all__ = ["as_role", "auth", "metadata_tables", "project", "server", "sync_dags"]
