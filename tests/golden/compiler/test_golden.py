"""Whole pipelines as SQL: the text is kept, and the statements run and give the rows kept beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from dataflow_provider.cli.main import main
from tests.golden.conftest import Golden

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/yaml_pipelines/*/*.yaml"))
NAMES = [path.parents[1].name for path in CASES]


def pipeline_of(folder: Path) -> Path:
    return next(folder.glob("*.yaml"))


@pytest.mark.parametrize("folder", CASES, ids=NAMES)
def test_compiled_sql_is_as_reviewed(folder: Path, golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(pipeline_of(folder))]) == 0
    golden(folder.parents[1] / "expected" / "duckdb.sql", capsys.readouterr().out)


@pytest.mark.parametrize("folder", CASES, ids=NAMES)
def test_compiled_sql_runs_and_gives_the_reviewed_rows(
    folder: Path,
    golden: Golden,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = folder.parents[1]
    shutil.copytree(case, tmp_path / "case")
    (tmp_path / "case" / "out").mkdir()
    monkeypatch.chdir(tmp_path / "case")
    assert main(["compile", str(pipeline_of(folder)), "--json"]) == 0
    compiled = json.loads(capsys.readouterr().out)
    with duckdb.connect() as connection:
        connection.execute((case / "setup.sql").read_text(encoding="utf-8"))
        for stage in compiled["stages"]:
            for statement in stage["statements"]:
                connection.execute(statement)
        rows = _rows(connection)
    for path in Path("out").iterdir():
        rows[path.name] = [*path.read_text(encoding="utf-8").splitlines()]
    golden(case / "expected" / "rows.json", json.dumps(rows, indent=1, default=str) + "\n")


def _rows(connection: duckdb.DuckDBPyConnection) -> dict[str, list[object]]:
    """Return what the targets' tables hold; they all lie in the schema `mart`."""
    tables = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'mart' ORDER BY 1"
    ).fetchall()
    return {
        name: [list(row) for row in connection.execute(f'SELECT * FROM mart."{name}" ORDER BY ALL').fetchall()]
        for (name,) in tables
    }
