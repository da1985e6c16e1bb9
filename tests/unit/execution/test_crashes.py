"""A process killed between any two statements leaves the old rows or the new; a retry, the new."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.execution.conftest import Workplace

NEW = "(1, 'new', DATE '2026-01-01'), (2, 'b', DATE '2026-01-01')"
OLD = "(1, 'old', DATE '2026-01-01'), (9, 'stays', DATE '2026-01-02')"
BEFORE = [[1, "old"], [9, "stays"]]
CASES = {
    "append": ("{mode: append}", [[1, "new"], [1, "old"], [2, "b"], [9, "stays"]]),
    "overwrite": ("{mode: overwrite}", [[1, "new"], [2, "b"]]),
    "upsert": ("{mode: upsert, keys: [id]}", [[1, "new"], [2, "b"], [9, "stays"]]),
    "merge": ("{mode: merge, keys: [id], delete_when: \"v = 'b'\"}", [[1, "new"], [9, "stays"]]),
    "delete_insert": ("{mode: delete_insert, window: {column: d}}", [[1, "new"], [2, "b"], [9, "stays"]]),
}


@pytest.mark.slow
@pytest.mark.parametrize("mode", CASES)
def test_crash_at_any_statement_then_retry_gives_the_same_rows(workplace: Workplace, mode: str) -> None:
    write, after = CASES[mode]
    workplace.sql(
        f"CREATE TABLE s AS SELECT * FROM (VALUES {NEW}) AS x(id, v, d)",
        "CREATE SCHEMA mart",
        f"CREATE TABLE mart.t AS SELECT *, CAST(NULL AS VARCHAR) AS _run_id FROM (VALUES {OLD}) AS x(id, v, d)",
    )
    workplace.warehouse.rename(workplace.root / "fresh.duckdb")
    workplace.plan(
        "src: {type: source.duckdb, table: s}\n"
        f"t: {{type: target.duckdb, from: src, table: mart.t, write: {write}, post_sql: [ANALYZE mart.t]}}\n"
    )
    case = workplace.root / "case.json"
    case.write_text(
        json.dumps(
            {
                "root": str(workplace.root),
                "pipeline": str(workplace.root / "yaml_pipelines" / "w" / "p.yaml"),
                "read": "SELECT id, v FROM mart.t ORDER BY ALL",
                "before": BEFORE,
                "after": after,
            }
        )
    )
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("crash_process.py")), str(case)],
        capture_output=True, text=True, timeout=280, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["violations"] == []
    assert answer["killed"] > 20
