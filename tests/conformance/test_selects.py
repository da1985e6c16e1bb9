"""Random SELECTs against their graphs on DuckDB: equal rows, or a part of the query stays SQL and says so."""

from __future__ import annotations

from collections import Counter

import duckdb
from hypothesis import HealthCheck, Phase, given, settings

from tests.conformance.roundtrip import DuckDBWarehouse, assert_same_answer
from tests.conformance.selects import SETUP, selects

EXAMPLES = 60


def test_graph_of_a_random_select_gives_its_answer() -> None:
    warehouse = DuckDBWarehouse.filled(SETUP)
    seen: Counter[str] = Counter()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(sql=selects())
    def compare(sql: str) -> None:
        try:
            rows = warehouse.answer(sql).rows
        except duckdb.Error:  # a scalar subquery of two rows, say: such a query promises nothing
            seen["failed"] += 1
            return
        seen["with rows" if rows else "without rows"] += 1
        assert_same_answer(warehouse, sql)

    compare()
    assert seen["with rows"] > EXAMPLES // 4, seen
    assert seen["failed"] < EXAMPLES // 4, seen
