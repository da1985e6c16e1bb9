"""Column lineage of a graph of twelve nodes with joins, windows and SQL, parsing included."""

from __future__ import annotations

import statistics
import time
from typing import Any

import pytest

from dataflow_provider.lineage.pipeline import pipeline_lineage
from dataflow_provider.spec.models import Pipeline
from tests.benchmarks.figures import record

ROUNDS = [pytest.param(3, marks=pytest.mark.smoke), pytest.param(50, marks=pytest.mark.benchmark)]
SQL = """
WITH last AS (SELECT who, MAX(day) AS day FROM ranked GROUP BY who)
SELECT r.*, CASE WHEN r.day = l.day THEN 'last' ELSE 'earlier' END AS place,
       (SELECT COUNT(*) FROM ranked AS o WHERE o.who = r.who AND o.day < r.day) AS days_before
FROM ranked AS r LEFT JOIN last AS l USING (who) WHERE r.amount > 0
"""
NODES: dict[str, dict[str, Any]] = {
    "calls": {"type": "source.duckdb", "table": "cdr.calls", "schema": {f"c{n}": "INTEGER" for n in range(30)}},
    "people": {"type": "source.duckdb", "table": "crm.people", "schema": {"who": "INTEGER", "plan": "INTEGER"}},
    "plans": {"type": "source.duckdb", "query": "SELECT plan, rate * 1.23 AS rate FROM ref.plans WHERE rate > 0"},
    "typed": {
        "type": "transform.select",
        "from": "calls",
        "columns": [{"name": "c0", "as": "who"}, {"name": "c1", "as": "day", "cast": "DATE"}, "c2", "c3"],
    },
    "long": {"type": "transform.filter", "from": "typed", "where": "c2 >= 60 AND COALESCE(c3, 0) <> 1"},
    "once": {"type": "transform.deduplicate", "from": "long", "keys": ["who", "day", "c3"], "order_by": ["c2 DESC"]},
    "owned": {"type": "transform.join", "from": ["once", "people"], "how": "left", "keys": ["who"]},
    "priced": {"type": "transform.join", "from": ["owned", "plans"], "how": "full", "keys": ["plan"]},
    "rated": {"type": "transform.expression", "from": "priced", "columns": {"amount": "CEIL(c2 / 60.0) * rate"}},
    "usage": {
        "type": "transform.aggregate",
        "from": "rated",
        "group_by": ["who", "day"],
        "aggregates": {"amount": "SUM(amount)", "calls": "COUNT(*)"},
    },
    "ranked": {
        "type": "transform.window",
        "from": "usage",
        "partition_by": ["who"],
        "order_by": ["day"],
        "columns": {"running": "SUM(amount)", "place": "RANK()"},
    },
    "told": {"type": "transform.sql", "from": "ranked", "query": SQL.replace("r.*", "r.* EXCLUDE (place)")},
    "mart": {"type": "target.duckdb", "from": "told", "table": "mart.usage"},
}


@pytest.mark.parametrize("rounds", ROUNDS)
def test_lineage_of_twelve_nodes(rounds: int) -> None:
    document = {"apiVersion": "dataflow/v1", "kind": "Pipeline", "id": "usage", "nodes": NODES}
    pipeline = Pipeline.model_validate(document)
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        lineage = pipeline_lineage(pipeline)
        seconds.append(time.perf_counter() - started)
    mart = lineage.nodes["mart"][None]
    assert mart.rest == ()
    assert {one.origin.column for one in mart.columns["amount"]} == {"c2", "rate"}
    middle = statistics.median(seconds) * 1000
    record("lineage_12_nodes", {"nodes": len(NODES), "columns": len(mart.columns), "milliseconds": round(middle, 2)})
    if rounds > 3:
        assert middle <= 25
