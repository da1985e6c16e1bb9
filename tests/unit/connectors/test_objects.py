"""Object stores: the conformance test, ranges, faults and a pipeline on an S3 service; of the others their settings."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl import objects
from dataflow_provider.connectors.impl.file import FileConnector
from dataflow_provider.connectors.impl.object_fields import fields_of
from dataflow_provider.connectors.impl.objects import ObjectStore
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest, Predicate, SchemaRequest
from dataflow_provider.connectors.stores import StoredFile, StoreError
from dataflow_provider.connectors.testing import ROWS, ConnectorContract, session_options
from dataflow_provider.errors import AuthorError, DataflowError, TransientError
from dataflow_provider.spec.project import Project
from tests.engines.http_service import HttpService
from tests.engines.objects import S3Server
from tests.engines.processes import free_port

CALLS = b"id,name\n1,ann\n2,bob\n"


class ObjectContract(ConnectorContract):
    kind = ""

    @pytest.fixture
    def connector(self) -> FileConnector:
        return FileConnector()

    @pytest.fixture
    def connection(self, s3_server: S3Server) -> ConnectionSpec:
        return s3_server.spec

    @pytest.fixture
    def broken_connection(self, s3_server: S3Server) -> ConnectionSpec:
        extra = {**s3_server.spec.extra, "endpoint_url": f"http://127.0.0.1:{free_port()}"}
        return replace(s3_server.spec, extra=extra)

    @pytest.fixture
    def options(self, s3_server: S3Server) -> Mapping[str, Any]:
        return {"path": f"s3://{s3_server.bucket}/in/rows.{self.kind}", "format": self.kind}

    def read(self, connector: Any, session: Any, options: Mapping[str, Any], project: Project, **asked: Any) -> Any:
        """Read with the columns' types, and what append has written below the path."""
        below = session.objects.kind_of(options["path"]) == "folder"
        path = f"{options['path']}/*" if below else options["path"]
        schema = {"id": "BIGINT", "name": "VARCHAR", "amount": "DOUBLE"}
        return super().read(connector, session, {**options, "path": path, "schema": schema}, project, **asked)


class TestObjectsParquet(ObjectContract):
    kind = "parquet"


class TestObjectsCsv(ObjectContract):
    """CSV does not tell an empty text from NULL."""

    kind = "csv"
    rows = tuple({**row, "name": row["name"] or None} for row in ROWS)


ASKED = ("limit", "columns", "predicates", "on_bad_record")


class Reader:
    """Reads by the connector, and counts the bytes that come."""

    def __init__(self, connection: ConnectionSpec, folder: Path) -> None:
        self.connection, self.bytes = connection, 0
        self.project = Project(folder, "w", (folder,), folder / "w.duckdb")

    def batches(self, path: str, kind: str = "csv", **options: Any) -> Iterator[Any]:
        asked = {name: options.pop(name) for name in ASKED if name in options}
        request = ExtractRequest("n", {"path": path, "format": kind, **options}, project=self.project, **asked)
        connector = FileConnector()
        with connector.open(self.connection, session_options(self.project)) as session:
            assert session.objects is not None
            read_at = session.objects.read_at

            def counted(file: StoredFile, offset: int, length: int) -> bytes:
                data = read_at(file, offset, length)
                self.bytes += len(data)
                return data

            session.objects.read_at = counted  # type: ignore[method-assign]  # the store itself answers
            yield from connector.extract_data(session, request)

    def read(self, path: str, kind: str = "csv", **options: Any) -> list[dict[str, Any]]:
        return [row for batch in self.batches(path, kind, **options) for row in batch.to_pylist()]


@pytest.fixture
def reader(s3_server: S3Server, tmp_path: Path) -> Reader:
    return Reader(s3_server.spec, tmp_path)


def parquet(rows: int, group: int) -> bytes:
    table = pyarrow.table({"id": range(rows), "name": [f"name {number}" for number in range(rows)]})
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out, row_group_size=group, compression="none", use_dictionary=False)
    return out.getvalue()


def test_partitioned_folders_are_columns_and_rule_files_out(s3_server: S3Server, reader: Reader) -> None:
    for day in ("2026-01-01", "2026-01-02"):
        s3_server.put(f"calls/day={day}/p.parquet", parquet(3, 3))
    s3_server.put("calls/day=2026-01-01/.part.parquet", b"still written")
    path = f"s3://{s3_server.bucket}/calls/day=*/*.parquet"
    rows = reader.read(path, "parquet", columns=("day", "id"))
    assert [(str(row["day"]), row["id"]) for row in rows] == [
        (day, number) for day in ("2026-01-01", "2026-01-02") for number in range(3)
    ]
    wanted = Predicate("day", "=", (rows[0]["day"],))
    assert len(reader.read(path, "parquet", predicates=(wanted,))) == 3


