"""Which pipeline of a project feeds which."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataflow_provider.lineage.project import ProjectLineage, edges_json, project_lineage
from dataflow_provider.spec.project import Project

HEAD = "apiVersion: dataflow/v1\nkind: Pipeline\nid: {id}\nnodes:\n"
PIPELINES = {
    "load": """\
  a: {type: source.file, path: in/a.csv, format: csv}
  t: {type: target.duckdb, from: a, connection: dwh, table: mart.Calls}
  e: {type: target.file, from: a, path: export/day, format: parquet}
""",
    "report": """\
  q: {type: source.duckdb, connection: dwh, query: "WITH own AS (SELECT 1) SELECT * FROM mart.calls c, own"}
  t: {type: target.duckdb, from: q, connection: dwh, table: mart.report}
""",
    "elsewhere": """\
  a: {type: source.duckdb, connection: other, table: mart.calls}
  t: {type: target.duckdb, from: a, connection: other, table: mart.copy}
""",
    "read_files": """\
  a: {type: source.file, path: "export/*/*.parquet", format: parquet}
  t: {type: target.duckdb, from: a, connection: dwh, table: mart.from_files}
""",
    "last": """\
  a: {type: source.duckdb, connection: dwh, table: mart.report, enabled: true}
  c: {type: quality.reference, from: a, columns: [id], reference: {table: mart.from_files, columns: [id]}}
  t: {type: target.duckdb, from: c, connection: dwh, table: mart.last}
""",
    "itself": """\
  a: {type: source.duckdb, connection: dwh, table: mart.itself}
  t: {type: target.duckdb, from: a, connection: dwh, table: mart.itself}
""",
}


@pytest.fixture
def lineage(tmp_path: Path) -> ProjectLineage:
    folder = tmp_path / "yaml_pipelines" / "w"
    folder.mkdir(parents=True)
    for name, nodes in PIPELINES.items():
        (folder / f"{name}.yaml").write_text(HEAD.format(id=name) + nodes)
    (folder / "broken.yaml").write_text("id: [")
    return project_lineage(Project.of(folder / "load.yaml"))


def test_edges_meet_by_table_and_by_file(lineage: ProjectLineage) -> None:
    found = {(edge["writer"], edge["reader"], edge["dataset"]) for edge in edges_json(lineage.edges)}
    assert found == {
        ("load", "report", "mart.Calls"),
        ("load", "read_files", "export/day"),
        ("report", "last", "mart.report"),
        ("read_files", "last", "mart.from_files"),
    }


def test_upstream_and_downstream_are_nearest_first(lineage: ProjectLineage) -> None:
    assert lineage.upstream("last") == ("report", "read_files", "load")
    assert lineage.downstream("load") == ("read_files", "report", "last")
    assert lineage.upstream("itself") == ()


def test_broken_file_is_left_out(lineage: ProjectLineage) -> None:
    assert sorted(lineage.pipelines) == sorted(PIPELINES)
    assert {use.pipeline for use in lineage.writes} == set(PIPELINES)
