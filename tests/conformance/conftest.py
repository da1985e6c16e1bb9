"""Engines with the tables of the conformance suites, made once a session."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.engine import Engine
from tests.conformance.exclusions import is_excluded
from tests.conformance.roundtrip import DuckDBWarehouse, PostgresWarehouse, Warehouse
from tests.engines.live import ENGINES
from tests.engines.postgres import PostgresServer

TESTED = tuple(sorted(ENGINES))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out what `exclusions.py` names; pytest tells how many it was."""
    left_out = [item for item in items if is_excluded(item.name)]
    if left_out:
        items[:] = [item for item in items if not is_excluded(item.name)]
        config.hook.pytest_deselected(items=left_out)


def _engine_fixture(name: str) -> Any:
    """Return the fixture of one engine; its server outlives it, as it is asked for first."""

    @pytest.fixture(scope="session", name=f"{name}_engine")
    def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
        folder = tmp_path_factory.mktemp(f"conformance-{name}")
        with ENGINES[name](request, folder) as (spec, schema):
            engine = Engine(name, spec, schema, folder)
            with engine.kept:
                engine.prepare()
                yield engine

    return made


databricks_engine = _engine_fixture("databricks")
duckdb_engine = _engine_fixture("duckdb")
mysql_engine = _engine_fixture("mysql")
postgres_engine = _engine_fixture("postgres")
snowflake_engine = _engine_fixture("snowflake")
sqlite_engine = _engine_fixture("sqlite")


@pytest.fixture(scope="session")
def engine_of(request: pytest.FixtureRequest) -> Callable[[str], Engine]:
    """Give an engine by its name; it starts when it is first asked for."""
    return lambda name: request.getfixturevalue(f"{name}_engine")


@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"engine-{name}")) for name in TESTED],
)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn."""
    made: Engine = request.getfixturevalue(f"{request.param}_engine")
    return made


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"engine-{name}")) for name in ("duckdb", "postgres")],
)
def warehouse(request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    """An engine with the tables of the suite beside the test: DuckDB runs its `data.sql`, others get a copy."""
    made = DuckDBWarehouse.filled(Path(request.path).with_name("data.sql").read_text(encoding="utf-8"))
    if request.param == "duckdb":
        yield made
        return
    with _database(request.getfixturevalue("postgres_server")) as copy:
        copy.fill_from(made)
        yield copy


@contextmanager
def _database(server: PostgresServer) -> Iterator[PostgresWarehouse]:
    name = f"t{uuid.uuid4().hex[:12]}"
    server.query(f"CREATE DATABASE {name}")
    try:
        with server.with_schema(name).connect() as raw:
            raw.prepare_threshold = None  # what is read is made anew, with other columns, for every query
            raw.execute("SET jit = off")
            raw.execute("SET enable_nestloop = off")  # WITH queries have no statistics; what they meet is small, too
            yield PostgresWarehouse(raw)
    finally:
        server.query(f"DROP DATABASE {name} WITH (FORCE)")