def test_parquet_fetches_the_wanted_columns_and_row_groups_only(s3_server: S3Server, reader: Reader) -> None:
    data = parquet(100_000, 10_000)
    s3_server.put("p.parquet", data)
    wanted = Predicate("id", "<", (5_000,))
    rows = reader.read(f"s3://{s3_server.bucket}/p.parquet", "parquet", columns=("id",), predicates=(wanted,))
    assert [row["id"] for row in rows] == list(range(10_000))
    assert reader.bytes < len(data) / 5


def test_packed_text_is_read_and_a_look_at_much_takes_little(s3_server: S3Server, reader: Reader) -> None:
    s3_server.put("a/calls.csv.gz", gzip.compress(CALLS))
    assert reader.read(f"s3://{s3_server.bucket}/a/*.csv.gz") == [
        {"id": "1", "name": "ann"},
        {"id": "2", "name": "bob"},
    ]
    s3_server.put("large.csv", CALLS + b"3,eve\n" * 3_000_000)
    reader.bytes = 0
    assert len(reader.read(f"s3://{s3_server.bucket}/large.csv", limit=2)) == 2
    assert reader.bytes <= 4 * 1024 * 1024


def test_bad_lines_of_json_are_left_out_and_a_look_at_many_takes_little(s3_server: S3Server, reader: Reader) -> None:
    s3_server.put("large.json", b'{"id": "x"}\n' + b'{"id": 7}\n' * 1_500_000)
    asked = {"schema": {"id": "BIGINT"}, "on_bad_record": "skip", "limit": 2}
    assert reader.read(f"s3://{s3_server.bucket}/large.json", "json", **asked) == [{"id": 7}, {"id": 7}]
    assert reader.bytes <= 4 * 1024 * 1024


def test_large_target_goes_in_parts_and_stands_whole(s3_server: S3Server, reader: Reader) -> None:
    path = f"s3://{s3_server.bucket}/out.csv"
    rows = pyarrow.RecordBatch.from_pydict({"text": ["x" * 1000] * 20_000})
    connector = FileConnector()
    request = LoadRequest("n", {"path": path, "format": "csv"}, "overwrite", "r1", project=reader.project)
    with connector.open(reader.connection, session_options(reader.project)) as session:
        assert connector.load_data(session, iter([rows]), request) == 20_000
    assert len(s3_server.get("out.csv")) == len("text\n") + 20_000 * 1001


# ---------------------------------------------------------------- faults


def test_object_that_changes_while_it_is_read_is_refused(s3_server: S3Server, reader: Reader) -> None:
    s3_server.put("p.parquet", parquet(50_000, 1_000))
    batches = reader.batches(f"s3://{s3_server.bucket}/p.parquet", "parquet")
    next(batches), next(batches)
    s3_server.put("p.parquet", parquet(40_000, 1_000))
    with pytest.raises(TransientError, match=r"DF-RUN-022.*`lake`.*p\.parquet` changed while it was read"):
        list(batches)


def test_store_that_goes_away_names_connection_and_object(s3_server: S3Server, reader: Reader) -> None:
    s3_server.put("p.parquet", parquet(50_000, 1_000))
    path = f"s3://{s3_server.bucket}/p.parquet"
    batches = reader.batches(path, "parquet")
    next(batches), next(batches)
    s3_server.stop()
    with pytest.raises(TransientError, match=r"DF-CONN-012.*`lake`.*p\.parquet") as caught:
        list(batches)
    assert "s3cret" not in str(caught.value)
    s3_server.start()


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (400, b"connection timed out", r"DF-RUN-010.*400 Bad Request: connection"),
        (403, b"<Code>AccessDenied</Code>", r"DF-RUN-016.*permission denied"),
        (403, b"<Code>InvalidAccessKeyId</Code>", r"DF-CONN-013.*does not take these keys"),
        (429, b"", r"DF-RUN-023.*the store answers 429"),
        (500, b"oops", r"DF-CONN-012.*the store answers 500"),
        (503, b"<Code>SlowDown</Code>", r"DF-RUN-023.*the store answers 503"),
    ],
)
def test_answer_of_the_store_is_told_whatever_words_its_path_has(
    http_service: HttpService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: bytes,
    told: str,
) -> None:
    monkeypatch.setattr(objects, "_RETRIES", {"max_retries": 0})
    http_service.faults.append((status, {}, body))
    extra = {"endpoint_url": f"http://127.0.0.1:{http_service.port}"}
    spec = ConnectionSpec("lake", "aws", None, None, None, "AKIATEST", "s3cret-key", extra)
    with pytest.raises(DataflowError, match=told) as caught:
        Reader(spec, tmp_path).read("s3://calls/connection/AuthFailure/Connection - timed out/*.csv")
    assert "`lake`" in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    assert isinstance(caught.value, TransientError) is (status in (429, 500, 503))


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("s3://BUCKET/none.csv", r"DF-FILE-010: no file matches `s3://t"),
        ("s3://no-such-bucket-here/x.csv", r"no file matches|DF-RUN-014"),
        ("gs://bucket/x.csv", r"DF-CONN-015.*`gs://` paths need a connection of type `google_cloud_platform`"),
        ("s3:///x.csv", r"the path names no bucket"),
    ],
)
def test_wrong_paths_are_told(s3_server: S3Server, reader: Reader, path: str, told: str) -> None:
    with pytest.raises(DataflowError, match=told):
        reader.read(path.replace("BUCKET", s3_server.bucket))


