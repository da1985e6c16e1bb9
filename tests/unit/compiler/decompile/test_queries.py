"""Queries whose meaning hangs on NULLs, duplicates and empty groups: graphs of nodes with exactly their rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.roundtrip import Warehouse, as_bag, kept_sql

FOLDER = Path(__file__).parent / "queries"


def statements(name: str) -> list[str]:
    return [part.strip() for part in (FOLDER / name).read_text(encoding="utf-8").split(";") if part.strip()]


@pytest.fixture(scope="module")
def warehouse() -> Warehouse:
    return Warehouse.filled(FOLDER / "setup.sql")


@pytest.mark.parametrize("sql", statements("nodes.sql"))
def test_query_becomes_nodes_with_its_rows(sql: str, warehouse: Warehouse) -> None:
    made = warehouse.convert(sql)
    assert as_bag(warehouse.graph_rows(made.text)) == as_bag(warehouse.rows(sql))
    assert [problem.message for problem in made.problems] == []
    assert "transform.sql" not in made.text


@pytest.mark.parametrize("text", statements("kept.sql"))
def test_query_without_exact_nodes_stays_sql_with_its_rows_and_a_reason(text: str, warehouse: Warehouse) -> None:
    reason, _, sql = text.partition("\n")
    made = warehouse.convert(sql)
    assert as_bag(warehouse.graph_rows(made.text)) == as_bag(warehouse.rows(sql))
    assert reason.removeprefix("-- ") in made.problems[0].message
    assert len(kept_sql(made.text)) == len(made.problems) == 1
