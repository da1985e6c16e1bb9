"""Rows go from each engine to each other one by one pipeline, and every value stays what it was."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.errors import DataflowError
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project
from tests.conformance.conftest import TESTED
from tests.conformance.data import Table
from tests.conformance.engine import Engine

GetEngine = Callable[[str], Engine]
Row = tuple[Any, ...]

COLUMNS = ("id", "Amount", "big", "flag", "ratio", "NaïveText", "day", "moment", "raw")
TYPES: Mapping[str, str] = {
    "duckdb": "INTEGER, DECIMAL(20,4), BIGINT, BOOLEAN, DOUBLE, VARCHAR, DATE, TIMESTAMP, BLOB",
    "sqlite": "INTEGER, DECIMAL(20,4), BIGINT, BOOLEAN, DOUBLE, TEXT, DATE, TIMESTAMP, BLOB",
    "postgres": "INTEGER, NUMERIC(20,4), BIGINT, BOOLEAN, DOUBLE PRECISION, TEXT, DATE, TIMESTAMP, BYTEA",
    "mysql": "INTEGER, DECIMAL(20,4), BIGINT, BOOLEAN, DOUBLE, VARCHAR(100), DATE, DATETIME(6), VARBINARY(20)",
    "snowflake": "INTEGER, NUMBER(20,4), BIGINT, BOOLEAN, FLOAT, VARCHAR, DATE, TIMESTAMP_NTZ(6), BINARY",
    "databricks": "INT, DECIMAL(20,4), BIGINT, BOOLEAN, DOUBLE, STRING, DATE, TIMESTAMP_NTZ, BINARY",
}
MOMENT = datetime(2026, 1, 31, 23, 59, 59, 123456)
ROWS: tuple[Row, ...] = (
    (1, Decimal("10.5000"), 0, True, 0.1, "groß 日本 😀", date(2026, 2, 28), MOMENT, b"\x00\xff'"),
    (2, Decimal("-0.0001"), 2**63 - 1, False, -0.0, "", date(1, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 1), b""),
    (3, Decimal("12345678901.2345"), -(2**63), True, 1e300, " \\ O'Hara\n", date(9999, 12, 31), MOMENT, b"\\x"),
    (4, Decimal("0.0000"), None, None, None, None, None, MOMENT, None),
)
ODD = Table(
    "odd_handed",
    {"Order By": "INTEGER", "größe": "INTEGER", 'say "x"': "VARCHAR", "a;{b}=(c)": "VARCHAR", "it's, so": "INTEGER"},
    ((1, 2, "x", "", 3), (2, 2, "y", "ö", 4)),
)
ALL_NULL: Row = (5, *[None] * 8)


def pairs() -> list[tuple[str, str]]:
    return [(one, other) for one in TESTED for other in TESTED if one != other]


@dataclass(frozen=True)
class Several:
    """The connections of a test, by their ids."""

    specs: Mapping[str, ConnectionSpec]

    def get(self, conn_id: str) -> ConnectionSpec:
        return self.specs[conn_id]


def fill(engine: Engine, table: str, rows: tuple[Row, ...]) -> None:
    """The table has a column of each type and the rows."""
    quote = engine.dialect.publish.quote
    columns = ", ".join(f"{quote(name)} {kind}" for name, kind in zip(COLUMNS, split(TYPES[engine.name]), strict=True))
    with engine.session() as session:
        session.execute(f"CREATE TABLE {engine.quoted(table)} ({columns})")
        for row in rows:
            values = ", ".join(
                f"{literal(engine, value)} AS {quote(name)}" for name, value in zip(COLUMNS, row, strict=True)
            )
            session.execute(f"INSERT INTO {engine.quoted(table)} SELECT {values}")


def split(types: str) -> list[str]:
    return [one.replace(";", ",") for one in types.replace("20,4", "20;4").split(", ")]


def literal(engine: Engine, value: Any) -> str:
    """Return the value as the engine writes it."""
    if value is None or isinstance(value, bool):
        return "NULL" if value is None else str(value).upper()
    if isinstance(value, float):
        return f"CAST('{value!r}' AS {'DOUBLE PRECISION' if engine.name == 'postgres' else 'DOUBLE'})"
    if isinstance(value, datetime):
        if engine.name == "sqlite":
            return f"'{value.isoformat(sep=' ')}'"
        kind = {"mysql": "DATETIME(6)", "databricks": "TIMESTAMP_NTZ", "snowflake": "TIMESTAMP_NTZ"}.get(engine.name)
        return f"CAST('{value.isoformat(sep=' ')}' AS {kind or 'TIMESTAMP'})"
    if isinstance(value, date):
        return f"'{value.isoformat()}'" if engine.name == "sqlite" else f"CAST('{value.isoformat()}' AS DATE)"
    if isinstance(value, bytes):
        made = {"duckdb": "unhex('{}')", "postgres": "decode('{}', 'hex')", "snowflake": "TO_BINARY('{}', 'HEX')"}
        return made.get(engine.name, "X'{}'").format(value.hex())
    return str(value) if isinstance(value, int | Decimal) else engine.dialect.publish.text(value)


def hand_over(engine_of: GetEngine, source: str, targets: list[str], table: str) -> dict[str, DataflowError]:
    """Run one pipeline from the source's table to a table of each target; return the errors by target."""
    specs = {name: engine_of(name).spec for name in (source, *targets)}
    nodes: dict[str, Any] = {
        "rows": {
            "type": f"source.{source}",
            "connection": specs[source].conn_id,
            "table": engine_of(source).table(table),
        }
    }
    for name in targets:
        nodes[f"to_{name}"] = {
            "type": f"target.{name}",
            "connection": specs[name].conn_id,
            "from": "rows",
            "table": engine_of(name).table(f"{table}_from_{source}"),
            "write": {"mode": "overwrite"},
            "create": {"if_missing": True},
        }
    pipeline = Pipeline.model_validate(
        {"apiVersion": "dataflow/v1", "kind": "Pipeline", "id": "handover", "nodes": nodes}
    )
    folder = engine_of(source).folder
    result = run_pipeline(
        plan_pipeline(pipeline),
        RunValues(f"manual__{table}_{source}"),
        Several({spec.conn_id: spec for spec in specs.values()}),
        Project(folder, "default", (folder,), folder / "unused.duckdb"),
    )
    return {stage.removeprefix("to_"): error for stage, error in result.errors.items()}


