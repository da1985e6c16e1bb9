from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.cli.excerpt import WIDTH, show_excerpt
from dataflow_provider.cli.main import main
from tests.unit.spec.marked import pipeline_text

Output = pytest.CaptureFixture[str]


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def validate_json(capsys: Output, *paths: Path) -> tuple[int, dict[str, Any]]:
    code = main(["validate", "--json", *map(str, paths)])
    return code, json.loads(capsys.readouterr().out)


def test_validate_good_file_is_ok(tmp_path: Path, capsys: Output) -> None:
    path = write(tmp_path, "sample.yaml", pipeline_text(""))
    assert validate_json(capsys, path) == (0, {"ok": True, "findings": []})
    assert main(["validate", str(path)]) == 0
    assert capsys.readouterr().out == "no findings in 1 file\n"


def test_validate_json_finding_has_the_promised_shape(tmp_path: Path, capsys: Output) -> None:
    path = write(tmp_path, "sample.yaml", pipeline_text("  f: {type: transform.filter, from: srcc, where: a}\n"))
    code, answer = validate_json(capsys, path)
    assert (code, answer["ok"]) == (1, False)
    assert {
        "code": "DF-EDGE-001",
        "severity": "error",
        "file": str(path),
        "line": 7,
        "column": 37,
        "node": "f",
        "message": "The node `srcc` does not exist; nodes of this pipeline are `src`, `out`.",
        "hint": "Did you mean `src`?",
    } in answer["findings"]


