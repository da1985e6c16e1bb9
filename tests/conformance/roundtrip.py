"""A query against its graph: the SQL runs as written, its graph as compiled, and both give the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

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
class Warehouse:
    """A DuckDB with the tables of one suite."""

    raw: duckdb.DuckDBPyConnection

    @classmethod
    def filled(cls, setup: Path) -> Warehouse:
        raw = duckdb.connect()
        raw.execute(setup.read_text(encoding="utf-8"))
        return cls(raw)

    def rows(self, sql: str) -> list[Row]:
        return self.raw.execute(sql).fetchall()

    def describe(self, parts: tuple[str, ...]) -> Mapping[str, str] | None:
        name = ".".join(f'"{part}"' for part in parts)
        try:
            return {row[0]: row[1] for row in self.rows(f"DESCRIBE {name}")}
        except duckdb.CatalogException:
            return None

    def convert(self, sql: str) -> Decompiled:
        """Return the graph of a query, written to a target."""
        return decompile_query(sql, Origin("q", "dwh", "duckdb", get_dialect("duckdb"), "main.answer"), self.describe)

    def graph_rows(self, text: str) -> list[Row]:
        """Return what the graph's target would be given; what is checked on the way must hold."""
        assert format_pipeline(text) == text
        plan = plan_pipeline(pipeline_of(text))
        table = ""
        for stage in plan.stages:
            compiled = compile_stage(plan, stage, RunValues("run"))
            for step in compiled.steps:
                if step.kind == "check":
                    assert self.rows(step.sql) == [(0,)], step.message
                elif step.kind != "cleanup":
                    self.raw.execute(step.sql)
            table = compiled.outputs[0].table
        return self.rows(f"SELECT * FROM {table}")


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
