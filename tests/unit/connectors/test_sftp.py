"""SFTP: the conformance test, logins, globs, faults, and whole pipelines, on a real OpenSSH server."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import paramiko
import pyarrow
import pyarrow.parquet
import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.sftp import SftpConnector
from dataflow_provider.connectors.impl.sftp_login import open_client
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest, Predicate, SchemaRequest
from dataflow_provider.connectors.testing import ROWS, ConnectorContract, session_options
from dataflow_provider.errors import AuthorError, DataflowError, TerminalError, TransientError
from dataflow_provider.spec.project import Project
from tests.engines.processes import free_port
from tests.engines.sftp import SftpServer
from tests.unit.connectors.rejected import Rejected

CALLS = "id,name\n1,ann\n2,bob\n"


class SftpContract(ConnectorContract):
    kind = ""

    @pytest.fixture
    def connector(self) -> SftpConnector:
        return SftpConnector()

    @pytest.fixture
    def connection(self, sftp_server: SftpServer) -> ConnectionSpec:
        return sftp_server.spec

    @pytest.fixture
    def broken_connection(self, sftp_server: SftpServer) -> ConnectionSpec:
        return replace(sftp_server.spec, port=free_port(), password="s3cret-pass")

    @pytest.fixture
    def options(self) -> Mapping[str, Any]:
        return {"path": f"rows.{self.kind}", "format": self.kind}

    def read(self, connector: Any, session: Any, options: Mapping[str, Any], project: Project, **asked: Any) -> Any:
        """Read with the columns' types, and what append has written into a folder."""
        folder = session.store.kind_of(options["path"]) == "folder"
        path = f"{options['path']}/*" if folder else options["path"]
        schema = {"id": "BIGINT", "name": "VARCHAR", "amount": "DOUBLE"}
        return super().read(connector, session, {**options, "path": path, "schema": schema}, project, **asked)


class TestSftpParquet(SftpContract):
    kind = "parquet"


class TestSftpJson(SftpContract):
    """JSON of no rows tells no columns."""

    kind = "json"

    def test_no_rows_keep_their_columns(self, *args: Any) -> None:
        pytest.skip("not applicable: JSON of no rows has no columns")


class TestSftpCsv(SftpContract):
    """CSV does not tell an empty text from NULL."""

    kind = "csv"
    rows = tuple({**row, "name": row["name"] or None} for row in ROWS)


class Reader:
    """Reads by the connector."""

    def __init__(self, connection: ConnectionSpec, folder: Path) -> None:
        self.connection = connection
        self.project = Project(folder, "w", (folder,), folder / "w.duckdb")

    def batches(self, path: str, kind: str = "csv", **options: Any) -> Iterator[Any]:
        asked = {
            name: options.pop(name)
            for name in ("on_bad_record", "rejects", "limit", "columns", "predicates")
            if name in options
        }
        request = ExtractRequest("n", {"path": path, "format": kind, **options}, **asked)
        connector = SftpConnector()
        with connector.open(self.connection, session_options(self.project)) as session:
            yield from connector.extract_data(session, request)

    def read(self, path: str, kind: str = "csv", **options: Any) -> list[dict[str, Any]]:
        return [row for batch in self.batches(path, kind, **options) for row in batch.to_pylist()]


@pytest.fixture
def reader(sftp_server: SftpServer, tmp_path: Path) -> Reader:
    return Reader(sftp_server.spec, tmp_path)


def test_globs_packed_files_and_folders_are_read_in_the_order_of_names(sftp_server: SftpServer, reader: Reader) -> None:
    for day in ("day=2026-01-02", "day=2026-01-01"):
        (sftp_server.files / "in" / day).mkdir(parents=True)
    (sftp_server.files / "in/day=2026-01-01/a.csv").write_text("id\n1\n")
    (sftp_server.files / "in/day=2026-01-01/.b.csv").write_text("id\n9\n")
    (sftp_server.files / "in/day=2026-01-02/a.csv.gz").write_bytes(gzip.compress(b"id\n2\n"))
    (sftp_server.files / "in/day=2026-01-02/c.csv.zst").write_bytes(pyarrow.compress(b"id\n3\n", "zstd").to_pybytes())
    assert [row["id"] for row in reader.read("in/day=*/*.csv*")] == ["1", "2", "3"]
    assert [row["id"] for row in reader.read("in/**/a.csv")] == ["1"]
    with pytest.raises(AuthorError, match=r"DF-FILE-010: no file matches `in/x\*.csv`.*connection `landing`"):
        reader.read("in/x*.csv")


