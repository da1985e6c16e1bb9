"""The columns of every node and port with what is known of their types, across all connections, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dataflow_provider.compiler.compiled import Schemas
from dataflow_provider.compiler.graph import Graph, GraphNode
from dataflow_provider.compiler.lowering.checked_nodes import check_node, check_target
from dataflow_provider.compiler.lowering.context import Lowering
from dataflow_provider.compiler.lowering.targets import bind_target
from dataflow_provider.compiler.sql import lower_node, port_key
from dataflow_provider.compiler.typed import Kinds
from dataflow_provider.dialects.registry import DIALECTS
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import SqlTarget


@dataclass(frozen=True)
class Inferred:
    """What the text of a pipeline tells.

    kinds:    `node` or `node.port` → column → type in canonical words, its family in small letters where only that is
              known, "" where nothing is; a node whose columns nobody knows is left out
    problems: errors and warnings, in the order of the graph
    """

    kinds: Mapping[str, Kinds]
    problems: tuple[Problem, ...]


def infer_schemas(pipeline: Pipeline, graph: Graph, schemas: Schemas | None = None) -> Inferred:
    """Return the columns of all enabled nodes; never raises for what an author wrote.

    `schemas` has the columns of sources where somebody has looked, in the engine's own words; without them a declared
    `schema` and the select lists tell. Nodes of engines whose SQL we cannot read are left out.
    """
    scopes: dict[str, Lowering] = {}
    for name in {node.dialect for node in graph.nodes.values()} & set(DIALECTS):
        scopes[name] = Lowering(pipeline, graph, DIALECTS[name], schemas={**(schemas or {})}, inferred={})
        scopes[name].reserve_names(node for node in graph.nodes.values() if node.dialect == name)
    for node in graph.nodes.values():
        scope = scopes.get(node.dialect)
        if scope is not None:
            _take_over(scope, scopes, graph, node)
            _infer_node(scope, node)
    kinds = {
        port_key(node, port): rows.kinds
        for scope in scopes.values()
        for (node, port), rows in scope.relations.items()
        if rows.columns is not None and graph.nodes[node].dialect == scope.dialect.name and not _is_inner(port)
    }
    order = {node: number for number, node in enumerate(graph.nodes)}
    found = sorted((one for scope in scopes.values() for one in scope.problems), key=lambda one: order[str(one.node)])
    return Inferred(
        {key: kinds[key] for key in sorted(kinds, key=lambda key: order[key.partition(".")[0]])}, tuple(found)
    )


def _is_inner(port: str | None) -> bool:
    """Return whether the rows are the compiler's own, as a file before its columns are chosen."""
    return port == "raw"


def _take_over(scope: Lowering, scopes: Mapping[str, Lowering], graph: Graph, node: GraphNode) -> None:
    """The inputs from another engine are known there by their names and kinds."""
    for given in node.inputs:
        other = scopes.get(graph.nodes[given.node].dialect)
        key = (given.node, given.port)
        if other is None or other is scope or key in scope.relations or key not in other.relations:
            continue
        rows = other.relations[key]
        if rows.columns is not None:
            scope.take_over(given, dict.fromkeys(rows.columns, ""), rows.kinds)


def _infer_node(scope: Lowering, node: GraphNode) -> None:
    lower_node(scope, node)
    check_node(scope, node)
    if isinstance(node.spec, SqlTarget) and node.inputs:
        bind_target(scope, node, node.spec)
        check_target(scope, node, node.spec)
