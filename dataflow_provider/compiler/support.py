"""What cannot run yet, refused before anything runs; the models accept it, so that files stay valid for later."""

from __future__ import annotations

from collections.abc import Iterator

from dataflow_provider.compiler.graph import EMBEDDED, Graph, GraphNode
from dataflow_provider.connectors.manifests import BUILT_IN, find_manifest, reads_or_writes_itself
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.manifest import Capability
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import (
    AgainstQuery,
    FileSource,
    FileTarget,
    ReconcileQuality,
    ReferenceQuality,
    SourceBase,
    SqlSource,
    SqlTarget,
    TargetBase,
)
from dataflow_provider.spec.project import is_remote
from dataflow_provider.spec.suggestions import listed

STORE_SCHEMES = ("s3", "gs", "az")
"""What the paths of object stores begin with."""


def find_unsupported(pipeline: Pipeline, graph: Graph) -> list[Problem]:
    """Return a problem for each thing of the enabled nodes that cannot be carried out yet; empty when all can."""
    problems = [problem for node in graph.nodes.values() for problem in _of_node(node)]
    if pipeline.type == "streaming":
        problems += [problem for node in graph.nodes.values() for problem in _of_stream(node)]
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
    if isinstance(spec, SourceBase | TargetBase) and not _runs(spec.connector):
        running = [f"{family}.{name}" for name in sorted(BUILT_IN, key=_duckdb_first) if _runs(name)]
        yield _not_yet(
            node.id,
            "type",
            f"`{spec.type}` cannot run yet; {listed(running)} run now",
            f"Hand the rows over in a file (`{family}.file`) or in DuckDB (`{family}.duckdb`).",
        )
    elif isinstance(spec, SqlSource | SqlTarget) and spec.connector != "duckdb" and node.connection == EMBEDDED:
        yield Problem(
            "DF-PLAN-005",
            ("nodes", node.id),
            f"`{node.id}` names no connection, and only `duckdb` has one of its own",
            "Add `connection: <id of an Airflow connection>`, or `defaults: {connection: …}`.",
        )
    else:
        yield from _of_fields(node)


def _runs(connector: str) -> bool:
    found = find_manifest(connector)
    return found is not None and bool(found.implementation)


def _duckdb_first(name: str) -> tuple[bool, bool]:
    return (name != "duckdb", name != "file")


def is_read_on(spec: SourceBase) -> bool:
    """Return whether a source can go on where an earlier run ended: by a column, or by positions of its connector."""
    return isinstance(spec, SqlSource) or has_positions(spec)


def has_positions(spec: SourceBase) -> bool:
    """Return whether the source's connector freezes what a run reads."""
    found = find_manifest(spec.connector)
    return found is not None and found.can(Capability.FROZEN_READ)


def _of_stream(node: GraphNode) -> Iterator[Problem]:
    spec = node.spec
    found = find_manifest(spec.connector) if isinstance(spec, SourceBase) else None
    if found is not None and not found.can(Capability.STREAMING):
        able = [f"source.{one.name}" for one in BUILT_IN.values() if one.can(Capability.STREAMING)]
        yield Problem(
            "DF-PLAN-006",
            ("nodes", node.id, "type"),
            f"`{spec.type}` ends, and `type: streaming` reads without end; {listed(able)} can",
            "Use `type: batch`, or read a topic.",
        )


def _of_native(node: GraphNode) -> Iterator[Problem]:
    """What a connector cannot do, by its manifest."""
    spec = node.spec
    found = find_manifest(spec.connector) if isinstance(spec, SourceBase | TargetBase) else None
    if found is None or not reads_or_writes_itself(spec):
        return
    if isinstance(spec, SourceBase) and spec.partition is not None and not found.can(Capability.PARTITIONED_READ):
        yield Problem(
            "DF-PLAN-006",
            ("nodes", node.id, "partition"),
            f"`{spec.type}` cannot be read in parts: its connector has no `{Capability.PARTITIONED_READ}`",
            "Delete `partition`.",
            on_key=True,
        )
    local = (
        isinstance(spec, FileSource | FileTarget) and found.can(Capability.ENGINE_FILES) and not is_remote(spec.path)
    )
    if found.connection_types and spec.connection is None and not local:
        yield Problem(
            "DF-PLAN-005",
            ("nodes", node.id),
            f"`{node.id}` names no connection, and `{spec.type}` needs one of type "
            + " or ".join(f"`{kind}`" for kind in found.connection_types),
            "Add `connection: <id of an Airflow connection>`; `defaults.connection` is for databases.",
        )


def _of_fields(node: GraphNode) -> Iterator[Problem]:
    spec = node.spec
    yield from _of_native(node)
    yield from _of_quality(node)
    if isinstance(spec, SourceBase) and spec.incremental is not None and not is_read_on(spec):
        yield _not_yet(
            node.id,
            "incremental",
            f"`incremental` cannot run yet for `{spec.type}`; it does for tables and queries of a database, and topics",
            "Bound the read with `where: column >= :interval_start AND column < :interval_end`.",
        )
    if not isinstance(spec, FileSource | FileTarget):
        return
    if isinstance(spec, FileSource) and spec.on_bad_record != "fail" and spec.format == "parquet":
        yield _not_yet(
            node.id,
            "on_bad_record",
            f"`on_bad_record: {spec.on_bad_record}` cannot run for `format: parquet`, whose records are bad together; "
            "it does for `csv`, `json` lines and `cdr`",
            "Use `on_bad_record: fail`.",
        )
    scheme, marker, _ = spec.path.partition("://")
    if marker and (spec.connector != "file" or scheme not in STORE_SCHEMES):
        yield _not_yet(
            node.id,
            "path",
            f"`{scheme}://` paths cannot run in `{spec.type}`; local paths and "
            f"{listed(f'{one}://' for one in STORE_SCHEMES)} do in `source.file` and `target.file`",
            "Write the path alone for SFTP; copy other files to a local folder or an object store.",
        )


def _of_quality(node: GraphNode) -> Iterator[Problem]:
    """What a quality node compares its rows with must lie where they are judged."""
    spec = node.spec
    other: str | None = None
    if isinstance(spec, ReferenceQuality):
        field, other = "reference", spec.reference.connection
    elif isinstance(spec, ReconcileQuality) and isinstance(spec.against, AgainstQuery):
        field, other = "against", spec.against.connection
    if other is None or other == node.connection:
        return
    hint = "Read it by a source of its own and name that node in `against`, whose rows are handed over."
    if field == "reference":
        hint = f"Copy the keys to `{node.connection}` by a pipeline of their own, or join them by a `transform.join`."
    yield Problem(
        "DF-PLAN-001",
        ("nodes", node.id, field, "connection"),
        f"`{node.id}` runs on `{node.connection}` and cannot be compared with rows of `{other}` yet",
        hint,
    )


def _not_yet(node: str, field: str, message: str, hint: str) -> Problem:
    return Problem("DF-PLAN-001", ("nodes", node, field), message, hint)
