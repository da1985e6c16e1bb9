"""`dataflow preview`: the JSON answer, refusals, and what is left on the disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest

from dataflow_provider.cli.main import main

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: daily
params:
  low: {type: integer, default: 2}
nodes:
  calls:
    type: source.file
    path: in/calls.csv
    format: csv
    schema: {id: INTEGER, who: VARCHAR, cost: "DECIMAL(8,2)", at: TIMESTAMP}
    on_bad_record: reject
    sensitive: [who]
  good: {type: transform.filter, from: calls, where: "id >= :low"}
  loud: {type: transform.expression, from: good, columns: {name: UPPER(who)}}
  t: {type: target.duckdb, from: loud, table: mart.t, write: {mode: append}, create: {if_missing: true}}
  bad: {type: target.file, from: calls.rejected, path: out/bad.csv, format: csv, write: {mode: overwrite}}
"""


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "no-airflow"))
    path = tmp_path / "yaml_pipelines" / "w" / "daily.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(PIPELINE)
    (tmp_path / "in").mkdir()
    rows = ["1,ann,0.10,2026-01-01 06:00:00", "2,bob,1.25,2026-01-02 07:30:00", "x,eve,1,2026-01-01", "3,,9,"]
    (tmp_path / "in" / "calls.csv").write_text("\n".join(["id,who,cost,at", *rows]) + "\n")
    return path


def preview(capsys: pytest.CaptureFixture[str], path: Path, *more: str) -> tuple[int, dict[str, Any]]:
    code = main(["preview", str(path), "--json", *more])
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, answer


