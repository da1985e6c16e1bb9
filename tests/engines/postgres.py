"""A PostgreSQL server of the tests' own; as root it runs as the user `postgres`, since it refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from tests.engines.processes import Server, free_port, require_program, unavailable

PACKAGE = "postgresql"
PASSWORD = "pg-secret"


@dataclass(frozen=True)
class PostgresServer:
    """A running server; `spec` logs in as its superuser with a password."""

    spec: ConnectionSpec
    server: Server | None = field(default=None, compare=False, repr=False)

    def kill_and_restart(self) -> None:
        """The whole server dies by SIGKILL and comes back."""
        assert self.server is not None
        self.server.kill_and_restart(lambda: _accepts(self))

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Run a statement beside the product's sessions, committed at once."""
        with self.connect() as raw:
            cursor = raw.execute(sql.encode())
            return list(cursor.fetchall()) if cursor.description else []

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=self.spec.host, port=self.spec.port, user=self.spec.login, password=self.spec.password,
            dbname=self.spec.schema, autocommit=True,
        )  # fmt: skip

    def with_schema(self, schema: str) -> PostgresServer:
        return replace(self, spec=replace(self.spec, schema=schema))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with start_postgres() as running:
        yield running


@contextmanager
def start_postgres(max_connections: int = 40) -> Iterator[PostgresServer]:
    """A new server on a free port, gone with its data afterwards."""
    initdb = require_program("initdb", PACKAGE, "usr/lib/postgresql/*/bin/initdb", "usr/pgsql-*/bin/initdb")
    folder = Path(tempfile.mkdtemp(prefix="dataflow-pg-"))
    user = _server_user()
    try:
        if user:
            shutil.chown(folder, user)
        with _serve(initdb.parent, folder, user, max_connections) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _server_user() -> str | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        unavailable("PostgreSQL does not run as root, and there is no user `postgres`")
        raise


@contextmanager
def _serve(programs: Path, folder: Path, user: str | None, max_connections: int) -> Iterator[PostgresServer]:
    data, secret, port = folder / "data", folder / "password", free_port()
    secret.write_text(PASSWORD)
    if user:
        shutil.chown(secret, user)
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}",
         "-E", "UTF8", "--locale=C", "--no-sync"],
        check=True, capture_output=True, user=user, group=user, extra_groups=[] if user else None, cwd=folder,
    )  # fmt: skip
    options = (
        "-c",
        "fsync=off",
        "-c",
        f"max_connections={max_connections}",
        "-c",
        "shared_buffers=64MB",
        "-c",
        "listen_addresses=127.0.0.1",
    )
    command = (programs / "postgres", "-D", data, "-p", str(port), "-k", folder, *options)
    server = Server(command, folder / "server.log", user=user)
    spec = ConnectionSpec("pg_test", "postgres", "127.0.0.1", port, "postgres", "postgres", PASSWORD)
    running = PostgresServer(spec, server)
    server.wait_until(lambda: _accepts(running))
    try:
        yield running
    finally:
        server.process.send_signal(2)  # SIGINT: a fast shutdown, which does not wait for clients
        server.stop()


def _accepts(server: PostgresServer) -> bool:
    try:
        server.query("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True
