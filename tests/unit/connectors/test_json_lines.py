"""JSON lines of which some are bad: what is kept, what is told of the rest, and that good rows are as ever."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.file import FileConnector
from dataflow_provider.connectors.requests import ExtractRequest
from dataflow_provider.connectors.testing import session_options
from dataflow_provider.errors import AuthorError, TerminalError
from dataflow_provider.spec.nodes import FileOptions
from dataflow_provider.spec.project import Project
from tests.unit.connectors.rejected import Rejected


class Files:
    """A project, and a reader of the JSON that lies in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.rejected = folder, Rejected()
        self.project = Project(folder, "w", (folder,), folder / "w.duckdb")

    def write(self, name: str, *lines: str) -> str:
        (self.folder / name).write_text("".join(f"{line}\n" for line in lines))
        return name

    def batches(self, name: str, policy: str = "reject", **asked: Any) -> Iterator[Any]:
        given: dict[str, Any] = {"path": name, "format": "json"}
        given["options"] = FileOptions.model_validate(asked.pop("options", {}))
        given |= {"schema": asked.pop("schema")} if "schema" in asked else {}
        rejects = self.rejected if policy == "reject" else None
        request = ExtractRequest(
            "n", given, project=self.project, rejects=rejects,
            on_bad_record=policy, **asked,  # type: ignore[arg-type]  # one of its three words
        )  # fmt: skip
        connector = FileConnector()
        with connector.open(ConnectionSpec("", "file"), session_options(self.project)) as session:
            yield from connector.extract_data(session, request)

    def read(self, name: str, policy: str = "reject", **asked: Any) -> list[dict[str, Any]]:
        return [row for one in self.batches(name, policy, **asked) for row in one.to_pylist()]

    def reasons(self) -> list[tuple[int, str]]:
        return [(one["line"], one["reason"]) for one in self.rejected]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


GOOD = [
    '{"id": 1, "name": "Zoë 漢", "cost": 0.10, "at": "2026-01-31T05:00:00Z", "tags": ["a", null], "who": {"n": 7}}',
    '{"id": null, "name": null}',
    "",
    '{"more": [1], "id": "12", "name": 5, "who": {"other": 1}, "tags": []}',
    "{}",
]
SCHEMA = {
    "id": "INTEGER", "name": "VARCHAR", "cost": "DECIMAL(8,2)", "at": "TIMESTAMPTZ", "tags": "VARCHAR[]",
    "who": "STRUCT(n INTEGER, day DATE)",
}  # fmt: skip