def test_bad_records_are_told_by_the_file_of_the_server(sftp_server: SftpServer, reader: Reader) -> None:
    (sftp_server.files / "calls.csv").write_text("id,name\n1,ann\nx,bob\n3,c,d\n4,dan\n")
    schema = {"id": "BIGINT", "name": "VARCHAR"}
    with pytest.raises(DataflowError, match=r"calls\.csv") as caught:
        reader.read("calls.csv", schema=schema)
    assert "/tmp" not in str(caught.value)
    assert [row["id"] for row in reader.read("calls.csv", schema=schema, on_bad_record="skip")] == [1, 4]
    rejected = Rejected()
    rows = reader.read("calls.csv", schema=schema, on_bad_record="reject", rejects=rejected)
    assert [row["id"] for row in rows] == [1, 4]
    assert [(one["origin"], one["line"], one["byte_offset"], one["raw"]) for one in rejected] == [
        ("calls.csv", 3, 14, "x,bob"),
        ("calls.csv", 4, 20, "3,c,d"),
    ]


def test_bad_lines_of_packed_json_are_told_by_the_file_of_the_server(sftp_server: SftpServer, reader: Reader) -> None:
    lines = '{"id": 1, "who": {"n": 1}}\n{"id": "x"}\n{"id": 2}\n{"id":'
    (sftp_server.files / "day=2026-01-01").mkdir()
    (sftp_server.files / "day=2026-01-01/calls.json.gz").write_bytes(gzip.compress(lines.encode()))
    schema = {"id": "BIGINT", "who": "STRUCT(n INTEGER)"}
    rejected = Rejected()
    rows = reader.read("*/*.json.gz", "json", schema=schema, on_bad_record="reject", rejects=rejected)
    assert [(row["id"], row["who"]) for row in rows] == [(1, {"n": 1}), (2, None)]
    assert [(one["origin"], one["line"], one["raw"]) for one in rejected] == [
        ("day=2026-01-01/calls.json.gz", 2, '{"id": "x"}'),
        ("day=2026-01-01/calls.json.gz", 4, '{"id":'),
    ]


def test_preview_of_a_large_file_copies_its_beginning_only(sftp_server: SftpServer, reader: Reader) -> None:
    with (sftp_server.files / "large.csv").open("wb") as file:
        file.write(CALLS.encode())
        file.truncate(10 * 1024**3)
    assert reader.read("large.csv", limit=2) == [{"id": "1", "name": "ann"}, {"id": "2", "name": "bob"}]


