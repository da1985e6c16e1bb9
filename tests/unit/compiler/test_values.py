"""Parameters and run values reach the database as literals of their type, whatever they hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.sqltext import named_places, parse_expression
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.dialects.duckdb import DUCKDB
from dataflow_provider.dialects.mysql import MYSQL
from tests.unit.compiler.conftest import VALUES, Warehouse

ATTACKS = [
    "it's",
    "'; DROP TABLE people; --",
    "\\'; DROP TABLE people; --",
    "''",
    '"',
    "x' OR '1'='1",
    "/* node:x */",
    ":other",
    "$other",
    "line\nbreak\ttab",
    "\u2028 \u00e9 \U0001f600",
    "{{ ds }}",
    "",
]


def values(**params: Any) -> RunValues:
    return RunValues("run'1", VALUES.logical_date, VALUES.interval_start, VALUES.interval_end, params)


def answer(warehouse: Warehouse, expression: str, params: dict[str, Any], given_values: RunValues) -> Any:
    nodes: dict[str, dict[str, Any]] = {
        "one": {"type": "source.duckdb", "query": "SELECT 1 AS x"},
        "t": {"type": "transform.expression", "from": "one", "columns": {"answer": expression}},
        "out": {"type": "target.duckdb", "table": "out", "from": "t"},
    }
    return warehouse.run(nodes, given_values, params=params)["out"].rows[0][1]


@pytest.mark.parametrize("text", ATTACKS)
def test_text_parameter_arrives_as_it_is(warehouse: Warehouse, text: str) -> None:
    warehouse.table("people", "name VARCHAR", [("keep",)])
    assert answer(warehouse, ":p", {"p": {"type": "string"}}, values(p=text)) == text
    assert warehouse.connection.execute("SELECT COUNT(*) FROM people").fetchone() == (1,)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_parameter_arrives_as_it_is(text: str) -> None:
    assert answer(Warehouse(looks=False), "x || :p", {"p": {"type": "string"}}, values(p=text)) == f"1{text}"


@pytest.mark.parametrize(
    ("kind", "value", "expression", "expected"),
    [
        ("integer", 7, ":p", 7),
        ("integer", -7, "10 -:p", 17),
        ("integer", -7, "10 - :p * 2", 24),
        ("integer", 2**62, ":p", 2**62),
        ("number", 0.1, ":p", 0.1),
        ("number", -2, "10 -:p", 12.0),
        ("number", 3, "typeof(:p)", "DOUBLE"),
        ("boolean", True, "NOT :p", False),
        ("date", date(2026, 2, 3), ":p", date(2026, 2, 3)),
        ("date", "2026-02-03", ":p + 1", date(2026, 2, 4)),
        ("timestamp", datetime(2026, 2, 3, 4, 5, 6, 7), ":p", datetime(2026, 2, 3, 4, 5, 6, 7)),
        ("timestamp", datetime(2026, 2, 3, 4, tzinfo=timezone(timedelta(hours=2))), ":p", datetime(2026, 2, 3, 2)),
        ("timestamp", date(2026, 2, 3), ":p", datetime(2026, 2, 3)),
        ("timestamp", "2026-02-03T04:00:00Z", ":p", datetime(2026, 2, 3, 4)),
        ("string", "12", "typeof(:p)", "VARCHAR"),
        ("string", None, "typeof(:p)", "VARCHAR"),
    ],
)
def test_parameter_has_its_declared_type(
    warehouse: Warehouse, kind: str, value: Any, expression: str, expected: Any
) -> None:
    assert answer(warehouse, expression, {"p": {"type": kind}}, values(p=value)) == expected


def test_default_serves_a_run_that_gives_no_value(warehouse: Warehouse) -> None:
    assert answer(warehouse, ":p", {"p": {"type": "integer", "default": 3}}, values()) == 3


def test_value_that_nobody_gives_is_a_problem(warehouse: Warehouse) -> None:
    with pytest.raises(CompileError, match="DF-SQL-011"):
        answer(warehouse, ":p", {"p": {"type": "integer"}}, values())


def test_run_values_are_naive_utc(warehouse: Warehouse) -> None:
    aware = RunValues(
        "r", datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), None, {}
    )
    assert answer(warehouse, ":interval_start", {}, aware) == datetime(2026, 1, 1)
    assert answer(warehouse, ":logical_date", {}, aware) == datetime(2026, 1, 2)
    assert answer(warehouse, ":run_id", {}, values()) == "run'1"
    with pytest.raises(CompileError, match="`interval_end`"):
        answer(warehouse, ":interval_end", {}, aware)


def test_undeclared_name_is_reported_with_its_place(warehouse: Warehouse) -> None:
    with pytest.raises(CompileError) as caught:
        answer(warehouse, "x >\n :intervall_start", {}, values())
    problem = caught.value.problems[0]
    assert (problem.code, problem.path, problem.offset) == ("DF-SQL-010", ("nodes", "t", "columns", "answer"), 5)
    assert problem.hint == "Did you mean `interval_start`?"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a >= :p", ["p"]),
        (":p", ["p"]),
        ("(:p)", ["p"]),
        ("f(:p,:q)", ["p", "q"]),
        ("CASE WHEN a THEN :p ELSE :q END", ["p", "q"]),
        ("a BETWEEN :interval_start AND :interval_end", ["interval_start", "interval_end"]),
        ("[:p, :q]", ["p", "q"]),
        ("{'k': :p}", ["p"]),
        ("a=:date", ["date"]),
        ("x::int", []),
        ("x :: int", []),
        ("v:field", []),
        ("l[1:n]", []),
        ("l[:n]", []),
        ("l[n:]", []),
        ("{'k':v}", []),
        ("': p'", []),
        ("':p'", []),
        ('":p"', []),
        ("a -- :p", []),
        ("a /* :p */ + b", []),
        ("a = : p", []),
    ],
)
def test_names_are_bound_where_an_operand_may_start(text: str, names: list[str]) -> None:
    assert [name for name, _ in named_places(text, DUCKDB)] == names


def test_function_with_the_name_of_a_command_is_an_expression_and_takes_values() -> None:
    text = "REPLACE(a, :old, 'x;y') = 'b'"
    assert parse_expression(text, MYSQL).sql("mysql") == "REPLACE(a, :old, 'x;y') = 'b'"
    assert list(named_places(text, MYSQL)) == [("old", 11)]


def test_statement_that_sqlglot_takes_for_a_command_takes_values() -> None:
    assert list(named_places("REPLACE INTO t VALUES (':no', :day)", MYSQL)) == [("day", 30)]
