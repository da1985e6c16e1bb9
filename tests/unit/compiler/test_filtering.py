"""Filter and router on real rows: every input row leaves by exactly one port (router: of the exclusive kind)."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow_provider.compiler.errors import CompileError
from tests.unit.compiler.conftest import Warehouse

ROWS = [(1, 10), (2, None), (3, -5), (4, 10), (4, 10)]


@pytest.fixture
def sales(warehouse: Warehouse) -> Warehouse:
    warehouse.table("sales", 'id INTEGER, "Order" INTEGER', ROWS)
    return warehouse


def test_filter_keeps_rows_whose_condition_is_true(sales: Warehouse) -> None:
    result = sales.through({"type": "transform.filter", "where": '"Order" > 0'}, "sales")
    assert result.columns == ["id", "Order"]
    assert result.unordered == [(1, 10), (4, 10), (4, 10)]


def test_filter_sends_false_and_null_to_rejected(sales: Warehouse) -> None:
    ports = sales.both({"type": "transform.filter", "where": '"Order" > 0'}, "sales", ["", "rejected"])
    assert ports["rejected"].unordered == [(2, None), (3, -5)]
    assert sorted(ports[""].rows + ports["rejected"].rows, key=repr) == sorted(ROWS, key=repr)


def test_filter_by_a_number_judges_truth_alike_in_both_ports(sales: Warehouse) -> None:
    ports = sales.both({"type": "transform.filter", "where": "id - 1"}, "sales", ["", "rejected"])
    assert ports["rejected"].rows == [(1, 10)]
    assert len(ports[""].rows) == 4


def test_filter_of_no_rows_gives_no_rows(warehouse: Warehouse) -> None:
    warehouse.table("sales", "id INTEGER", [])
    ports = warehouse.both({"type": "transform.filter", "where": "id > 0"}, "sales", ["", "rejected"])
    assert ports[""].rows == ports["rejected"].rows == []


def test_both_ports_of_a_filter_may_meet_again_in_one_stage(sales: Warehouse) -> None:
    result = sales.run(
        {
            "sales": {"type": "source.duckdb", "table": "sales"},
            "f": {"type": "transform.filter", "from": "sales", "where": '"Order" > 0'},
            "u": {"type": "transform.union", "from": ["f", "f.rejected"]},
            "out": {"type": "target.duckdb", "table": "mart.out", "from": "u"},
        }
    )["out"]
    assert result.unordered == sorted(ROWS, key=repr)


def test_rejected_rows_are_counted(sales: Warehouse) -> None:
    sales.both({"type": "transform.filter", "where": '"Order" > 0'}, "sales", ["", "rejected"])
    assert sales.figures["t", "rows_out"] == 3
    assert sales.figures["t", "rows_rejected"] == 2
    assert sales.figures["sales", "rows_out"] == 5


ROUTER = {"type": "transform.router", "routes": {"big": '"Order" >= 10', "any": '"Order" IS NOT NULL'}}


def test_exclusive_router_gives_each_row_to_its_first_match(sales: Warehouse) -> None:
    ports = sales.both(ROUTER, "sales", ["big", "any", "default"])
    assert ports["big"].unordered == [(1, 10), (4, 10), (4, 10)]
    assert ports["any"].rows == [(3, -5)]
    assert ports["default"].rows == [(2, None)]


def test_router_that_is_not_exclusive_gives_a_row_to_every_match(sales: Warehouse) -> None:
    ports = sales.both({**ROUTER, "exclusive": False, "default": "rest"}, "sales", ["big", "any", "rest"])
    assert ports["big"].unordered == [(1, 10), (4, 10), (4, 10)]
    assert ports["any"].unordered == [(1, 10), (3, -5), (4, 10), (4, 10)]
    assert ports["rest"].rows == [(2, None)]


def test_random_numbers_before_a_filter_are_drawn_once_for_both_ports(looking: Warehouse) -> None:
    looking.table("sales", "id INTEGER", [(number,) for number in range(500)])
    nodes: dict[str, dict[str, Any]] = {
        "sales": {"type": "source.duckdb", "table": "sales"},
        "e": {"type": "transform.expression", "from": "sales", "columns": {"chance": "random()"}},
        "f": {"type": "transform.filter", "from": "e", "where": "chance < 0.5"},
        "heads": {"type": "target.duckdb", "table": "mart.heads", "from": "f"},
        "tails": {"type": "target.duckdb", "table": "mart.tails", "from": "f.rejected"},
    }
    results = looking.run(nodes)
    ids = [row[0] for name in ("heads", "tails") for row in results[name].rows]
    assert sorted(ids) == list(range(500))


def test_random_condition_with_two_ports_is_refused(sales: Warehouse) -> None:
    with pytest.raises(CompileError, match="DF-SQL-015"):
        sales.both({"type": "transform.filter", "where": "random() < 0.5"}, "sales", ["", "rejected"])


def test_random_condition_with_one_port_is_taken(sales: Warehouse) -> None:
    assert len(sales.through({"type": "transform.filter", "where": "random() >= 0"}, "sales").rows) == 5
