"""What goes wrong while rows move: a coded error that names the connection and no secret, the target as it was."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector
from dataflow_provider.errors import DataflowError
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project
from dataflow_provider.transfer.meter import Meter
from tests.engines.mariadb import MariaDBServer
from tests.engines.postgres import PostgresServer
from tests.engines.processes import free_port

pytestmark = pytest.mark.xdist_group("engines-all")
ROWS = 40_000
SECRET = "a-secret-of-nobody"


@dataclass
class World:
    """Two servers with a source table each, and where rows go to."""

    postgres: PostgresServer
    mariadb: MariaDBServer
    folder: Path
    specs: dict[str, ConnectionSpec]

    def get(self, conn_id: str) -> ConnectionSpec:
        return self.specs[conn_id]

    def kill_others(self, engine: str) -> None:
        """Every session but this one ends at once, as if its server had died."""
        if engine == "postgres":
            self.postgres.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' "
                "AND pid <> pg_backend_pid()"
            )
            return
        found = "SELECT id FROM information_schema.processlist WHERE user = 'dataflow' AND id <> CONNECTION_ID()"
        for (number,) in self.mariadb.query(found):
            self.mariadb.query(f"KILL CONNECTION {number}")

    def run(self, source: str, target: str, *, table: str = "faults.calls", into: str = "mart") -> Any:
        """Run a pipeline from the source's table to a table of the target."""
        nodes = {
            "calls": {
                "type": f"source.{source}", "connection": source, "table": table, "fetch_size": 500,
                **({"columns": ["n", "gone"]} if table == "faults.narrow" else {}),
            },
            "mart": {
                "type": f"target.{target}", "connection": target, "from": "calls", "table": f"faults_to.{into}",
                "write": {"mode": "overwrite"}, "create": {"if_missing": True}, "batch_size": 500,
            },
        }  # fmt: skip
        document = {"apiVersion": "dataflow/v1", "kind": "Pipeline", "id": "faults", "nodes": nodes}
        project = Project(self.folder, "default", (self.folder,), self.folder / "unused.duckdb")
        plan = plan_pipeline(Pipeline.model_validate(document))
        return run_pipeline(plan, RunValues("manual__faults"), self, project)

    def failed(self, source: str, target: str, **more: Any) -> DataflowError:
        result = self.run(source, target, **more)
        assert result.state == "failed"
        error: DataflowError = next(iter(result.errors.values()))
        for spec in self.specs.values():
            assert str(spec.password) not in str(error)
        return error

    def rows(self, target: str, table: str) -> tuple[Any, ...]:
        options = SessionOptions(Holder("t", "t"), file_roots=(self.folder,))
        with get_connector(target).open(self.get(target), options) as session:
            found: tuple[Any, ...] = session.fetch_rows(f"SELECT COUNT(*), SUM(n) FROM {table}")[1][0]
        return found


FILL = {
    "postgres": "CREATE TABLE faults.calls AS SELECT i AS n, repeat('x', 400) AS t FROM generate_series(1, {rows}) i",
    "mysql": "CREATE TABLE faults.calls AS SELECT CAST(seq AS INT) n, REPEAT('x', 400) t FROM faults.seq_1_to_{rows}",
}
ALL = (ROWS, ROWS * (ROWS + 1) // 2)


@pytest.fixture
def world(postgres_server: PostgresServer, mariadb_server: MariaDBServer, tmp_path: Path) -> Iterator[World]:
    postgres, mariadb = postgres_server.with_schema("postgres"), mariadb_server
    postgres.query("DROP SCHEMA IF EXISTS faults, faults_to CASCADE")
    postgres.query("CREATE SCHEMA faults")
    postgres.query("CREATE SCHEMA faults_to")
    for name in ("faults", "faults_to"):
        mariadb.query(f"DROP DATABASE IF EXISTS {name}")
        mariadb.query(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    postgres.query(FILL["postgres"].format(rows=ROWS))
    mariadb.query(FILL["mysql"].format(rows=ROWS))
    for server in (postgres, mariadb):
        server.query("CREATE TABLE faults_to.mart (n BIGINT, t TEXT)")
        server.query("INSERT INTO faults_to.mart VALUES (7, 'kept')")
        server.query("DROP TABLE IF EXISTS faults.narrow")
        server.query("CREATE TABLE faults.narrow AS SELECT 1 AS n")
    specs = {
        "postgres": replace(postgres.spec, conn_id="postgres"),
        "mysql": replace(mariadb.spec, conn_id="mysql", schema="faults"),
        "duckdb": ConnectionSpec("duckdb", "duckdb", str(tmp_path / "dwh.duckdb")),
    }
    yield World(postgres, mariadb, tmp_path, specs)
    postgres.query("DROP SCHEMA faults, faults_to CASCADE")
    postgres.query('DROP SCHEMA IF EXISTS "_dataflow" CASCADE')
    for name in ("faults", "faults_to", "_dataflow"):
        mariadb.query(f"DROP DATABASE IF EXISTS {name}")


# ---------------------------------------------------------------- connections that do not come about


@pytest.mark.parametrize("engine", ["postgres", "mysql"])
@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"password": SECRET}, "DF-CONN-013"),
        ({"port": 0}, "DF-CONN-012"),
        ({"host": "nowhere.invalid"}, "DF-CONN-012"),
        ({"extra": {"sslmode": "require", "ssl": {"ca": "/nowhere.pem"}}}, "DF-CONN-015"),
    ],
    ids=["password", "port", "host", "tls"],
)
def test_connection_that_fails_is_named_with_what_to_do(
    world: World, engine: str, side: str, change: dict[str, Any], code: str
) -> None:
    change = {"port": free_port()} if "port" in change else change
    other = {"postgres": "mysql", "mysql": "postgres"}[engine]
    world.specs[engine] = replace(world.specs[engine], **change)
    pair = (engine, other) if side == "source" else (other, engine)
    error = world.failed(*pair)
    assert (error.code, f"`{engine}`" in str(error)) == (code, True), str(error)
    assert error.hint
    assert SECRET not in str(error)


