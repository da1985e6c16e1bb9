"""Connections that lead nowhere or to a server that nobody can trust: told by connection and host, without a secret."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from socket import create_server
from typing import Any

import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.registry import get_connector, get_native_connector
from dataflow_provider.connectors.testing import session_options
from dataflow_provider.errors import AuthorError, DataflowError, TransientError
from dataflow_provider.spec.project import Project
from tests.engines.certificates import write_certificate

SECRET = "s3cret-word"
NOWHERE = "nowhere.invalid"
NATIVE = ("kafka", "sftp", "http", "file")


def error_of(name: str, spec: ConnectionSpec, folder: Path) -> DataflowError:
    """Return what the test of a connection says."""
    options = session_options(Project(folder, "w", (folder,), folder / "w.duckdb"))
    connector: Any = get_native_connector(name) if name in NATIVE else get_connector(name)
    with pytest.raises(DataflowError) as caught, connector.open(spec, options) as session:
        connector.test_connection(session)
    assert "`away`" in str(caught.value)
    assert caught.value.hint
    assert SECRET not in str(caught.value)
    return caught.value


def spec_of(conn_type: str, host: str | None, port: int | None, **extra: Any) -> ConnectionSpec:
    return ConnectionSpec("away", conn_type, host, port, None, "u", SECRET, extra)


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("sqlserver", spec_of("mssql", NOWHERE, 1433)),
        ("oracle", spec_of("oracle", NOWHERE, 1521, service_name="XE")),
        ("sybase", spec_of("sybase", NOWHERE, 5000)),
        ("saphana", spec_of("saphana", NOWHERE, 30015)),
        ("kafka", spec_of("kafka", NOWHERE, 9092)),
        ("sftp", spec_of("sftp", NOWHERE, 22, no_host_key_check=True)),
        ("http", spec_of("http", NOWHERE, 80)),
        ("file", spec_of("aws", None, None, endpoint_url=f"http://u:{SECRET}@{NOWHERE}:9000", bucket_name="b")),
    ],
)
def test_host_that_is_not_there_is_told(name: str, spec: ConnectionSpec, tmp_path: Path) -> None:
    error = error_of(name, spec, tmp_path)
    assert (type(error), error.code, NOWHERE in error.message) == (TransientError, "DF-CONN-012", True), str(error)


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("mysql", spec_of("mysql", "127.0.0.1", None)),
        ("oracle", spec_of("oracle", "127.0.0.1", None, service_name="XE")),
        ("sybase", spec_of("sybase", "127.0.0.1", None)),
        ("teradata", spec_of("teradata", "127.0.0.1", None)),
    ],
)
def test_server_that_takes_a_call_and_says_nothing_is_not_waited_for(
    name: str, spec: ConnectionSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(get_connector(name)), "login_limit_s", 0.2)
    with create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        error = error_of(name, replace(spec, port=port, schema="d"), tmp_path)
    assert (type(error), error.code) == (TransientError, "DF-CONN-012"), str(error)
    assert f"127.0.0.1:{port}: no answer within 0.2 seconds" in error.message


@pytest.fixture
def untrusted(tmp_path: Path) -> Iterator[int]:
    """The port of a server whose certificate is signed by itself."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    write_certificate(key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def serve() -> None:
        # A client that leaves ends one handshake, the test ends them all.
        while True:
            try:
                raw, _ = listening.accept()
            except OSError:
                return
            with suppress(OSError), context.wrap_socket(raw, server_side=True) as safe:
                safe.recv(1)

    with create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(2)
    thread.join(5)


@pytest.mark.parametrize("name", ["http", "kafka", "file"])
def test_certificate_that_is_not_trusted_is_the_connections_mistake(name: str, untrusted: int, tmp_path: Path) -> None:
    spec = {
        "http": spec_of("http", "https://127.0.0.1", untrusted),
        "kafka": spec_of("kafka", "127.0.0.1", untrusted, **{"security.protocol": "SSL"}),
        "file": spec_of("aws", None, None, endpoint_url=f"https://127.0.0.1:{untrusted}", bucket_name="b"),
    }[name]
    error = error_of(name, spec, tmp_path)
    assert (type(error), error.code, str(untrusted) in error.message) == (AuthorError, "DF-CONN-015", True), str(error)
    assert "certificate" in error.message.casefold()