def rows_of(engine: Engine, table: str) -> list[Row]:
    with engine.session() as session:
        columns, rows = session.fetch_rows(f"SELECT * FROM {engine.quoted(table)}")
    assert columns == COLUMNS
    return sorted(tuple(plain(name, value) for name, value in zip(columns, row, strict=True)) for row in rows)


def plain(column: str, value: Any) -> Any:
    """Return the value without what drivers tell differently: 1 for TRUE, a text for a time, a view of bytes."""
    if value is None:
        return None
    if column == "Amount":
        return Decimal(repr(value) if isinstance(value, float) else value)
    if column == "ratio":
        return float(value), math.copysign(1, value)
    if column == "moment" and isinstance(value, str):
        return datetime.fromisoformat(value)
    if column == "day" and isinstance(value, str):
        return date.fromisoformat(value)
    return {"flag": bool, "raw": bytes}.get(column, lambda one: one)(value)


def expected(rows: tuple[Row, ...]) -> list[Row]:
    return [tuple(plain(name, value) for name, value in zip(COLUMNS, row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def handed(engine_of: GetEngine) -> Callable[[str], dict[str, DataflowError]]:
    """Hand the rows of an engine to all others, once; give the errors."""
    return cache(lambda source: to_all_others(engine_of, source, "values", ROWS, TESTED))


@pytest.fixture(scope="module")
def handed_null(engine_of: GetEngine) -> Callable[[str], dict[str, DataflowError]]:
    """Hand a row of NULLs to the others but fakesnow, once; give the errors."""
    others = [name for name in TESTED if name != "snowflake"]
    return cache(lambda source: to_all_others(engine_of, source, "nulls", (ALL_NULL,), others))


def to_all_others(
    engine_of: GetEngine, source: str, table: str, rows: tuple[Row, ...], names: Sequence[str]
) -> dict[str, DataflowError]:
    fill(engine_of(source), table, rows)
    return hand_over(engine_of, source, [name for name in names if name != source], table)


@pytest.mark.xdist_group("engines-all")
@pytest.mark.parametrize(("source", "target"), pairs())
def test_values_stay_exact_on_the_way(
    source: str, target: str, handed: Callable[[str], dict[str, DataflowError]], engine_of: GetEngine
) -> None:
    errors = handed(source)
    assert target not in errors, errors[target]
    rows = expected(ROWS)
    if {"sqlite", "mysql"} & {source, target}:  # which keep no sign of a zero
        rows = [tuple((0.0, 1.0) if value == (-0.0, -1.0) else value for value in row) for row in rows]
    assert rows_of(engine_of(target), f"values_from_{source}") == rows


@pytest.mark.xdist_group("engines-all")
@pytest.mark.parametrize(("source", "target"), pairs())
def test_null_time_stays_null_on_the_way(
    source: str, target: str, handed_null: Callable[[str], dict[str, DataflowError]], engine_of: GetEngine
) -> None:
    errors = handed_null(source)
    assert target not in errors, errors[target]
    assert rows_of(engine_of(target), f"nulls_from_{source}") == [ALL_NULL]


@pytest.fixture(scope="module")
def handed_odd(engine_of: GetEngine) -> dict[str, DataflowError]:
    """Hand a table with odd names of columns from DuckDB to all others; give the errors."""
    engine_of("duckdb").create(ODD)
    return hand_over(engine_of, "duckdb", [name for name in TESTED if name != "duckdb"], ODD.name)


@pytest.mark.xdist_group("engines-all")
@pytest.mark.parametrize("target", [name for name in TESTED if name != "duckdb"])
def test_odd_names_arrive_whole(target: str, handed_odd: dict[str, DataflowError], engine_of: GetEngine) -> None:
    assert target not in handed_odd, handed_odd[target]
    engine = engine_of(target)
    with engine.session() as session:
        columns, rows = session.fetch_rows(f"SELECT * FROM {engine.quoted(f'{ODD.name}_from_duckdb')}")
    assert columns == tuple(ODD.columns)
    assert sorted(rows) == sorted(ODD.values)


@pytest.mark.xdist_group("engines-all")
def test_decimal_that_the_other_side_cannot_hold_fails_before_the_target(engine_of: GetEngine) -> None:
    row = (1, Decimal("1234567890123456.7891"), *[None] * 7)
    fill(engine_of("duckdb"), "wide", (row,))
    errors = hand_over(engine_of, "duckdb", ["sqlite", "postgres"], "wide")
    assert {name: error.code for name, error in errors.items()} == {"sqlite": "DF-RUN-024"}
    assert rows_of(engine_of("postgres"), "wide_from_duckdb") == [row]
    with engine_of("sqlite").session() as session:
        assert session.columns_of(engine_of("sqlite").quoted("wide_from_duckdb")) is None
