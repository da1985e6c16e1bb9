"""Casts that fail, give NULL or reject: every engine tells good values from bad ones alike, or refuses the type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from dataflow_provider.errors import DataflowError
from tests.conformance.data import Table
from tests.conformance.engine import SLOW, Engine, normal
from tests.conformance.reference import Rows


@dataclass(frozen=True)
class Cast:
    """A type to cast to: values that it takes with what they become, and those that it does not take."""

    name: str
    kind: str
    good: Mapping[Any, Any]
    bad: tuple[Any, ...]
    source: str = "VARCHAR"

    def kind_on(self, engine: str) -> str:
        if self.kind != "TIMESTAMP":
            return self.kind
        return {"mysql": "DATETIME(6)", "databricks": "TIMESTAMP_NTZ"}.get(engine, self.kind)

    def source_on(self, engine: str) -> str:
        return "DOUBLE" if engine == "databricks" and self.source.startswith("DOUBLE") else self.source


_NO_NUMBER = ("x", "", "2024-02-29", "1,5", "--1", "1 2", "true")
CASTS = (
    Cast("integer", "INTEGER", {"1": 1, "-5": -5, " 7 ": 7, "+3": 3, "007": 7}, (*_NO_NUMBER, "99999999999")),
    Cast(
        "bigint",
        "BIGINT",
        {"1": 1, "99999999999": 99999999999, "9223372036854775807": 2**63 - 1, "-9223372036854775808": -(2**63)},
        (*_NO_NUMBER, "9223372036854775808", "-9223372036854775809", "1" + "0" * 30),
    ),
    Cast("double", "DOUBLE", {"1": 1.0, "-0.5": -0.5, "1e3": 1000.0, ".5": 0.5, "5.": 5.0}, (*_NO_NUMBER, "1e", "e5")),
    Cast(
        "decimal",
        "DECIMAL(6, 2)",
        {
            "1": Decimal(1),
            "-5": Decimal(-5),
            "12.50": Decimal("12.50"),
            "9999.99": Decimal("9999.99"),
            "0.1": Decimal("0.1"),
        },
        (*_NO_NUMBER, "10000", "-99999.5", "9999.999"),
    ),
    Cast(
        "date",
        "DATE",
        {"2024-02-29": date(2024, 2, 29), "2000-02-29": date(2000, 2, 29), "1999-12-31": date(1999, 12, 31)},
        ("x", "", "2023-02-29", "1900-02-29", "2026-13-01", "2026-04-31", "2026-00-10", "1", "29.02.2024"),
    ),
    Cast(
        "timestamp",
        "TIMESTAMP",
        {
            "2024-02-29 23:59:59": datetime(2024, 2, 29, 23, 59, 59),
            "2024-02-29T01:02:03.500000": datetime(2024, 2, 29, 1, 2, 3, 500000),
            "2024-01-01 10:20": datetime(2024, 1, 1, 10, 20),
            "2024-01-01": datetime(2024, 1, 1),
        },
        ("x", "", "2023-02-29 10:00:00", "2024-01-01 25:00:00", "2024-01-01 10:61:00", "10:00:00", "1"),
    ),
    Cast(
        "boolean",
        "BOOLEAN",
        {"true": True, "false": False, "1": True, "0": False, "T": True, "no": False, "yes": True, "F": False},
        ("x", "", "2", "truth", "-1"),
    ),
    Cast(
        "number_to_integer",
        "INTEGER",
        {1.0: 1, -2.75: -3, 2147483646.75: 2147483647},
        (3e9, -3e9),
        source="DOUBLE PRECISION",
    ),
    Cast("number_to_small", "SMALLINT", {5: 5, -32768: -32768}, (40000, -32769), source="INTEGER"),
    Cast(
        "number_to_decimal",
        "DECIMAL(4, 1)",
        {1.25: Decimal("1.3"), -3.0: Decimal(-3)},
        (1000.0, 1e9),
        source="DOUBLE PRECISION",
    ),
    Cast("number_to_boolean", "BOOLEAN", {0: False, 1: True, -7: True}, (), source="INTEGER"),
    Cast("number_to_text", "VARCHAR(10)", {5: "5", -7: "-7"}, (), source="INTEGER"),
    Cast("date_to_timestamp", "TIMESTAMP", {date(2024, 2, 29): datetime(2024, 2, 29)}, (), source="DATE"),
)
# SQLite's integers have 64 bits whatever they are called.
WIDER: dict[tuple[str, str], dict[Any, Any]] = {
    ("sqlite", "integer"): {"99999999999": 99999999999},
    ("sqlite", "number_to_integer"): {3e9: 3 * 10**9, -3e9: -3 * 10**9},
    ("sqlite", "number_to_small"): {40000: 40000, -32769: -32769},
    # Snowflake's are numbers of 38 digits.
    ("snowflake", "integer"): {"99999999999": 99999999999},
    ("snowflake", "number_to_integer"): {3e9: 3 * 10**9, -3e9: -3 * 10**9},
    ("snowflake", "number_to_small"): {40000: 40000, -32769: -32769},
}
# Databricks cuts where the others round.
OWN: dict[tuple[str, str], dict[Any, Any]] = {
    ("databricks", "number_to_integer"): {-2.75: -2, 2147483646.75: 2147483646},
}
CAST_IDS = [one.name for one in CASTS]


def as_kept(engine: Engine, value: Any) -> Any:
    """Return the value as the engine keeps it: SQLite has no times, only their texts."""
    return value.isoformat(sep=" ") if engine.name == "sqlite" and isinstance(value, datetime) else value


def table_of(cast: Cast, engine: Engine, values: tuple[Any, ...], suffix: str = "") -> Table:
    columns = {"id": "INTEGER", "Value": cast.source_on(engine.name)}
    return Table(f"c_{cast.name}{suffix}", columns, tuple(enumerate(values)))


def good_on(cast: Cast, engine: Engine) -> dict[Any, Any]:
    """Return the values that are good with what they become on the engine."""
    found = {given: as_kept(engine, value) for given, value in cast.good.items()}
    return found | OWN.get((engine.name, cast.name), {})


def select(table: Table, kind: str, on_error: str) -> dict[str, dict[str, Any]]:
    cast = {"name": "Value", "cast": kind, "on_error": on_error}
    return {"s": {"type": "transform.select", "from": table.name, "columns": ["id", cast]}}


@pytest.mark.parametrize("cast", CASTS, ids=CAST_IDS)
def test_cast_gives_null_or_rejects_what_is_no_value(cast: Cast, engine: Engine) -> None:
    good = good_on(cast, engine) | WIDER.get((engine.name, cast.name), {})
    kind = cast.kind_on(engine.name)
    table = table_of(cast, engine, (*cast.good, None, *cast.bad))
    engine.create(table)
    rows = [{"id": row["id"], "Value": good.get(row["Value"])} for row in table.rows]
    found = engine.run(f"{table.name}_null", select(table, kind, "null"), {"s": rows})
    assert normal(found["s"]) == normal(rows)
    kept = [
        row for row, given in zip(rows, table.rows, strict=True) if given["Value"] is None or given["Value"] in good
    ]
    refused = [
        {**row, "_reject_reason": f"column `Value` cannot be cast to {kind}"}
        for row in table.rows
        if row["Value"] is not None and row["Value"] not in good
    ]
    found = engine.run(f"{table.name}_reject", select(table, kind, "reject"), {"s": kept, "s.rejected": refused})
    assert normal(found["s"]) == normal(kept)
    assert normal(found["s.rejected"]) == normal(refused)


@pytest.mark.parametrize("cast", CASTS, ids=CAST_IDS)
def test_cast_that_must_not_fail_stops_before_the_target(cast: Cast, engine: Engine) -> None:
    kind = cast.kind_on(engine.name)
    good = table_of(cast, engine, (*cast.good, None), "_good")
    engine.create(good)
    rows: Rows = [{"id": row["id"], "Value": good_on(cast, engine).get(row["Value"])} for row in good.rows]
    found = engine.run(f"{good.name}_fail", select(good, kind, "fail"), {"s": rows})
    assert normal(found["s"]) == normal(rows)
    wider = WIDER.get((engine.name, cast.name), {})
    bad_values = [one for one in cast.bad if one not in wider]
    if engine.name in SLOW:  # that each value is bad is what the other test shows; how it fails is alike
        bad_values = bad_values[:: max(len(bad_values) // 2, 1)]
    for at, value in enumerate(bad_values):
        bad = table_of(cast, engine, (*cast.good, value), f"_bad{at}")
        engine.create(bad)
        with pytest.raises(DataflowError):
            engine.run(f"{bad.name}_fail", select(bad, kind, "fail"), {"s": []})
