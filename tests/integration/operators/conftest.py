"""A project and a task's context as the operators' unit tests have them."""

from __future__ import annotations

from tests.unit.conftest import metadata_tables, sync_dags
from tests.unit.operators.conftest import make_context, project

__all__ = ["make_context", "metadata_tables", "project", "sync_dags"]
