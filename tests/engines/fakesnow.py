"""fakesnow, a server that speaks Snowflake's protocol over DuckDB, behind TLS as Snowflake itself is.

It runs in the environment `.engines`, since its packages do not fit beside ours. A NULL timestamp comes back as the
epoch, statements cannot be cancelled, and it knows neither SWAP nor EXPLAIN.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import certifi
import pytest
import snowflake.connector

from dataflow_provider.connectors.connections import ConnectionSpec
from tests.engines.certificates import write_certificate
from tests.engines.processes import Server, answers, free_port, require_stand_ins

PASSWORD = "snow-secret"
SCHEMA = "PUBLIC"


@dataclass(frozen=True)
class FakesnowServer:
    """A running server; every database that a connection names is there once it logs in."""

    spec: ConnectionSpec

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement beside the product's sessions, committed at once."""
        with closing(self.connect()) as raw, closing(raw.cursor()) as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def connect(self) -> Any:
        extra = self.spec.extra
        return snowflake.connector.connect(
            user=self.spec.login, password=self.spec.password, account=extra["account"], host=extra["host"],
            port=extra["port"], database=extra["database"], schema=self.spec.schema, disable_ocsp_checks=True,
            network_timeout=20, login_timeout=20,
        )  # fmt: skip

    def with_database(self, name: str) -> FakesnowServer:
        return replace(self, spec=replace(self.spec, extra={**self.spec.extra, "database": name}))


@pytest.fixture(scope="session")
def fakesnow_server() -> Iterator[FakesnowServer]:
    python = require_stand_ins()
    folder = Path(tempfile.mkdtemp(prefix="dataflow-snow-"))
    try:
        with pytest.MonkeyPatch.context() as patch:
            yield from _serve(python, folder, patch)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(python: Path, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[FakesnowServer]:
    key, certificate, trusted, port = folder / "key.pem", folder / "cert.pem", folder / "trusted.pem", free_port()
    write_certificate(key, certificate)
    trusted.write_bytes(Path(certifi.where()).read_bytes() + certificate.read_bytes())
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        patch.setenv(name, str(trusted))
    program = Path(__file__).with_name("fakesnow_server.py")
    server = Server((python, "-P", program, str(port), key, certificate), folder / "server.log")
    server.wait_until(lambda: answers(port))
    extra = {
        "account": "tests", "host": "127.0.0.1", "port": port, "database": "TESTS", "insecure_mode": True,
        "network_timeout": 20,
    }  # fmt: skip
    try:
        yield FakesnowServer(
            ConnectionSpec("snow_test", "snowflake", schema=SCHEMA, login="u", password=PASSWORD, extra=extra)
        )
    finally:
        server.stop()
