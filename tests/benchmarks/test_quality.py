"""Twenty quality rules on one table of DuckDB: ours beside one scan by hand and Airflow's SQLColumnCheckOperator.

Rounds are interleaved, and the median of each way counts: of the seconds of CPU that this process took. The promise: at
most 1.3 times the scan by hand, and never slower than a query a check. DuckDB reads for each of those queries the one
column that it needs, so twenty of them cost little more than one over all columns.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from airflow.providers.common.sql.operators.sql import SQLColumnCheckOperator

from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.connections import EnvironmentConnections
from dataflow_provider.execution.judging import Judging, judging_plan
from dataflow_provider.hooks.duckdb import DuckDBHook
from dataflow_provider.spec.loader import parse_pipeline
from dataflow_provider.spec.project import Project
from tests.benchmarks.figures import record

MOST_OF_BY_HAND = 1.3
COLUMNS = [f"c{number}" for number in range(10)]
SIZES = [pytest.param(3_000, 1, marks=pytest.mark.smoke), pytest.param(5_000_000, 5, marks=pytest.mark.benchmark)]


def by_hand() -> str:
    counts = [
        f"SUM(CASE WHEN {name} IS NULL THEN 1 ELSE 0 END), SUM(CASE WHEN {name} < 0 THEN 1 ELSE 0 END)"
        for name in COLUMNS
    ]
    return f"SELECT COUNT(*), {', '.join(counts)} FROM facts"


def rules() -> list[dict[str, Any]]:
    return [
        rule
        for name in COLUMNS
        for rule in ({"column": name, "check": "not_null"}, {"column": name, "check": "range", "min": 0})
    ]


def judging(warehouse: Path) -> Judging:
    document = {
        "apiVersion": "dataflow/v1",
        "kind": "Pipeline",
        "id": "bench",
        "nodes": {
            "rows": {"type": "source.duckdb", "table": "facts", "connection": "dwh"},
            "rules": {"type": "quality.column_rules", "from": "rows", "rules": rules()},
        },
    }
    pipeline = parse_pipeline(json.dumps(document), "bench.yaml").require()
    spec = json.dumps({"conn_type": "duckdb", "host": str(warehouse)})
    connections = EnvironmentConnections(warehouse, environment={"AIRFLOW_CONN_DWH": spec})
    project = Project(warehouse.parent, "w", (warehouse.parent,), warehouse)
    return Judging(judging_plan(pipeline, "rules"), RunValues("manual__bench"), connections, project)


def column_check(monkeypatch: pytest.MonkeyPatch, warehouse: Path) -> Callable[[], Any]:
    monkeypatch.setenv("AIRFLOW_CONN_DWH", json.dumps({"conn_type": "duckdb", "host": str(warehouse)}))
    checks = {"null_check": {"equal_to": 0}, "min": {"geq_to": 0}}
    operator = SQLColumnCheckOperator(
        task_id="check", table="facts", conn_id="dwh", column_mapping=dict.fromkeys(COLUMNS, checks)
    )
    monkeypatch.setattr(operator, "get_db_hook", lambda: DuckDBHook("dwh"))
    return lambda: operator.execute({})


@pytest.mark.parametrize(("rows", "rounds"), SIZES)
def test_twenty_rules_cost_little_more_than_one_scan(
    rows: int, rounds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = tmp_path / "w.duckdb"
    values = ", ".join(f"CAST((i * {number + 3}) % 1000 AS INTEGER) AS {name}" for number, name in enumerate(COLUMNS))
    with duckdb.connect(str(warehouse)) as database:
        database.execute(f"CREATE TABLE facts AS SELECT {values} FROM range({rows}) AS r(i)")

    def scan() -> None:
        with duckdb.connect(str(warehouse), read_only=True) as database:
            assert database.execute(by_hand()).fetchall()[0][0] == rows

    def ours() -> None:
        found = judging(warehouse).run()
        assert (found.state, len(found.quality)) == ("success", 20)

    ways: dict[str, Callable[[], Any]] = {
        "ours": ours,
        "by hand": scan,
        "a query a check": column_check(monkeypatch, warehouse),
    }
    for run in ways.values():
        run()
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            started = time.process_time()
            run()
            taken[name].append(time.process_time() - started)
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    record("quality", {"rows": rows, **{name: round(seconds, 4) for name, seconds in medians.items()}})
    if rounds > 1:
        assert medians["ours"] <= MOST_OF_BY_HAND * medians["by hand"]
        assert medians["a query a check"] >= medians["ours"]