@pytest.mark.parametrize("engine", ["postgres", "mysql"])
@pytest.mark.parametrize("table", ["faults.gone", "faults.narrow"])
def test_table_or_column_that_is_missing_is_named(world: World, engine: str, table: str) -> None:
    error = world.failed(engine, "duckdb", table=table)
    assert (error.place.node, "gone" in str(error)) == ("calls", True), str(error)


@pytest.mark.parametrize("engine", ["postgres", "mysql"])
def test_right_that_is_missing_is_told_and_the_target_stays(world: World, engine: str) -> None:
    if engine == "postgres":
        world.postgres.query("DROP ROLE IF EXISTS reader")
        world.postgres.query(f"CREATE ROLE reader LOGIN PASSWORD '{SECRET}'")
        world.postgres.query("GRANT CREATE ON DATABASE postgres TO reader")
    else:
        world.mariadb.query(f"CREATE OR REPLACE USER reader IDENTIFIED BY '{SECRET}'")
        world.mariadb.query("GRANT ALL ON _dataflow.* TO reader")
        world.mariadb.query("GRANT SELECT ON faults_to.* TO reader")
    world.specs[engine] = replace(
        world.specs[engine], login="reader", password=SECRET,
        schema={"postgres": "postgres", "mysql": "faults_to"}[engine],
    )  # fmt: skip
    error = world.failed(engine, "duckdb")
    # The refusal comes when the database is asked for the types of the query, before any row moves.
    assert (error.code, error.place.node) == ("DF-SQL-020", "calls"), str(error)
    assert "the statement may not do that" in str(error)


# ---------------------------------------------------------------- connections that are lost


@pytest.mark.parametrize(("source", "target"), [("postgres", "mysql"), ("mysql", "postgres")])
@pytest.mark.parametrize("moment", ["read", "written"])
def test_session_that_is_killed_on_the_way_leaves_the_target_and_a_retry_is_exact(
    world: World, source: str, target: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = source if moment == "read" else target
    add = Meter.add

    def kill(self: Meter, rows: int) -> None:
        add(self, rows)
        if self.what == moment and self.rows >= 1_000:
            monkeypatch.setattr(Meter, "add", add)
            world.kill_others(killed)

    monkeypatch.setattr(Meter, "add", kill)
    error = world.failed(source, target)
    assert (error.code, f"`{killed}`" in str(error)) == ("DF-RUN-022", True), str(error)
    assert error.hint
    assert world.rows(target, "faults_to.mart") == (1, 7)
    assert world.run(source, target).errors == {}
    assert world.rows(target, "faults_to.mart") == ALL


# ---------------------------------------------------------------- disks that are full


@contextmanager
def tiny_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Give a disk of that size, or skip where nobody may mount one."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a tiny disk is mounted by root only")
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=False)
    if made.returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_full_disk_of_duckdb_is_told_and_more_room_helps(world: World, tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "tiny", 2) as disk:
        world.mariadb.query("UPDATE faults.calls SET t = CONCAT(UUID(), SHA2(n, 512), SHA2(n + 1, 512))")
        world.specs["duckdb"] = replace(world.specs["duckdb"], host=str(disk / "dwh.duckdb"))
        error = world.failed("mysql", "duckdb")
        assert (error.code, error.place.node) == ("DF-RUN-021", "mart"), str(error)
        assert "space" in str(error.hint)
        subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        assert world.run("mysql", "duckdb").errors == {}
        assert world.rows("duckdb", "faults_to.mart") == ALL


def test_full_disk_of_postgres_is_told_and_the_target_stays(world: World, tmp_path: Path) -> None:
    server = world.postgres
    # PostgreSQL's own user has to reach it.
    place = Path(tempfile.mkdtemp(prefix="dataflow-tiny-"))
    place.chmod(0o755)
    with tiny_disk(place / "disk", 20) as disk:
        shutil.chown(disk, "postgres")
        server.query(f"CREATE TABLESPACE tiny LOCATION '{disk}'")
        server.query("ALTER ROLE postgres SET default_tablespace = 'tiny'")
        try:
            error = world.failed("mysql", "postgres")
            assert (error.code, error.place.node) == ("DF-RUN-021", "mart"), str(error)
            assert "`postgres`" in str(error)
            assert world.rows("postgres", "faults_to.mart") == (1, 7)
        finally:
            server.query("ALTER ROLE postgres RESET default_tablespace")
            server.query('DROP SCHEMA IF EXISTS "_dataflow" CASCADE')
            server.query("DROP TABLESPACE tiny")
    shutil.rmtree(place)
    assert world.run("mysql", "postgres").errors == {}
    assert world.rows("postgres", "faults_to.mart") == ALL


def test_full_disk_of_the_worker_is_told_and_the_target_stays(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_disk(tmp_path / "tiny", 4) as disk:
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        error = world.failed("mysql", "postgres")
        assert (error.code, str(disk) in str(error)) == ("DF-RUN-021", True), str(error)
        assert "TMPDIR" in str(error.hint)
        assert world.rows("postgres", "faults_to.mart") == (1, 7)
        monkeypatch.setattr(tempfile, "tempdir", None)
