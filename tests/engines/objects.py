"""An S3 service of the tests' own: moto's server, with a bucket for each test."""

from __future__ import annotations

import json
import shutil
import tempfile
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obstore
import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from tests.engines.processes import Server, answers, free_port, require_stand_ins


@dataclass
class S3Server:
    """A running service and one bucket of it. It may be stopped; what it held is gone then."""

    folder: Path
    port: int
    bucket: str = ""
    server: Server | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def spec(self) -> ConnectionSpec:
        extra = {"endpoint_url": self.endpoint, "region_name": "us-east-1", "bucket_name": self.bucket}
        return ConnectionSpec("lake", "aws", None, None, None, "AKIATEST", "s3cret-key", extra)

    @property
    def client(self) -> Any:
        return obstore.store.S3Store(
            self.bucket,
            config={"access_key_id": "t", "secret_access_key": "t", "endpoint": self.endpoint, "region": "us-east-1"},
            client_options={"allow_http": True},
        )

    def put(self, key: str, data: bytes) -> None:
        obstore.put(self.client, key, data)

    def get(self, key: str) -> bytes:
        return bytes(obstore.get(self.client, key).bytes())

    def list_keys(self) -> list[str]:
        return sorted(one["path"] for block in obstore.list(self.client) for one in block)

    def start(self) -> None:
        command = (require_stand_ins(), "-m", "moto.server")  # Its script would keep the place it was installed at.
        self.server = Server((*command, "-H", "127.0.0.1", "-p", str(self.port)), self.folder / "moto.log")
        self.server.wait_until(lambda: answers(self.port))

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()

    def make_bucket(self) -> None:
        self.bucket = f"t{uuid.uuid4().hex[:12]}"
        self._put("")

    def open_to_all(self) -> None:
        """Who comes without a signature may do everything with the bucket's objects."""
        rule = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{self.bucket}/*"}
        self._put("?policy", json.dumps({"Version": "2012-10-17", "Statement": [rule]}).encode())

    def _put(self, of_bucket: str, data: bytes | None = None) -> None:
        request = urllib.request.Request(f"{self.endpoint}/{self.bucket}{of_bucket}", data, method="PUT")
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", "AWS4-HMAC-SHA256 Credential=t/20260101/us-east-1/s3/aws4_request")
        urllib.request.urlopen(request, timeout=10).close()


@pytest.fixture(scope="session")
def s3_process() -> Iterator[S3Server]:
    running = S3Server(Path(tempfile.mkdtemp(prefix="dataflow-s3-")), free_port())
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(running.folder, ignore_errors=True)


@pytest.fixture
def s3_server(s3_process: S3Server) -> S3Server:
    """The service with a new, empty bucket; one that a test has stopped runs again."""
    if not answers(s3_process.port):
        s3_process.start()
    s3_process.make_bucket()
    return s3_process
