"""Call detail records: lines with record types and ASN.1, good, bad, cut off and large; and a whole pipeline."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.file import FileConnector
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest
from dataflow_provider.connectors.testing import session_options
from dataflow_provider.errors import AuthorError, DataflowError, TerminalError
from dataflow_provider.spec.nodes import FileOptions
from dataflow_provider.spec.project import Project
from tests.engines.cdr import FIELDS, SCHEMA, batch, compiled, encoded, events, frame, lines
from tests.unit.connectors.rejected import Rejected

TYPES = {"MOC": {"id": "BIGINT", "other": "VARCHAR", "seconds": "INTEGER"}, "SMS": {"id": "BIGINT", "text": "VARCHAR"}}
LINES = {"delimiter": ";", "records": {"types": TYPES, "header": "HDR", "trailer": {"type": "TRL", "count_at": 2}}}
ASN1 = {"asn1": {"schema_file": "usage.asn", "type": "Event", "fields": FIELDS}}
BATCH = {"asn1": {"schema_file": "usage.asn", "type": "Batch", "records": "detail.events", "fields": FIELDS}}


class Files:
    """A project with the schema, and a reader of what lies in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.rejected = folder, Rejected()
        self.project = Project(folder, "w", (folder,), folder / "w.duckdb")
        (folder / "usage.asn").write_text(SCHEMA)

    def batches(self, name: str, options: Any, **asked: Any) -> Iterator[Any]:
        given = {"path": name, "format": "cdr", "options": FileOptions.model_validate(options)}
        given |= {"schema": asked.pop("schema")} if "schema" in asked else {}
        request = ExtractRequest("n", given, project=self.project, rejects=self.rejected, **asked)
        connector = FileConnector()
        with connector.open(ConnectionSpec("", "file"), session_options(self.project)) as session:
            yield from connector.extract_data(session, request)

    def read(self, name: str, options: Any, **asked: Any) -> list[dict[str, Any]]:
        return [row for one in self.batches(name, options, **asked) for row in one.to_pylist()]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


# ---------------------------------------------------------------- lines


def test_lines_of_all_types_are_one_table_with_the_record_type(files: Files) -> None:
    (files.folder / "a.cdr").write_text("\n".join(lines(3)) + "\n")
    rows = files.read("a.cdr", LINES)
    assert rows == [
        {"record_type": "SMS", "id": 0, "other": None, "seconds": None, "text": "hello 0"},
        {"record_type": "MOC", "id": 1, "other": "48000000001", "seconds": 1, "text": None},
        {"record_type": "SMS", "id": 2, "other": None, "seconds": None, "text": "hello 2"},
    ]
    one = {**LINES, "records": {**LINES["records"], "take": ["MOC"]}}  # type: ignore[dict-item]  # a map as in YAML
    assert files.read("a.cdr", one) == [{"record_type": "MOC", "id": 1, "other": "48000000001", "seconds": 1}]
    assert files.read("a.cdr", LINES, columns=("seconds", "id"))[1] == {"seconds": 1, "id": 1}


def test_bad_lines_are_told_with_line_and_offset_of_the_unpacked_file(files: Files) -> None:
    text = "HDR;x\nMOC;1;48;5\nMOC;2;48\nXXX;3\nMOC;x;48;5\nTRL;4\n"
    (files.folder / "a.cdr.gz").write_bytes(gzip.compress(text.encode()))
    with pytest.raises(TerminalError, match=r"DF-READ-001: record 3 of `.*a\.cdr\.gz`.*3 fields, and `MOC` has 4"):
        files.read("a.cdr.gz", LINES)
    assert len(files.read("a.cdr.gz", LINES, on_bad_record="reject")) == 1
    assert [(one["line"], one["byte_offset"], one["raw"]) for one in files.rejected] == [
        (3, 17, "MOC;2;48"), (4, 26, "XXX;3"), (5, 32, "MOC;x;48;5"),
    ]  # fmt: skip
    assert "`id`" in files.rejected[2]["reason"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("HDR;x\nMOC;1;48;5\nTRL;2\n", "its trailer counts `2` records, and there are 1"),
        ("HDR;x\nMOC;1;48;5\n", "its trailer `TRL` is missing after 1 records"),
        ("MOC;1;48;5\nTRL;1\n", "its first line is of type `MOC`, not the header `HDR`"),
        ("HDR;x\nTRL;0\nMOC;1;48;5\n", "line 3 stands behind the trailer"),
    ],
)
def test_file_that_is_not_whole_fails_whatever_bad_records_do(files: Files, text: str, told: str) -> None:
    (files.folder / "a.cdr").write_text(text)
    with pytest.raises(TerminalError, match=rf"DF-FILE-017.*{told}"):
        files.read("a.cdr", LINES, on_bad_record="skip")


