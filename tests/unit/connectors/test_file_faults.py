"""Files that are wrong and places that fail, on a server: a coded error with the file's name, nothing half-written."""

from __future__ import annotations

import gzip
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.connectors.impl.sftp import SftpConnector
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest
from dataflow_provider.connectors.testing import session_options
from dataflow_provider.errors import DataflowError
from dataflow_provider.spec.nodes import FileOptions
from dataflow_provider.spec.project import Project
from tests.engines.sftp import SftpServer


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """This process can write no file beyond `size` bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def read(server: SftpServer, folder: Path, name: str, **options: Any) -> list[dict[str, Any]]:
    project = Project(folder, "w", (folder,), folder / "w.duckdb")
    given = {"path": name, "format": "csv", **options}
    connector = SftpConnector()
    with connector.open(server.spec, session_options(project)) as session:
        request = ExtractRequest("n", given, project=project)
        return [row for batch in connector.extract_data(session, request) for row in batch.to_pylist()]


@pytest.mark.parametrize(
    ("data", "options", "told"),
    [
        (b"a,b\n1,2\n3,4,5\n", {}, "DF-READ-001: line 3 of .*expected 2 fields, found 3"),
        (b"a,b\n1,\xff\xfe\n", {}, "DF-READ-001: line 2 of .*it is not valid UTF-8"),
        (b"a,a\n1,2\n", {}, "DF-SQL-026.*more than once"),
        (b"", {}, "DF-SQL-025.*is empty"),
        (b"a\n1\n", {"schema": {"c": "BIGINT"}}, "DF-SQL-023.*no column `c`"),
        (b'{"a": ' * 2_000 + b"1" + b"}" * 2_000, {"format": "json"}, "DF-READ-001.*nested deeper than 128"),
        (
            b'{"d": 1234567890123456789.12}\n',
            {"format": "json", "schema": {"d": "DECIMAL(38,10)"}},
            "DF-READ-001: a record of .*more digits",
        ),
        (b"PAR1", {"format": "parquet"}, "DF-FILE-017"),
        (gzip.compress(b"a\n1\n" * 9_000)[:-30], {"options": FileOptions(compression="gzip")}, "DF-RUN-0"),
    ],
    ids=["ragged", "encoding", "twice", "empty", "schema", "deep", "digits", "parquet", "torn gzip"],
)
def test_bad_file_is_told_by_its_name(
    sftp_server: SftpServer, tmp_path: Path, data: bytes, options: dict[str, Any], told: str
) -> None:
    (sftp_server.files / "bad.file").write_bytes(data)
    with pytest.raises(DataflowError, match=told) as caught:
        read(sftp_server, tmp_path, "bad.file", **options)
    assert "bad.file" in str(caught.value) or caught.value.code == "DF-SQL-023"
    assert "/tmp/dataflow" not in str(caught.value)


def test_disk_that_is_full_says_what_to_do_and_leaves_nothing(
    sftp_server: SftpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spill))
    (sftp_server.files / "large.csv").write_bytes(b"a\n" + b"12345678\n" * 200_000)
    with files_no_larger_than(1_000_000), pytest.raises(DataflowError, match=r"DF-RUN-021.*`TMPDIR`"):
        read(sftp_server, tmp_path, "large.csv")
    assert list(spill.iterdir()) == []
    assert len(read(sftp_server, tmp_path, "large.csv")) == 200_000


def test_server_that_goes_away_before_the_rename_leaves_the_old_file(sftp_server: SftpServer, tmp_path: Path) -> None:
    (sftp_server.files / "out.csv").write_text("old\n")
    project = Project(tmp_path, "w", (tmp_path,), tmp_path / "w.duckdb")
    rows = pyarrow.RecordBatch.from_pydict({"id": list(range(1_000))})
    connector = SftpConnector()

    def torn() -> Iterator[Any]:
        yield rows
        sftp_server.drop()

    request = LoadRequest("n", {"path": "out.csv", "format": "csv"}, "overwrite", "r1", project=project)
    with (
        connector.open(sftp_server.spec, session_options(project)) as session,
        pytest.raises(DataflowError, match=r"DF-RUN-022.*`landing`.*out\.csv"),
    ):
        connector.load_data(session, torn(), request)
    assert [one.name for one in sftp_server.files.iterdir()] == ["out.csv"]
    assert (sftp_server.files / "out.csv").read_text() == "old\n"
    sftp_server.start()
    with connector.open(sftp_server.spec, session_options(project)) as session:
        assert connector.load_data(session, iter([rows]), request) == 1_000
    assert len((sftp_server.files / "out.csv").read_text().splitlines()) == 1_001


PIPELINE = """
apiVersion: dataflow/v1
kind: Pipeline
id: again
nodes:
  calls: {type: source.sftp, connection: landing, path: "in/*.csv", format: csv, schema: {id: BIGINT}}
  stored:
    type: target.duckdb
    from: calls
    table: calls
    create: {if_missing: true}
"""


def test_retry_after_a_bad_file_stores_every_row_once(
    sftp_server: SftpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = sftp_server.spec
    told = {"conn_type": "sftp", "host": spec.host, "port": spec.port, "login": spec.login, "extra": dict(spec.extra)}
    monkeypatch.setenv("AIRFLOW_CONN_LANDING", json.dumps(told))
    (sftp_server.files / "in").mkdir()
    (sftp_server.files / "in/1.csv").write_text("id\n1\n2\n")
    (sftp_server.files / "in/2.csv").write_text("id\n3\nx\n")
    path = tmp_path / "again.yaml"
    path.write_text(PIPELINE)
    assert main(["run", str(path), "--run-id", "manual__1"]) == 1
    assert "in/2.csv" in capsys.readouterr().err
    (sftp_server.files / "in/2.csv").write_text("id\n3\n")
    for _ in range(2):
        assert main(["run", str(path), "--run-id", "manual__1", "--json"]) == 0
    capsys.readouterr()
    assert main(["preview", str(path), "--node", "calls", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["rows"]) == 3
