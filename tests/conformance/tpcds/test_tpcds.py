"""Queries in the shapes of TPC-DS, and odder ones, as graphs of nodes that give the answers of the queries."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.roundtrip import Warehouse, assert_same_answer, is_formatted, kept_sql, queries_of

FOLDER = Path(__file__).parent
QUERIES = queries_of(FOLDER)
ELSEWHERE = "-- duckdb only: "
# Why a part of a query stays SQL: a part of the message of DF-CONV-001. What is not here has no SQL node.
KEPT: dict[str, str] = {
    "q84": "tied to the outer rows by more than equal columns",
    "q90": "it reads itself (WITH RECURSIVE)",
    "q91": "LATERAL",
    "q92": "INTERSECT ALL and EXCEPT ALL",
    "q93": "tied to the outer rows by more than equal columns",
    "q94": "GROUP stands in a correlated subquery",
}


def test_suite_keeps_its_size_and_its_share_without_sql_nodes() -> None:
    assert len(QUERIES) >= 95
    assert len(KEPT) <= 6
    assert set(KEPT) <= {path.stem for path in QUERIES}


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_graph_of_a_query_gives_its_answer(path: Path, warehouse: Warehouse) -> None:
    sql = path.read_text(encoding="utf-8")
    if warehouse.engine != "duckdb" and sql.startswith(ELSEWHERE):
        pytest.skip("not applicable: " + sql.splitlines()[0].removeprefix(ELSEWHERE))
    made = assert_same_answer(warehouse, sql, has_rows=True)
    assert is_formatted(made.text)
    reasons = [problem.message for problem in made.problems if problem.code == "DF-CONV-001"]
    assert len(reasons) == (path.stem in KEPT), reasons
    assert all(KEPT[path.stem] in reason for reason in reasons)
    assert bool(kept_sql(made.text)) == (path.stem in KEPT or "values (" in sql)