def test_lines_are_written_as_they_are_read(files: Files) -> None:
    (files.folder / "a.cdr").write_text("\n".join(lines(5)) + "\n")
    options = {**LINES, "null": "-"}
    rows = list(files.batches("a.cdr", LINES))
    given = {"path": "b.cdr", "format": "cdr", "options": FileOptions.model_validate(options)}
    connector = FileConnector()
    request = LoadRequest("n", given, "overwrite", "r1", project=files.project)
    with connector.open(ConnectionSpec("", "file"), session_options(files.project)) as session:
        assert connector.load_data(session, iter(rows), request) == 5
        bad = pyarrow.RecordBatch.from_pylist([{"record_type": "MOC", "id": 1, "other": "a;b", "seconds": 1}])
        with pytest.raises(AuthorError, match=r"DF-READ-004.*`other` holds the delimiter"):
            connector.load_data(session, iter([bad]), request)
    assert (files.folder / "b.cdr").read_text().splitlines() == ["HDR", *lines(5)[1:]]


@pytest.mark.parametrize("count_at", [None, 1, 5])
def test_written_lines_can_be_read_wherever_the_type_stands(files: Files, count_at: int | None) -> None:
    types = {"MOC": {"id": "BIGINT", "roaming": "BOOLEAN", "at": "TIMESTAMP", "cost": "DECIMAL(9,2)", "raw": "VARCHAR"}}
    records = {"type_at": 2, "types": types, "header": "HDR", "trailer": {"type": "TRL", "count_at": count_at}}
    options = {"delimiter": ";", "records": records}
    row = {"id": 1, "roaming": True, "at": datetime(2026, 1, 31, 5), "cost": Decimal("0.50"), "raw": b"\x00\xff"}
    batch = pyarrow.RecordBatch.from_pylist([{"record_type": "MOC", **row}])
    given = {"path": "b.cdr", "format": "cdr", "options": FileOptions.model_validate(options)}
    with FileConnector().open(ConnectionSpec("", "file"), session_options(files.project)) as session:
        request = LoadRequest("n", given, "overwrite", "r1", project=files.project)
        assert FileConnector().load_data(session, iter([batch]), request) == 1
    assert files.read("b.cdr", options) == [{"record_type": "MOC", **row, "raw": "AP8="}]


# ---------------------------------------------------------------- ASN.1


def test_records_one_after_another_give_choice_paths_and_conversions(files: Files) -> None:
    (files.folder / "a.ber").write_bytes(b"\x00\x00".join(encoded(3)) + b"\xff" * 40)
    rows = files.read("a.ber", ASN1)
    assert [str(row.pop("at")) for row in rows] == [f"2026-01-31 05:00:0{number}" for number in range(3)]
    seconds = [event["seconds"] for kind, event in events(3) if kind != "sms"]
    assert rows == [
        {"record_type": "moc", "imsi": "260010000000000", "other": None, "seconds": seconds[0], "lac": None,
         "first_charge": None},
        {"record_type": "mtc", "imsi": "260010000000001", "other": "+48000000001", "seconds": seconds[1], "lac": 1,
         "first_charge": 1},
        {"record_type": "sms", "imsi": "260010000000002", "other": None, "seconds": None, "lac": None,
         "first_charge": None},
    ]  # fmt: skip


@pytest.mark.parametrize("indefinite", [False, True])
def test_records_inside_a_batch_are_the_same(files: Files, *, indefinite: bool) -> None:
    (files.folder / "a.ber").write_bytes(b"".join(encoded(50)))
    data = batch(encoded(50), indefinite=indefinite)
    assert len(compiled().decode("Batch", data)["detail"]["events"]) == 50
    (files.folder / "b.ber").write_bytes(data)
    assert files.read("b.ber", BATCH) == files.read("a.ber", ASN1)


def test_bad_record_is_told_by_its_offset_and_the_next_is_read(files: Files) -> None:
    good = encoded(3)
    bad = [b"\x69\x03\x80\x01\x21", b"\x7f\x50\x02ab"]  # without its mandatory fields; a tag of no record
    (files.folder / "a.ber").write_bytes(batch([good[0], *bad, *good[1:]]))
    with pytest.raises(TerminalError, match=r"DF-READ-001: offset \d+ of `.*a\.ber` cannot be read: it does not fit"):
        files.read("a.ber", BATCH)
    rows = files.read("a.ber", BATCH, on_bad_record="reject")
    assert [row["record_type"] for row in rows] == ["moc", "mtc", "sms"]
    data = (files.folder / "a.ber").read_bytes()
    assert [(one["byte_offset"], one["raw"]) for one in files.rejected] == [(data.index(one), one.hex()) for one in bad]


