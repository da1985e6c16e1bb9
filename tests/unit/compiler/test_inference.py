"""The kinds of every node's columns by the text alone, through each transform, and across connections."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow_provider.compiler.graph import build_graph
from dataflow_provider.compiler.inference import Inferred, infer_schemas
from dataflow_provider.spec.findings import Severity
from tests.unit.compiler.conftest import make_pipeline

SCHEMA = {
    "id": "INTEGER", "name": "VARCHAR", "amount": "DECIMAL(10, 2)", "day": "DATE", "at": "timestamp", "ok": "bool",
    "doc": "JSON",
}  # fmt: skip
SOURCE = {"type": "source.duckdb", "table": "t", "schema": SCHEMA}
OTHER = {"type": "source.duckdb", "table": "u", "schema": {"id": "BIGINT", "rate": "DOUBLE", "name": "INTEGER"}}
COLUMNS = {
    "id": "INTEGER", "name": "VARCHAR", "amount": "DECIMAL(10,2)", "day": "DATE", "at": "TIMESTAMP", "ok": "BOOLEAN",
    "doc": "JSON",
}  # fmt: skip


def inferred(node: dict[str, Any], target: dict[str, Any] | None = None, **more: dict[str, Any]) -> Inferred:
    nodes = {
        "a": SOURCE,
        **more,
        "n": {"from": "a", **node},
        "t": {"type": "target.duckdb", "table": "m.t", "from": "n", **(target or {})},
    }
    pipeline = make_pipeline(nodes, params={"low": {"type": "integer"}, "word": {"type": "string"}})
    return infer_schemas(pipeline, build_graph(pipeline))


def kinds(node: dict[str, Any], **more: dict[str, Any]) -> dict[str, str]:
    result = inferred(node, **more)
    assert result.problems == ()
    return dict(result.kinds["n"])


def said(node: dict[str, Any], target: dict[str, Any] | None = None, **more: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (one.code, one.severity.value, ".".join(map(str, one.path[1:])))
        for one in inferred(node, target, **more).problems
    ]


@pytest.mark.parametrize(
    "node",
    [
        {"type": "transform.filter", "where": "id > 1"},
        {"type": "transform.deduplicate", "keys": ["id"], "order_by": ["at DESC"]},
        {"type": "transform.sort", "order_by": ["day"], "limit": 3},
        {"type": "quality.column_rules", "rules": [{"column": "id", "check": "not_null"}]},
        {"type": "quality.row_rule", "where": "id > 0"},
        {"type": "quality.freshness", "column": "at", "max_age": "1d"},
        {"type": "transform.select"},
    ],
    ids=lambda node: node["type"],
)
def test_rows_that_pass_keep_their_kinds(node: dict[str, Any]) -> None:
    assert kinds(node) == COLUMNS


def test_router_ports_have_the_columns_of_the_input() -> None:
    node = {"type": "transform.router", "routes": {"big": "amount > 100"}}
    result = inferred({**node}, {"from": "n.big"})
    assert result.kinds["n.big"] == COLUMNS


def test_select_casts_renames_and_drops() -> None:
    columns = [{"name": "name", "as": "number", "cast": "BIGINT", "on_error": "null"}, "day", "ok"]
    node = {"type": "transform.select", "columns": columns, "rename": {"day": "on_day"}, "drop": ["ok"]}
    assert kinds(node) == {"number": "BIGINT", "on_day": "DATE"}


def test_rejected_rows_of_a_select_have_a_reason() -> None:
    node = {"type": "transform.select", "columns": [{"name": "name", "cast": "DATE", "on_error": "reject"}]}
    assert inferred(node, {"from": "n.rejected"}).kinds["n.rejected"] == {**COLUMNS, "_reject_reason": "VARCHAR"}


def test_expression_adds_and_replaces() -> None:
    columns = {
        "double": "amount * 2",
        "id": "CAST(id AS BIGINT)",
        "label": "name || '!'",
        "what": "made_up(id)",
        "p": ":low",
    }
    result = kinds({"type": "transform.expression", "columns": columns})
    assert result == {**COLUMNS, "id": "BIGINT", "double": "number", "label": "VARCHAR", "what": "", "p": "BIGINT"}


def test_aggregate_has_keys_and_values() -> None:
    aggregates = {"total": "SUM(amount)", "n": "COUNT(*)", "last": "MAX(at)", "mean": "AVG(id)", "sum": "SUM(id)"}
    node = {"type": "transform.aggregate", "group_by": ["day"], "aggregates": aggregates}
    assert kinds(node) == {
        "day": "DATE", "total": "number", "n": "BIGINT", "last": "TIMESTAMP", "mean": "DOUBLE", "sum": "HUGEINT",
    }  # fmt: skip


@pytest.mark.parametrize("how", ["inner", "left", "right", "full"])
def test_join_has_the_columns_of_both_sides(how: str) -> None:
    node = {
        "type": "transform.join",
        "from": {"left": "a", "right": "b"},
        "how": how,
        "keys": ["id"],
        "right_prefix": "r_",
    }
    result = kinds(node, b=OTHER)
    assert {name: result[name] for name in ("day", "rate", "r_name")} == {
        "day": "DATE",
        "rate": "DOUBLE",
        "r_name": "INTEGER",
    }
    assert result["id"] in ("INTEGER", "BIGINT")


def test_union_takes_the_kind_that_all_fit() -> None:
    node = {"type": "transform.union", "from": ["a", "b"]}
    result = kinds(node, b={"type": "source.duckdb", "table": "u", "schema": {"id": "BIGINT", "rate": "DOUBLE"}})
    assert (result["id"], result["rate"], result["day"]) == ("INTEGER", "DOUBLE", "DATE")


def test_window_adds_its_columns() -> None:
    columns = {"running": "SUM(amount)", "place": "ROW_NUMBER()", "before": "LAG(day)"}
    node = {"type": "transform.window", "partition_by": ["name"], "order_by": ["day"], "columns": columns}
    assert kinds(node) == {**COLUMNS, "running": "number", "place": "BIGINT", "before": "DATE"}


def test_pivot_and_unpivot() -> None:
    pivot = {
        "type": "transform.pivot",
        "keys": ["day"],
        "column": "name",
        "value": "id",
        "values": ["x"],
        "aggregate": "MAX",
    }
    assert kinds(pivot)["day"] == "DATE"
    unpivot = {
        "type": "transform.pivot",
        "kind": "unpivot",
        "keys": ["day"],
        "column": "c",
        "value": "v",
        "values": ["id"],
    }
    assert kinds(unpivot) == {"day": "DATE", "c": "VARCHAR", "v": "INTEGER"}


def test_query_with_ctes_subqueries_and_unions() -> None:
    query = """
    WITH big AS (SELECT id, amount * 2 AS twice FROM a WHERE ok),
         days AS (SELECT day FROM a UNION ALL SELECT CAST(at AS DATE) FROM a)
    SELECT b.id, b.twice, (SELECT MAX(day) FROM days) AS last, x.n, EXISTS (SELECT 1 FROM a WHERE a.id = b.id) AS known
    FROM big AS b CROSS JOIN (SELECT COUNT(*) AS n FROM a) AS x
    """
    assert kinds({"type": "transform.sql", "query": query}) == {
        "id": "INTEGER", "twice": "number", "last": "DATE", "n": "BIGINT", "known": "BOOLEAN",
    }  # fmt: skip


def test_ai_enrich_adds_its_outputs() -> None:
    outputs = {"mood": {"type": "string"}, "score": {"type": "number"}}
    node = {"type": "ai.enrich", "prompt": "p", "inputs": ["name"], "outputs": outputs}
    assert kinds(node) == {**COLUMNS, "mood": "VARCHAR", "score": "DOUBLE"}


def test_kinds_cross_connections() -> None:
    nodes: dict[str, dict[str, Any]] = {
        "p": {"type": "source.postgres", "connection": "pg", "table": "t", "schema": {"who": "text", "n": "int4"}},
        "f": {"type": "transform.expression", "from": "p", "connection": "pg", "columns": {"m": "n + 1"}},
        "d": {
            "type": "transform.aggregate",
            "from": "f",
            "connection": "dk",
            "group_by": ["who"],
            "aggregates": {"s": "SUM(m)"},
        },
        "t": {"type": "target.duckdb", "connection": "dk", "table": "m.t", "from": "d"},
    }
    pipeline = make_pipeline(nodes)
    result = infer_schemas(pipeline, build_graph(pipeline))
    assert result.problems == ()
    assert result.kinds["d"] == {"who": "VARCHAR", "s": "HUGEINT"}


def test_unknown_stays_unknown() -> None:
    result = inferred(
        {"type": "transform.expression", "columns": {"x": "UPPER(y)"}}, a={"type": "source.duckdb", "table": "t"}
    )
    assert result.problems == ()
    assert "a" not in result.kinds


# ---------------------------------------------------------------- findings


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"type": "transform.filter", "where": "name > 5"}, ("DF-TYPE-001", "warning", "n.where")),
        ({"type": "transform.filter", "where": "day > 5"}, ("DF-TYPE-001", "warning", "n.where")),
        ({"type": "transform.filter", "where": "id = 'abc'"}, ("DF-TYPE-001", "warning", "n.where")),
        ({"type": "transform.filter", "where": "name = :low"}, ("DF-TYPE-001", "warning", "n.where")),
        ({"type": "transform.filter", "where": "name"}, ("DF-TYPE-005", "warning", "n.where")),
        ({"type": "transform.expression", "columns": {"x": "name + 1"}}, ("DF-TYPE-002", "error", "n.columns.x")),
        ({"type": "transform.aggregate", "aggregates": {"s": "SUM(name)"}}, ("DF-TYPE-003", "error", "n.aggregates.s")),
        (
            {"type": "transform.expression", "columns": {"x": "CASE WHEN ok THEN id ELSE name END"}},
            ("DF-TYPE-004", "error", "n.columns.x"),
        ),
        ({"type": "transform.expression", "columns": {"x": "LOWER(id)"}}, ("DF-TYPE-006", "error", "n.columns.x")),
        ({"type": "transform.sql", "query": "SELECT SUM(name) AS s FROM a"}, ("DF-TYPE-003", "error", "n.query")),
        ({"type": "transform.router", "routes": {"x": "name = 1"}}, ("DF-TYPE-001", "warning", "n.routes.x")),
        ({"type": "quality.row_rule", "where": "name + 1 > 2"}, ("DF-TYPE-002", "error", "n.where")),
        (
            {"type": "quality.column_rules", "rules": [{"column": "name", "check": "range", "min": 0}]},
            ("DF-TYPE-009", "warning", "n.rules.0.column"),
        ),
        (
            {"type": "quality.column_rules", "rules": [{"column": "nam", "check": "not_null"}]},
            ("DF-SQL-012", "error", "n.rules.0.column"),
        ),
        ({"type": "quality.freshness", "column": "id", "max_age": "1d"}, ("DF-TYPE-007", "warning", "n.column")),
        (
            {"type": "ai.enrich", "prompt": "p", "inputs": ["nam"], "outputs": {"x": {"type": "string"}}},
            ("DF-SQL-012", "error", "n.inputs.0"),
        ),
        (
            {"type": "quality.reference", "columns": ["idd"], "reference": {"table": "u", "columns": ["id"]}},
            ("DF-SQL-012", "error", "n.columns.0"),
        ),
    ],
)  # fmt: skip
def test_a_clash_is_told_at_its_field(node: dict[str, Any], expected: tuple[str, str, str]) -> None:
    target = {"from": "n.x"} if node["type"] == "transform.router" else None
    assert said(node, target) == [expected]


def test_a_finding_points_into_the_text() -> None:
    (problem,) = inferred({"type": "transform.filter", "where": "id > 1 AND name > 5"}).problems
    assert problem.offset == len("id > 1 AND ")
    assert problem.message.startswith("`name` is text (VARCHAR) and `5` is a number (INTEGER), and they are compared")


def test_join_keys_of_other_families() -> None:
    node = {"type": "transform.join", "from": {"left": "a", "right": "b"}, "keys": {"name": "id"}, "right_prefix": "r_"}
    assert said(node, b=OTHER) == [("DF-TYPE-001", "warning", "n.keys")]


def test_union_of_inferred_kinds_that_clash() -> None:
    texts = {"type": "transform.expression", "from": "a", "columns": {"id": "UPPER(name)"}}
    node = {"type": "transform.union", "from": ["a", "b"]}
    assert said(node, b=texts) == [("DF-SQL-028", "error", "n.from.1")]


def test_ambiguous_column_of_a_query() -> None:
    node = {"type": "transform.sql", "from": ["a", "b"], "query": "SELECT id, rate FROM a JOIN b ON a.id = b.id"}
    assert said(node, b=OTHER) == [("DF-SQL-019", "error", "n.query")]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id, rate FROM a JOIN b USING (id)",
        "SELECT a.id, rate FROM a JOIN b ON a.id = b.id",
        "SELECT a.id AS id, rate FROM a JOIN b ON a.id = b.id ORDER BY id",
        "SELECT day, (SELECT COUNT(*) FROM b WHERE id = a.id) AS n FROM a",
        "SELECT day FROM a SEMI JOIN b ON a.id = b.id WHERE id > 1",
    ],
)
def test_names_that_are_not_ambiguous(query: str) -> None:
    assert said({"type": "transform.sql", "from": ["a", "b"], "query": query}, b=OTHER) == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"write": {"mode": "upsert", "keys": ["idd"]}}, ("DF-SQL-012", "error", "t.write.keys.0")),
        (
            {"write": {"mode": "upsert", "keys": ["id"], "update_columns": ["x"]}},
            ("DF-SQL-012", "error", "t.write.update_columns.0"),
        ),
        (
            {"write": {"mode": "delete_insert", "window": {"column": "dy"}}},
            ("DF-SQL-012", "error", "t.write.window.column"),
        ),
        (
            {"write": {"mode": "delete_insert", "window": {"column": "id"}}},
            ("DF-TYPE-007", "warning", "t.write.window.column"),
        ),
        (
            {"write": {"mode": "upsert", "keys": ["id"], "dedupe": {"order_by": ["att DESC"]}}},
            ("DF-SQL-012", "error", "t.write.dedupe.order_by.0"),
        ),
        (
            {"write": {"mode": "merge", "keys": ["id"], "delete_when": "name - 1 = 2"}},
            ("DF-TYPE-002", "error", "t.write.delete_when"),
        ),
    ],
)  # fmt: skip
def test_targets_name_columns_that_are_there(target: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert said({"type": "transform.filter", "where": "ok"}, target) == [expected]


def test_window_of_a_date_is_sound() -> None:
    assert (
        said(
            {"type": "transform.filter", "where": "ok"},
            {"write": {"mode": "delete_insert", "window": {"column": "day"}}},
        )
        == []
    )


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"incremental": {"column": "att"}}, ("DF-SQL-012", "error", "a.incremental.column")),
        ({"incremental": {"column": "doc"}}, ("DF-TYPE-008", "error", "a.incremental.column")),
        ({"partition": {"column": "idd", "count": 2}}, ("DF-SQL-012", "error", "a.partition.column")),
    ],
)
def test_sources_name_columns_that_are_there(field: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert said({"type": "transform.filter", "where": "ok"}, a={**SOURCE, **field}) == [expected]


def test_severities_follow_the_engine() -> None:
    nodes: dict[str, dict[str, Any]] = {
        "p": {"type": "source.postgres", "connection": "pg", "table": "t", "schema": {"who": "text", "n": "int4"}},
        "f": {"type": "transform.filter", "from": "p", "where": "who = n"},
        "t": {"type": "target.postgres", "connection": "pg", "table": "m.t", "from": "f"},
    }
    pipeline = make_pipeline(nodes)
    (problem,) = infer_schemas(pipeline, build_graph(pipeline)).problems
    assert (problem.code, problem.severity) == ("DF-TYPE-001", Severity.ERROR)
