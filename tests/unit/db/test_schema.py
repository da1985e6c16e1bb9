"""The tables as the models make them and as the migration scripts make them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect

from dataflow_provider.db.schema import VERSION_TABLE, DataflowTables
from dataflow_provider.db.tables import Base
from dataflow_provider.provider_info import get_provider_info

OURS = set(Base.metadata.tables)


@pytest.fixture(params=["sqlite", "postgres"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """An empty database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/own.db"
    else:
        server = request.getfixturevalue("postgres_server")
        server.query("DROP DATABASE IF EXISTS own")
        server.query("CREATE DATABASE own")
        spec = server.spec
        url = f"postgresql+psycopg://{spec.login}:{spec.password}@{spec.host}:{spec.port}/own"
    engine = create_engine(url)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def config_on(connection: Connection) -> Config:
    config = Config(DataflowTables.alembic_file)
    config.set_main_option("script_location", DataflowTables.migration_dir)
    config.attributes["connection"] = connection
    return config


def differences(connection: Connection) -> Any:
    """Return what a migration would still have to change, in the tables that are ours."""
    options = {
        "version_table": VERSION_TABLE,
        "compare_type": True,
        "include_object": lambda _thing, name, kind, *_rest: kind != "table" or name in OURS,
    }
    return compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)


def test_migration_scripts_make_what_the_models_say(connection: Connection) -> None:
    command.upgrade(config_on(connection), "head")
    assert set(inspect(connection).get_table_names()) == {*OURS, VERSION_TABLE}
    assert differences(connection) == []


def test_models_make_the_same_tables(connection: Connection) -> None:
    Base.metadata.create_all(connection)
    assert differences(connection) == []


def test_scripts_go_all_the_way_back(connection: Connection) -> None:
    command.upgrade(config_on(connection), "head")
    command.downgrade(config_on(connection), "base")
    assert set(inspect(connection).get_table_names()) == {VERSION_TABLE}


def test_versions_are_one_line() -> None:
    scripts = ScriptDirectory(DataflowTables.migration_dir)
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1


MIGRATE = """
import sys
from airflow import settings
from airflow.utils.session import create_session
from sqlalchemy import inspect
from dataflow_provider.db.schema import DataflowTables
with create_session() as session:
    DataflowTables(session).initdb(use_migration_files=sys.argv[1] == "files")
with create_session() as session:
    ours = DataflowTables(session)
    assert ours.check_migration()
    ours.upgradedb()
    print(*sorted(inspect(settings.get_engine()).get_table_names()))
"""


@pytest.mark.parametrize("how", ["files", "models"])
def test_airflow_makes_the_tables_either_way(how: str, tmp_path: Path) -> None:
    environ = {**os.environ, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db"}
    done = subprocess.run(
        [sys.executable, "-c", MIGRATE, how], env=environ, capture_output=True, text=True, timeout=200
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.splitlines()[-1].split()) == {*OURS, VERSION_TABLE}


def test_provider_names_the_tables_to_airflow() -> None:
    assert get_provider_info()["db-managers"] == [f"{DataflowTables.__module__}.{DataflowTables.__name__}"]
