"""Columns of files without a database: what their first bytes tell, and nothing more."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dataflow_provider.execution.file_columns import file_columns
from dataflow_provider.spec.project import Project
from tests.unit.compiler.conftest import make_pipeline


def seen(folder: Path, path: str, **source: Any) -> dict[str, str]:
    nodes = {
        "f": {"type": "source.file", "path": path, "format": "csv", **source},
        "t": {"type": "target.duckdb", "from": "f", "table": "m.t"},
    }
    project = Project(folder, "w", (folder,), folder / "w.duckdb")
    return dict(file_columns(make_pipeline(nodes), project).get("f", {}))


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        (b"id,name\n1,a\n", {}, ["id", "name"]),
        (b'\xef\xbb\xbf"a;b";c\r\n1;2\r\n', {"delimiter": ";"}, ["a;b", "c"]),
        ("id,n\u00e4me\n".encode("latin-1"), {"encoding": "latin-1"}, ["id", "n\u00e4me"]),
        (b"# made by x\nid,,z\n", {"skip_rows": 1}, ["id", "column1", "z"]),
        (b"1,2\n", {"header": False}, []),
        (b"a,A\n", {}, []),
        (b"", {}, []),
        (b"\xff\xfe\xff", {}, []),
    ],
)
def test_header_of_csv(tmp_path: Path, content: bytes, options: dict[str, Any], expected: list[str]) -> None:
    (tmp_path / "f.csv").write_bytes(content)
    assert seen(tmp_path, "f.csv", options=options) == dict.fromkeys(expected, "VARCHAR")


def test_header_of_a_zipped_file_by_a_glob(tmp_path: Path) -> None:
    (tmp_path / "day1.csv.gz").write_bytes(gzip.compress(b"id,name\n"))
    assert list(seen(tmp_path, "day*.csv.gz")) == ["id", "name"]


def test_types_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    duckdb.execute(f"COPY (SELECT 1 AS id, DATE '2026-01-01' AS day, 1.5 AS rate) TO '{path}' (FORMAT PARQUET)")
    assert seen(tmp_path, "f.parquet", format="parquet") == {"id": "INTEGER", "day": "DATE", "rate": "DECIMAL(2,1)"}


@pytest.mark.parametrize("path", ["none.csv", "../outside.csv", "broken.parquet"])
def test_what_cannot_be_read_tells_nothing(tmp_path: Path, path: str) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"no parquet")
    assert seen(tmp_path, path, format="parquet" if "parquet" in path else "csv") == {}
