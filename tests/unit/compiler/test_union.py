"""Unions on real rows."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow_provider.compiler.errors import CompileError
from tests.unit.compiler.conftest import Warehouse


def union(**fields: Any) -> dict[str, Any]:
    return {"type": "transform.union", **fields}


@pytest.fixture
def parts(warehouse: Warehouse) -> Warehouse:
    warehouse.table("one", "id INTEGER, name VARCHAR", [(1, "a"), (1, "a"), (2, None)])
    warehouse.table("two", '"NAME" VARCHAR, extra DATE, id INTEGER', [("a", None, 1), (None, None, 2)])
    return warehouse


def test_union_by_name_fills_missing_columns_with_null(parts: Warehouse) -> None:
    result = parts.through(union(), "one", "two")
    assert result.columns == ["id", "name", "extra"]
    assert result.unordered == sorted(
        [(1, "a", None), (1, "a", None), (2, None, None), (1, "a", None), (2, None, None)], key=repr
    )


def test_distinct_union_takes_null_as_equal(parts: Warehouse) -> None:
    assert parts.through(union(mode="distinct"), "one", "two").unordered == [(1, "a", None), (2, None, None)]


def test_union_by_position_takes_the_first_names(warehouse: Warehouse) -> None:
    warehouse.table("one", "id INTEGER, a VARCHAR", [(1, "x")])
    warehouse.table("two", "a INTEGER, id VARCHAR", [(2, "y")])
    result = warehouse.through(union(match="position"), "one", "two")
    assert (result.columns, result.unordered) == (["id", "a"], [(1, "x"), (2, "y")])


def test_union_of_three_inputs_and_an_empty_one(warehouse: Warehouse) -> None:
    for name, rows in (("one", [(1,)]), ("two", []), ("three", [(3,)])):
        warehouse.table(name, "id INTEGER", rows)
    assert warehouse.through(union(), "one", "two", "three").unordered == [(1,), (3,)]


def test_union_of_unequal_counts_by_position_is_refused(looking: Warehouse) -> None:
    looking.table("one", "a INTEGER, b INTEGER", [])
    looking.table("two", "a INTEGER", [])
    with pytest.raises(CompileError, match="DF-SQL-027"):
        looking.through(union(match="position"), "one", "two")


@pytest.mark.parametrize("match", ["name", "position"])
def test_union_of_clashing_types_is_refused(looking: Warehouse, match: str) -> None:
    looking.table("one", "a INTEGER", [])
    looking.table("two", "a VARCHAR", [])
    with pytest.raises(CompileError, match=r"DF-SQL-028.*`a` is INTEGER before and VARCHAR"):
        looking.through(union(match=match), "one", "two")


@pytest.mark.parametrize(("left", "right"), [("INTEGER", "DECIMAL(10,2)"), ("DATE", "TIMESTAMP"), ("REAL", "BIGINT")])
def test_union_of_related_types_is_taken(looking: Warehouse, left: str, right: str) -> None:
    looking.table("one", f"a {left}", [])
    looking.table("two", f"a {right}", [])
    assert looking.through(union(), "one", "two").rows == []