def test_parquet_is_read_in_place_by_columns_and_row_groups(sftp_server: SftpServer, reader: Reader) -> None:
    (sftp_server.files / "day=1").mkdir()
    table = pyarrow.table({"id": range(1000), "name": [f"n{number}" for number in range(1000)]})
    pyarrow.parquet.write_table(table, sftp_server.files / "day=1/p.parquet", row_group_size=100)
    wanted = Predicate("id", ">=", (950,))
    rows = reader.read("day=*/p.parquet", "parquet", columns=("id", "day"), predicates=(wanted,))
    assert rows == [{"id": number, "day": 1} for number in range(900, 1000)]
    (sftp_server.files / "torn.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(TerminalError, match=r"DF-FILE-017: the file `torn.parquet` cannot be read"):
        reader.read("torn.parquet", "parquet")


# ---------------------------------------------------------------- logins


def test_unknown_server_is_not_talked_to(sftp_server: SftpServer, tmp_path: Path) -> None:
    key = (sftp_server.folder / "login_key").read_text()
    (tmp_path / "known").write_text("")
    extra = {"private_key": key, "known_hosts": str(tmp_path / "known")}
    unknown = replace(sftp_server.spec, extra=extra, password="s3cret-pass")
    with pytest.raises(AuthorError, match=r"DF-CONN-015.*`landing`.*is not known.*`host_key`") as caught:
        Reader(unknown, tmp_path).read("x.csv")
    assert "s3cret-pass" not in str(caught.value)
    assert sftp_server.host_key in str(caught.value)
    other = (sftp_server.folder / "login_key.pub").read_text()
    with pytest.raises(AuthorError, match=r"shows another key than the one that is known"):
        Reader(replace(unknown, extra={"private_key": key, "host_key": other}), tmp_path).read("x.csv")
    (tmp_path / "known").write_text(f"[127.0.0.1]:{sftp_server.port} {sftp_server.host_key}\n")
    (sftp_server.files / "x.csv").write_text(CALLS)
    assert len(Reader(unknown, tmp_path).read("x.csv")) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"login": "nobody-here"}, r"DF-CONN-013.*`landing`.*refuses the login `nobody-here`"),
        ({"host": "no-such-host.invalid"}, r"DF-CONN-012.*`landing`.*has no address"),
        ({"host": None}, r"DF-CONN-015.*`landing`.*names no host"),
        ({"extra": {"private_key": "PRIVATE", "host_key": "ssh-ed25519 AAAA"}}, "DF-CONN-015"),
        ({"extra": {"key_file": "/no/such/key"}}, r"the key file `/no/such/key` cannot be read"),
        ({"extra": {"host_proxy_cmd": "nc"}}, r"`host_proxy_cmd` of the extra is not taken"),
    ],
)
def test_login_that_fails_says_why(sftp_server: SftpServer, tmp_path: Path, change: dict[str, Any], told: str) -> None:
    with pytest.raises(DataflowError, match=told):
        Reader(replace(sftp_server.spec, **change), tmp_path).read("x.csv")


class _ByPassword(paramiko.ServerInterface):
    """Lets `ann` in by her password."""

    def check_auth_password(self, username: str, password: str) -> int:
        ok = (username, password) == ("ann", "s3cret-pass")
        return int(paramiko.common.AUTH_SUCCESSFUL if ok else paramiko.common.AUTH_FAILED)

    def get_allowed_auths(self, username: str) -> str:
        return "password"


@pytest.fixture
def password_server() -> Iterator[tuple[int, str]]:
    """A server of SSH logins by password; its port and its key."""
    key = paramiko.ECDSAKey.generate()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(raw)
            transport.add_server_key(key)
            transport.start_server(server=_ByPassword())

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], f"{key.get_name()} {key.get_base64()}"
    listener.close()


def test_password_lets_in_and_is_never_shown(password_server: tuple[int, str]) -> None:
    port, key = password_server
    spec = ConnectionSpec("landing", "sftp", "127.0.0.1", port, None, "ann", "s3cret-pass", {"host_key": key})
    open_client(spec).close()
    wrong = replace(spec, password="s3cret-wrong")
    with pytest.raises(TerminalError, match=r"DF-CONN-013.*`landing` refuses the login") as caught:
        SftpConnector().connect(wrong, session_options(Project(Path("/"), "w", (), Path("/w"))))
    assert "s3cret" not in str(caught.value)


# ---------------------------------------------------------------- faults


def test_connection_lost_while_reading_names_the_file_and_is_tried_again(
    sftp_server: SftpServer, reader: Reader
) -> None:
    table = pyarrow.table({"id": range(200_000), "name": [f"name {number}" for number in range(200_000)]})
    pyarrow.parquet.write_table(table, sftp_server.files / "p.parquet", row_group_size=10_000)
    batches = reader.batches("p.parquet", "parquet")
    next(batches), next(batches)
    sftp_server.drop()
    with pytest.raises(TransientError, match=r"DF-RUN-022: connection `landing` was lost.*`p\.parquet`"):
        list(batches)
    sftp_server.start()
    assert sum(batch.num_rows for batch in reader.batches("p.parquet", "parquet")) == 200_000


