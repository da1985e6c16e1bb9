"""All 22 TPC-H queries as graphs of nodes, none of them SQL, with the rows of the queries as written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.roundtrip import Warehouse, assert_same_answer, is_formatted, kept_sql, queries_of

FOLDER = Path(__file__).parent
QUERIES = queries_of(FOLDER)


def test_suite_holds_every_query() -> None:
    assert [path.stem for path in QUERIES] == [f"q{number:02}" for number in range(1, 23)]


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_graph_of_a_query_gives_its_rows_without_sql_nodes(path: Path, warehouse: Warehouse) -> None:
    sql = path.read_text(encoding="utf-8")
    made = assert_same_answer(warehouse, sql, has_rows=True)
    assert is_formatted(made.text)
    assert kept_sql(made.text) == []
    assert made.problems == ()
