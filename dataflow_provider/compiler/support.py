"""What cannot run yet, refused before anything runs; the models accept it, so that files stay valid for later."""

from __future__ import annotations

from collections.abc import Iterator

from dataflow_provider.compiler.graph import EMBEDDED, Graph, GraphNode
from dataflow_provider.dialects.registry import DIALECTS
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import FileSource, FileTarget, SourceBase, SqlSource, SqlTarget, TargetBase
from dataflow_provider.spec.suggestions import listed

RUNNING_CONNECTORS = ("duckdb", "file", *(name for name in DIALECTS if name != "duckdb"))


def find_unsupported(pipeline: Pipeline, graph: Graph) -> list[Problem]:
    """Return a problem for each thing of the enabled nodes that cannot be carried out yet; empty when all can."""
    problems = [problem for node in graph.nodes.values() for problem in _of_node(node)]
    if pipeline.type == "streaming":
        problems.append(
            Problem(
                "DF-PLAN-002",
                ("type",),
                "`type: streaming` cannot run yet; `batch` runs now",
                "Use `type: batch` with a short schedule.",
            )
        )
    return problems


def _of_node(node: GraphNode) -> Iterator[Problem]:
    spec = node.spec
    family = spec.type.partition(".")[0]
    if isinstance(spec, SourceBase | TargetBase) and spec.connector not in RUNNING_CONNECTORS:
        yield _not_yet(
            node.id,
            "type",
            f"`{spec.type}` cannot run yet; {listed([f'{family}.{name}' for name in RUNNING_CONNECTORS])} run now",
            f"Hand the rows over in a file (`{family}.file`) or in DuckDB (`{family}.duckdb`).",
        )
    elif isinstance(spec, SqlSource | SqlTarget) and spec.connector != "duckdb" and node.connection == EMBEDDED:
        yield Problem(
            "DF-PLAN-005",
            ("nodes", node.id),
            f"`{node.id}` names no connection, and only `duckdb` has one of its own",
            "Add `connection: <id of an Airflow connection>`, or `defaults: {connection: …}`.",
        )
    elif family == "quality":
        yield _not_yet(
            node.id,
            "type",
            f"`{spec.type}` cannot run yet; the `source`, `transform` and `target` families run now",
            "Set `enabled: false` on it, or catch the rows with a `transform.filter` and its port `rejected`.",
        )
    elif family == "ai":
        yield _not_yet(
            node.id,
            "type",
            f"`{spec.type}` cannot run yet; the `source`, `transform` and `target` families run now",
            "Set `enabled: false` on it, or write the SQL in a `transform.sql`.",
        )
    else:
        yield from _of_fields(node)


def _of_fields(node: GraphNode) -> Iterator[Problem]:
    spec = node.spec
    if isinstance(spec, SourceBase) and spec.incremental is not None:
        yield _not_yet(
            node.id,
            "incremental",
            "`incremental` cannot run yet; a source is read as a whole, or by `where`",
            "Bound the read with `where: column >= :interval_start AND column < :interval_end`.",
        )
    if not isinstance(spec, FileSource | FileTarget):
        return
    if spec.format == "cdr":
        yield _not_yet(
            node.id,
            "format",
            "`format: cdr` cannot run yet; `csv`, `parquet` and `json` run now",
            "Read delimited records with `format: csv`.",
        )
    if isinstance(spec, FileSource) and spec.on_bad_record != "fail" and spec.format in ("json", "parquet"):
        yield _not_yet(
            node.id,
            "on_bad_record",
            f"`on_bad_record: {spec.on_bad_record}` cannot run yet for `format: {spec.format}`; it runs for `csv`",
            "Use `on_bad_record: fail`.",
        )
    scheme, marker, _ = spec.path.partition("://")
    if marker:
        yield _not_yet(
            node.id,
            "path",
            f"`{scheme}://` paths cannot run yet; local paths run now",
            "Copy the files to a local folder under one of the allowed roots.",
        )


def _not_yet(node: str, field: str, message: str, hint: str) -> Problem:
    return Problem("DF-PLAN-001", ("nodes", node, field), message, hint)
