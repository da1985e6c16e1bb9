"""A pipeline as a graph: enabled nodes in topological order, each with its inputs and the connection it runs on.

Runs at Dag-parse time: structure only, no SQL is parsed and no connection opened.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.connectors.manifests import find_manifest, reads_or_writes_itself
from dataflow_provider.spec.edges import InputRef, inputs_of, parse_reference
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.node_types import Node
from dataflow_provider.spec.nodes import (
    AiAssist,
    AiEnrich,
    AiSql,
    FileSource,
    FileTarget,
    NativeSource,
    NativeTarget,
    ReconcileQuality,
    RouterTransform,
    SourceBase,
    SqlSource,
    SqlTarget,
    TargetBase,
)

EMBEDDED = "dataflow_warehouse"
"""Connection of the embedded DuckDB, where a node runs that nothing ties to another database."""

DEFAULT_DIALECT = "duckdb"
AGAINST = "against"
"""The role of the rows that a node is reconciled with."""


class GraphInput(NamedTuple):
    """Rows that a node reads: `name` is what its SQL calls them, `port` None the main output of `node`."""

    name: str
    role: str | None
    node: str
    port: str | None


@dataclass(frozen=True, slots=True)
class GraphNode:
    """One enabled node; disabled ones before it are already passed through."""

    id: str
    spec: Node
    inputs: tuple[GraphInput, ...]
    after: tuple[str, ...]
    connection: str
    dialect: str


@dataclass(frozen=True, slots=True)
class Graph:
    """`nodes` in topological order; `consumers` maps a node to those that read it, in that order too."""

    nodes: Mapping[str, GraphNode]
    consumers: Mapping[str, tuple[str, ...]]


def build_graph(pipeline: Pipeline) -> Graph:
    """Return the graph of the enabled nodes.

    A disabled node with one input passes its rows through; every other disabled node takes along what cannot do
    without it. A union goes on with the inputs that are left.

    Raises:
        CompileError: for an edge to a missing node and for a cycle; `validate` reports them with their place.
    """
    edges = _enabled_edges(pipeline)
    after = {
        node: tuple(other for other in pipeline.nodes[node].after if other in edges and other != node) for node in edges
    }
    order = _topological_order(edges, after)
    consumers: dict[str, list[str]] = {node: [] for node in order}
    for node in order:
        for source in dict.fromkeys(given.node for given in edges[node]):
            consumers[source].append(node)
    connections = _run_connections(pipeline, order, edges, consumers)
    dialects = _dialects(pipeline, order, edges, consumers, connections)
    return Graph(
        {
            node: GraphNode(node, pipeline.nodes[node], edges[node], after[node], connections[node], dialects[node])
            for node in order
        },
        {node: tuple(readers) for node, readers in consumers.items()},
    )


# ---------------------------------------------------------------- edges

Edges = Mapping[str, tuple[GraphInput, ...]]


def _enabled_edges(pipeline: Pipeline) -> dict[str, tuple[GraphInput, ...]]:
    """Return the inputs of every node that is left once disabled nodes are taken out."""
    written = {node: _read_by(spec) for node, spec in pipeline.nodes.items()}
    _refuse_unknown(pipeline, written)
    inputs = {
        node: tuple(_through_disabled(pipeline, written, reference) for reference in references)
        for node, references in written.items()
        if pipeline.nodes[node].enabled
    }
    gone: set[str] = set()
    while True:
        lost = {node for node, given in inputs.items() if node not in gone and _is_lost(pipeline, node, given, gone)}
        if not lost:
            break
        gone |= lost
    return {
        node: tuple(one for one in given if one is not None and one.node not in gone)
        for node, given in inputs.items()
        if node not in gone
    }


def _read_by(spec: Node) -> tuple[InputRef, ...]:
    """Return the inputs of a node, and behind them the node it is reconciled with, whose rows it reads too.

    A disabled one compares nothing, and passes its one input through.
    """
    inputs = inputs_of(spec)
    if isinstance(spec, ReconcileQuality) and isinstance(spec.against, str) and spec.enabled:
        return (*inputs, parse_reference(spec.against, AGAINST))
    return inputs


def _refuse_unknown(pipeline: Pipeline, written: Mapping[str, tuple[InputRef, ...]]) -> None:
    problems = [
        Problem(
            "DF-GRAPH-001",
            ("nodes", node, "from"),
            f"`{reference.node}` is no node of this pipeline",
            "Write the id of a node, or `node.port`.",
        )
        for node, references in written.items()
        for reference in references
        if reference.node not in pipeline.nodes
    ]
    if problems:
        raise CompileError(problems)


def _through_disabled(
    pipeline: Pipeline, written: Mapping[str, tuple[InputRef, ...]], reference: InputRef
) -> GraphInput | None:
    """Follow a reference through disabled one-input nodes; None when no rows come from there."""
    name = reference.role or (reference.node if reference.port is None else f"{reference.node}__{reference.port}")
    node, port = reference.node, _port(pipeline.nodes[reference.node], reference.port)
    seen = set()
    while not pipeline.nodes[node].enabled:
        spec = pipeline.nodes[node]
        main = spec.default if isinstance(spec, RouterTransform) else None
        if isinstance(spec, SourceBase | TargetBase) or len(written[node]) != 1 or port != main or node in seen:
            return None
        seen.add(node)
        before = written[node][0]
        node, port = before.node, _port(pipeline.nodes[before.node], before.port)
    return GraphInput(name, reference.role, node, port)


def _port(spec: Node, port: str | None) -> str | None:
    """A router has no main output: its rest stands for it."""
    return spec.default if port is None and isinstance(spec, RouterTransform) else port


def _is_lost(pipeline: Pipeline, node: str, given: tuple[GraphInput | None, ...], gone: set[str]) -> bool:
    missing = sum(one is None or one.node in gone for one in given)
    return missing == len(given) > 0 or (missing > 0 and pipeline.nodes[node].type != "transform.union")


def _topological_order(edges: Edges, after: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the nodes with every input before its consumer, otherwise in the order of the file."""
    order: dict[str, None] = {}
    waiting = list(edges)
    while waiting:
        left = []
        for node in waiting:
            if all(one.node in order for one in edges[node]) and all(other in order for other in after[node]):
                order[node] = None
            else:
                left.append(node)
        if len(left) == len(waiting):
            names = ", ".join(f"`{node}`" for node in left)
            raise CompileError(
                [
                    Problem(
                        "DF-GRAPH-002",
                        ("nodes", left[0]),
                        f"the nodes {names} wait for each other in a cycle",
                        "Remove one of the edges.",
                    )
                ]
            )
        waiting = left
    return tuple(order)


