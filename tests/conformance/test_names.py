"""Every transform over columns with odd names, and over keys of every type: words, quotes, marks, the longest names."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from dataflow_provider.errors import DataflowError
from tests.conformance import reference as ref
from tests.conformance.data import CUSTOMERS, ORDERS, Table
from tests.conformance.engine import Engine, normal
from tests.conformance.reference import Row, Rows

Nodes = dict[str, dict[str, Any]]
# The quote is in a number's name: fakesnow, which keeps the lengths of texts beside, fails at one in a text's.
KEY, NUMBER, TEXT, OTHER = "Order By", "it's größe", 'say "x"', "a; -- tick`"
LONG = "l" + "ö" * 31
"""63 bytes, as many as PostgreSQL keeps."""
ODD = Table(
    "odd_names",
    {KEY: "INTEGER", NUMBER: "INTEGER", TEXT: "VARCHAR", OTHER: "VARCHAR", LONG: "INTEGER", "SELECT": "INTEGER"},
    (
        (1, 10, "a", "x", 1, 5),
        (2, None, "a", None, 2, 5),
        (3, 7, None, "y", None, None),
        (4, 7, "b", "x", 1, 6),
        (5, -1, "b", "", 5, 6),
    ),
)
BY_KEY: list[ref.Term] = [(KEY, False, False)]

ODD_NODES: Nodes = {
    "f": {"type": "transform.filter", "from": ODD.name, "where": f"[{NUMBER}] >= 8"},
    "s": {"type": "transform.select", "from": ODD.name, "columns": [KEY, {"name": TEXT, "as": "a.b"}, OTHER]},
    "e": {
        "type": "transform.expression",
        "from": ODD.name,
        "columns": {"100%": f"COALESCE([{NUMBER}], 0) + [{KEY}]", TEXT: f"[{OTHER}]"},
    },
    "r": {"type": "transform.router", "from": ODD.name, "routes": {"many": f"[{NUMBER}] >= 7"}, "default": "rest"},
    "a": {
        "type": "transform.aggregate",
        "from": ODD.name,
        "group_by": [TEXT, OTHER],
        "aggregates": {"Sum, of (all)": f"SUM([{NUMBER}])"},
    },
    "d": {"type": "transform.deduplicate", "from": ODD.name, "keys": [TEXT, LONG], "order_by": [f"{KEY} DESC"]},
    "w": {
        "type": "transform.window",
        "from": ODD.name,
        "partition_by": ["SELECT"],
        "order_by": [KEY],
        "columns": {"running = total": f"SUM([{NUMBER}])"},
    },
    "o": {"type": "transform.sort", "from": ODD.name, "order_by": [f"{NUMBER} DESC", KEY], "limit": 3},
    "j": {
        "type": "transform.join",
        "from": {"left": ODD.name, "right": "a"},
        "keys": [TEXT, OTHER],
        "how": "left",
        "null_safe": True,
    },
    "n": {"type": "transform.union", "from": ["f", "r.rest"], "match": "name"},
    "p": {
        "type": "transform.pivot",
        "from": ODD.name,
        "keys": [LONG],
        "column": TEXT,
        "value": NUMBER,
        "values": ["a", "b"],
        "aggregate": "SUM",
    },
    "u": {
        "type": "transform.pivot",
        "kind": "unpivot",
        "from": ODD.name,
        "keys": [KEY],
        "column": "what {it} is",
        "value": "Group",
        "values": [TEXT, OTHER],
    },
    "q": {"type": "transform.sql", "from": "s", "query": f"SELECT [{KEY}], [{OTHER}] FROM [s]"},
}


def _at_least(row: Row, least: int) -> bool:
    return row[NUMBER] is not None and bool(row[NUMBER] >= least)


def test_transforms_keep_odd_names(engine: Engine) -> None:
    rows = ODD.rows
    engine.create(ODD)
    sums = ref.aggregate(rows, [TEXT, OTHER], {"Sum, of (all)": ref.sum_of(NUMBER)})
    few, rest = ref.filter_rows(rows, lambda row: _at_least(row, 8))
    texts = ref.select(rows, {KEY: KEY, OTHER: OTHER})
    running = ref.window(
        rows, ["SELECT"], BY_KEY, {"running = total": lambda line, at: ref.sum_of(NUMBER)(line[: at + 1])}
    )
    less = [row for row in rows if not _at_least(row, 7)]
    joined = ref.join(
        (list(ODD.columns), rows), ([TEXT, OTHER, "Sum, of (all)"], sums), "left", {TEXT: TEXT, OTHER: OTHER},
        null_safe=True,
    )  # fmt: skip
    expected: dict[str, Rows] = {
        "f.rejected": rest,
        "q": texts,
        "e": ref.expression(rows, {"100%": lambda row: (row[NUMBER] or 0) + row[KEY], TEXT: lambda row: row[OTHER]}),
        "r.many": [row for row in rows if _at_least(row, 7)],
        "d": ref.deduplicate(rows, [TEXT, LONG], [(KEY, True, False)]),
        "w": running,
        "o": ref.ordered(rows, [(NUMBER, True, False), *BY_KEY])[:3],
        "j": joined,
        "n": [*few, *less],
        "p": ref.pivot(rows, [LONG], TEXT, NUMBER, ["a", "b"], ref.sum_of("value")),
        "u": ref.unpivot(rows, [KEY], "what {it} is", "Group", [TEXT, OTHER]),
    }
    check(engine, "odd", ODD_NODES, expected)


MOMENT = datetime(2026, 1, 31, 23, 59, 59, 123456)
VALUES = Table(
    "odd_values",
    {
        "id": "INTEGER",
        "exact": "DECIMAL(15,4)",
        "big": "BIGINT",
        "flag": "BOOLEAN",
        "ratio": "DOUBLE",
        "day": "DATE",
        "moment": "TIMESTAMP",
    },
    (
        (1, Decimal("0.0001"), 2**63 - 1, True, -0.0, date(1, 1, 1), MOMENT),
        (2, Decimal("0.0001"), 2**63 - 1, False, 0.0, date(9999, 12, 31), MOMENT.replace(microsecond=123457)),
        (3, Decimal("-99999999999.9999"), -(2**63), None, 0.1, date(2024, 2, 29), MOMENT),
        (4, Decimal("99999999999.9999"), 2**62 + 1, True, 1e15, None, datetime(1969, 12, 31, 23, 59, 59, 1)),
        (5, None, None, False, None, date(2024, 2, 29), datetime(1969, 12, 31, 23, 59, 59, 1)),
        (6, Decimal("-0.0001"), 2**62, None, -0.1, None, datetime(2000, 1, 1)),
    ),
)
_OWN_TYPES = {
    "databricks": {"TIMESTAMP": "TIMESTAMP_NTZ"},
    "mysql": {"TIMESTAMP": "DATETIME(6)"},
    "postgres": {"DOUBLE": "DOUBLE PRECISION"},
}


def test_values_of_every_type_are_keys_of_groups_joins_and_sets(engine: Engine) -> None:
    own = _OWN_TYPES.get(engine.name, {})
    engine.create(
        Table(VALUES.name, {name: own.get(kind, kind) for name, kind in VALUES.columns.items()}, VALUES.values)
    )
    kinds = [name for name in VALUES.columns if name != "id"]
    rows = [{name: as_kept(engine, value) for name, value in row.items()} for row in VALUES.rows]
    counted = {"n": ref.count, "least": ref.min_of("id")}
    nodes: Nodes = {
        f"by_{name}": {
            "type": "transform.aggregate",
            "from": VALUES.name,
            "group_by": [name],
            "aggregates": {"n": "COUNT(*)", "least": "MIN([id])"},
        }
        for name in kinds
    }
    nodes["twice"] = {"type": "transform.union", "from": [VALUES.name, VALUES.name], "mode": "distinct"}
    nodes["met"] = {
        "type": "transform.join",
        "from": {"left": VALUES.name, "right": VALUES.name},
        "keys": ["exact", "big"],
        "null_safe": True,
        "right_prefix": "r_",
    }
    nodes["last"] = {"type": "transform.deduplicate", "from": VALUES.name, "keys": ["exact"], "order_by": ["id DESC"]}
    given = (list(VALUES.columns), rows)
    expected = {
        **{f"by_{name}": ref.aggregate(rows, [name], counted) for name in kinds},
        "twice": rows,
        "met": ref.join(given, given, "inner", {"exact": "exact", "big": "big"}, null_safe=True, right_prefix="r_"),
        "last": ref.deduplicate(rows, ["exact"], [("id", True, False)]),
    }
    check(engine, "values", nodes, expected)


def as_kept(engine: Engine, value: Any) -> Any:
    """Return the value as the engine keeps it: SQLite has no times, only their texts."""
    if engine.name == "sqlite" and isinstance(value, datetime):
        return str(value)
    return value


@pytest.mark.parametrize(
    "node",
    [
        {"type": "transform.select", "columns": ["id", {"name": "qty", "as": "ID"}]},
        {"type": "transform.aggregate", "group_by": ["id"], "aggregates": {"Id": "COUNT(*)"}},
    ],
    ids=["select", "aggregate"],
)
def test_names_that_differ_by_case_alone_are_refused(node: dict[str, Any], engine: Engine) -> None:
    with pytest.raises(DataflowError, match="DF-SQL-013"):
        engine.run(f"case_{node['type'].partition('.')[2]}", {"n": {**node, "from": "orders"}}, {"n": []})


def test_negative_zero_is_the_same_key_as_zero(engine: Engine) -> None:
    kind = _OWN_TYPES.get(engine.name, {}).get("DOUBLE", "DOUBLE")
    table = Table("zeros", {"id": "INTEGER", "ratio": kind}, ((1, -0.0), (2, 0.0), (3, 0.5)))
    engine.create(table)
    node = {"type": "transform.deduplicate", "from": table.name, "keys": ["ratio"], "order_by": ["id DESC"]}
    check(engine, "zeros", {"d": node}, {"d": table.rows[1:]})


@pytest.mark.parametrize("expect", ["many_to_one", "one_to_one"])
def test_join_that_meets_more_rows_than_expected_stops(expect: str, engine: Engine) -> None:
    join = {
        "type": "transform.join", "from": {"left": "orders", "right": "customers"}, "keys": ["select"],
        "right_prefix": "c_", "expect": expect,
    }  # fmt: skip
    with pytest.raises(DataflowError, match=f"expects `{expect}`"):
        engine.run(f"expect_{expect}", {"j": join}, {"j": []})


def test_join_that_meets_as_expected_runs_and_ties_share_a_range(engine: Engine) -> None:
    nodes: Nodes = {
        "c": {
            "type": "transform.aggregate", "from": "customers", "group_by": ["select"], "aggregates": {"n": "COUNT(*)"},
        },
        "j": {
            "type": "transform.join", "from": {"left": "orders", "right": "c"}, "keys": ["select"],
            "expect": "many_to_one",
        },
        "w": {
            "type": "transform.window", "from": "orders", "order_by": ["qty"], "columns": {"so_far": "COUNT(*)"},
            "frame": "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
        },
    }  # fmt: skip
    counted = ref.aggregate(CUSTOMERS.rows, ["select"], {"n": ref.count})
    given = (list(ORDERS.columns), ORDERS.rows)
    terms: list[ref.Term] = [("qty", False, False)]

    def peers(line: Rows, at: int) -> int:
        return sum(ref.compare(row["qty"], line[at]["qty"]) <= 0 for row in line)

    expected = {
        "j": ref.join(given, (["select", "n"], counted), "inner", {"select": "select"}),
        "w": ref.window(ORDERS.rows, [], terms, {"so_far": peers}),
    }
    check(engine, "expected", nodes, expected)


def check(engine: Engine, case: str, nodes: Nodes, expected: dict[str, Rows]) -> None:
    found = engine.run(case, nodes, expected)
    for name, rows in expected.items():
        assert normal(found[name]) == normal(rows), name
