"""Casts that fail, give NULL or reject: every engine tells good texts from bad ones alike, or refuses the type."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from dataflow_provider.errors import DataflowError
from tests.conformance.data import Table
from tests.conformance.engine import Engine, normal
from tests.conformance.reference import Rows

TEXTS = ("1", "-5", "x", "", None, "99999999999", "2024-02-29", "2023-02-29", "2026-13-01", "12.50", "1e3")
NUMBERS = {"1": 1, "-5": -5}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("INTEGER", dict(NUMBERS)),
    ("BIGINT", {**NUMBERS, "99999999999": 99999999999}),
    ("DATE", {"2024-02-29": date(2024, 2, 29)}),
    ("DECIMAL(6, 2)", {"1": Decimal(1), "-5": Decimal(-5), "12.50": Decimal("12.50")}),
]
REFUSED = {("sqlite", "DATE"), ("sqlite", "DECIMAL(6, 2)")}
# What engines read differently: DuckDB rounds a fraction to an integer and reads exponents as decimals.
UNCLEAR = {"INTEGER": {"12.50", "1e3"}, "BIGINT": {"12.50", "1e3"}, "DATE": set(), "DECIMAL(6, 2)": {"1e3"}}


def texts(kind: str) -> Table:
    values = [text for text in TEXTS if text not in UNCLEAR[kind]]
    name = "texts_" + "".join(one if one.isalnum() else "_" for one in kind.lower())
    return Table(name, {"id": "INTEGER", "Text": "VARCHAR"}, tuple(enumerate(values)))


def select(table: Table, kind: str, on_error: str) -> dict[str, dict[str, Any]]:
    cast = {"name": "Text", "cast": kind, "on_error": on_error}
    return {"s": {"type": "transform.select", "from": table.name, "columns": ["id", cast]}}


@pytest.mark.parametrize(("kind", "good"), CASES, ids=[kind for kind, _ in CASES])
def test_cast_gives_null_or_rejects_what_is_no_value(kind: str, good: dict[str, Any], engine: Engine) -> None:
    table = texts(kind)
    engine.create(table)
    if (engine.name, kind) in REFUSED:
        with pytest.raises(DataflowError, match="cannot carry out a cast"):
            engine.run(f"{table.name}_null", select(table, kind, "null"), {"s": []})
        return
    if engine.name in ("sqlite", "snowflake"):  # every integer has 64 bits there, or 38 digits
        good = {**good, "99999999999": 99999999999}
    rows = [{"id": row["id"], "Text": good.get(row["Text"])} for row in table.rows]
    found = engine.run(f"{table.name}_null", select(table, kind, "null"), {"s": rows})
    assert normal(found["s"]) == normal(rows)
    kept = [row for row, given in zip(rows, table.rows, strict=True) if given["Text"] is None or given["Text"] in good]
    refused = [
        {**row, "_reject_reason": f"column `Text` cannot be cast to {kind}"}
        for row in table.rows
        if row["Text"] is not None and row["Text"] not in good
    ]
    outputs = {"s": kept, "s.rejected": refused}
    found = engine.run(f"{table.name}_reject", select(table, kind, "reject"), outputs)
    assert normal(found["s"]) == normal(kept)
    assert normal(found["s.rejected"]) == normal(refused)


def test_cast_that_must_not_fail_stops_before_the_target(engine: Engine) -> None:
    table = Table("bad_texts", {"id": "INTEGER", "Text": "VARCHAR"}, ((1, "7"), (2, "seven")))
    engine.create(table)
    with pytest.raises(DataflowError):
        engine.run("bad_texts_fail", select(table, "INTEGER", "fail"), {"s": []})
    good = Table("good_texts", table.columns, ((1, "7"), (2, None)))
    engine.create(good)
    rows: Rows = [{"id": 1, "Text": 7}, {"id": 2, "Text": None}]
    found = engine.run("good_texts_fail", select(good, "INTEGER", "fail"), {"s": rows})
    assert normal(found["s"]) == normal(rows)