@pytest.mark.parametrize("on_bad_record", ["fail", "skip"])
def test_file_that_is_cut_off_fails_with_the_offset(files: Files, on_bad_record: str) -> None:
    (files.folder / "a.ber").write_bytes(batch(encoded(100))[:-500])
    with pytest.raises(TerminalError, match=r"DF-FILE-017.*a\.ber` cannot be read: it is cut off inside of the frame"):
        files.read("a.ber", BATCH, on_bad_record=on_bad_record)
    broken = batch([*encoded(2), b"\x69\x7fxx"])
    (files.folder / "b.ber").write_bytes(broken)
    with pytest.raises(
        TerminalError, match=rf"offset {broken.index(bytes([0x69, 0x7F]))} is longer than what it stands"
    ):
        files.read("b.ber", BATCH, on_bad_record=on_bad_record)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"type": "Evnt"}, r"DF-READ-004.*no type `Evnt`.*Did you mean `Event`"),
        ({"records": "detail.event"}, r"DF-READ-004.*`event`, which is not in the schema.*Did you mean `events`"),
        ({"records": "sender"}, r"`sender`, which is no list"),
        ({"fields": {"x": "servd"}}, r"`x` has the path `servd`, which no record has.*Did you mean `served`"),
        ({"schema_file": "none.asn"}, r"DF-READ-005.*`none\.asn` cannot be read: No such file"),
        ({"schema_file": "bad.asn"}, r"DF-READ-005.*`bad\.asn` cannot be read"),
        ({"schema_file": "/etc/passwd"}, "DF-FILE-002"),
    ],
)
def test_options_that_do_not_fit_the_schema_are_told(files: Files, change: dict[str, Any], told: str) -> None:
    (files.folder / "bad.asn").write_text("no schema")
    (files.folder / "a.ber").write_bytes(batch(encoded(1)))
    with pytest.raises(DataflowError, match=told):
        files.read("a.ber", {"asn1": {**BATCH["asn1"], **change}})


def test_memory_does_not_grow_with_the_file(files: Files) -> None:
    """A gigabyte that no record stands in, sparse on the disk, lies before the records."""
    size = 2**30
    inner = frame(b"\x63", b"".join(encoded(3)))
    with (files.folder / "a.ber").open("wb") as file:
        file.write(b"\x61\x80" + frame(b"\x80", b"PLMN1") + b"\xa1\x80" + b"\x80\x84" + size.to_bytes(4, "big"))
        file.seek(size, 1)
        file.write(inner + b"\x00\x00" + b"\x00\x00")
    tracemalloc.start()
    rows = sum(one.num_rows for one in files.batches("a.ber", BATCH))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 3
    assert peak < 40_000_000, f"{peak:,} bytes"


# ---------------------------------------------------------------- a pipeline

PIPELINE = """
apiVersion: dataflow/v1
kind: Pipeline
id: usage
nodes:
  usage:
    type: source.file
    path: in/*.ber
    format: cdr
    options: {asn1: ASN1}
    on_bad_record: reject
  bad: {type: target.file, from: usage.rejected, path: bad.csv, format: csv, write: {mode: overwrite}}
  calls: {type: transform.aggregate, from: usage, group_by: [record_type], aggregates: {records: COUNT(*)}}
  stored: {type: target.duckdb, from: calls, table: calls, write: {mode: overwrite}, create: {if_missing: true}}
  lines:
    type: target.file
    from: usage
    path: out.cdr
    format: cdr
    options:
      records: {types: {moc: {imsi: VARCHAR}, mtc: {imsi: VARCHAR}, sms: {imsi: VARCHAR}}, trailer: {type: end}}
    write: {mode: overwrite}
"""


def test_pipeline_reads_asn1_and_writes_lines(
    files: Files, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (files.folder / "in").mkdir()
    (files.folder / "in/1.ber").write_bytes(batch(encoded(30)))
    (files.folder / "in/2.ber").write_bytes(batch([b"\x69\x03\x80\x01\x21"]))
    path = files.folder / "usage.yaml"
    path.write_text(PIPELINE.replace("ASN1", json.dumps(BATCH["asn1"])))
    assert main(["run", str(path), "--json"]) == 0
    told = {one["id"]: one for one in json.loads(capsys.readouterr().out)["nodes"]}
    assert (told["usage"]["rows_out"], told["usage"]["rows_rejected"]) == (30, 1)
    assert (files.folder / "out.cdr").read_text().splitlines()[-1] == "end,30"
    assert "in/2.ber" in (files.folder / "bad.csv").read_text()
    assert main(["preview", str(path), "--node", "usage", "--limit", "3", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["rows"]) == 3
