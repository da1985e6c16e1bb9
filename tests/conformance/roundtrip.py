"""A query against its graph: the SQL runs as written, its graph as compiled, and both give the same answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import duckdb
import psycopg
from psycopg import sql as pg

from dataflow_provider.compiler.decompile.decompile import Decompiled, Origin, decompile_query
from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.sql import compile_stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.spec.format import format_pipeline
from dataflow_provider.spec.loader import parse_pipeline
from dataflow_provider.spec.models import Pipeline

Row = tuple[Any, ...]


def queries_of(folder: Path) -> list[Path]:
    """Return the files of a suite, in order."""
    return sorted((folder / "queries").glob("q*.sql"))


@dataclass(frozen=True)
class Answer:
    """What a query gives: names and types of its columns, and its rows."""

    columns: list[tuple[str, str]]
    rows: list[Row]


class Warehouse(Protocol):
    """An engine with the tables of one suite."""

    engine: str
    schema: str

    def answer(self, sql: str) -> Answer: ...

    def execute(self, sql: str) -> None: ...

    def describe(self, parts: tuple[str, ...]) -> Mapping[str, str] | None: ...


@dataclass
class DuckDBWarehouse:
    """A DuckDB in memory."""

    raw: duckdb.DuckDBPyConnection
    engine: str = "duckdb"
    schema: str = "main"

    @classmethod
    def filled(cls, setup: str) -> DuckDBWarehouse:
        raw = duckdb.connect()
        raw.execute(setup)
        return cls(raw)

    def answer(self, sql: str) -> Answer:
        done = self.raw.execute(sql)
        columns = [(str(one[0]), str(one[1])) for one in done.description or ()]
        return Answer(columns, done.fetchall())

    def execute(self, sql: str) -> None:
        self.raw.execute(sql)

    def describe(self, parts: tuple[str, ...]) -> Mapping[str, str] | None:
        name = ".".join(f'"{part}"' for part in parts)
        try:
            return {row[0]: row[1] for row in self.answer(f"DESCRIBE {name}").rows}
        except duckdb.CatalogException:
            return None


@dataclass
class PostgresWarehouse:
    """A database of a PostgreSQL server."""

    raw: psycopg.Connection[Row]
    engine: str = "postgres"
    schema: str = "public"

    def fill_from(self, other: DuckDBWarehouse) -> None:
        """The tables of the DuckDB stand here too, with its rows."""
        for (name,) in other.answer("SELECT table_name FROM duckdb_tables() ORDER BY table_name").rows:
            kinds = other.describe((name,)) or {}
            columns = ", ".join(f'"{column}" {kind.replace("DOUBLE", "FLOAT8")}' for column, kind in kinds.items())
            self.execute(f'CREATE TABLE "{name}" ({columns})')
            with self.raw.cursor().copy(pg.SQL("COPY {} FROM STDIN").format(pg.Identifier(name))) as copy:
                for row in other.answer(f'SELECT * FROM "{name}"').rows:
                    copy.write_row(row)
            for column in kinds:
                if column.endswith(("partkey", "orderkey", "item_sk", "ticket_number")):
                    self.execute(f'CREATE INDEX ON "{name}" ("{column}")')
        self.execute("ANALYZE")

    def answer(self, sql: str) -> Answer:
        done = self.raw.execute(sql.encode())
        return Answer([(one.name, str(one.type_code)) for one in done.description or ()], done.fetchall())

    def execute(self, sql: str) -> None:
        self.raw.execute(sql.encode())

    def describe(self, parts: tuple[str, ...]) -> Mapping[str, str] | None:
        found = self.raw.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = to_regclass(%s) AND attnum > 0 ORDER BY attnum",
            (".".join(f'"{part}"' for part in parts),),
        ).fetchall()
        return dict(found) or None


def convert(warehouse: Warehouse, sql: str) -> Decompiled:
    """Return the graph of a query, written to a target."""
    engine = warehouse.engine
    origin = Origin("q", "dwh", engine, get_dialect(engine), f"{warehouse.schema}.answer")
    return decompile_query(sql, origin, warehouse.describe)


def graph_answer(warehouse: Warehouse, text: str) -> Answer:
    """Return what the graph's target would be given; what is checked on the way must hold."""
    plan = plan_pipeline(pipeline_of(text))
    table = ""
    for stage in plan.stages:
        compiled = compile_stage(plan, stage, RunValues("run"))
        for step in compiled.steps:
            if step.kind == "check":
                assert warehouse.answer(step.sql).rows == [(0,)], step.message
            elif step.kind != "cleanup":
                warehouse.execute(step.sql)
        table = compiled.outputs[0].table
    return warehouse.answer(f"SELECT * FROM {table}")


def is_formatted(text: str) -> bool:
    return format_pipeline(text) == text


def pipeline_of(text: str) -> Pipeline:
    return parse_pipeline(text, "q.yaml").require()


def kept_sql(text: str) -> list[str]:
    """Return the nodes of a graph that are still SQL."""
    nodes = pipeline_of(text).nodes
    return [name for name, node in nodes.items() if node.type == "transform.sql" or getattr(node, "query", None)]


def as_bag(rows: list[Row]) -> Counter[str]:
    """Return the rows without their order; a float counts by its first twelve digits, as sums come in any order."""
    return Counter(
        repr([float(f"{value:.12g}") if isinstance(value, float) else value for value in row]) for row in rows
    )


def assert_same_answer(warehouse: Warehouse, sql: str, *, has_rows: bool = False) -> Decompiled:
    """The graph gives the rows of the query, a bag of them, and the query's columns by name and type; return it."""
    expected = warehouse.answer(sql)
    assert expected.rows or not has_rows, "an empty answer would prove nothing"
    made = convert(warehouse, sql)
    found = graph_answer(warehouse, made.text)
    assert as_bag(found.rows) == as_bag(expected.rows)
    assert [kind for _, kind in found.columns] == [kind for _, kind in expected.columns]
    if not any(problem.code == "DF-CONV-003" for problem in made.problems):
        pairs = [(old, new) for (old, _), (new, _) in zip(expected.columns, found.columns, strict=True)]
        assert not [(old, new) for old, new in pairs if old.casefold() != new.casefold() and old.isidentifier()]
    return made