def test_file_that_changes_while_it_is_read_is_refused(sftp_server: SftpServer, reader: Reader) -> None:
    table = pyarrow.table({"id": range(100_000)})
    pyarrow.parquet.write_table(table, sftp_server.files / "p.parquet", row_group_size=1_000)
    batches = reader.batches("p.parquet", "parquet")
    next(batches), next(batches)
    with (sftp_server.files / "p.parquet").open("ab") as file:
        file.write(b"more")
    with pytest.raises(TransientError, match=r"`p\.parquet` changed while it was read"):
        list(batches)


def test_no_rights_name_the_path_and_leave_nothing(sftp_server: SftpServer, tmp_path: Path) -> None:
    project = Project(tmp_path, "w", (tmp_path,), tmp_path / "w.duckdb")
    connector, batches = SftpConnector(), iter([pyarrow.RecordBatch.from_pylist([{"id": 1}])])
    request = LoadRequest("n", {"path": "out/x.csv", "format": "csv"}, "overwrite", "r1", project=project)
    with (
        connector.open(sftp_server.read_only, session_options(project)) as session,
        pytest.raises(TerminalError, match=r"DF-RUN-016.*`landing`.*`out`: permission denied"),
    ):
        connector.load_data(session, batches, request)
    assert list(sftp_server.files.iterdir()) == []


def test_files_and_their_columns_are_found(sftp_server: SftpServer, tmp_path: Path) -> None:
    (sftp_server.files / "in").mkdir()
    (sftp_server.files / "in/calls.csv").write_text(CALLS)
    (sftp_server.files / "in/notes.txt").write_text("-")
    connector, project = SftpConnector(), Project(tmp_path, "w", (tmp_path,), tmp_path / "w.duckdb")
    with connector.open(sftp_server.spec, session_options(project)) as session:
        assert str(sftp_server.files) in connector.test_connection(session)
        found = connector.discover_schema(session, SchemaRequest()).entries
        columns = connector.discover_schema(session, SchemaRequest(table=found[0].name)).entries
    assert [one.name for one in found] == ["in/calls.csv"]
    assert [(one.name, one.type) for one in columns] == [("id", "string"), ("name", "string")]


# ---------------------------------------------------------------- pipelines

PIPELINE = """
apiVersion: dataflow/v1
kind: Pipeline
id: landing
nodes:
  calls:
    type: source.sftp
    connection: landing
    path: in/*.csv
    format: csv
    schema: {id: BIGINT, name: VARCHAR}
    on_bad_record: reject
  bad:
    type: target.sftp
    connection: landing
    from: calls.rejected
    path: bad.csv
    format: csv
    write: {mode: overwrite}
  kept: {type: transform.filter, from: calls, where: id > 1}
  parts: {type: target.sftp, connection: landing, from: kept, path: out, format: parquet}
"""


def test_pipeline_reads_and_writes_a_server_and_a_retry_writes_nothing_twice(
    sftp_server: SftpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = sftp_server.spec
    monkeypatch.setenv(
        "AIRFLOW_CONN_LANDING",
        json.dumps({"conn_type": "sftp", "host": spec.host, "port": spec.port, "login": spec.login,
                    "extra": dict(spec.extra)}),
    )  # fmt: skip
    (sftp_server.files / "in").mkdir()
    (sftp_server.files / "in/1.csv").write_text(CALLS)
    (sftp_server.files / "in/2.csv").write_text("id,name\n3,eve\nx,y\n")
    path = tmp_path / "landing.yaml"
    path.write_text(PIPELINE)
    for _ in range(2):
        assert main(["run", str(path), "--run-id", "manual__1"]) == 0
    assert (sftp_server.files / "bad.csv").read_text().splitlines()[1].startswith("in/2.csv,3,14,")
    parts = list((sftp_server.files / "out").iterdir())
    assert [part.name.startswith("part-manual__1-") for part in parts] == [True]
    assert pyarrow.parquet.read_table(parts[0]).to_pylist() == [{"id": 2, "name": "bob"}, {"id": 3, "name": "eve"}]
    assert sorted(one.name for one in sftp_server.files.iterdir()) == ["bad.csv", "in", "out"]
