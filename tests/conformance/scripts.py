"""Pipelines of the suite as files and as scripts, whose SELECTs run as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import yaml

from dataflow_provider.compiler.script.read import split_script
from dataflow_provider.compiler.script.takeover import take_over, to_script
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.spec.format import format_pipeline
from dataflow_provider.spec.loader import parse_pipeline
from tests.conformance.data import TABLES
from tests.conformance.reference import Rows

_QUOTED = re.compile(r"\[([^\]]+)\]")


def pipeline_text(engine: str, nodes: Mapping[str, Any], outputs: Iterable[str], *, declared: bool) -> str:
    """Return the formatted file of nodes over the suite's tables; with `declared` sources name their columns."""
    read = {one.partition(".")[0] for node in nodes.values() for one in _inputs(node["from"])} - set(nodes)
    schemas = {table.name: dict(table.columns) for table in TABLES}
    sources = {
        name: {
            "type": f"source.{engine}",
            "table": f"main.{name}",
            **({"schema": schemas[name]} if declared else {}),
        }
        for name in sorted(read)
    }
    targets = {
        f"to_{number}": {"type": f"target.{engine}", "from": given, "table": f"main.out_{number}"}
        for number, given in enumerate(outputs)
    }
    data = {
        "apiVersion": "dataflow/v1",
        "kind": "Pipeline",
        "id": "conformance",
        "defaults": {"connection": "dwh"},
        "nodes": {**sources, **_dressed(nodes, engine), **targets},
    }
    return format_pipeline(yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=1 << 20))


def script_of(text: str) -> str:
    return to_script(parse_pipeline(text, "conformance.yaml"))


def file_of(script: str) -> str:
    return take_over(split_script(script), "conformance.sql").text


def with_emptied(script: str, rows: str) -> str:
    """Return the script with the rows of `node` or `node.port` gone, by an edit that few kinds of node say."""
    sql, mark, carried = script.partition("-- The pipeline file;")
    pattern = re.compile(
        rf"(^(?:WITH )?\w+ /\* node:{re.escape(rows)} \*/ AS \(\n)(.*?)(^\),?$)", re.MULTILINE | re.DOTALL
    )
    edited, count = pattern.subn(r"\1SELECT * FROM (\n\2) AS w WHERE 1 = 0\n\3", sql)
    assert count, rows
    return edited + mark + carried


@dataclass(frozen=True)
class Warehouse:
    """A DuckDB with the suite's tables."""

    raw: duckdb.DuckDBPyConnection

    @classmethod
    def filled(cls) -> Warehouse:
        raw = duckdb.connect()
        quote = get_dialect("duckdb").publish.quote
        for table in TABLES:
            columns = ", ".join(f"{quote(name)} {kind}" for name, kind in table.columns.items())
            raw.execute(f"CREATE TABLE {table.name} ({columns})")
            if table.values:
                marks = ", ".join("?" for _ in table.columns)
                raw.executemany(f"INSERT INTO {table.name} VALUES ({marks})", table.values)
        return cls(raw)

    def rows_of_script(self, script: str) -> list[Rows]:
        """Return what each statement of a script selects, in its order."""
        return [self._rows(statement) for statement in split_script(script).sql.split(";\n") if "SELECT" in statement]

    def _rows(self, statement: str) -> Rows:
        found = self.raw.execute(re.sub(r"(?m)^INSERT INTO .*$", "", statement))
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _inputs(written: Any) -> list[str]:
    if isinstance(written, str):
        return [written]
    return list(written.values()) if isinstance(written, Mapping) else list(written)


def _dressed(value: Any, engine: str) -> Any:
    """Return the node with each `[name]` in its texts quoted as the engine quotes."""
    if isinstance(value, str):
        return _QUOTED.sub(lambda match: get_dialect(engine).publish.quote(match[1]), value)
    if isinstance(value, Mapping):
        return {key: _dressed(one, engine) for key, one in value.items()}
    return [_dressed(one, engine) for one in value] if isinstance(value, list) else value