def test_ways_of_login_that_are_not_known_are_refused() -> None:
    with pytest.raises(StoreError, match="`role_arn` of the extra is not taken"):
        fields_of(ConnectionSpec("c", "aws", extra={"role_arn": "arn:x"}), "s3", "b")


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        (
            ConnectionSpec("lake", "google_cloud_platform", extra={"is_anonymous": True, "endpoint_url": "URL"}),
            "gs://b/x",
        ),
        (ConnectionSpec("lake", "wasb", login="acct", password="a2V5", extra={"endpoint_url": "URL"}), "az://b/x"),
    ],
)
def test_other_stores_are_asked_at_their_endpoint(spec: ConnectionSpec, path: str) -> None:
    closed = replace(spec, extra={**spec.extra, "endpoint_url": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(StoreError, match=rf"no answer for `{path}`"):
        ObjectStore(closed).find(path)


def test_google_key_and_azure_secrets_become_settings_of_the_client() -> None:
    key = {"type": "service_account", "client_email": "a@b", "private_key": "k"}
    google = ConnectionSpec("g", "google_cloud_platform", extra={"extra__google_cloud_platform__keyfile_dict": key})
    assert json.loads(fields_of(google, "gs", "b").config["service_account_key"]) == key
    azure = ConnectionSpec("a", "wasb", "acct.blob.core.windows.net", None, None, "id", "pw", {"tenant_id": "t"})
    assert fields_of(azure, "az", "b").config == {
        "account_name": "acct", "client_id": "id", "client_secret": "pw", "tenant_id": "t",
    }  # fmt: skip


def test_bucket_is_tested_and_its_files_are_found(s3_server: S3Server, tmp_path: Path) -> None:
    connector, project = FileConnector(), Project(tmp_path, "w", (tmp_path,), tmp_path / "w.duckdb")
    s3_server.put("in/calls.csv", CALLS)
    with connector.open(s3_server.spec, session_options(project)) as session:
        assert s3_server.bucket in connector.test_connection(session)
        found = connector.discover_schema(session, SchemaRequest()).entries
        columns = connector.discover_schema(session, SchemaRequest(table=found[0].name)).entries
    assert [one.name for one in found] == [f"s3://{s3_server.bucket}/in/calls.csv"]
    assert [one.name for one in columns] == ["id", "name"]
    nameless = replace(s3_server.spec, extra={**s3_server.spec.extra, "bucket_name": None})
    with (
        connector.open(nameless, session_options(project)) as session,
        pytest.raises(AuthorError, match=r"names no bucket.*`bucket_name`"),
    ):
        connector.test_connection(session)


PIPELINE = """
apiVersion: dataflow/v1
kind: Pipeline
id: lake
nodes:
  calls:
    type: source.file
    connection: lake
    path: s3://BUCKET/in/day=*/*.csv
    format: csv
    schema: {id: BIGINT, name: VARCHAR}
    on_bad_record: reject
  bad: {type: target.file, from: calls.rejected, path: bad.csv, format: csv, write: {mode: overwrite}}
  kept: {type: transform.filter, from: calls, where: id > 1}
  parts: {type: target.file, connection: lake, from: kept, path: "s3://BUCKET/out", format: parquet}
"""


def test_pipeline_reads_and_writes_a_bucket_and_a_retry_writes_nothing_twice(
    s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = s3_server.spec
    monkeypatch.setenv(
        "AIRFLOW_CONN_LAKE",
        json.dumps({"conn_type": "aws", "login": spec.login, "password": spec.password, "extra": dict(spec.extra)}),
    )
    s3_server.put("in/day=1/a.csv", CALLS)
    s3_server.put("in/day=2/b.csv", b"id,name\n3,eve\nx,y\n")
    path = tmp_path / "lake.yaml"
    path.write_text(PIPELINE.replace("BUCKET", s3_server.bucket))
    for _ in range(2):
        assert main(["run", str(path), "--run-id", "manual__1"]) == 0
    assert f"s3://{s3_server.bucket}/in/day=2/b.csv,3,14," in (tmp_path / "bad.csv").read_text()
    (part,) = [key for key in s3_server.list_keys() if key.startswith("out/")]
    table = pyarrow.parquet.read_table(io.BytesIO(s3_server.get(part)))
    assert table.to_pylist() == [{"id": 2, "name": "bob"}, {"id": 3, "name": "eve"}]