@pytest.mark.parametrize("schema", [SCHEMA, None])
def test_good_rows_are_what_a_read_without_bad_lines_gives(files: Files, schema: dict[str, str] | None) -> None:
    declared: dict[str, Any] = {} if schema is None else {"schema": schema}
    good = files.write("good.json", *GOOD)
    mixed = files.write("mixed.json", "nope", GOOD[0], "5", *GOOD[1:], '{"id": 1')
    wanted = list(files.batches(good, "fail", **declared))
    found = list(files.batches(mixed, **declared))
    assert found[0].schema == wanted[0].schema
    assert pyarrow.Table.from_batches(found) == pyarrow.Table.from_batches(wanted)
    assert [line for line, _ in files.reasons()] == [1, 3, 8]
    if schema:
        first = found[1].to_pylist()[0]
        assert first["at"] == datetime(2026, 1, 31, 5, tzinfo=UTC)
        assert first["cost"] == Decimal("0.10")
        assert (first["name"], first["who"]) == ("Zoë 漢", {"n": 7, "day": None})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1', "it is no JSON: Expecting ',' delimiter at line 1, column 9"),
        ("nope", "it is no JSON: Expecting value at line 1, column 1"),
        ('{"id": 1} {"id": 2}', "it is no JSON: Extra data at line 1, column 11"),
        ('{"name": "\\ud800"}', "it holds half a character (a lone surrogate)"),
        ("[1]", "it is no JSON object"),
        ("null", "it is no JSON object"),
        ('{"id": 3000000000}', "its field `id` is no INTEGER"),
        ('{"id": ""}', "its field `id` is no INTEGER"),
        ('{"id": {}}', "its field `id` is no INTEGER"),
        ('{"id": 1, "id": 2}', "two of its fields have the same name"),
        ('{"cost": 12345678.9}', "its field `cost` is no DECIMAL(8,2)"),
        ('{"at": "yesterday"}', "its field `at` is no TIMESTAMPTZ"),
        ('{"tags": "a"}', "its field `tags` is no VARCHAR[]"),
        ('{"who": {"n": "x"}}', "its field `who` is no STRUCT(n INTEGER, day DATE)"),
        ('{"who": {"n": 1, "n": 2}}', "its field `who` is no STRUCT(n INTEGER, day DATE)"),
        ('{"who": 5}', "its field `who` is no STRUCT(n INTEGER, day DATE)"),
        ('{"who": {"day": "2026-02-30"}}', "its field `who` is no STRUCT(n INTEGER, day DATE)"),
        ('{"x": ' + "[" * 200 + "]" * 200 + "}", "it is nested deeper than 100 levels"),
    ],
)
def test_bad_line_is_told_by_place_and_reason_and_its_neighbours_arrive(files: Files, line: str, reason: str) -> None:
    name = files.write("a.json", '{"id": 1, "name": "é"}', line, '{"id": 2}')
    assert [row["id"] for row in files.read(name, schema=SCHEMA)] == [1, 2]
    assert files.rejected == [
        {"origin": str(files.folder / name), "line": 2, "byte_offset": 24, "raw": line, "reason": reason}
    ]
    assert [row["id"] for row in files.read(name, "skip", schema=SCHEMA)] == [1, 2]
    assert len(files.rejected) == 1


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("INTEGER[]", ["[1, null]", "[]", "null"], ['[1, "x"]', "5", '{"a": 1}']),
        ("INTEGER[2]", ["[1, 2]", "null"], ["[1]", '[1, "x"]']),
        ("MAP(VARCHAR, INTEGER)", ['{"a": 1, "b c": null}', "{}"], ['{"a": "x"}', "[1]"]),
        ("STRUCT(a INTEGER[], b STRUCT(c DATE))[]", ['[{"a": [1]}, {"z": 1}, null]', '[{"b": {}}]'],
         ['[{"a": [[1]]}]', '[{"b": {"c": "x"}}]', '[{"a": [1], "a": [2]}]', "[5]"]),
        ("MAP(VARCHAR, STRUCT(a UUID)[])", ['{"k": [{"a": null}]}'], ['{"k": [{"a": "x"}]}', '{"k": {}}']),
        ("JSON", ['{"a": [1, "x"]}', "null", "5"], []),
        ("BOOLEAN", ["true", '"false"', "1"], ['"perhaps"', "[true]"]),
        ("BIGINT", ["9223372036854775807"], ["9223372036854775808", '"1e"']),
    ],
)  # fmt: skip
def test_lines_are_judged_as_duckdb_reads_them(files: Files, kind: str, good: list[str], bad: list[str]) -> None:
    schema = {"a/b ~c's": kind}
    wanted = [json.dumps("a/b ~c's") + f": {value}" for value in good]
    kept = files.write("good.json", *(f"{{{one}}}" for one in wanted))
    for number, value in enumerate(bad):
        alone = files.write(f"bad{number}.json", "{" + json.dumps("a/b ~c's") + f": {value}}}")
        with pytest.raises(TerminalError):
            files.read(alone, "fail", schema=schema)
    assert files.read("*.json", schema=schema) == files.read(kept, "fail", schema=schema)
    assert len(files.rejected) == len(bad)


def test_dates_are_judged_by_the_format_of_the_node(files: Files) -> None:
    name = files.write("a.json", '{"d": "31/01/2026"}', '{"d": "2026-01-31"}', '{"d": null}', '{"d": 5}')
    schema, options = {"d": "DATE"}, {"date_format": "%d/%m/%Y"}
    assert files.read(name, schema=schema, options=options) == [{"d": date(2026, 1, 31)}, {"d": None}]
    assert [line for line, _ in files.reasons()] == [2, 4]


def test_packed_files_and_bytes_that_are_no_text(files: Files) -> None:
    text = b'\xef\xbb\xbf{"id": 1}\r\n\r\n{"id": "\xff"}\r\n{"id": "x"}\r\n{"id": 2}'
    (files.folder / "a.json.gz").write_bytes(gzip.compress(text))
    (files.folder / "b.json.zst").write_bytes(pyarrow.compress(b'{"id": 3}\n', "zstd").to_pybytes())
    assert [row["id"] for row in files.read("*.json.*", schema={"id": "INTEGER"})] == [1, 2, 3]
    assert [(one["line"], one["byte_offset"], one["reason"]) for one in files.rejected] == [
        (3, 16, "byte 8 is not UTF-8"), (4, 29, "its field `id` is no INTEGER"),
    ]  # fmt: skip
    (files.folder / "c.json.gz").write_bytes(gzip.compress(text)[:-12])
    with pytest.raises(TerminalError, match=r"DF-FILE-017: the file `.*c\.json\.gz` cannot be read"):
        files.read("c.json.gz", schema={"id": "INTEGER"})


