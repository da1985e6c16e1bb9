"""Window and sort on real rows: ties, NULLs, frames, samples."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow_provider.compiler.errors import CompileError
from tests.unit.compiler.conftest import Row, Warehouse

ROWS = [("a", 1, 10), ("a", 2, 20), ("a", 2, 30), ("a", None, 5), ("b", 1, None), (None, 1, 7), (None, 2, 8)]


@pytest.fixture
def days(warehouse: Warehouse) -> Warehouse:
    warehouse.table("days", 'grp VARCHAR, "Day" INTEGER, amount INTEGER', ROWS)
    return warehouse


def window(**fields: Any) -> dict[str, Any]:
    return {"type": "transform.window", **fields}


def test_running_total_counts_rows_not_peers(days: Warehouse) -> None:
    spec = window(partition_by=["grp"], order_by=["Day", "amount"], columns={"total": "SUM(amount)"})
    result = days.through(spec, "days")
    assert result.columns == ["grp", "Day", "amount", "total"]
    assert result.unordered == sorted(
        [
            ("a", 1, 10, 10),
            ("a", 2, 20, 30),
            ("a", 2, 30, 60),
            ("a", None, 5, 65),
            ("b", 1, None, None),
            (None, 1, 7, 7),
            (None, 2, 8, 15),
        ],
        key=repr,
    )


def test_window_without_order_spans_the_partition(days: Warehouse) -> None:
    spec = window(partition_by=["grp"], columns={"share": "amount / SUM(amount)", "last": "MAX(amount)"})
    found = {(row[0], row[2]): row[4] for row in days.through(spec, "days").rows}
    assert found["a", 10] == 30
    assert found[None, 7] == 8


def test_explicit_frame_is_used(days: Warehouse) -> None:
    spec = window(
        partition_by=["grp"],
        order_by=["Day", "amount"],
        frame="ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
        columns={"two": "SUM(amount)"},
    )
    assert {(row[2], row[3]) for row in days.through(spec, "days").rows if row[0] == "a"} == {
        (10, 10), (20, 30), (30, 50), (5, 35),
    }  # fmt: skip


def test_ranks_and_neighbours_need_no_frame(days: Warehouse) -> None:
    columns = {"n": "ROW_NUMBER()", "r": "RANK()", "before": "LAG(amount)", "step": "amount - LAG(amount, 1, 0)"}
    spec = window(partition_by=["grp"], order_by=["Day DESC", "amount"], columns=columns)
    rows = {row[2]: row[3:] for row in days.through(spec, "days").rows if row[0] == "a"}
    assert rows == {20: (1, 1, None, 20), 30: (2, 2, 20, 10), 10: (3, 3, 30, -20), 5: (4, 4, 10, -5)}


def test_filter_and_ignore_nulls_stay_inside_over(days: Warehouse) -> None:
    columns = {"n": "COUNT(*) FILTER (WHERE amount > 7)", "first": "FIRST_VALUE(amount IGNORE NULLS)"}
    rows = days.through(window(order_by=["amount"], columns=columns), "days").rows
    by_amount = {row[2]: row[3:] for row in rows}
    assert by_amount[30] == (4, 5)
    assert by_amount[5] == (0, 5)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"columns": {"x": "SUM(amount) OVER ()"}}, "DF-SQL-029"),
        ({"columns": {"x": "amount + 1"}}, "DF-SQL-030"),
        ({"columns": {"x": "SUM(amount)"}, "frame": "ROWS 1 PRECEDING), (SELECT 1"}, "DF-SQL-006"),
        ({"columns": {"x": "SUM(amount)"}, "frame": "all rows"}, "DF-SQL-006"),
    ],
)
def test_window_that_is_none_is_refused(days: Warehouse, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(CompileError, match=code):
        days.through(window(**fields), "days")


# ---------------------------------------------------------------- sort


def sort(**fields: Any) -> dict[str, Any]:
    return {"type": "transform.sort", **fields}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (["amount"], [5, 7, 8, 10, 20, 30, None]),
        (["amount DESC"], [30, 20, 10, 8, 7, 5, None]),
        (["amount desc nulls first"], [None, 30, 20, 10, 8, 7, 5]),
        (["Day", "amount DESC"], [10, 7, None, 30, 20, 8, 5]),
    ],
)
def test_sort_puts_nulls_last_by_default(days: Warehouse, order: list[str], expected: list[int | None]) -> None:
    assert [row[2] for row in days.through(sort(order_by=order), "days").rows] == expected


@pytest.mark.parametrize(("fields", "expected"), [
    ({"limit": 2}, [5, 7]),
    ({"limit": 2, "offset": 1}, [7, 8]),
    ({"offset": 5}, [30, None]),
    ({"limit": 0}, []),
])  # fmt: skip
def test_limit_and_offset_follow_the_order(days: Warehouse, fields: dict[str, int], expected: list[int | None]) -> None:
    result = days.through(sort(order_by=["amount"], **fields), "days")
    assert [row[2] for row in result.rows] == expected


@pytest.fixture
def many(warehouse: Warehouse) -> Warehouse:
    warehouse.connection.execute("CREATE TABLE many AS SELECT range AS id, range % 7 AS kind FROM range(20000)")
    return warehouse


@pytest.mark.parametrize("sample", [{"rows": 100}, {"rows": 100, "seed": 7}])
def test_sample_of_rows_has_that_many(many: Warehouse, sample: dict[str, int]) -> None:
    rows = many.through(sort(sample=sample), "many").rows
    assert len(set(rows)) == 100


@pytest.mark.parametrize("sample", [{"percent": 10}, {"percent": 10, "seed": 7}, {"percent": 2.5, "seed": 1}])
def test_sample_of_percent_is_near(many: Warehouse, sample: dict[str, float]) -> None:
    count = len(many.through(sort(sample=sample), "many").rows)
    expected = 20_000 * sample["percent"] / 100
    assert 0.75 * expected < count < 1.25 * expected


@pytest.mark.parametrize("size", [{"percent": 1}, {"rows": 50}])
def test_seeded_sample_is_the_same_each_time_and_another_by_seed(many: Warehouse, size: dict[str, int]) -> None:
    def draw(seed: int) -> list[Row]:
        return many.through(sort(sample={**size, "seed": seed}, order_by=["id"]), "many").rows

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
