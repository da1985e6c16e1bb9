"""Select and expression on real rows."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow_provider.compiler.errors import CompileError
from tests.unit.compiler.conftest import Warehouse

ROWS = [(1, "10", "a"), (2, "x", "b"), (3, None, "c"), (None, "", "d")]


@pytest.fixture
def raw(warehouse: Warehouse) -> Warehouse:
    warehouse.table("raw", '"Id" INTEGER, "select" VARCHAR, note VARCHAR', ROWS)
    return warehouse


def select(**fields: Any) -> dict[str, Any]:
    return {"type": "transform.select", **fields}


def test_select_chooses_reorders_and_renames(raw: Warehouse) -> None:
    result = raw.through(select(columns=["note", {"name": "Id", "as": "key"}]), "raw")
    assert result.columns == ["note", "key"]
    assert result.unordered == [("a", 1), ("b", 2), ("c", 3), ("d", None)]


def test_select_drops_and_renames_the_rest(raw: Warehouse) -> None:
    result = raw.through(select(drop=["note"], rename={"select": "from"}), "raw")
    assert result.columns == ["Id", "from"]
    assert result.unordered == [(1, "10"), (2, "x"), (3, None), (None, "")]


def test_cast_that_fails_to_null_keeps_the_row(raw: Warehouse) -> None:
    column = {"name": "select", "as": "n", "cast": "INTEGER", "on_error": "null"}
    result = raw.through(select(columns=["note", column]), "raw")
    assert result.unordered == [("a", 10), ("b", None), ("c", None), ("d", None)]


def test_cast_that_fails_stops_the_stage(raw: Warehouse) -> None:
    with pytest.raises(Exception, match="Could not convert"):
        raw.through(select(columns=[{"name": "select", "cast": "INTEGER"}]), "raw")


def test_cast_that_rejects_splits_the_rows_and_says_why(raw: Warehouse) -> None:
    column = {"name": "select", "as": "n", "cast": "INTEGER", "on_error": "reject"}
    ports = raw.both(select(columns=["note", column]), "raw", ["", "rejected"])
    assert ports[""].columns == ["note", "n"]
    assert ports[""].unordered == [("a", 10), ("c", None)]
    assert ports["rejected"].columns == ["Id", "select", "note", "_reject_reason"]
    assert ports["rejected"].unordered == [
        (2, "x", "b", "column `select` cannot be cast to INTEGER"),
        (None, "", "d", "column `select` cannot be cast to INTEGER"),
    ]


def test_rejected_row_names_every_cast_that_failed(raw: Warehouse) -> None:
    columns = [
        {"name": "select", "as": "n", "cast": "INTEGER", "on_error": "reject"},
        {"name": "note", "as": "day", "cast": "DATE", "on_error": "reject"},
    ]
    ports = raw.both(select(columns=columns), "raw", ["", "rejected"])
    assert ports[""].rows == []
    reasons = {row[2]: row[3] for row in ports["rejected"].rows}
    assert reasons["b"] == "column `select` cannot be cast to INTEGER; column `note` cannot be cast to DATE"
    assert reasons["a"] == "column `note` cannot be cast to DATE"


def test_two_output_columns_of_one_name_are_refused(raw: Warehouse) -> None:
    with pytest.raises(CompileError, match="DF-SQL-013"):
        raw.through(select(columns=["note", {"name": "Id", "as": "NOTE"}]), "raw")


@pytest.mark.parametrize("cast", ["INTEGER NOT NULL", "INT); DROP TABLE raw; --", "VARCHAR COLLATE NOCASE", ""])
def test_cast_to_something_that_is_no_type_is_refused(raw: Warehouse, cast: str) -> None:
    with pytest.raises((CompileError, ValueError), match=r"DF-SQL-005|at least 1 character"):
        raw.through(select(columns=[{"name": "Id", "cast": cast}]), "raw")


def test_missing_column_is_named_with_the_likely_one(looking: Warehouse) -> None:
    looking.table("raw", "subscriber INTEGER, amount INTEGER", [])
    with pytest.raises(CompileError) as caught:
        looking.through(select(columns=["subscriber", "amout"]), "raw")
    problem = caught.value.problems[0]
    assert (problem.code, problem.path) == ("DF-SQL-012", ("nodes", "t", "columns", 1))
    assert problem.hint == "Did you mean `amount`?"


def test_declared_columns_are_checked_without_a_database() -> None:
    offline = Warehouse(looks=False)
    nodes: dict[str, dict[str, Any]] = {
        "raw": {"type": "source.duckdb", "table": "raw", "columns": ["amount"]},
        "t": {"type": "transform.filter", "from": "raw", "where": "amuont > 1"},
        "out": {"type": "target.duckdb", "table": "out", "from": "t"},
    }
    with pytest.raises(CompileError, match=r"`amuont`.*Did you mean `amount`"):
        offline.run(nodes)


# ---------------------------------------------------------------- expression


def test_expression_adds_and_replaces_over_the_input(raw: Warehouse) -> None:
    columns = {"note": "upper(note)", "twice": '"Id" * 2', "old_note": "note"}
    result = raw.through({"type": "transform.expression", "columns": columns}, "raw")
    assert set(result.columns) == {"Id", "select", "note", "twice", "old_note"}
    by_name = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    assert sorted((row["note"], row["old_note"], row["twice"] or 0) for row in by_name) == [
        ("A", "a", 2),
        ("B", "b", 4),
        ("C", "c", 6),
        ("D", "d", 0),
    ]


def test_replaced_column_keeps_its_place_where_columns_are_known(looking: Warehouse) -> None:
    looking.table("raw", "a INTEGER, B INTEGER, c INTEGER", [(1, 2, 3)])
    result = looking.through({"type": "transform.expression", "columns": {"b": "a + c", "d": "0"}}, "raw")
    assert result.columns == ["a", "b", "c", "d"]
    assert result.rows == [(1, 4, 3, 0)]


def test_lambda_and_comprehension_names_are_no_columns(looking: Warehouse) -> None:
    looking.table("raw", "l INTEGER[], s STRUCT(k INTEGER)", [([1, 2], {"k": 7})])
    columns = {
        "a": "list_transform(l, lambda y: y + 1)",
        "b": "[z * 2 FOR z IN l]",
        "c": "s.k",
        "d": "l[2:]",
    }
    result = looking.through({"type": "transform.expression", "columns": columns}, "raw")
    assert result.rows[0][2:] == ([2, 3], [2, 4], 7, [2])
