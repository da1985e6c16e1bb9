"""Where stages end and why, where nodes run, and what cannot run yet. No SQL is parsed here."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.graph import EMBEDDED, build_graph
from dataflow_provider.compiler.plan import Plan, StageInput, plan_pipeline
from tests.unit.compiler.conftest import make_pipeline

Nodes = dict[str, dict[str, Any]]


def source(**fields: Any) -> dict[str, Any]:
    return {"type": "source.duckdb", "table": "s.t", **fields}


def keep(from_: str, **fields: Any) -> dict[str, Any]:
    return {"type": "transform.filter", "from": from_, "where": "x > 0", **fields}


def target(from_: str, **fields: Any) -> dict[str, Any]:
    return {"type": "target.duckdb", "from": from_, "table": "m.t", **fields}


def plan(nodes: Nodes, **top: Any) -> Plan:
    return plan_pipeline(make_pipeline(nodes, **top))


def stages(nodes: Nodes, **top: Any) -> dict[str, tuple[str, ...]]:
    return {stage.id: stage.nodes for stage in plan(nodes, **top).stages}


def test_one_connection_is_one_stage_named_by_its_last_node() -> None:
    assert stages({"a": source(), "b": keep("a"), "t": target("b")}) == {"t": ("a", "b", "t")}


BOUNDARIES: list[tuple[str, Nodes, dict[str, tuple[str, ...]], str, str]] = [
    (
        "checkpoint",
        {"a": source(), "b": keep("a", checkpoint=True), "t": target("b")},
        {"b": ("a", "b"), "t": ("t",)},
        "b",
        "`b` asks for a checkpoint",
    ),
    (
        "other connection",
        {"a": source(connection="x"), "b": keep("a"), "t": target("b", connection="y")},
        {"b": ("a", "b"), "t": ("t",)},
        "b",
        "`t` runs on `y`",
    ),
    (
        "shared by two stages",
        {"a": source(), "b": keep("a"), "t": target("b"), "u": target("b")},
        {"b": ("a", "b"), "t": ("t",), "u": ("u",)},
        "b",
        "`b` feeds the stages `t`, `u`",
    ),
    (
        "source with a condition shared by two stages",
        {"a": source(where="x > 1"), "t": target("a"), "u": target("a")},
        {"a": ("a",), "t": ("t",), "u": ("u",)},
        "a",
        "`a` feeds",
    ),
    (
        "file shared by two stages",
        {"a": {"type": "source.file", "path": "x.csv", "format": "csv"}, "t": target("a"), "u": target("a")},
        {"a": ("a",), "t": ("t",), "u": ("u",)},
        "a",
        "`a` feeds",
    ),
    (
        "consumer with its own retries",
        {"a": source(), "b": keep("a"), "c": keep("b", retries=3), "t": target("c")},
        {"b": ("a", "b"), "t": ("c", "t")},
        "b",
        "`c` has its own `retries`",
    ),
    (
        "consumer with its own timeout",
        {"a": source(), "b": keep("a"), "t": target("b", timeout="5m")},
        {"b": ("a", "b"), "t": ("t",)},
        "b",
        "`t` has its own `timeout`",
    ),
    (
        "consumer that waits",
        {"a": source(), "t": target("a"), "b": keep("a"), "u": target("b", after=["t"])},
        {"t": ("a", "t"), "b": ("a", "b"), "u": ("u",)},
        "b",
        "`u` waits for `t`",
    ),
    (
        "node that another waits for",
        {"a": source(), "b": keep("a"), "t": target("b"), "z": source(after=["b"]), "u": target("z")},
        {"b": ("a", "b"), "t": ("t",), "u": ("z", "u")},
        "b",
        "`z` waits for `b`",
    ),
]


@pytest.mark.parametrize(("nodes", "expected", "head", "reason"), [row[1:] for row in BOUNDARIES],
                         ids=[row[0] for row in BOUNDARIES])  # fmt: skip
def test_stage_ends_where_a_rule_says_so(
    nodes: Nodes, expected: dict[str, tuple[str, ...]], head: str, reason: str
) -> None:
    made = plan(nodes)
    assert {stage.id: stage.nodes for stage in made.stages} == expected
    assert reason in made.stage(head).reason


def test_plain_table_is_read_by_each_stage_itself() -> None:
    assert stages({"a": source(columns=["x"]), "t": target("a"), "u": target("a")}) == {
        "t": ("a", "t"),
        "u": ("a", "u"),
    }


def test_diamond_that_meets_again_stays_one_stage() -> None:
    nodes = {"a": source(), "b": keep("a"), "c": keep("b"), "d": keep("b.rejected"),
             "u": {"type": "transform.union", "from": ["c", "d"]}, "t": target("u")}  # fmt: skip
    assert stages(nodes) == {"t": ("a", "b", "c", "d", "u", "t")}


def test_each_port_read_outside_is_kept() -> None:
    nodes = {"a": source(), "b": keep("a"), "t": target("b"), "u": target("b.rejected")}
    made = plan(nodes)
    assert made.stage("b").ports == (None, "rejected")
    assert made.stage("u").inputs == (StageInput("b", "rejected", "b"),)
    assert made.stage("u").upstream == ("b",)


def test_unused_leaf_is_not_run() -> None:
    assert stages({"a": source(), "b": keep("a"), "t": target("a")}) == {"t": ("a", "t")}


def test_after_alone_makes_an_upstream_stage() -> None:
    nodes = {"a": source(), "t": target("a"), "b": source(), "u": target("b", after=["t"])}
    made = plan(nodes)
    assert set(made.stage("u").upstream) == {"b", "t"}
    assert made.stage("b").nodes == ("b",)


def test_stage_takes_the_largest_of_its_nodes_else_the_defaults() -> None:
    defaults = {"retries": 2, "retry_delay": "5m", "timeout": "1h", "pool": "small", "retry_backoff": True}
    nodes = {"a": source(retries=1), "b": keep("a", retries=4, pool="big", retry_backoff=False), "t": target("b")}
    made = plan(nodes, defaults=defaults)
    first, second = made.stage("a"), made.stage("t")
    assert (first.retries, first.pool, first.retry_backoff) == (1, "small", True)
    assert (second.retries, second.pool, second.retry_backoff) == (4, "big", False)
    assert (second.retry_delay, second.timeout) == (timedelta(minutes=5), timedelta(hours=1))


def test_stages_come_in_topological_order() -> None:
    nodes = {"t": target("b"), "u": target("b"), "b": keep("a"), "a": source()}
    assert list(stages(nodes)) == ["b", "t", "u"]


def test_unknown_stage_is_named() -> None:
    with pytest.raises(CompileError, match=r"DF-PLAN-004.*`nope`.*`t`"):
        plan({"a": source(), "t": target("a")}).stage("nope")


# ---------------------------------------------------------------- where nodes run


@pytest.mark.parametrize(
    ("nodes", "top", "expected"),
    [
        ({"a": source(), "t": target("a")}, {}, {"a": EMBEDDED, "t": EMBEDDED}),
        ({"a": source(connection="x"), "b": keep("a"), "t": target("b", connection="y")}, {}, {"b": "x"}),
        ({"a": source(), "b": keep("a", connection="z"), "t": target("b")}, {"defaults": {"connection": "d"}},
         {"a": "d", "b": "z", "t": "d"}),
        ({"a": source(connection="x"), "b": source(connection="y"),
          "u": {"type": "transform.union", "from": ["a", "b"]}, "t": target("u", connection="w")}, {}, {"u": "w"}),
        ({"a": source(connection="x"), "b": source(connection="y"),
          "u": {"type": "transform.union", "from": ["a", "b"]},
          "t": {"type": "target.file", "from": "u", "path": "x.csv", "format": "csv"}}, {},
         {"u": EMBEDDED, "t": EMBEDDED}),
        ({"a": {"type": "source.file", "path": "x.csv", "format": "csv", "connection": "disk"},
          "t": target("a", connection="w")}, {}, {"a": "w", "t": "w"}),
        ({"a": {"type": "source.file", "path": "x.csv", "format": "csv"},
          "t": {"type": "target.file", "from": "a", "path": "y.csv", "format": "csv", "connection": "disk"}},
         {"defaults": {"connection": "d"}}, {"a": EMBEDDED, "t": EMBEDDED}),
        ({"a": source(connection="x"), "t": target("a")}, {}, {"t": "x"}),
    ],
)  # fmt: skip
def test_node_runs_where_the_rules_say(nodes: Nodes, top: dict[str, Any], expected: dict[str, str]) -> None:
    graph = build_graph(make_pipeline(nodes, **top))
    assert {node: graph.nodes[node].connection for node in expected} == expected


def test_dialect_of_a_connection_is_that_of_its_connector() -> None:
    nodes = {
        "a": {"type": "source.postgres", "table": "t", "connection": "pg"},
        "b": keep("a"),
        "c": keep("b", connection="nobody"),
        "t": target("c", connection="dk"),
    }
    graph = build_graph(make_pipeline(nodes))
    assert {node: graph.nodes[node].dialect for node in nodes} == {
        "a": "postgres", "b": "postgres", "c": "postgres", "t": "duckdb",
    }  # fmt: skip


# ---------------------------------------------------------------- enabled: false


def test_disabled_transform_passes_its_input_through_under_its_name() -> None:
    nodes = {"a": source(), "b": keep("a", enabled=False),
             "q": {"type": "transform.sql", "from": "b", "query": "SELECT * FROM b"}, "t": target("q")}  # fmt: skip
    graph = build_graph(make_pipeline(nodes))
    assert [(one.name, one.node) for one in graph.nodes["q"].inputs] == [("b", "a")]
    assert "b" not in graph.nodes


def test_disabled_quality_node_passes_through_and_may_not_run_yet() -> None:
    check = {"type": "quality.row_rule", "from": "a", "where": "x > 0"}
    nodes = {"a": source(), "q": {**check, "enabled": False}, "t": target("q")}
    assert stages(nodes) == {"t": ("a", "t")}


@pytest.mark.parametrize(
    ("nodes", "left"),
    [
        ({"a": source(enabled=False), "b": keep("a"), "t": target("b"), "c": source(), "u": target("c")}, {"c", "u"}),
        ({"a": source(), "b": keep("a", enabled=False), "t": target("b.rejected"), "u": target("b")}, {"a", "u"}),
        ({"a": source(enabled=False), "c": source(), "j": {"type": "transform.join", "keys": ["k"],
          "from": {"left": "a", "right": "c"}}, "t": target("j"), "u": target("c")}, {"c", "u"}),
        ({"a": source(enabled=False), "c": source(), "n": {"type": "transform.union", "from": ["a", "c"]},
          "t": target("n")}, {"c", "n", "t"}),
        ({"a": source(), "t": target("a", enabled=False), "u": target("a", after=["t"])}, {"a", "u"}),
    ],
)  # fmt: skip
def test_disabled_node_takes_out_what_cannot_do_without_it(nodes: Nodes, left: set[str]) -> None:
    assert set(build_graph(make_pipeline(nodes)).nodes) == left


def test_router_without_a_port_means_its_rest() -> None:
    nodes = {"a": source(), "r": {"type": "transform.router", "from": "a", "routes": {"x": "1 = 1"}, "default": "rest"},
             "t": target("r")}  # fmt: skip
    assert build_graph(make_pipeline(nodes)).nodes["t"].inputs[0].port == "rest"


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("nodes", "top", "code"),
    [
        ({"a": source(), "b": keep("a")}, {}, "DF-PLAN-003"),
        ({"a": source(), "t": target("a", enabled=False)}, {}, "DF-PLAN-003"),
        ({"a": source(), "t": target("a")}, {"type": "streaming"}, "DF-PLAN-002"),
        ({"a": {"type": "source.kafka", "topic": "x"}, "t": target("a")}, {}, "DF-PLAN-005.*of type `kafka`"),
        ({"a": source(), "t": {"type": "target.kafka", "from": "a", "topic": "t"}}, {}, "DF-PLAN-005.*target.kafka"),
        ({"a": {"type": "source.sftp", "path": "x", "format": "csv"}, "t": target("a")}, {}, "DF-PLAN-005.*`sftp`"),
        ({"a": source(), "t": {"type": "target.postgres", "from": "a", "table": "t"}}, {}, "DF-PLAN-005.*connection"),
        ({"a": {"type": "source.file", "path": "a", "format": "csv", "incremental": {"column": "x"}}, "t": target("a")},
         {}, "DF-PLAN-001.*incremental"),
        ({"a": {"type": "source.file", "path": "s3://b/x.csv", "format": "csv"}, "t": target("a")}, {},
         "DF-PLAN-005.*`aws`"),
        ({"a": {"type": "source.file", "path": "ftp://b/x.csv", "format": "csv"}, "t": target("a")}, {},
         "DF-PLAN-001.*ftp://.*s3://"),
        ({"a": source(), "b": keep("c"), "c": keep("b"), "t": target("a")}, {}, "DF-GRAPH-002.*`b`, `c`"),
        ({"a": source(), "t": target("missing")}, {}, "DF-GRAPH-001.*`missing`"),
    ],
)  # fmt: skip
def test_pipeline_that_cannot_run_is_refused(nodes: Nodes, top: dict[str, Any], code: str) -> None:
    with pytest.raises(CompileError, match=code):
        plan(nodes, **top)


def test_all_refusals_come_at_once_with_their_node() -> None:
    nodes = {
        "a": {"type": "source.kafka", "topic": "x"},
        "q": {"type": "target.kafka", "from": "a", "topic": "y"},
        "t": target("a"),
    }
    with pytest.raises(CompileError) as caught:
        plan(nodes)
    assert [problem.path for problem in caught.value.problems] == [("nodes", "a"), ("nodes", "q")]
    assert all(problem.hint for problem in caught.value.problems)


def test_planning_needs_no_sql_parser() -> None:
    code = "import sys, dataflow_provider.compiler.plan; sys.exit(not {'sqlglot', 'duckdb'}.isdisjoint(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_files_and_duckdb_tables_stay_in_duckdb_beside_another_database() -> None:
    nodes: Nodes = {
        "a": {"type": "source.file", "path": "x.csv", "format": "csv"},
        "b": {"type": "source.postgres", "connection": "pg", "table": "t"},
        "pg_out": {"type": "target.postgres", "connection": "pg", "from": "a", "table": "o"},
        "duck_out": {"type": "target.duckdb", "from": "b", "table": "o"},
        "file_out": {"type": "target.file", "from": "b", "path": "o.csv", "format": "csv"},
    }
    graph = build_graph(make_pipeline(nodes))
    found = {node.id: (node.connection, node.dialect) for node in graph.nodes.values()}
    assert found == {
        "a": (EMBEDDED, "duckdb"),
        "b": ("pg", "postgres"),
        "pg_out": ("pg", "postgres"),
        "duck_out": (EMBEDDED, "duckdb"),
        "file_out": (EMBEDDED, "duckdb"),
    }
