"""Every transform with the rows it must give. Texts hold `[name]` where a column is quoted in the engine's own way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.conformance import reference as ref
from tests.conformance.data import CUSTOMERS, MORE_ORDERS, NO_ORDERS, ORDERS, Table
from tests.conformance.reference import Row, Rows

Nodes = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """Nodes over the tables of `data`, read by their names, and the rows expected at `node` or `node.port`."""

    name: str
    nodes: Nodes
    expected: Mapping[str, Rows]


def _positive(row: Row) -> bool:
    return row["qty"] is not None and row["qty"] > 0


def _amount_times_two(row: Row) -> Decimal | None:
    return None if row["Amount"] is None else row["Amount"] * 2


def _size_of(row: Row) -> str:
    if row["qty"] is None:
        return "none"
    return "many" if row["qty"] >= 3 else "few"


def _running(name: str) -> Any:
    return lambda line, at: ref.sum_of(name)(line[: at + 1])


def _lag(name: str) -> Any:
    return lambda line, at: line[at - 1][name] if at else None


def _pair(table: Table) -> tuple[list[str], Rows]:
    return list(table.columns), table.rows


def _row_cases(name: str, table: Table) -> list[Case]:
    rows = table.rows
    kept, dropped = ref.filter_rows(rows, _positive)
    filtered: Nodes = {"f": {"type": "transform.filter", "from": name, "where": "[qty] > 0"}}
    return [
        Case("filter", filtered, {"f": kept, "f.rejected": dropped}),
        Case(
            "select",
            {
                "s": {
                    "type": "transform.select",
                    "from": name,
                    "columns": ["id", {"name": "select", "as": "Order By"}, {"name": "größe", "as": "naïve"}],
                }
            },
            {"s": ref.select(rows, {"id": "id", "Order By": "select", "naïve": "größe"})},
        ),
        Case(
            "select_drop_rename",
            {"s": {"type": "transform.select", "from": name, "drop": ["day"], "rename": {"qty": "Group"}}},
            {
                "s": ref.select(
                    rows, {"id": "id", "select": "select", "Amount": "Amount", "Group": "qty", "größe": "größe"}
                )
            },
        ),
        Case(
            "expression",
            {
                "e": {
                    "type": "transform.expression",
                    "from": name,
                    "columns": {
                        "Double": "[Amount] * 2",
                        "size": "CASE WHEN [qty] IS NULL THEN 'none' WHEN [qty] >= 3 THEN 'many' ELSE 'few' END",
                        "qty": "COALESCE([qty], -1)",
                    },
                }
            },
            {
                "e": ref.expression(
                    rows,
                    {
                        "Double": _amount_times_two,
                        "size": _size_of,
                        "qty": lambda row: -1 if row["qty"] is None else row["qty"],
                    },
                )
            },
        ),
    ]


def _router_cases(name: str, table: Table) -> list[Case]:
    router: dict[str, Any] = {
        "type": "transform.router",
        "from": name,
        "routes": {"many": "[qty] >= 3", "dear": "[Amount] > 5"},
    }
    routes = {
        "many": lambda row: row["qty"] is not None and row["qty"] >= 3,
        "dear": lambda row: row["Amount"] is not None and row["Amount"] > 5,
    }
    exclusive = ref.route(table.rows, routes)
    shared = ref.route(table.rows, routes, exclusive=False)
    return [
        Case("router", {"r": router}, {f"r.{port}": exclusive[port] for port in ("many", "dear", "default")}),
        Case(
            "router_shared",
            {"r": {**router, "exclusive": False, "default": "rest"}},
            {"r.many": shared["many"], "r.dear": shared["dear"], "r.rest": shared["default"]},
        ),
    ]


def _group_cases(name: str, table: Table) -> list[Case]:
    rows = table.rows
    totals = {
        "total": ref.sum_of("Amount"),
        "n": ref.count,
        "known": ref.count_of("qty"),
        "least": ref.min_of("qty"),
        "kinds": ref.count_distinct_of("größe"),
    }
    texts = {
        "total": "SUM([Amount])",
        "n": "COUNT(*)",
        "known": "COUNT([qty])",
        "least": "MIN([qty])",
        "kinds": "COUNT(DISTINCT [größe])",
    }
    by_name = ref.aggregate(rows, ["select"], totals)
    return [
        Case(
            "aggregate",
            {"a": {"type": "transform.aggregate", "from": name, "group_by": ["select"], "aggregates": texts}},
            {"a": by_name},
        ),
        Case(
            "aggregate_all",
            {"a": {"type": "transform.aggregate", "from": name, "group_by": [], "aggregates": texts}},
            {"a": ref.aggregate(rows, [], totals)},
        ),
        Case(
            "aggregate_having",
            {
                "a": {
                    "type": "transform.aggregate",
                    "from": name,
                    "group_by": ["select", "day"],
                    "aggregates": {"n": "COUNT(*)"},
                    "having": "COUNT(*) > 1",
                }
            },
            {"a": [row for row in ref.aggregate(rows, ["select", "day"], {"n": ref.count}) if row["n"] > 1]},
        ),
    ]


def _deduplicate_cases(name: str, table: Table) -> list[Case]:
    rows = table.rows
    latest = [("day", True, False), ("id", False, False)]
    return [
        Case(
            "deduplicate",
            {
                "d": {
                    "type": "transform.deduplicate",
                    "from": name,
                    "keys": ["select"],
                    "order_by": ["day DESC", "id"],
                }
            },
            {"d": ref.deduplicate(rows, ["select"], latest)},
        ),
        Case(
            "deduplicate_last",
            {
                "d": {
                    "type": "transform.deduplicate",
                    "from": name,
                    "keys": ["select"],
                    "order_by": ["day DESC NULLS FIRST", "id"],
                    "keep": "last",
                }
            },
            {"d": ref.deduplicate(rows, ["select"], [("day", True, True), ("id", False, False)], keep="last")},
        ),
    ]


def _window_cases(name: str, table: Table) -> list[Case]:
    rows = table.rows
    line = [("qty", True, False), ("id", False, False)]
    return [
        Case(
            "window",
            {
                "w": {
                    "type": "transform.window",
                    "from": name,
                    "partition_by": ["select"],
                    "order_by": ["qty DESC", "id"],
                    "columns": {"running": "SUM([Amount])", "place": "ROW_NUMBER()", "before": "LAG([id])"},
                }
            },
            {
                "w": ref.window(
                    rows,
                    ["select"],
                    line,
                    {"running": _running("Amount"), "place": lambda _, at: at + 1, "before": _lag("id")},
                )
            },
        ),
        Case(
            "window_whole",
            {
                "w": {
                    "type": "transform.window",
                    "from": name,
                    "partition_by": ["day"],
                    "columns": {"all": "COUNT(*)", "top": "MAX([Amount])"},
                }
            },
            {
                "w": ref.window(
                    rows,
                    ["day"],
                    [],
                    {"all": lambda members, _: len(members), "top": lambda members, _: ref.max_of("Amount")(members)},
                )
            },
        ),
    ]


def _frame_cases(name: str, table: Table) -> list[Case]:
    rows = table.rows
    return [
        Case(
            "window_frame",
            {
                "w": {
                    "type": "transform.window",
                    "from": name,
                    "order_by": ["id"],
                    "frame": "ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING",
                    "columns": {"near": "SUM([qty])"},
                }
            },
            {
                "w": ref.window(
                    rows,
                    [],
                    [("id", False, False)],
                    {"near": lambda members, at: ref.sum_of("qty")(members[max(at - 1, 0) : at + 2])},
                )
            },
        ),
    ]


def _order_cases(name: str, table: Table) -> list[Case]:
    rows = table.rows
    return [
        Case(
            "sort_limit",
            {"s": {"type": "transform.sort", "from": name, "order_by": ["qty DESC", "id DESC"], "limit": 4}},
            {"s": ref.ordered(rows, [("qty", True, False), ("id", True, False)])[:4]},
        ),
        Case(
            "sort_nulls_first_offset",
            {
                "s": {
                    "type": "transform.sort",
                    "from": name,
                    "order_by": ["Amount NULLS FIRST", "id"],
                    "limit": 3,
                    "offset": 1,
                }
            },
            {"s": ref.ordered(rows, [("Amount", False, True), ("id", False, False)])[1:4]},
        ),
        Case(
            "deduplicate_then_limit",
            {
                "d": {"type": "transform.deduplicate", "from": name, "keys": ["select"], "order_by": ["id"]},
                "s": {"type": "transform.sort", "from": "d", "order_by": ["id DESC"], "limit": 2},
            },
            {"s": ref.ordered(ref.deduplicate(rows, ["select"], [("id", False, False)]), [("id", True, False)])[:2]},
        ),
        Case(
            "pivot",
            {
                "p": {
                    "type": "transform.pivot",
                    "from": name,
                    "keys": ["day"],
                    "column": "select",
                    "value": "Amount",
                    "values": ["a", "b", "O'Hara"],
                    "aggregate": "SUM",
                }
            },
            {"p": ref.pivot(rows, ["day"], "select", "Amount", ["a", "b", "O'Hara"], ref.sum_of("Amount"))},
        ),
        Case(
            "unpivot",
            {
                "u": {
                    "type": "transform.pivot",
                    "kind": "unpivot",
                    "from": name,
                    "keys": ["id"],
                    "column": "what",
                    "value": "text",
                    "values": ["select", "größe"],
                }
            },
            {"u": ref.unpivot(rows, ["id"], "what", "text", ["select", "größe"])},
        ),
    ]


def _join_case(how: str, table: Table, *, null_safe: bool = False) -> Case:
    node: dict[str, Any] = {
        "type": "transform.join",
        "from": {"left": table.name, "right": "customers"},
        "how": how,
        "keys": ["select"],
        "null_safe": null_safe,
    }
    if how not in ("semi", "anti"):
        node["right_prefix"] = "c_"
    rows = ref.join(_pair(table), _pair(CUSTOMERS), how, {"select": "select"}, null_safe=null_safe, right_prefix="c_")
    return Case(f"join_{how}{'_null_safe' if null_safe else ''}", {"j": node}, {"j": rows})


def _join_cases(name: str, table: Table) -> list[Case]:
    kinds = ("inner", "left", "right", "full", "semi", "anti")
    conditional = ref.join(
        _pair(table),
        _pair(CUSTOMERS),
        "left",
        {"select": "select"},
        condition=lambda one, other: one["qty"] is not None and other["qty"] is not None and one["qty"] > other["qty"],
        right_prefix="c_",
    )
    return [
        *(_join_case(how, table) for how in kinds),
        *(_join_case(how, table, null_safe=True) for how in ("inner", "full", "anti")),
        Case(
            "join_condition",
            {
                "j": {
                    "type": "transform.join",
                    "from": {"left": name, "right": "customers"},
                    "how": "left",
                    "keys": ["select"],
                    "condition": "l.[qty] > r.[qty]",
                    "right_prefix": "c_",
                }
            },
            {"j": conditional},
        ),
    ]


def _wide_join_cases(name: str, table: Table) -> list[Case]:
    full = ref.join(_pair(table), _pair(CUSTOMERS), "full", {"select": "select"}, right_prefix="c_")
    return [
        Case(
            "join_cross",
            {
                "j": {
                    "type": "transform.join",
                    "from": {"left": name, "right": "customers"},
                    "how": "cross",
                    "right_prefix": "c_",
                }
            },
            {
                "j": [
                    {**one, **{f"c_{key}" if key in one else key: value for key, value in other.items()}}
                    for one in table.rows
                    for other in CUSTOMERS.rows
                ]
            },
        ),
        Case(
            "group_over_full_join",
            {
                "j": {
                    "type": "transform.join",
                    "from": {"left": name, "right": "customers"},
                    "how": "full",
                    "keys": ["select"],
                    "right_prefix": "c_",
                },
                "a": {
                    "type": "transform.aggregate",
                    "from": "j",
                    "group_by": ["Name"],
                    "aggregates": {"n": "COUNT(*)", "total": "SUM([Amount])"},
                },
            },
            {"a": ref.aggregate(full, ["Name"], {"n": ref.count, "total": ref.sum_of("Amount")})},
        ),
    ]


def _union_cases(name: str, table: Table) -> list[Case]:
    more = _pair(MORE_ORDERS)
    some = (["id", "select"], ref.select(table.rows, {"id": "id", "select": "select"}))
    picked: dict[str, Any] = {"type": "transform.select", "from": name, "columns": ["id", "select"]}
    other: dict[str, Any] = {"type": "transform.select", "from": "more_orders", "columns": ["id", "select"]}
    others = (["id", "select"], ref.select(MORE_ORDERS.rows, {"id": "id", "select": "select"}))
    return [
        Case(
            "union_by_name",
            {"u": {"type": "transform.union", "from": [name, "more_orders"], "match": "name"}},
            {"u": ref.union([_pair(table), more])},
        ),
        Case(
            "union_distinct_by_position",
            {
                "p": picked,
                "o": other,
                "u": {"type": "transform.union", "from": ["p", "o"], "mode": "distinct", "match": "position"},
            },
            {"u": ref.union([some, others], distinct=True, by_name=False)},
        ),
        # SQLite has no types of its own but NUM for what it keeps between the stages.
        Case(
            "union_with_kept_rows",
            {
                "r": {"type": "transform.router", "from": name, "routes": {"few": "[qty] < 3"}},
                "u": {"type": "transform.union", "from": [name, "r.few"], "match": "position"},
            },
            {
                "r.default": [row for row in table.rows if row["qty"] is None or row["qty"] >= 3],
                "u": [*table.rows, *(row for row in table.rows if row["qty"] is not None and row["qty"] < 3)],
            },
        ),
    ]


def cases_of(table: Table) -> list[Case]:
    """Return the cases over one table of orders."""
    families = (
        _row_cases,
        _router_cases,
        _group_cases,
        _deduplicate_cases,
        _window_cases,
        _frame_cases,
        _order_cases,
        _join_cases,
        _wide_join_cases,
        _union_cases,
    )
    return [case for family in families for case in family(table.name, table)]


CASES = [(f"{table.name}-{case.name}", case) for table in (ORDERS, NO_ORDERS) for case in cases_of(table)]
