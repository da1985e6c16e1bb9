"""`dataflow compile` as a person and as a program sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dataflow_provider.cli.main import main

TEXT = """\
apiVersion: dataflow/v1
kind: Pipeline
id: hello
params: {{who: {{type: string}}}}
nodes:
  a: {{type: source.duckdb, table: t, columns: [id, name]}}
  f: {{type: transform.filter, from: a, where: "{where}"}}
  out: {{type: target.duckdb, from: f, table: mart.out}}
"""


def write(tmp_path: Path, where: str = "name = :who") -> str:
    file = tmp_path / "yaml_pipelines" / "w" / "hello.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(TEXT.format(where=where))
    return str(file)


def test_json_names_stages_reasons_and_statements(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", write(tmp_path), "--json", "--param", "who=O'Neil"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["pipeline"], answer["findings"]) == ("hello", [])
    (stage,) = answer["stages"]
    assert (stage["id"], stage["connection"], stage["dialect"]) == ("out", "dataflow_warehouse", "duckdb")
    assert stage["nodes"] == ["a", "f", "out"]
    assert stage["rule"] == "target"
    assert "`out` is a target" in stage["reason"]
    assert all(isinstance(statement, str) for statement in stage["statements"])
    assert "'O''Neil'" in "".join(stage["statements"])


def test_text_is_sql_with_the_reason_in_comments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", write(tmp_path), "--interval", "2026-03-01/2026-03-02"]) == 0
    text = capsys.readouterr().out
    assert "--   ends here (target): `out` is a target" in text
    assert '"f" /* node:f */ AS (' in text
    assert "'example'" in text


def test_mistake_in_sql_is_told_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", write(tmp_path, "nmae = 1"), "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["code"], finding["node"], finding["line"]) == ("DF-SQL-012", "f", 7)
    assert finding["hint"] == "Did you mean `name`?"


def test_unknown_engine_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", write(tmp_path), "--dialect", "db2"]) == 1
    assert "DF-DIALECT-001" in capsys.readouterr().err


def test_folder_of_several_pipelines_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = Path(write(tmp_path))
    (file.parent / "other.yaml").write_text(file.read_text().replace("id: hello", "id: other"))
    assert main(["compile", str(file.parent)]) == 1
    assert "DF-CLI-020" in capsys.readouterr().err


def test_compile_shows_the_types_of_every_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "typed.yaml"
    path.write_text(
        "apiVersion: dataflow/v1\nkind: Pipeline\nid: typed\nnodes:\n"
        "  a: {type: source.duckdb, table: t, schema: {id: INTEGER, day: DATE}}\n"
        "  n: {type: transform.aggregate, from: a, group_by: [day], aggregates: {n: COUNT(*), x: odd(id)},\n"
        "      checkpoint: true}\n"
        "  t: {type: target.duckdb, from: n, table: m.t}\n"
    )
    assert main(["compile", str(path), "--json"]) == 0
    stages = json.loads(capsys.readouterr().out)["stages"]
    assert stages[0]["columns"] == {
        "a": {"id": "INTEGER", "day": "DATE"},
        "n": {"day": "DATE", "n": "BIGINT", "x": ""},
    }
    assert main(["compile", str(path)]) == 0
    assert "--   n: day DATE, n BIGINT, x ?" in capsys.readouterr().out
