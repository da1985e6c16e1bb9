"""Aggregate, deduplicate, pivot and unpivot on real rows."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow_provider.compiler.errors import CompileError
from tests.unit.compiler.conftest import Warehouse

ROWS = [("a", "x", 1), ("a", "y", 2), ("b", "x", None), (None, "x", 4), (None, "y", 5), ("a", "x", 3), ("c", "z", 9)]


@pytest.fixture
def sales(warehouse: Warehouse) -> Warehouse:
    warehouse.table("sales", '"Group" VARCHAR, kind VARCHAR, amount INTEGER', ROWS)
    return warehouse


def test_aggregate_groups_null_keys_together(sales: Warehouse) -> None:
    spec = {
        "type": "transform.aggregate",
        "group_by": ["Group"],
        "aggregates": {"amount": "SUM(amount)", "calls": "COUNT(*)", "mean": "AVG(amount)"},
    }
    result = sales.through(spec, "sales")
    assert result.columns == ["Group", "amount", "calls", "mean"]
    assert result.unordered == sorted(
        [("a", 6, 3, 2.0), ("b", None, 1, None), (None, 9, 2, 4.5), ("c", 9, 1, 9.0)], key=repr
    )


def test_aggregate_without_keys_gives_one_row_even_of_nothing(warehouse: Warehouse) -> None:
    warehouse.table("sales", "amount INTEGER", [])
    spec = {"type": "transform.aggregate", "aggregates": {"n": "COUNT(*)", "total": "SUM(amount)"}}
    assert warehouse.through(spec, "sales").rows == [(0, None)]


def test_having_keeps_groups_by_input_or_by_result(sales: Warehouse) -> None:
    spec = {"type": "transform.aggregate", "group_by": ["kind"], "aggregates": {"n": "COUNT(*)"}}
    by_both = sales.through({**spec, "having": "SUM(amount) > 7 AND n < 4"}, "sales")
    assert by_both.unordered == [("z", 1)]
    result = sales.through({**spec, "having": "COUNT(*) = 2"}, "sales")
    assert result.rows == [("y", 2)]


def test_aggregate_of_nothing_is_refused(sales: Warehouse) -> None:
    with pytest.raises(CompileError, match="DF-SQL-016"):
        sales.through({"type": "transform.aggregate"}, "sales")


# ---------------------------------------------------------------- deduplicate

VERSIONS = [(1, 10, "old"), (1, 20, "new"), (1, None, "undated"), (None, 1, "n1"), (None, 2, "n2"), (2, 5, "only")]


def deduplicate(**fields: Any) -> dict[str, Any]:
    return {"type": "transform.deduplicate", "keys": ["id"], **fields}


@pytest.fixture
def versions(warehouse: Warehouse) -> Warehouse:
    warehouse.table("versions", 'id INTEGER, "at" INTEGER, note VARCHAR', VERSIONS)
    return warehouse


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"order_by": ["at"]}, {"old", "n1", "only"}),
        ({"order_by": ["at DESC"]}, {"new", "n2", "only"}),
        ({"order_by": ["at DESC NULLS FIRST"]}, {"undated", "n2", "only"}),
        ({"order_by": ["at"], "keep": "last"}, {"undated", "n2", "only"}),
        ({"order_by": ["at NULLS FIRST"], "keep": "last"}, {"new", "n2", "only"}),
        ({"order_by": ["at DESC"], "keep": "last"}, {"undated", "n1", "only"}),
    ],
)
def test_deduplicate_keeps_the_row_of_the_order(versions: Warehouse, fields: dict[str, Any], kept: set[str]) -> None:
    result = versions.through(deduplicate(**fields), "versions")
    assert result.columns == ["id", "at", "note"]
    assert {row[2] for row in result.rows} == kept
    assert len(result.rows) == 3


def test_deduplicate_without_order_keeps_one_row_a_key(versions: Warehouse) -> None:
    rows = versions.through(deduplicate(), "versions").rows
    assert sorted(row[0] or 0 for row in rows) == [0, 1, 2]
    assert set(rows) <= set(VERSIONS)


# ---------------------------------------------------------------- pivot


def pivot(**fields: Any) -> dict[str, Any]:
    return {
        "type": "transform.pivot",
        "keys": ["Group"],
        "column": "kind",
        "value": "amount",
        "values": ["x", "y"],
        **fields,
    }


def test_pivot_names_columns_by_values_and_leaves_gaps_null(sales: Warehouse) -> None:
    result = sales.through(pivot(aggregate="SUM"), "sales")
    assert result.columns == ["Group", "x", "y"]
    assert result.unordered == sorted([("a", 4, 2), ("b", None, None), (None, 4, 5), ("c", None, None)], key=repr)


def test_pivot_counts_are_null_where_a_group_has_no_row(sales: Warehouse) -> None:
    result = sales.through(pivot(aggregate="count"), "sales")
    assert result.unordered == sorted([("a", 2, 1), ("b", 0, None), (None, 1, 1), ("c", None, None)], key=repr)


def test_pivot_by_numbers_and_null(warehouse: Warehouse) -> None:
    warehouse.table("sales", '"Group" VARCHAR, kind INTEGER, amount INTEGER', [("a", 1, 5), ("a", None, 6)])
    result = warehouse.through(pivot(values=[1, None, 2], aggregate="MAX"), "sales")
    assert result.columns == ["Group", "1", "null", "2"]
    assert result.rows == [("a", 5, 6, None)]


@pytest.mark.parametrize("aggregate", [None, "SUM(x); DROP TABLE sales", "SUM(", "1"])
def test_pivot_aggregate_must_be_a_name(sales: Warehouse, aggregate: str | None) -> None:
    with pytest.raises(CompileError, match="DF-SQL-017"):
        sales.through(pivot(aggregate=aggregate), "sales")


def unpivot(**fields: Any) -> dict[str, Any]:
    return {
        "type": "transform.pivot",
        "kind": "unpivot",
        "keys": ["id"],
        "column": "month",
        "value": "amount",
        "values": ["Jan", "feb"],
        **fields,
    }


@pytest.fixture
def months(warehouse: Warehouse) -> Warehouse:
    warehouse.table("months", '"id" INTEGER, "Jan" INTEGER, feb INTEGER', [(1, 10, None), (2, None, None), (2, 3, 4)])
    return warehouse


def test_unpivot_drops_nulls(months: Warehouse) -> None:
    result = months.through(unpivot(), "months")
    assert result.columns == ["id", "month", "amount"]
    assert result.unordered == [(1, "Jan", 10), (2, "Jan", 3), (2, "feb", 4)]


def test_unpivot_keeps_nulls_when_asked(months: Warehouse) -> None:
    result = months.through(unpivot(keep_nulls=True), "months")
    assert len(result.rows) == 6
    assert (2, "feb", None) in result.rows


def test_unpivot_of_a_missing_column_is_refused(looking: Warehouse) -> None:
    looking.table("months", "id INTEGER, jan INTEGER", [])
    with pytest.raises(CompileError, match="no column `fev`"):
        looking.through(unpivot(values=["jan", "fev"]), "months")