def test_validate_text_shows_the_line_with_a_caret_and_the_hint(tmp_path: Path, capsys: Output) -> None:
    path = write(tmp_path, "sample.yaml", pipeline_text("", "descripton: x\n"))
    assert main(["validate", str(path)]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith(f"{path}:4:1: error DF-SPEC-001 The key `descripton` is unknown here")
    assert "\n    4 | descripton: x\n      | ^^^^^^^^^^\n  hint: Did you mean `description`?\n" in shown
    assert shown.endswith("\n1 error in 1 file\n")


def test_validate_warnings_alone_exit_0(tmp_path: Path, capsys: Output) -> None:
    path = write(tmp_path, "sample.yaml", pipeline_text("  x: {type: transform.sort, from: src, limit: 1}\n"))
    code, answer = validate_json(capsys, path)
    assert (code, answer["ok"]) == (0, True)
    assert [finding["severity"] for finding in answer["findings"]] == ["warning"]


def test_validate_folder_reads_pipelines_below_and_leaves_out_the_rest(tmp_path: Path, capsys: Output) -> None:
    root = tmp_path / "yaml_pipelines"
    write(root / "w", "sample.yaml", pipeline_text(""))
    write(root / "w", "second.yml", pipeline_text("").replace("id: sample", "id: second"))
    write(root / "w", "sample.layout.json", "{")
    write(root / "w", "README.md", "- not a pipeline")
    write(root / "_templates", "t.yaml", "- not a pipeline")
    write(root / "_environments", "dev.yaml", "- not a pipeline")
    assert main(["validate", str(root)]) == 0
    assert capsys.readouterr().out == "no findings in 2 files\n"


def test_validate_missing_path_is_a_finding_beside_the_others(tmp_path: Path, capsys: Output) -> None:
    broken = write(tmp_path, "sample.yaml", "- a\n")
    code, answer = validate_json(capsys, tmp_path / "gone.yaml", broken)
    assert code == 1
    assert [(finding["code"], finding["file"]) for finding in answer["findings"]] == [
        ("DF-CLI-001", str(tmp_path / "gone.yaml")),
        ("DF-SPEC-008", str(broken)),
    ]


def test_validate_empty_folder_is_a_finding(tmp_path: Path, capsys: Output) -> None:
    code, answer = validate_json(capsys, tmp_path)
    assert (code, answer["findings"][0]["code"]) == (1, "DF-CLI-002")


def test_validate_one_id_in_two_files_is_an_error_in_both(tmp_path: Path, capsys: Output) -> None:
    first = write(tmp_path / "a", "sample.yaml", pipeline_text(""))
    second = write(tmp_path / "b", "sample.yaml", pipeline_text(""))
    code, answer = validate_json(capsys, tmp_path)
    assert code == 1
    assert [(finding["code"], finding["file"]) for finding in answer["findings"]] == [
        ("DF-ID-002", str(first)),
        ("DF-ID-002", str(second)),
    ]


def test_validate_a_file_named_twice_is_read_once(tmp_path: Path, capsys: Output) -> None:
    path = write(tmp_path, "sample.yaml", pipeline_text(""))
    assert validate_json(capsys, path, tmp_path, path) == (0, {"ok": True, "findings": []})


def test_validate_reads_sql_when_the_structure_holds(tmp_path: Path, capsys: Output) -> None:
    nodes = "  x: {type: transform.filter, from: src, where: a >}\n  t: {type: target.duckdb, from: x, table: t}\n"
    code, answer = validate_json(capsys, write(tmp_path, "sample.yaml", pipeline_text(nodes)))
    assert code == 1
    assert [(finding["node"], finding["line"]) for finding in answer["findings"]] == [("x", 7)]


def test_validate_tells_what_compiling_would_refuse(tmp_path: Path, capsys: Output) -> None:
    text = """\
apiVersion: dataflow/v1
kind: Pipeline
id: sample
nodes:
  src: {type: source.postgres, connection: pg, table: s.calls, schema: {a: INTEGER}}
  t: {type: target.postgres, connection: pg, from: src, table: s.TABLE, create: {if_missing: true}}
""".replace("TABLE", "ö" * 32)
    code, answer = validate_json(capsys, write(tmp_path, "sample.yaml", text))
    assert code == 1
    assert [(one["node"], one["line"], one["code"]) for one in answer["findings"]] == [("t", 6, "DF-SQL-021")]
    assert "64 bytes" in answer["findings"][0]["message"]


def test_validate_refuses_nothing_that_a_run_can_do_once_it_knows_the_columns(tmp_path: Path, capsys: Output) -> None:
    text = """\
apiVersion: dataflow/v1
kind: Pipeline
id: sample
nodes:
  a: {type: source.mysql, connection: my, table: s.a}
  b: {type: source.mysql, connection: my, table: s.b}
  both: {type: transform.union, from: [a, b]}
  t: {type: target.mysql, connection: my, from: both, table: s.t}
"""
    path = write(tmp_path, "sample.yaml", text)
    assert validate_json(capsys, path) == (0, {"ok": True, "findings": []})
    assert main(["compile", str(path)]) == 1
    assert "DF-SQL-021" in capsys.readouterr().err


def test_validate_a_broken_file_hides_no_other(tmp_path: Path, capsys: Output) -> None:
    write(tmp_path, "a.yaml", "\tx: 1\n")
    write(tmp_path, "b.yaml", "x: [\n")
    write(tmp_path, "c.yaml", "\xff")
    (tmp_path / "d.yaml").write_bytes(b"\xff")
    _, answer = validate_json(capsys, tmp_path)
    assert [Path(finding["file"]).stem for finding in answer["findings"]] == ["a", "b", "c", "d"]


# ---------------------------------------------------------------- excerpts


def test_excerpt_of_a_place_outside_the_text_is_empty() -> None:
    assert show_excerpt("a\n", 9, 1) == ""
    assert show_excerpt("", 1, 1) == ""


def test_excerpt_of_a_long_line_is_a_window_around_the_place() -> None:
    shown, caret = show_excerpt("x" * 500 + " here " + "y" * 500, 1, 502).splitlines()
    assert len(shown) <= WIDTH + 10
    assert shown[caret.index("^") : caret.rindex("^") + 1] == "here"


@pytest.mark.parametrize("text", ["a\x1b[31mb", "a\u202eb", "a\x07b"])
def test_excerpt_never_commands_the_terminal(text: str) -> None:
    assert show_excerpt(text, 1, 1).isprintable() is False  # its own line ends
    assert all(line.isprintable() for line in show_excerpt(text, 1, 1).splitlines())


def test_excerpt_keeps_the_caret_below_a_place_behind_tabs() -> None:
    shown, caret = show_excerpt("\tkey: 1", 1, 2).splitlines()
    assert shown[caret.index("^")] == "k"


MISNAMED = """\
apiVersion: dataflow/v1
kind: Pipeline
id: sample
defaults: {connection: w}
nodes:
  a: {type: source.duckdb, table: a, schema: {id: BIGINT, cost: DOUBLE}, where: id > 0 AND day > 1}
  b: {type: source.duckdb, table: b, schema: {id: BIGINT, cost: DOUBLE}}
  q:
    type: transform.sql
    from: [a, b]
    query: |
      SELECT a.id,
             QUERY
      JOIN b ON a.id = b.id
  g: {type: transform.aggregate, from: q, group_by: [id], aggregates: {n: COUNT(*), s: 1 + SUM(csot)}}
  out: {type: target.duckdb, from: g, table: t}
"""


@pytest.mark.parametrize(
    ("query", "code", "name"),
    [
        ("a.cost, 'csot', a.csot AS x FROM a", "DF-SQL-012", "a.csot"),
        ("a.cost, UPPER(cost) AS x FROM a", "DF-SQL-019", "cost) AS x"),
        ("a.cost, 1 AS x FROM a JOIN costs ON TRUE", "DF-SQL-031", "costs ON"),
    ],
)
def test_validate_names_that_are_none_are_found_where_they_stand(
    tmp_path: Path, capsys: Output, query: str, code: str, name: str
) -> None:
    path = write(tmp_path, "sample.yaml", MISNAMED.replace("QUERY", query))
    lines = path.read_text().splitlines()
    found = {
        (one["code"], one["node"], one["line"], one["column"]) for one in validate_json(capsys, path)[1]["findings"]
    }
    assert ("DF-SQL-012", "a", 6, lines[5].index("day") + 1) in found
    assert (code, "q", 13, lines[12].index(name) + 1) in found
