"""The pipelines whose SQL is kept for every engine: all transforms, over names that only quoting keeps whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dataflow_provider.spec.models import Pipeline

Nodes = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Words:
    """What differs in the texts that an author writes on an engine; by default standard SQL."""

    text: str = "VARCHAR(40)"
    integer: str = "INTEGER"
    decimal: str = "DECIMAL(12, 2)"
    moment: str = "TIMESTAMP"
    quotes: str = '""'
    concat: str = "{0} || {1}"
    lacks: frozenset[str] = field(default=frozenset())

    def quote(self, name: str) -> str:
        return f"{self.quotes[0]}{name}{self.quotes[1]}"


ORDERS = ("id", "Order", "Größe", "group", "amount", "note", "at")


def sources(engine: str, words: Words) -> Nodes:
    """Return two declared tables: orders with odd names, and customers that share the key."""
    kinds = (words.integer, words.text, words.text, words.text, words.decimal, words.text, words.moment)
    orders: dict[str, Any] = {
        "type": f"source.{engine}",
        "connection": "c",
        "table": "raw.orders",
        "schema": dict(zip(ORDERS, kinds, strict=True)),
    }
    customers: dict[str, Any] = {
        "type": f"source.{engine}",
        "connection": "c",
        "table": 'raw."Kunden"',
        "schema": {"id": words.integer, "Name": words.text},
        "where": "id > :min_id AND id < 100",
    }
    return {"orders": orders, "customers": customers}


def pipeline(nodes: Mapping[str, Mapping[str, Any]], engine: str, target: Mapping[str, Any] | None = None) -> Pipeline:
    """Return the pipeline of these nodes; the last one's rows go to a table unless it is a target."""
    last = list(nodes)[-1]
    given: dict[str, Any] = {"type": f"target.{engine}", "connection": "c", "from": last, "table": "mart.result"}
    given |= target if target is not None else {"write": {"mode": "overwrite"}}
    return Pipeline.model_validate(
        {
            "apiVersion": "dataflow/v1",
            "kind": "Pipeline",
            "id": "golden",
            "params": {"min_id": {"type": "integer", "default": 5}},
            "nodes": {**nodes, "result": given},
        }
    )


Transform = Callable[[Words], Nodes]


def _filter(words: Words) -> Nodes:
    return {"kept": {"type": "transform.filter", "from": "orders", "where": f"{words.quote('Order')} <> 'x'"}}


def _rejected(words: Words) -> Nodes:
    return {
        "kept": {"type": "transform.filter", "from": "orders", "where": "amount > 0"},
        "rest": {"type": "transform.select", "from": "kept.rejected", "columns": ["id", "Größe"]},
    }


def _select(words: Words) -> Nodes:
    columns = ["id", {"name": "Größe", "as": "Size"}, {"name": "amount", "cast": words.integer, "as": "whole"}]
    return {"chosen": {"type": "transform.select", "from": "orders", "columns": columns}}


def _cast_null(words: Words) -> Nodes:
    columns = ["id", {"name": "note", "cast": words.integer, "on_error": "null"}]
    return {"chosen": {"type": "transform.select", "from": "orders", "columns": columns}}


def _cast_reject(words: Words) -> Nodes:
    columns = [
        "id",
        {"name": "note", "cast": words.integer, "on_error": "reject"},
        {"name": "group", "cast": words.integer, "on_error": "reject"},
    ]
    return {
        "chosen": {"type": "transform.select", "from": "orders", "columns": columns},
        "bad": {"type": "transform.filter", "from": "chosen.rejected", "where": "id > 0"},
    }


def _expression(words: Words) -> Nodes:
    columns = {"double": "amount * 2", "Order": words.concat.format(words.quote("Order"), "note")}
    return {"more": {"type": "transform.expression", "from": "orders", "columns": columns}}


def _aggregate(words: Words) -> Nodes:
    return {
        "sums": {
            "type": "transform.aggregate", "from": "orders", "group_by": ["group", "Größe"],
            "aggregates": {"total": "SUM(amount)", "n": "COUNT(*)"}, "having": "COUNT(*) > 1",
        }
    }  # fmt: skip


def _join(how: str) -> Transform:
    def build(words: Words) -> Nodes:
        join: dict[str, Any] = {"type": "transform.join", "from": {"left": "orders", "right": "customers"}, "how": how}
        if how != "cross":
            join |= {"keys": ["id"], "expect": "many_to_one"}
        else:
            join |= {"right_prefix": "c_"}
        return {"met": join}

    return build


