"""A MariaDB server of the tests' own, reached over TCP with a password."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import MySQLdb
import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from tests.engines.processes import Server, free_port, require_program

PACKAGE = "mariadb-server"
PASSWORD = "my-secret"
USER = "dataflow"


@dataclass(frozen=True)
class MariaDBServer:
    """A running server; `spec` logs in as a user with all rights, into the empty database `test`."""

    spec: ConnectionSpec
    server: Server | None = field(default=None, compare=False, repr=False)

    def kill_and_restart(self) -> None:
        """The server dies by SIGKILL and comes back; without `durable` it may forget its last second."""
        assert self.server is not None
        self.server.kill_and_restart(lambda: _accepts(self))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement beside the product's sessions, committed at once."""
        with closing(self.connect()) as raw, closing(raw.cursor()) as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def connect(self) -> Any:
        return MySQLdb.connect(
            host=self.spec.host, port=self.spec.port, user=self.spec.login, passwd=self.spec.password,
            db=self.spec.schema, charset="utf8mb4", autocommit=True,
        )  # fmt: skip


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDBServer]:
    with start_mariadb() as running:
        yield running


@contextmanager
def start_mariadb(*, durable: bool = False) -> Iterator[MariaDBServer]:
    """A new server on a free port, gone with its data afterwards."""
    install = require_program("mariadb-install-db", PACKAGE, "usr/bin/mariadb-install-db")
    program = require_program("mariadbd", PACKAGE, "usr/sbin/mariadbd", "usr/libexec/mariadbd")
    folder = Path(tempfile.mkdtemp(prefix="dataflow-my-"))
    try:
        with _serve(install, program, folder, durable=durable) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _serve(install: Path, program: Path, folder: Path, *, durable: bool) -> Iterator[MariaDBServer]:
    user, port, data, start = getpass.getuser(), free_port(), folder / "data", folder / "start.sql"
    subprocess.run(
        [install, "--no-defaults", f"--user={user}", f"--datadir={data}", "--skip-test-db",
         "--auth-root-authentication-method=normal"],
        check=True, capture_output=True,
    )  # fmt: skip
    start.write_text(
        "CREATE DATABASE IF NOT EXISTS test CHARACTER SET utf8mb4;\n"
        f"CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n"
        f"GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
    )
    command = (
        program, "--no-defaults", f"--user={user}", f"--datadir={data}", f"--socket={folder}/s", f"--port={port}",
        "--bind-address=127.0.0.1", f"--init-file={start}", "--innodb-buffer-pool-size=64M",
        f"--innodb-flush-log-at-trx-commit={2 if durable else 0}", "--skip-name-resolve", f"--pid-file={folder}/pid",
    )  # fmt: skip
    server = Server(command, folder / "server.log")
    running = MariaDBServer(ConnectionSpec("my_test", "mysql", "127.0.0.1", port, "test", USER, PASSWORD), server)
    server.wait_until(lambda: _accepts(running))
    try:
        yield running
    finally:
        server.stop()


def _accepts(server: MariaDBServer) -> bool:
    try:
        server.query("SELECT 1")
    except MySQLdb.OperationalError:
        return False
    return True
