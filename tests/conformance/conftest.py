"""Engines with the tables of the conformance suite, made once a session."""

from __future__ import annotations

import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from tests.conformance.engine import Engine


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("conformance")
    made = Engine("duckdb", ConnectionSpec("live", "duckdb", host=str(folder / "c.duckdb")), "main", folder)
    made.create()
    return made
