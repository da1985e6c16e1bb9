"""Engines with the tables of the conformance suite, made once a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.engine import Engine
from tests.engines.live import ENGINES

TESTED = ("duckdb", "sqlite", "postgres", "mysql")


@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"engine-{name}")) for name in TESTED],
)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    name: str = request.param
    folder = tmp_path_factory.mktemp(f"conformance-{name}")
    with ENGINES[name](request, folder) as (spec, schema):
        made = Engine(name, spec, schema, folder)
        made.create()
        yield made