# ---------------------------------------------------------------- connections


def _run_connections(
    pipeline: Pipeline, order: Iterable[str], edges: Edges, consumers: Mapping[str, list[str]]
) -> dict[str, str]:
    """Return where each node runs: its own connection, else its inputs', else the nearest target's, else ours.

    Files are read and written by an engine that does so itself: DuckDB, so ours where the connection is another's.
    """
    own = {node: _own_connection(pipeline, pipeline.nodes[node]) for node in edges}
    not_duckdb = {
        own[node]
        for node, spec in pipeline.nodes.items()
        if node in own and isinstance(spec, SqlSource | SqlTarget) and _dialect_of(spec) != DEFAULT_DIALECT
    }
    result: dict[str, str] = {}
    for node in order:
        shared = {result[one.node] for one in edges[node]}
        result[node] = (
            own[node]
            or (shared.pop() if len(shared) == 1 else None)
            or _nearest(
                node,
                lambda at: consumers[at],
                lambda at: own[at] if isinstance(pipeline.nodes[at], SqlTarget) else None,
            )
            or EMBEDDED
        )
        if own[node] is None and result[node] in not_duckdb and _needs_duckdb(pipeline.nodes[node]):
            result[node] = EMBEDDED
    return result


def _needs_duckdb(spec: Node) -> bool:
    """Return whether only DuckDB carries out the node, wherever its rows come from."""
    is_table = isinstance(spec, SqlSource | SqlTarget) and _dialect_of(spec) == DEFAULT_DIALECT
    return is_table or (isinstance(spec, FileSource | FileTarget) and not reads_or_writes_itself(spec))


def _dialect_of(spec: SqlSource | SqlTarget) -> str:
    """Return the SQL that the node's connector speaks."""
    found = find_manifest(spec.connector)
    return spec.connector if found is None else found.dialect


def _own_connection(pipeline: Pipeline, spec: Node) -> str | None:
    """Return the connection that a node names to run on; that of a file or a model only says whom to ask."""
    if isinstance(spec, FileSource | FileTarget | NativeSource | NativeTarget | AiSql | AiEnrich | AiAssist):
        return None
    if isinstance(spec, SqlSource | SqlTarget):
        return spec.connection or pipeline.defaults.connection
    return spec.connection


def _nearest(start: str, neighbours: Callable[[str], Iterable[str]], answer: Callable[[str], str | None]) -> str | None:
    """Return the answer of the nearest node that has one, the start included; None when no node has."""
    seen, queue = {start}, deque([start])
    while queue:
        node = queue.popleft()
        found = answer(node)
        if found is not None:
            return found
        for other in neighbours(node):
            if other not in seen:
                seen.add(other)
                queue.append(other)
    return None


def _dialects(
    pipeline: Pipeline,
    order: Iterable[str],
    edges: Edges,
    consumers: Mapping[str, list[str]],
    connections: Mapping[str, str],
) -> dict[str, str]:
    """Return the dialect of each node: the connector that a source or target gives its connection.

    A connection that only transforms name is typed when the run opens it; until then the nearest connector stands in.
    """
    typed = {EMBEDDED: DEFAULT_DIALECT}
    for node in order:
        spec = pipeline.nodes[node]
        if isinstance(spec, SqlSource | SqlTarget):
            typed.setdefault(connections[node], _dialect_of(spec))
    result: dict[str, str] = {}
    for node in order:
        result[node] = typed.get(connections[node]) or (
            _nearest(
                node,
                lambda at: [*(one.node for one in edges[at]), *consumers[at]],
                lambda at: typed.get(connections[at]),
            )
            or DEFAULT_DIALECT
        )
    return result
