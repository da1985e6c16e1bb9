"""Queries whose meaning hangs on NULLs, duplicates and empty groups: graphs of nodes with exactly their rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.roundtrip import DuckDBWarehouse, assert_same_answer, kept_sql

FOLDER = Path(__file__).parent / "queries"


def statements(name: str) -> list[str]:
    return [part.strip() for part in (FOLDER / name).read_text(encoding="utf-8").split(";") if part.strip()]


@pytest.fixture(scope="module")
def warehouse() -> DuckDBWarehouse:
    return DuckDBWarehouse.filled((FOLDER / "setup.sql").read_text(encoding="utf-8"))


@pytest.mark.parametrize("sql", statements("nodes.sql"))
def test_query_becomes_nodes_with_its_rows(sql: str, warehouse: DuckDBWarehouse) -> None:
    made = assert_same_answer(warehouse, sql)
    assert [problem.message for problem in made.problems] == []
    assert "transform.sql" not in made.text


@pytest.mark.parametrize("text", statements("kept.sql"))
def test_query_without_exact_nodes_stays_sql_with_its_rows_and_a_reason(text: str, warehouse: DuckDBWarehouse) -> None:
    reason, _, sql = text.partition("\n")
    made = assert_same_answer(warehouse, sql)
    assert reason.removeprefix("-- ") in made.problems[0].message
    assert len(kept_sql(made.text)) == len(made.problems) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "select * from t join u using (k)",
        "select t.*, u.* from t join u on u.k = t.k order by 7 desc, 1",
        "with a as (select k, id from t) select k, id as k, id as k_1, -id as k from a order by 2",
        "select x.k, x.k_1 from (select t.k, u.y as k from t join u on u.k = t.k) x",
        "select k, x as k from t union all select k, y as k from u order by 2, 1",
    ],
)
def test_repeated_name_is_numbered_and_told(sql: str, warehouse: DuckDBWarehouse) -> None:
    made = assert_same_answer(warehouse, sql)
    assert kept_sql(made.text) == []
    repeats = "x.k_1" not in sql
    assert {problem.code for problem in made.problems} == ({"DF-CONV-003"} if repeats else set())


def test_column_without_a_name_gets_one_that_reads_like_its_value(warehouse: DuckDBWarehouse) -> None:
    sql = "select k, sum(x), count(*), max(x) + 1, cast(min(x) as bigint) from t group by k"
    made = assert_same_answer(warehouse, sql)
    assert "sum_x: SUM(x)" in made.text
