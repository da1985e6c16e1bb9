"""Joins on real rows: every kind, NULL keys, coalesced keys, collisions, expected cardinality."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow_provider.compiler.errors import CompileError
from tests.unit.compiler.conftest import CheckFailedError, Row, Warehouse

LEFT = [(1, "l1"), (2, "l2"), (2, "l2b"), (None, "ln")]
RIGHT = [(2, "r2"), (3, "r3"), (None, "rn")]


def join(how: str = "inner", **fields: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": "transform.join", "from": {"left": "a", "right": "b"}, "how": how}
    return {**spec, **({} if "condition" in fields or how == "cross" else {"keys": ["k"]}), **fields}


@pytest.fixture
def sides(warehouse: Warehouse) -> Warehouse:
    warehouse.table("a", "k INTEGER, lv VARCHAR", LEFT)
    warehouse.table("b", "k INTEGER, rv VARCHAR", RIGHT)
    return warehouse


INNER: list[Row] = [(2, "l2", "r2"), (2, "l2b", "r2")]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("inner", INNER),
        ("left", [*INNER, (1, "l1", None), (None, "ln", None)]),
        ("right", [*INNER, (3, None, "r3"), (None, None, "rn")]),
        ("full", [*INNER, (1, "l1", None), (None, "ln", None), (3, None, "r3"), (None, None, "rn")]),
    ],
)
def test_join_by_key_gives_one_coalesced_key(sides: Warehouse, how: str, expected: list[Row]) -> None:
    result = sides.through(join(how), "a", "b")
    assert result.columns == ["k", "lv", "rv"]
    assert result.unordered == sorted(expected, key=repr)


def test_null_safe_join_lets_null_keys_meet(sides: Warehouse) -> None:
    result = sides.through(join(null_safe=True), "a", "b")
    assert result.unordered == sorted([*INNER, (None, "ln", "rn")], key=repr)


def test_semi_join_keeps_left_rows_that_are_met_once(sides: Warehouse) -> None:
    result = sides.through(join("semi"), "a", "b")
    assert result.columns == ["k", "lv"]
    assert result.unordered == [(2, "l2"), (2, "l2b")]


def test_anti_join_keeps_rows_with_null_keys(sides: Warehouse) -> None:
    assert sides.through(join("anti"), "a", "b").unordered == [(1, "l1"), (None, "ln")]


def test_cross_join_pairs_every_row(looking: Warehouse) -> None:
    looking.table("a", "x INTEGER", [(1,), (2,)])
    looking.table("b", "y INTEGER", [(3,), (4,)])
    assert looking.through(join("cross"), "a", "b").unordered == [(1, 3), (1, 4), (2, 3), (2, 4)]


def test_condition_names_sides_and_unique_columns(sides: Warehouse) -> None:
    spec = join(condition="l.k < r.k AND rv = 'r3'", right_prefix="right_")
    result = sides.through({**spec, "type": "transform.join"}, "a", "b")
    assert {row[1] for row in result.rows} == {"l1", "l2", "l2b"}


def test_condition_narrows_a_join_by_key(sides: Warehouse) -> None:
    result = sides.through(join(keys=["k"], condition="lv = 'l2b' OR FALSE"), "a", "b")
    assert result.rows == [(2, "l2b", "r2")]


def test_map_of_keys_keeps_both_columns(looking: Warehouse) -> None:
    looking.table("a", "k INTEGER, v INTEGER", [(1, 10)])
    looking.table("b", "id INTEGER, v INTEGER", [(1, 20)])
    result = looking.through(join(keys={"k": "id"}, right_prefix="b_"), "a", "b")
    assert (result.columns, result.rows) == (["k", "v", "id", "b_v"], [(1, 10, 1, 20)])


def test_collision_without_prefix_is_refused(looking: Warehouse) -> None:
    looking.table("a", "k INTEGER, V INTEGER", [])
    looking.table("b", "k INTEGER, v INTEGER", [])
    with pytest.raises(CompileError, match=r"DF-SQL-013.*`v`.*right_prefix"):
        looking.through(join(), "a", "b")


def test_bare_name_on_both_sides_is_refused(looking: Warehouse) -> None:
    looking.table("a", "k INTEGER, v INTEGER", [])
    looking.table("b", "k INTEGER, w INTEGER", [])
    with pytest.raises(CompileError, match=r"DF-SQL-019.*l\.k"):
        looking.through(join(condition="k > 1", right_prefix="b_"), "a", "b")


def test_missing_column_of_a_side_is_refused(looking: Warehouse) -> None:
    looking.table("a", "k INTEGER, volume INTEGER", [])
    looking.table("b", "k INTEGER, w INTEGER", [])
    with pytest.raises(CompileError, match=r"`l\.volum`.*Did you mean `volume`"):
        looking.through(join(keys=["k"], condition="l.volum > r.w"), "a", "b")


@pytest.mark.parametrize(
    ("spec", "code"),
    [({"how": "inner"}, "DF-SQL-018"), ({"how": "cross", "keys": ["k"]}, "DF-SQL-018")],
)
def test_join_needs_what_its_kind_needs(sides: Warehouse, spec: dict[str, Any], code: str) -> None:
    base: dict[str, Any] = {"type": "transform.join", "from": {"left": "a", "right": "b"}}
    with pytest.raises(CompileError, match=code):
        sides.through({**base, **spec}, "a", "b")


@pytest.mark.parametrize(
    ("expect", "fields", "message"),
    [
        ("many_to_one", {}, None),
        ("one_to_many", {}, "1 keys meet more than one left row"),
        ("one_to_one", {}, "1 keys meet more than one left row"),
        ("many_to_many", {}, None),
        ("one_to_many", {"keys": ["k"], "condition": "lv <> 'l2b'"}, None),
        ("one_to_many", {"keys": ["k"], "condition": "lv <> 'zz'"}, "1 right rows meet more than one left row"),
        ("many_to_one", {"condition": "l.k <= r.k", "right_prefix": "b_"}, "3 left rows meet more than one right row"),
    ],
)
def test_expected_cardinality_is_checked(
    warehouse: Warehouse, expect: str, fields: dict[str, Any], message: str | None
) -> None:
    warehouse.table("a", "k INTEGER, lv VARCHAR", [*LEFT, (9, "l9"), (9, "l9b")])
    warehouse.table("b", "k INTEGER, rv VARCHAR", RIGHT if "keys" in fields or not fields else [*RIGHT, (2, "r2b")])
    spec = join("left", expect=expect, **fields)
    if message is None:
        assert warehouse.through(spec, "a", "b").rows
        return
    with pytest.raises(CheckFailedError, match=message):
        warehouse.through(spec, "a", "b")
