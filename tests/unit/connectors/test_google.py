"""Google Cloud Storage: its client against moto, whose S3 protocol Google's own XML protocol follows, without keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.file import FileConnector
from dataflow_provider.connectors.requests import LoadRequest
from dataflow_provider.connectors.testing import session_options
from dataflow_provider.errors import DataflowError
from dataflow_provider.spec.project import Project
from tests.engines.objects import S3Server
from tests.engines.processes import free_port
from tests.engines.relay import Relay
from tests.unit.connectors.test_azure import LAKE
from tests.unit.connectors.test_objects import ObjectContract, Reader


def spec_of(endpoint: str, bucket: str) -> ConnectionSpec:
    """Return a connection whose key is that of a service without logins, as Google's emulators have them."""
    key = {"disable_oauth": True, "client_email": "", "private_key": "", "private_key_id": ""}
    extra = {"keyfile_dict": key, "endpoint_url": endpoint, "bucket_name": bucket}
    return ConnectionSpec("lake", "google_cloud_platform", extra=extra)


@pytest.fixture
def lake(s3_server: S3Server) -> Iterator[ConnectionSpec]:
    """The client writes with an empty token in its header, which moto cannot read."""
    s3_server.open_to_all()
    relay = Relay(s3_server.port, leave_out=b"authorization: Bearer \r\n")
    yield spec_of(f"http://127.0.0.1:{relay.port}", s3_server.bucket)
    relay.close()


class TestGoogleParquet(ObjectContract):
    kind = "parquet"

    @pytest.fixture
    def connection(self, lake: ConnectionSpec) -> ConnectionSpec:
        return lake

    @pytest.fixture
    def broken_connection(self, s3_server: S3Server) -> ConnectionSpec:
        return spec_of(f"http://127.0.0.1:{free_port()}", s3_server.bucket)

    @pytest.fixture
    def options(self, s3_server: S3Server) -> Mapping[str, Any]:
        return {"path": f"gs://{s3_server.bucket}/in/rows.parquet", "format": "parquet"}


def test_large_target_goes_in_parts_and_stands_whole(s3_server: S3Server, lake: ConnectionSpec, tmp_path: Path) -> None:
    rows, connector = pyarrow.RecordBatch.from_pydict({"text": ["x" * 1000] * 20_000}), FileConnector()
    project = Project(tmp_path, "w", (tmp_path,), tmp_path / "w.duckdb")
    options = {"path": f"gs://{s3_server.bucket}/out.csv", "format": "csv"}
    with connector.open(lake, session_options(project)) as session:
        request = LoadRequest("n", options, "overwrite", "r1", project=project)
        assert connector.load_data(session, iter([rows]), request) == 20_000
    assert len(s3_server.get("out.csv")) == len("text\n") + 20_000 * 1001


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("gs://BUCKET/none.csv", r"DF-FILE-010: no file matches"),
        ("gs://no-such-bucket-here/x/*.csv", r"DF-RUN-014"),
    ],
)
def test_what_is_not_there_is_told(
    s3_server: S3Server, lake: ConnectionSpec, tmp_path: Path, path: str, told: str
) -> None:
    with pytest.raises(DataflowError, match=told):
        Reader(lake, tmp_path).read(path.replace("BUCKET", s3_server.bucket))


def test_names_of_objects_come_as_they_are(s3_server: S3Server, lake: ConnectionSpec, tmp_path: Path) -> None:
    s3_server.put("in/a b+é%41.csv", b"id\n1\n")
    anonymous = replace(lake, extra={"is_anonymous": True, "endpoint_url": s3_server.endpoint})
    for spec in (lake, anonymous):
        assert Reader(spec, tmp_path).read(f"gs://{s3_server.bucket}/in/a b*.csv") == [{"id": "1"}]


def test_pipeline_reads_and_writes_a_bucket_and_a_retry_writes_nothing_twice(
    s3_server: S3Server, lake: ConnectionSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_LAKE", json.dumps({"conn_type": lake.conn_type, "extra": dict(lake.extra)}))
    s3_server.put("in/a.csv", b"id\n1\n2\n3\n")
    path = tmp_path / "lake.yaml"
    path.write_text(LAKE.replace("CONNECTION", "lake").replace("BUCKET", f"gs://{s3_server.bucket}"))
    for _ in range(2):
        assert main(["run", str(path), "--run-id", "manual__1"]) == 0
    assert Reader(lake, tmp_path).read(f"gs://{s3_server.bucket}/out/*.parquet", "parquet") == [{"id": 2}, {"id": 3}]