def test_preview_answers_json_with_masked_and_safe_values(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = preview(capsys, pipeline, "--node", "t", "--limit", "5")
    assert code == 0
    assert 0 <= answer.pop("seconds") < 10
    assert answer == {
        "node": "t",
        "port": None,
        "columns": [
            {"name": "id", "type": "INTEGER", "sensitive": False},
            {"name": "who", "type": "VARCHAR", "sensitive": True},
            {"name": "cost", "type": "DECIMAL(8,2)", "sensitive": False},
            {"name": "at", "type": "TIMESTAMP", "sensitive": False},
            {"name": "name", "type": "VARCHAR", "sensitive": True},
        ],
        "rows": [[2, "•••", "1.25", "2026-01-02T07:30:00", "•••"], [3, None, "9.00", None, None]],
        "sample": False,
        "inputs": [],
        "total_rows": 2,
        "limit": 5,
        "cached": False,
        "findings": [],
    }


def test_preview_of_rejected_records_shows_them(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, answer = preview(capsys, pipeline, "--node", "calls.rejected")
    assert answer["port"] == "rejected"
    assert [row[1:] for row in answer["rows"]] == [[4, 77, "•••", "•••"]]


def test_preview_leaves_no_file(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = pipeline.parents[2]
    before = sorted(root.rglob("*"))
    preview(capsys, pipeline, "--node", "t")
    kept = root / ".dataflow" / "preview"
    assert [one for one in sorted(root.rglob("*")) if one.parent != kept and one not in (kept, kept.parent)] == before


def test_preview_is_kept_for_a_moment_and_masked(
    pipeline: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, again = preview(capsys, pipeline, "--node", "t")[1], preview(capsys, pipeline, "--node", "t")[1]
    assert (first.pop("cached"), again.pop("cached")) == (False, True)
    assert first == again
    (kept,) = (pipeline.parents[2] / ".dataflow" / "preview").glob("*.json")
    assert kept.stat().st_mode & 0o077 == 0
    assert "bob" not in kept.read_text()
    assert preview(capsys, pipeline, "--node", "t", "--refresh")[1]["cached"] is False
    assert preview(capsys, pipeline, "--node", "t")[1]["cached"] is True
    monkeypatch.setenv("AIRFLOW__DATAFLOW__ENVIRONMENT", "prod")
    assert preview(capsys, pipeline, "--node", "t")[1]["cached"] is False
    assert preview(capsys, pipeline, "--node", "t", "--limit", "1")[1]["cached"] is False
    with (pipeline.parents[2] / "in" / "calls.csv").open("a") as file:
        file.write("4,dan,1,2026-01-04\n")
    assert len(preview(capsys, pipeline, "--node", "t")[1]["rows"]) == 3


def test_profile_answers_json_and_text(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", str(pipeline), "--node", "calls", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["rows"], answer["sample"], answer["cached"]) == (3, False, False)
    who = next(one for one in answer["columns"] if one["name"] == "who")
    assert (who["nulls"], who["distinct"], who["min"]) == (1, 2, "•••")
    assert main(["profile", str(pipeline), "--node", "calls"]) == 0
    assert "cost  DECIMAL(8,2)  0 % null  3 distinct" in capsys.readouterr().out


def test_preview_binds_parameters(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, answer = preview(capsys, pipeline, "--node", "good", "--param", "low=3")
    assert [row[0] for row in answer["rows"]] == [3]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--node", "god"], "DF-PREVIEW-001"),
        (["--node", "good.rest"], "DF-PREVIEW-002"),
        (["--node", "good", "--param", "high=3"], "DF-RUN-004"),
    ],
)
def test_preview_refuses_with_a_code(
    pipeline: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: str
) -> None:
    status, answer = preview(capsys, pipeline, *arguments)
    assert status == 1
    assert answer["ok"] is False
    assert answer["error"]["code"] == code


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many"])
def test_preview_limit_outside_its_bounds_is_wrong_usage(pipeline: Path, limit: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["preview", str(pipeline), "--node", "good", "--limit", limit])
    assert caught.value.code == 2


def test_preview_refuses_an_ai_node(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.write_text(
        PIPELINE.replace("from: loud, table", "from: n, table")
        + "  n: {type: ai.enrich, from: loud, connection: m, prompt: p, inputs: [id], outputs: {x: {type: string}}}\n"
    )
    status, answer = preview(capsys, pipeline, "--node", "t")
    assert (status, answer["error"]["code"]) == (1, "DF-PREVIEW-003")
    assert preview(capsys, pipeline, "--node", "loud")[0] == 0


def test_preview_mistake_in_sql_is_a_finding_with_its_line(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.write_text(PIPELINE.replace("UPPER(who)", "UPPER(woh)"))
    status, answer = preview(capsys, pipeline, "--node", "loud")
    assert status == 1
    assert [(one["node"], one["line"]) for one in answer["findings"]] == [("loud", 15)]
    assert preview(capsys, pipeline, "--node", "good")[0] == 0


@pytest.mark.parametrize("origin", ["table: n", "query: SELECT * FROM n"])
def test_preview_of_a_column_that_a_source_lacks_stands_at_its_expression(
    pipeline: Path, capsys: pytest.CaptureFixture[str], origin: str
) -> None:
    pipeline.write_text(
        "apiVersion: dataflow/v1\nkind: Pipeline\nid: daily\nnodes:\n"
        f"  n: {{type: source.duckdb, {origin}, where: amount > 0 AND amout > 1}}\n"
        "  t: {type: target.duckdb, from: n, table: t}\n"
    )
    warehouse = pipeline.parents[2] / ".dataflow" / "warehouse.duckdb"
    warehouse.parent.mkdir()
    with duckdb.connect(str(warehouse)) as raw:
        raw.execute("CREATE TABLE n AS SELECT 1 AS amount")
    status, answer = preview(capsys, pipeline, "--node", "n")
    (found,) = answer["findings"]
    column = pipeline.read_text().splitlines()[4].index("amout") + 1
    assert (status, found["code"], found["line"], found["column"]) == (1, "DF-SQL-012", 5, column)
    assert found["hint"] == "Did you mean `amount`?"


def test_preview_text_is_a_table(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", str(pipeline), "--node", "good"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split() == ["id", "who", "cost", "at"]
    assert shown[3].split() == ["2", "•••", "1.25", "2026-01-02T07:30:00"]
    assert shown[-1].startswith("2 rows, which are all")


def test_preview_ctrl_c_stops_the_statement_and_exits_130(pipeline: Path) -> None:
    pipeline.write_text(
        "apiVersion: dataflow/v1\nkind: Pipeline\nid: daily\nnodes:\n"
        "  n: {type: source.duckdb, table: n}\n"
        "  slow: {type: transform.sql, from: n, query: 'SELECT SUM(a.i * b.i) AS s FROM n a CROSS JOIN n b'}\n"
        "  t: {type: target.duckdb, from: slow, table: t}\n"
    )
    warehouse = pipeline.parents[2] / ".dataflow" / "warehouse.duckdb"
    warehouse.parent.mkdir()
    with duckdb.connect(str(warehouse)) as raw:
        raw.execute("CREATE TABLE n AS SELECT i FROM range(3000000) AS r(i)")
    command = [sys.executable, "-m", "dataflow_provider.cli.main", "preview", str(pipeline), "--node", "slow"]
    with subprocess.Popen([*command, "--timeout", "300"], env=dict(os.environ)) as running:
        wait_until(lambda: any(file.path == str(warehouse) for file in psutil.Process(running.pid).open_files()))
        time.sleep(1)
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=20) == 130


def wait_until(holds: Callable[[], bool], timeout_s: float = 60) -> None:
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)
