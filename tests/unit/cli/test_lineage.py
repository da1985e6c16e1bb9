"""`dataflow lineage` as a person and as a program sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.cli.main import main

TEXT = """\
apiVersion: dataflow/v1
kind: Pipeline
id: minutes
nodes:
  calls: {type: source.duckdb, table: cdr.calls}
  long: {type: transform.filter, from: calls, where: "seconds > 60"}
  usage:
    type: transform.aggregate
    from: long
    group_by: [who]
    aggregates: {minutes: SUM(seconds) / 60}
  out: {type: target.duckdb, from: usage, table: mart.usage}
  short: {type: target.duckdb, from: long.rejected, table: mart.short}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "yaml_pipelines" / "w" / "minutes.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(TEXT)
    return path


def answer(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, Any]:
    assert main(["lineage", *map(str, arguments), "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_json_lists_sources_of_every_target_column(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = answer(capsys, file)
    out, short = document["targets"]
    source = {"node": "calls", "dataset": "cdr.calls"}
    assert (out["node"], out["connection"], out["dataset"]) == ("out", "dataflow_warehouse", "mart.usage")
    assert out["complete"] is True
    assert out["columns"] == [
        {"name": "who", "sources": [{**source, "column": "who", "type": "DIRECT", "subtype": "IDENTITY"}]},
        {"name": "minutes", "sources": [{**source, "column": "seconds", "type": "DIRECT", "subtype": "AGGREGATION"}]},
    ]
    assert out["rows"] == [
        {**source, "column": "who", "type": "INDIRECT", "subtype": "GROUP_BY"},
        {**source, "column": "seconds", "type": "INDIRECT", "subtype": "FILTER"},
    ]
    assert (short["complete"], short["columns"]) == (False, [])
    assert short["unknown"] == [{**source, "column": None, "type": "DIRECT", "subtype": "IDENTITY"}]


def test_json_lists_every_node_and_the_ports_that_are_read(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [(node["node"], node["port"]) for node in answer(capsys, file)["nodes"]]
    assert nodes == [
        ("calls", None), ("long", None), ("long", "rejected"), ("usage", None), ("out", None), ("short", None),
    ]  # fmt: skip


@pytest.mark.parametrize("wanted", ["minutes", "usage.minutes", "MINUTES"])
def test_column_shows_that_column_alone(wanted: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (node, *_) = answer(capsys, file, "--column", wanted)["nodes"]
    assert [column["name"] for column in node["columns"]] == ["minutes"]
    assert main(["lineage", str(file), "--column", wanted]) == 0
    text = capsys.readouterr().out
    assert "aggregation    calls.seconds  [cdr.calls]" in text
    assert "  who\n" not in text


@pytest.mark.parametrize(
    ("wanted", "hint"), [("minuts", "`minutes`"), ("usge.minutes", "`usage`"), ("usage.nothing", "node.column")]
)
def test_unknown_column_is_refused_with_a_hint(
    wanted: str, hint: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(TEXT[: TEXT.index("  short:")])
    assert main(["lineage", str(file), "--column", wanted]) == 1
    error = capsys.readouterr().err
    assert "DF-LINE-001" in error
    assert hint in error


def test_text_marks_columns_unknown_offline(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lineage", str(file)]) == 0
    text = capsys.readouterr().out
    assert "(columns unknown offline)\n    identity       calls.*  [cdr.calls]" in text


def test_folder_shows_which_pipeline_feeds_which(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reader = (
        TEXT.replace("id: minutes", "id: reader").replace("cdr.calls", "mart.usage").replace("mart.usage}", "mart.x}")
    )
    (file.parent / "reader.yaml").write_text(
        reader.replace("table: mart.x", "table: mart.usage", 1).replace("mart.short", "mart.y")
    )
    document = answer(capsys, file.parent)
    assert document["edges"] == [
        {
            "dataset": "mart.usage",
            "connection": "dataflow_warehouse",
            "writer": "minutes",
            "writer_node": "out",
            "reader": "reader",
            "reader_node": "calls",
        }
    ]
    assert main(["lineage", str(file.parent), "--column", "x"]) == 1
    assert "DF-LINE-002" in capsys.readouterr().err


def test_invalid_pipeline_is_refused_with_its_findings(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(TEXT.replace("where:", "wher:"))
    assert main(["lineage", str(file), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"]