def test_no_good_line_gives_no_rows_and_unknown_columns_are_told(files: Files) -> None:
    files.write("empty.json")
    files.write("bad.json", "x", "5")
    assert list(files.read("empty.json", schema=SCHEMA)) == []
    assert [one.num_rows for one in files.batches("bad.json", schema=SCHEMA)] == [0]
    assert [line for line, _ in files.reasons()] == [1, 2]
    for name in ("empty.json", "bad.json"):
        with pytest.raises(TerminalError, match="DF-READ-002"):
            files.read(name)
    files.write("good.json", '{"id": 1}')
    assert files.read("*.json") == [{"id": 1}]


def test_array_is_refused_and_one_in_a_line_is_a_bad_line(files: Files) -> None:
    for text in ('[{"id": 1}, {"id": 2}]\n', '[\n{"id": 1},\n{"id": 2}\n]\n', '  [{"id": 1}]'):
        (files.folder / "a.json").write_text(text)
        with pytest.raises(AuthorError, match=r"DF-READ-006: `.*a\.json` is one JSON array.*`on_bad_record: skip`"):
            files.read("a.json", "skip", schema=SCHEMA)
        assert files.read("a.json", "fail", schema={"id": "INTEGER"})[0] == {"id": 1}
    name = files.write("b.json", "[1]", '{"id": 2}')
    assert files.read(name) == [{"id": 2}]


def test_line_that_is_too_long_fails_the_file(files: Files) -> None:
    (files.folder / "a.json").write_bytes(b'{"id": 1}\n{"id": "' + b"x" * (17 * 1024 * 1024) + b'"}\n')
    with pytest.raises(TerminalError, match=r"DF-FILE-017.*line 2 is longer than 16,777,215 bytes"):
        files.read("a.json", "skip", schema=SCHEMA)


def test_look_ends_with_enough_rows_and_takes_the_columns_asked_for(files: Files) -> None:
    name = files.write("a.json", "x", *(f'{{"id": {n}, "name": "n"}}' for n in range(10_000)), "y")
    assert files.read(name, schema=SCHEMA, limit=2, columns=("name", "id")) == [{"name": "n", "id": n} for n in (0, 1)]
    assert files.reasons() == [(1, "it is no JSON: Expecting value at line 1, column 1")]


def test_memory_does_not_grow_with_the_file(files: Files) -> None:
    line = '{{"id": {}, "name": "' + "n" * 1_000 + '"}}'
    name = files.write("a.json", *(line.format('"x"' if n % 10 == 0 else n) for n in range(40_000)))
    tracemalloc.start()
    rows = sum(one.num_rows for one in files.batches(name, "skip", schema=SCHEMA))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 36_000
    assert peak < 25_000_000


# ---------------------------------------------------------------- pipelines

PIPELINE = """
apiVersion: dataflow/v1
kind: Pipeline
id: landing
nodes:
  calls:
    type: source.file
    path: in/*.json.gz
    format: json
    schema: {id: BIGINT, who: VARCHAR, tags: "VARCHAR[]"}
    sensitive: [who]
    where: id < 100
    on_bad_record: reject
  t: {type: target.duckdb, from: calls, table: t, write: {mode: overwrite}, create: {if_missing: true}}
  bad: {type: target.file, from: calls.rejected, path: bad.csv, format: csv, write: {mode: overwrite}}
"""


def test_pipeline_delivers_good_and_bad_lines_and_its_preview_is_masked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "no-airflow"))
    lines = ['{"id": 1, "who": "ann", "tags": ["a"]}', '{"id": "x", "who": "eve"}', '{"id": 200}', '{"id": 3}']
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.json.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    path = tmp_path / "landing.yaml"
    path.write_text(PIPELINE)
    assert main(["preview", str(path), "--node", "t", "--json"]) == 0
    shown = capsys.readouterr().out
    assert "ann" not in shown
    assert json.loads(shown)["rows"]
    assert main(["preview", str(path), "--node", "bad", "--json"]) == 0
    assert "eve" not in capsys.readouterr().out
    assert main(["run", str(path), "--run-id", "r1", "--json"]) == 0
    nodes = {one["id"]: one for one in json.loads(capsys.readouterr().out)["nodes"]}
    assert (nodes["t"]["rows_out"], nodes["calls"]["rows_rejected"]) == (2, 1)
    header, *bad = (tmp_path / "bad.csv").read_text().splitlines()
    assert header == "file,line,byte_offset,raw,reason"
    assert len(bad) == 1
    assert bad[0].endswith("its field `id` is no BIGINT")
