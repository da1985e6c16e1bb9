"""What `validate` says of SQL without a database, each with the place it belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow_provider.compiler.check import check_pipeline
from tests.unit.compiler.conftest import make_pipeline

Nodes = dict[str, dict[str, Any]]


def chain(node: dict[str, Any], **source: Any) -> Nodes:
    return {
        "a": {"type": "source.duckdb", "table": "t", **source},
        "n": {"from": "a", **node},
        "t": {"type": "target.duckdb", "from": "n", "table": "m.t"},
    }


def found(nodes: Nodes, **top: Any) -> list[tuple[str, tuple[str | int, ...]]]:
    return [(problem.code, problem.path) for problem in check_pipeline(make_pipeline(nodes, **top))]


@pytest.mark.parametrize(
    ("node", "source", "code", "path"),
    [
        ({"type": "transform.filter", "where": "x >"}, {}, "DF-SQL-001", ("where",)),
        ({"type": "transform.filter", "where": "x > :limt"}, {}, "DF-SQL-010", ("where",)),
        ({"type": "transform.expression", "columns": {"y": "amuont"}}, {"columns": ["amount"]}, "DF-SQL-012",
         ("columns", "y")),
        ({"type": "transform.select", "columns": ["x", {"name": "x", "as": "y", "cast": "no type!"}]}, {}, "DF-SQL-005",
         ("columns", 1, "cast")),
        ({"type": "transform.aggregate", "aggregates": {"n": "COUNT(*"}}, {}, "DF-SQL-001", ("aggregates", "n")),
        ({"type": "transform.deduplicate", "keys": ["id"], "order_by": ["day", "amuont DESC"]},
         {"schema": {"id": "INTEGER", "day": "DATE"}}, "DF-SQL-012", ("order_by", 1)),
        ({"type": "transform.sql", "query": "SELECT * FROM b"}, {}, "DF-SQL-031", ("query",)),
        ({"type": "transform.router", "routes": {"x": "1 = "}}, {}, "DF-SQL-001", ("routes", "x")),
    ],
)  # fmt: skip
def test_problem_points_to_the_field(
    node: dict[str, Any], source: dict[str, Any], code: str, path: tuple[str | int, ...]
) -> None:
    assert found(chain(node, **source)) == [(code, ("nodes", "n", *path))]


def test_syntax_error_points_into_the_text() -> None:
    query = "SELECT a\nFROM a\nWHERE x = = 3"
    (problem,) = check_pipeline(make_pipeline(chain({"type": "transform.sql", "query": query})))
    assert problem.offset == query.rindex("=")
    assert "line 3" in problem.message


def test_problems_come_in_the_order_of_the_file_and_all_at_once() -> None:
    nodes: Nodes = {
        "t": {"type": "target.duckdb", "from": "n", "table": "m.t"},
        "n": {"type": "transform.filter", "from": "a", "where": "x > :nope AND y > :none"},
        "a": {"type": "source.duckdb", "table": "t", "where": "1 ="},
    }
    assert [path[1] for _, path in found(nodes)] == ["n", "n", "a"]


def test_sound_pipeline_has_no_problem_even_when_it_cannot_run_yet() -> None:
    nodes: Nodes = {
        "a": {"type": "source.kafka", "topic": "x"},
        "p": {"type": "source.postgres", "table": "t", "connection": "pg", "where": "a ~ 'x'"},
        "b": {"type": "source.duckdb", "table": "t", "columns": ["id"]},
        "q": {"type": "quality.row_rule", "from": "b", "where": "id > 0"},
        "f": {"type": "transform.filter", "from": "q", "where": "id > :limit"},
        "u": {"type": "transform.union", "from": ["a", "p", "f"], "connection": "dk"},
        "t": {"type": "target.duckdb", "from": "u", "table": "m.t", "connection": "dk"},
    }
    assert found(nodes, params={"limit": {"type": "integer"}}) == []


def test_unsound_graph_gives_its_own_problem() -> None:
    assert found({"t": {"type": "target.duckdb", "from": "missing", "table": "m.t"}}) == [
        ("DF-GRAPH-001", ("nodes", "t", "from"))
    ]


def test_endless_set_operation_is_refused_not_a_crash() -> None:
    nodes = chain({"type": "transform.sql", "query": " UNION ALL ".join(["SELECT x FROM a"] * 2000)})
    nodes["after"] = {"type": "transform.filter", "from": "n", "where": "x > 1"}
    assert found(nodes) == [("DF-SQL-001", ("nodes", "n"))]


def test_disabled_node_is_not_checked() -> None:
    assert found(chain({"type": "transform.filter", "where": "x >", "enabled": False})) == []


def test_unused_leaf_is_checked_too() -> None:
    nodes = chain({"type": "transform.filter", "where": "x > 1"})
    nodes["leaf"] = {"type": "transform.filter", "from": "a", "where": "x >"}
    assert found(nodes) == [("DF-SQL-001", ("nodes", "leaf", "where"))]
