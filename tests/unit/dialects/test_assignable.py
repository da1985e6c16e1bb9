"""Which types DuckDB's columns take without loss."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest

from dataflow_provider.dialects.assignable import is_assignable


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("INTEGER", "INTEGER"),
        ("TINYINT", "SMALLINT"),
        ("UINTEGER", "BIGINT"),
        ("HUGEINT", "BIGINT"),
        ("INTEGER", "DOUBLE"),
        ("SMALLINT", "FLOAT"),
        ("INTEGER", "DECIMAL(12,2)"),
        ("DECIMAL(9,2)", "DECIMAL(10,3)"),
        ("FLOAT", "DOUBLE"),
        ("DATE", "TIMESTAMP"),
        ("TIMESTAMP_MS", "TIMESTAMP"),
        ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"),
        ("UUID", "VARCHAR"),
        ("DOUBLE", "VARCHAR"),
        ("INTEGER[]", "BIGINT[]"),
        ('"NULL"', "DATE"),
        ("", "INTEGER"),
        ("INTEGER", ""),
    ],
)
def test_assignable_pair_is_taken(source: str, target: str) -> None:
    assert is_assignable(source, target)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("BIGINT", "INTEGER"),
        ("INTEGER", "UINTEGER"),
        ("BIGINT", "DOUBLE"),
        ("INTEGER", "FLOAT"),
        ("DOUBLE", "FLOAT"),
        ("DOUBLE", "DECIMAL(18,3)"),
        ("INTEGER", "DECIMAL(11,2)"),
        ("DECIMAL(10,3)", "DECIMAL(10,2)"),
        ("VARCHAR", "INTEGER"),
        ("TIMESTAMP", "DATE"),
        ("TIMESTAMP_NS", "TIMESTAMP"),
        ("BLOB", "VARCHAR"),
        ("BIGINT[]", "INTEGER[]"),
        ("STRUCT(a INTEGER)", "VARCHAR"),
        ("BOOLEAN", "INTEGER"),
    ],
)
def test_lossy_pair_is_refused(source: str, target: str) -> None:
    assert not is_assignable(source, target)


@pytest.mark.parametrize(
    ("source", "target", "value"),
    [
        ("UBIGINT", "DECIMAL(20,0)", 2**64 - 1),
        ("INTEGER", "DOUBLE", 2**31 - 1),
        ("SMALLINT", "FLOAT", 2**15 - 1),
        ("DECIMAL(18,6)", "DECIMAL(20,7)", Decimal("123456789012.123456")),
    ],
)
def test_extreme_value_of_an_assignable_pair_survives(source: str, target: str, value: object) -> None:
    assert is_assignable(source, target)
    with duckdb.connect() as raw:
        kept = raw.execute(f"SELECT CAST(CAST(CAST({value} AS {source}) AS {target}) AS {source})").fetchone()
    assert kept == (value,)
