"""Azure's blob storage: the conformance test, ranges of one version, packed text, large files and refusals."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.file import FileConnector
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest
from dataflow_provider.connectors.testing import ROWS, ConnectorContract, session_options
from dataflow_provider.errors import DataflowError, TransientError
from dataflow_provider.spec.project import Project
from tests.engines.azure import AzureServer
from tests.engines.processes import free_port

pytestmark = pytest.mark.xdist_group("engine-azure")


class AzureContract(ConnectorContract):
    kind = ""

    @pytest.fixture
    def connector(self) -> FileConnector:
        return FileConnector()

    @pytest.fixture
    def connection(self, azure_server: AzureServer) -> ConnectionSpec:
        return azure_server.spec

    @pytest.fixture
    def broken_connection(self, azure_server: AzureServer) -> ConnectionSpec:
        extra = {**azure_server.spec.extra, "endpoint_url": f"http://127.0.0.1:{free_port()}/a"}
        return replace(azure_server.spec, extra=extra)

    @pytest.fixture
    def options(self, azure_server: AzureServer) -> Mapping[str, Any]:
        return {"path": f"az://{azure_server.container}/in/rows.{self.kind}", "format": self.kind}

    def read(self, connector: Any, session: Any, options: Mapping[str, Any], project: Project, **asked: Any) -> Any:
        """Read with the columns' types, and what append has written below the path."""
        below = session.objects.kind_of(options["path"]) == "folder"
        path = f"{options['path']}/*" if below else options["path"]
        schema = {"id": "BIGINT", "name": "VARCHAR", "amount": "DOUBLE"}
        return super().read(connector, session, {**options, "path": path, "schema": schema}, project, **asked)


class TestAzureParquet(AzureContract):
    kind = "parquet"


class TestAzureCsv(AzureContract):
    """CSV does not tell an empty text from NULL."""

    kind = "csv"
    rows = tuple({**row, "name": row["name"] or None} for row in ROWS)


def batches(spec: ConnectionSpec, folder: Path, path: str, kind: str) -> Any:
    project, connector = Project(folder, "w", (folder,), folder / "w.duckdb"), FileConnector()
    with connector.open(spec, session_options(project)) as session:
        request = ExtractRequest("n", {"path": path, "format": kind}, project=project)
        yield from connector.extract_data(session, request)


def parquet(rows: int) -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"id": range(rows)}), out, row_group_size=1_000)
    return out.getvalue()


def test_files_that_were_listed_are_read_in_the_version_that_was_listed(
    azure_server: AzureServer, tmp_path: Path
) -> None:
    azure_server.put("day=1/a.csv.gz", gzip.compress(b"id\n1\n2\n"))
    azure_server.put("day=2/b.csv.gz", gzip.compress(b"id\n3\n"))
    path = f"az://{azure_server.container}/day=*/*.csv.gz"
    rows = [row["id"] for batch in batches(azure_server.spec, tmp_path, path, "csv") for row in batch.to_pylist()]
    assert rows == ["1", "2", "3"]
    azure_server.put("p/p.parquet", parquet(50_000))
    reading = batches(azure_server.spec, tmp_path, f"az://{azure_server.container}/p/*.parquet", "parquet")
    next(reading), next(reading)
    azure_server.put("p/p.parquet", parquet(40_000))
    with pytest.raises(TransientError, match=r"DF-RUN-022.*`azure_lake`.*p\.parquet` changed while it was read"):
        list(reading)


def test_large_target_goes_in_blocks_and_stands_whole(azure_server: AzureServer, tmp_path: Path) -> None:
    rows, connector = pyarrow.RecordBatch.from_pydict({"text": ["x" * 1000] * 20_000}), FileConnector()
    project = Project(tmp_path, "w", (tmp_path,), tmp_path / "w.duckdb")
    options = {"path": f"az://{azure_server.container}/out.csv", "format": "csv"}
    with connector.open(azure_server.spec, session_options(project)) as session:
        request = LoadRequest("n", options, "overwrite", "r1", project=project)
        assert connector.load_data(session, iter([rows]), request) == 20_000
    assert len(azure_server.get("out.csv")) == len("text\n") + 20_000 * 1001


@pytest.mark.parametrize(
    ("change", "path", "told"),
    [
        ({}, "az://CONTAINER/none.csv", r"DF-FILE-010: no file matches"),
        ({}, "az://nosuchcontainer/x/*.csv", r"DF-RUN-014.*there is no `az://nosuchcontainer/x/`"),
        ({}, "az://UP/x/*.csv", r"DF-RUN-010.*400 Bad Request: .*specified resource name"),
        ({"password": "d3Jvbmc="}, "az://CONTAINER/x.csv", r"DF-RUN-016.*permission denied"),
        ({"password": "d3Jvbmc="}, "az://CONTAINER/*.csv", r"DF-CONN-013.*does not take these keys"),
    ],
)
def test_refusals_are_told(
    azure_server: AzureServer, tmp_path: Path, change: dict[str, str], path: str, told: str
) -> None:
    spec = replace(azure_server.spec, **change)  # type: ignore[arg-type]  # names of text fields
    with pytest.raises(DataflowError, match=told) as caught:
        list(batches(spec, tmp_path, path.replace("CONTAINER", azure_server.container), "csv"))
    assert "127.0.0.1" not in str(caught.value)


LAKE = """
apiVersion: dataflow/v1
kind: Pipeline
id: lake
nodes:
  calls: {type: source.file, connection: CONNECTION, path: BUCKET/in/*.csv, format: csv, schema: {id: BIGINT}}
  kept: {type: transform.filter, from: calls, where: id > 1}
  parts: {type: target.file, connection: CONNECTION, from: kept, path: BUCKET/out, format: parquet}
"""


def test_pipeline_reads_and_writes_a_container_and_a_retry_writes_nothing_twice(
    azure_server: AzureServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = azure_server.spec
    wanted = {"conn_type": "wasb", "login": spec.login, "password": spec.password, "extra": dict(spec.extra)}
    monkeypatch.setenv("AIRFLOW_CONN_AZURE_LAKE", json.dumps(wanted))
    azure_server.put("in/a.csv", b"id\n1\n2\n3\n")
    path = tmp_path / "lake.yaml"
    path.write_text(LAKE.replace("CONNECTION", "azure_lake").replace("BUCKET", f"az://{azure_server.container}"))
    for _ in range(2):
        assert main(["run", str(path), "--run-id", "manual__1"]) == 0
    rows = [
        row
        for batch in batches(spec, tmp_path, f"az://{azure_server.container}/out/*.parquet", "parquet")
        for row in batch.to_pylist()
    ]
    assert rows == [{"id": 2}, {"id": 3}]