def _join_null_safe(words: Words) -> Nodes:
    return {
        "met": {
            "type": "transform.join", "from": {"left": "orders", "right": "customers"}, "how": "full",
            "keys": {"note": "Name"}, "null_safe": True, "right_prefix": "c_",
        }
    }  # fmt: skip


def _union(mode: str) -> Transform:
    def build(words: Words) -> Nodes:
        few = {"type": "transform.select", "from": "orders", "columns": ["id", "note"]}
        return {"few": few, "all": {"type": "transform.union", "from": ["few", "customers"], "mode": mode}}

    return build


def _deduplicate(words: Words) -> Nodes:
    return {
        "one": {
            "type": "transform.deduplicate", "from": "orders", "keys": ["group", "Order"],
            "order_by": ["at DESC", "id"],
        }
    }  # fmt: skip


def _deduplicate_any(words: Words) -> Nodes:
    return {"one": {"type": "transform.deduplicate", "from": "orders", "keys": ["group"]}}


def _window(words: Words) -> Nodes:
    columns = {"running": "SUM(amount)", "before": "LAG(amount)", "n": "ROW_NUMBER()"}
    return {
        "ranked": {
            "type": "transform.window", "from": "orders", "partition_by": ["group"],
            "order_by": ["at DESC", "id NULLS FIRST"], "columns": columns,
        }
    }  # fmt: skip


def _sort(words: Words) -> Nodes:
    return {"top": {"type": "transform.sort", "from": "orders", "order_by": ["amount DESC", "id"], "limit": 3}}


def _sort_offset(words: Words) -> Nodes:
    return {"page": {"type": "transform.sort", "from": "orders", "order_by": ["id"], "limit": 3, "offset": 2}}


def _pivot(words: Words) -> Nodes:
    return {
        "wide": {
            "type": "transform.pivot", "from": "orders", "kind": "pivot", "keys": ["id"], "column": "group",
            "value": "amount", "values": ["Żółty", "b's"], "aggregate": "SUM",
        }
    }  # fmt: skip


def _unpivot(words: Words) -> Nodes:
    return {
        "long": {
            "type": "transform.pivot", "from": "orders", "kind": "unpivot", "keys": ["id"], "column": "which",
            "value": "text", "values": ["Größe", "note"],
        }
    }  # fmt: skip


def _router(words: Words) -> Nodes:
    return {
        "ways": {
            "type": "transform.router", "from": "orders",
            "routes": {"big": "amount > 100", "odd": f"{words.quote('Order')} IS NULL"},
        },
        "odd": {"type": "transform.select", "from": "ways.odd", "columns": ["id", "note"]},
        "rest": {"type": "transform.select", "from": "ways.default", "columns": ["id", "note"]},
        "both": {"type": "transform.union", "from": ["odd", "rest"]},
    }  # fmt: skip


def _sql(words: Words) -> Nodes:
    query = (
        f"SELECT o.id, o.{words.quote('Größe')}, c.{words.quote('Name')} AS name "
        "FROM orders o JOIN customers c ON c.id = o.id WHERE o.amount >= :min_id"
    )
    return {"joined": {"type": "transform.sql", "from": ["orders", "customers"], "query": query}}


def _nested_with(words: Words) -> Nodes:
    query = "WITH part AS (SELECT id, note FROM orders WHERE id > 1) SELECT id, note FROM part"
    return {
        "first": {"type": "transform.sql", "from": "orders", "query": query},
        "second": {"type": "transform.sql", "from": "orders", "query": query},
        "both": {"type": "transform.union", "from": ["first", "second"], "match": "position"},
    }


TRANSFORMS: dict[str, Transform] = {
    "filter": _filter,
    "filter_rejected": _rejected,
    "select": _select,
    "select_cast_null": _cast_null,
    "select_cast_reject": _cast_reject,
    "expression": _expression,
    "aggregate": _aggregate,
    **{f"join_{how}": _join(how) for how in ("inner", "left", "right", "full", "cross", "semi", "anti")},
    "join_null_safe": _join_null_safe,
    "union_all": _union("all"),
    "union_distinct": _union("distinct"),
    "deduplicate": _deduplicate,
    "deduplicate_any": _deduplicate_any,
    "window": _window,
    "sort_limit": _sort,
    "sort_offset": _sort_offset,
    "pivot": _pivot,
    "unpivot": _unpivot,
    "router": _router,
    "sql": _sql,
    "sql_nested_with": _nested_with,
}
