"""What each type of node does to the lineage of columns and of rows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.lineage.conftest import CALLS, columns, lineage_of, short, through

JOINED = {"type": "transform.join", "from": ["calls", "plans"]}


def test_filter_keeps_columns_and_decides_rows_on_both_ports() -> None:
    node = {"type": "transform.filter", "where": "seconds > 10 AND who IS NOT NULL"}
    for port in (None, "rejected"):
        rows = through(node, port)
        assert columns(rows) == {name: {f"calls.{name} IDENTITY"} for name in CALLS}
        assert short(rows.decided) == {"calls.seconds FILTER", "calls.who FILTER"}


def test_select_renames_casts_and_drops() -> None:
    chosen = {"columns": ["id", {"name": "WHO", "as": "caller"}, {"name": "begun", "cast": "DATE"}], "drop": ["id"]}
    rows = through({"type": "transform.select", **chosen, "rename": {"begun": "day"}})
    assert columns(rows) == {"caller": {"calls.who IDENTITY"}, "day": {"calls.begun TRANSFORMATION"}}


def test_select_that_only_renames_keeps_the_order() -> None:
    rows = through({"type": "transform.select", "rename": {"who": "caller"}, "drop": ["begun"]})
    assert list(rows.columns) == ["id", "caller", "seconds"]
    assert columns(rows)["caller"] == {"calls.who IDENTITY"}


def test_select_rejecting_a_cast_decides_rows_and_gives_the_reason() -> None:
    node = {"type": "transform.select", "columns": [{"name": "who", "cast": "INTEGER", "on_error": "reject"}]}
    assert short(through(node).decided) == {"calls.who FILTER"}
    rejected = through(node, "rejected")
    assert columns(rejected)["_reject_reason"] == {"calls.who CONDITIONAL"}
    assert columns(rejected)["id"] == {"calls.id IDENTITY"}


def test_expression_tells_value_from_condition() -> None:
    text = "CASE WHEN seconds > 60 THEN id ELSE 0 END"
    rows = through({"type": "transform.expression", "columns": {"Seconds": "seconds / 60", "long": text}})
    assert columns(rows) == {
        "id": {"calls.id IDENTITY"},
        "who": {"calls.who IDENTITY"},
        "Seconds": {"calls.seconds TRANSFORMATION"},
        "begun": {"calls.begun IDENTITY"},
        "long": {"calls.id TRANSFORMATION", "calls.seconds CONDITIONAL"},
    }


def test_aggregate_groups_counts_and_filters_groups() -> None:
    node = {
        "type": "transform.aggregate",
        "group_by": ["who"],
        "aggregates": {"total": "SUM(seconds)", "n": "COUNT(*)", "long": "COUNT(id) FILTER (WHERE seconds > 60)"},
        "having": "MAX(begun) > TIMESTAMP '2026-01-01' AND total > 1",
    }
    rows = through(node)
    assert columns(rows) == {
        "who": {"calls.who IDENTITY"},
        "total": {"calls.seconds AGGREGATION"},
        "n": set(),
        "long": {"calls.id AGGREGATION", "calls.seconds CONDITIONAL"},
    }
    assert short(rows.decided) == {"calls.who GROUP_BY", "calls.begun FILTER", "calls.seconds FILTER"}


@pytest.mark.parametrize("how", ["inner", "left"])
def test_join_by_key_has_the_left_key_and_both_decide(how: str) -> None:
    rows = through({**JOINED, "how": how, "keys": ["who"]})
    assert columns(rows)["who"] == {"calls.who IDENTITY"}
    assert columns(rows)["rate"] == {"plans.rate IDENTITY"}
    assert short(rows.decided) == {"calls.who JOIN", "plans.who JOIN"}


@pytest.mark.parametrize("schemas", [True, False], ids=["known", "unknown"])
def test_join_keeping_right_rows_makes_the_key_of_both(schemas: bool) -> None:
    rows = through({**JOINED, "how": "full", "keys": ["who"]}, schemas=schemas)
    assert short(rows.column("who")) == {"calls.who TRANSFORMATION", "plans.who TRANSFORMATION"}


def test_join_prefixes_colliding_right_columns() -> None:
    rows = through({**JOINED, "condition": "l.who = r.who AND seconds > rate", "right_prefix": "p_"})
    assert columns(rows)["p_who"] == {"plans.who IDENTITY"}
    assert short(rows.decided) == {"calls.who JOIN", "plans.who JOIN", "calls.seconds JOIN", "plans.rate JOIN"}


@pytest.mark.parametrize("how", ["semi", "anti"])
def test_half_join_has_left_columns_only(how: str) -> None:
    rows = through({**JOINED, "how": how, "keys": {"who": "who"}})
    assert list(rows.columns) == list(CALLS)
    assert short(rows.decided) == {"calls.who JOIN", "plans.who JOIN"}


def test_union_by_name_merges_columns_of_one_name() -> None:
    rows = through({"type": "transform.union", "from": ["calls", "plans"], "mode": "distinct"})
    assert columns(rows)["who"] == {"calls.who IDENTITY", "plans.who IDENTITY"}
    assert columns(rows)["rate"] == {"plans.rate IDENTITY"}
    assert "plans.rate GROUP_BY" in short(rows.decided)


def test_union_by_position_takes_the_first_names() -> None:
    nodes = {
        "a": {"type": "source.duckdb", "table": "a", "columns": ["x", "y"]},
        "b": {"type": "source.duckdb", "table": "b", "columns": ["y", "x"]},
        "u": {"type": "transform.union", "from": ["a", "b"], "match": "position"},
    }
    rows = lineage_of(nodes).nodes["u"][None]
    assert columns(rows) == {"x": {"a.x IDENTITY", "b.y IDENTITY"}, "y": {"a.y IDENTITY", "b.x IDENTITY"}}


def test_deduplicate_decides_by_keys_and_order() -> None:
    rows = through({"type": "transform.deduplicate", "keys": ["who"], "order_by": ["begun DESC NULLS FIRST"]})
    assert short(rows.decided) == {"calls.who GROUP_BY", "calls.begun SORT"}


def test_window_adds_columns_and_decides_no_row() -> None:
    node = {
        "type": "transform.window",
        "partition_by": ["who"],
        "order_by": ["begun"],
        "columns": {"total": "SUM(seconds)", "before": "LAG(seconds)", "n": "ROW_NUMBER()"},
    }
    around = {"calls.who WINDOW", "calls.begun WINDOW"}
    rows = through(node)
    assert columns(rows)["total"] == {"calls.seconds AGGREGATION", *around}
    assert columns(rows)["before"] == {"calls.seconds TRANSFORMATION", *around}
    assert columns(rows)["n"] == around
    assert rows.decided == frozenset()


def test_sort_decides_by_its_order() -> None:
    rows = through({"type": "transform.sort", "order_by": ["seconds DESC"], "limit": 3})
    assert short(rows.decided) == {"calls.seconds SORT"}


def test_pivot_and_unpivot() -> None:
    names = {"keys": ["who"], "column": "id", "value": "seconds", "values": [1, 2]}
    rows = through({"type": "transform.pivot", **names, "aggregate": "SUM"})
    assert columns(rows)["2"] == {"calls.seconds AGGREGATION", "calls.id CONDITIONAL"}
    assert short(rows.decided) == {"calls.who GROUP_BY"}
    long = {"keys": ["who"], "column": "name", "value": "number", "values": ["id", "seconds"], "kind": "unpivot"}
    rows = through({"type": "transform.pivot", **long})
    assert columns(rows) == {
        "who": {"calls.who IDENTITY"},
        "name": set(),
        "number": {"calls.id IDENTITY", "calls.seconds IDENTITY"},
    }
    assert short(rows.decided) == {"calls.id FILTER", "calls.seconds FILTER"}


def test_exclusive_router_decides_by_the_routes_before_too() -> None:
    node = {"type": "transform.router", "routes": {"long": "seconds > 60", "mine": "who = 'me'"}}
    assert short(through(node, "long").decided) == {"calls.seconds FILTER"}
    assert short(through(node, "mine").decided) == {"calls.seconds FILTER", "calls.who FILTER"}
    assert short(through(node, "default").decided) == {"calls.seconds FILTER", "calls.who FILTER"}
    assert short(through({**node, "exclusive": False}, "mine").decided) == {"calls.who FILTER"}


@pytest.mark.parametrize(("severity", "decided"), [("block", set()), ("quarantine", {"calls.seconds FILTER"})])
def test_quality_decides_rows_only_where_it_takes_some_out(severity: str, decided: set[str]) -> None:
    rule: dict[str, Any] = {"type": "quality.row_rule", "where": "seconds > 0", "severity": severity}
    assert short(through(rule).decided) == decided
    rules = {"type": "quality.column_rules", "rules": [{"column": "seconds", "check": "not_null"}]}
    assert short(through({**rules, "severity": severity}).decided) == decided


def test_target_decides_by_dedupe_and_delete() -> None:
    write = {"mode": "merge", "keys": ["id"], "delete_when": "seconds < 0", "dedupe": {"order_by": ["begun DESC"]}}
    nodes = {
        "calls": {"type": "source.duckdb", "table": "cdr.calls"},
        "out": {"type": "target.duckdb", "from": "calls", "table": "mart.out", "write": write},
    }
    rows = lineage_of(nodes).nodes["out"][None]
    assert short(rows.decided) == {"calls.id GROUP_BY", "calls.begun SORT", "calls.seconds FILTER"}


def test_source_reads_columns_of_its_table_files_or_query() -> None:
    nodes = {
        "t": {"type": "source.duckdb", "table": 'cdr."Odd Name"', "columns": ["id"], "where": "seconds > 0"},
        "f": {"type": "source.file", "path": "in/*.csv", "format": "csv", "schema": {"a": "INTEGER"}},
        "q": {"type": "source.duckdb", "query": "SELECT c.id, p.rate FROM cdr.calls c JOIN ref.plans p USING (who)"},
    }
    ports = lineage_of(nodes).nodes
    assert columns(ports["t"][None]) == {"id": {"t.id IDENTITY"}}
    assert short(ports["t"][None].decided) == {"t.seconds FILTER"}
    assert {one.origin.dataset for one in ports["t"][None].columns["id"]} == {"cdr.Odd Name"}
    assert columns(ports["f"][None]) == {"a": {"f.a IDENTITY"}}
    assert columns(ports["f"]["rejected"])["raw"] == {"f.* TRANSFORMATION"}
    assert {name: {one.origin.dataset for one in made} for name, made in ports["q"][None].columns.items()} == {
        "id": {"cdr.calls"},
        "rate": {"ref.plans"},
    }


# ---------------------------------------------------------------- columns that nobody knows offline


def test_unknown_columns_stay_a_table_level_edge() -> None:
    rows = through({"type": "transform.filter", "where": "seconds > 10"}, schemas=False)
    assert dict(rows.columns) == {}
    assert [[(short(one.influences), one.named) for one in parts] for parts in rows.rest] == [
        [({"calls.* IDENTITY"}, True)]
    ]
    assert short(rows.decided) == {"calls.seconds FILTER"}


def test_unknown_columns_are_known_once_they_are_named() -> None:
    nodes = {
        "calls": {"type": "source.duckdb", "table": "cdr.calls"},
        "f": {"type": "transform.filter", "from": "calls", "where": "id > 1"},
        "e": {"type": "transform.expression", "from": "f", "columns": {"minutes": "seconds / 60"}},
        "s": {"type": "transform.select", "from": "e", "columns": ["id", "minutes"]},
    }
    ports = lineage_of(nodes).nodes
    assert columns(ports["e"][None]) == {"minutes": {"calls.seconds TRANSFORMATION"}}
    assert len(ports["e"][None].rest) == 1
    assert columns(ports["s"][None]) == {"id": {"calls.id IDENTITY"}, "minutes": {"calls.seconds TRANSFORMATION"}}
    assert ports["s"][None].rest == ()


def test_column_of_one_of_two_unknown_tables_is_of_either_and_not_invented() -> None:
    rows = through({**JOINED, "how": "inner", "keys": {"who": "name"}}, schemas=False)
    assert short(rows.column("rate")) == {"calls.* IDENTITY", "plans.* IDENTITY"}


def test_column_of_two_unknown_tables_stacked_is_of_both() -> None:
    rows = through({"type": "transform.union", "from": ["calls", "plans"]}, schemas=False)
    assert short(rows.column("who")) == {"calls.who IDENTITY", "plans.who IDENTITY"}


def test_prefixed_column_of_an_unknown_right_table_has_its_real_name() -> None:
    nodes = {
        "calls": {"type": "source.duckdb", "table": "cdr.calls", "schema": CALLS},
        "plans": {"type": "source.duckdb", "table": "ref.plans"},
        "j": {**JOINED, "condition": "l.who = r.who", "right_prefix": "p_"},
        "s": {"type": "transform.select", "from": "j", "columns": ["p_who", "rate"]},
    }
    rows = lineage_of(nodes).nodes["s"][None]
    assert columns(rows) == {"p_who": {"plans.who IDENTITY"}, "rate": {"plans.rate IDENTITY"}}


def test_text_that_cannot_be_read_leaves_the_inputs() -> None:
    rows = through({"type": "transform.expression", "columns": {"x": "seconds +"}})
    assert rows.columns == {}
    assert short(rows.everything()) == {"calls.* TRANSFORMATION"}


def test_disabled_node_passes_through() -> None:
    rows = through({"type": "transform.filter", "where": "seconds > 10", "enabled": False})
    assert rows.decided == frozenset()
    assert list(rows.columns) == list(CALLS)
