"""One test, every engine that runs here: `live_engine` gives each in turn, with a schema that nobody else uses."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dataflow_provider.connectors.base import SessionOptions, SqlSession
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector
from tests.engines.databricks import DatabricksServer
from tests.engines.fakesnow import SCHEMA, FakesnowServer
from tests.engines.mariadb import MariaDBServer
from tests.engines.postgres import PostgresServer

LIVE_ENGINES = ("duckdb", "sqlite", "postgres", "mysql")
"""Names of the engines whose servers `live_engine` starts here."""

Given = tuple[ConnectionSpec, str]


@dataclass(frozen=True)
class LiveEngine:
    """An engine, how to reach it, and an empty schema; `schema` is "" where an engine has none."""

    name: str
    spec: ConnectionSpec
    schema: str

    def table(self, name: str) -> str:
        """Return the quoted name of a table in the schema."""
        mark = "`" if self.name in ("mysql", "databricks") else '"'
        return ".".join(f"{mark}{part}{mark}" for part in (self.schema, name) if part)

    def open(self, *, read_only: bool = False) -> AbstractContextManager[SqlSession]:
        """Open a session of the product."""
        options = SessionOptions(Holder("tests", self.name), read_only=read_only, lock_timeout_s=20)
        return get_connector(self.name).open(self.spec, options)


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.xdist_group(f"engine-{name}")) for name in LIVE_ENGINES])
def live_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveEngine]:
    """Each engine in turn; its server starts with the first test that asks for it."""
    name: str = request.param
    with ENGINES[name](request, tmp_path) as (spec, schema):
        yield LiveEngine(name, spec, schema)


@contextmanager
def _file(request: pytest.FixtureRequest, folder: Path) -> Iterator[Given]:
    yield ConnectionSpec("duck_test", "duckdb", host=str(folder / "live.duckdb")), "main"


@contextmanager
def _sqlite(request: pytest.FixtureRequest, folder: Path) -> Iterator[Given]:
    yield ConnectionSpec("lite_test", "sqlite", host=str(folder / "live.sqlite")), ""


@contextmanager
def _postgres(request: pytest.FixtureRequest, folder: Path) -> Iterator[Given]:
    """A database for each test: the product's own schema for stage tables is fresh too."""
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = _fresh_name()
    server.query(f"CREATE DATABASE {name}")
    try:
        yield replace(server.spec, schema=name), "public"
    finally:
        server.query(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _mariadb(request: pytest.FixtureRequest, folder: Path) -> Iterator[Given]:
    """A database for each test, and the product's database of stage tables is gone afterwards."""
    server: MariaDBServer = request.getfixturevalue("mariadb_server")
    name = _fresh_name()
    server.query(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    try:
        yield replace(server.spec, schema=name), name
    finally:
        for database in (name, "_dataflow"):
            server.query(f"DROP DATABASE IF EXISTS {database}")


@contextmanager
def _fakesnow(request: pytest.FixtureRequest, folder: Path) -> Iterator[Given]:
    """A database for each test: fakesnow creates the one that a login names, and drops none."""
    server: FakesnowServer = request.getfixturevalue("fakesnow_server")
    yield server.with_database(_fresh_name().upper()).spec, SCHEMA


@contextmanager
def _databricks(request: pytest.FixtureRequest, folder: Path) -> Iterator[Given]:
    """A schema for each test; that of the product's stage tables is gone afterwards."""
    server: DatabricksServer = request.getfixturevalue("databricks_server")
    name = _fresh_name()
    server.query(f"CREATE SCHEMA {name}")
    try:
        yield server.with_schema(name).spec, name
    finally:
        for schema in (name, "_dataflow"):
            server.query(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


def _fresh_name() -> str:
    return f"t{uuid.uuid4().hex[:12]}"


ENGINES: dict[str, Callable[[pytest.FixtureRequest, Path], AbstractContextManager[Given]]] = {
    "databricks": _databricks,
    "duckdb": _file,
    "sqlite": _sqlite,
    "postgres": _postgres,
    "mysql": _mariadb,
    "snowflake": _fakesnow,
}
