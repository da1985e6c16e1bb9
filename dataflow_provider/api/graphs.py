"""A version of a pipeline as drawn: nodes with what is worth knowing of them, edges, stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, cast

from dataflow_provider.api.datamodels import Graph, GraphEdge, GraphNode, GraphStage
from dataflow_provider.api.definitions import Definition
from dataflow_provider.compiler.plan import Plan
from dataflow_provider.spec.edges import inputs_of, ports_of
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import (
    AggregateTransform,
    DeduplicateTransform,
    FileSource,
    FileTarget,
    JoinTransform,
    NativeSource,
    NativeTarget,
    NodeBase,
    QualityBase,
    RouterTransform,
    SqlSource,
    SqlTarget,
    UnionTransform,
)

Kind = Literal["source", "transform", "quality", "ai", "target"]

SQL_FIELDS = ("where", "having", "condition", "query")
"""Fields whose text is SQL: shown to those who may read SQL."""


def build_graph(definition: Definition, *, with_sql: bool) -> Graph:
    """Return the graph of a definition that has a pipeline; without a plan its nodes belong to no stage."""
    pipeline, plan = definition.pipeline, definition.plan
    if pipeline is None:
        return Graph(nodes=[], edges=[], stages=[])
    return Graph(
        nodes=[_node(name, node, plan, with_sql=with_sql) for name, node in pipeline.nodes.items()],
        edges=_edges(pipeline),
        stages=_stages(plan) if plan else [],
    )


def _stages(plan: Plan) -> list[GraphStage]:
    return [
        GraphStage(
            id=stage.id,
            nodes=list(stage.nodes),
            reason=stage.reason,
            connection=stage.connection,
            upstream=list(stage.upstream),
        )
        for stage in plan.stages
    ]


def _node(name: str, node: NodeBase, plan: Plan | None, *, with_sql: bool) -> GraphNode:
    planned = plan.graph.nodes.get(name) if plan else None
    # A node computed in several stages is drawn in the last of them, where its rows end.
    stage = next((stage.id for stage in reversed(plan.stages) if name in stage.nodes), None) if plan else None
    return GraphNode(
        id=name,
        type=node.type,
        kind=cast("Kind", node.type.partition(".")[0]),
        label=name,
        stage=stage,
        connection=node.connection or (planned.connection if planned else None),
        ports=list(ports_of(node)),
        description=node.description,
        enabled=node.enabled,
        meta=describe_node(node, with_sql=with_sql),
    )


def _edges(pipeline: Pipeline) -> list[GraphEdge]:
    edges = []
    for name, node in pipeline.nodes.items():
        for ref in inputs_of(node):
            edges.append(GraphEdge(source=ref.node, port=ref.port, target=name, role=ref.role, kind="data"))
        edges += [GraphEdge(source=other, port=None, target=name, role=None, kind="after") for other in node.after]
    # An edge to a node that does not exist is a finding; a drawing has no place for it.
    return [edge for edge in edges if edge.source in pipeline.nodes]


def describe_node(node: NodeBase, *, with_sql: bool) -> dict[str, str]:
    """Return short facts of a node in the order worth reading; SQL only if wanted, and its first line at that."""
    facts: dict[str, str] = {}
    for kind, describe in _DESCRIBERS.items():
        if isinstance(node, kind):
            facts |= describe(node)
    if with_sql:
        for field in SQL_FIELDS:
            text = getattr(node, field, None)
            if isinstance(text, str) and text.strip():
                facts[field] = text.strip().splitlines()[0]
    if node.checkpoint:
        facts["checkpoint"] = "kept"
    return {name: value for name, value in facts.items() if value}


def _sql_source(node: NodeBase) -> dict[str, str]:
    source = cast("SqlSource", node)
    incremental = source.incremental.column if source.incremental else ""
    return {"table": source.table or "", "incremental": incremental}


def _file_source(node: NodeBase) -> dict[str, str]:
    source = cast("FileSource", node)
    return {"path": source.path, "format": source.format}


def _native(node: NodeBase) -> dict[str, str]:
    return {"reads" if isinstance(node, NativeSource) else "writes": cast("NativeSource | NativeTarget", node).place}


def _sql_target(node: NodeBase) -> dict[str, str]:
    target = cast("SqlTarget", node)
    return {"table": target.table, "write": target.write.mode, "keys": ", ".join(target.write.keys)}


def _file_target(node: NodeBase) -> dict[str, str]:
    target = cast("FileTarget", node)
    return {"path": target.path, "format": target.format, "write": target.write.mode}


def _aggregate(node: NodeBase) -> dict[str, str]:
    aggregate = cast("AggregateTransform", node)
    return {"group by": ", ".join(aggregate.group_by), "columns": ", ".join(aggregate.aggregates)}


def _join(node: NodeBase) -> dict[str, str]:
    join = cast("JoinTransform", node)
    if isinstance(join.keys, dict):
        keys = ", ".join(f"{left} = {right}" for left, right in join.keys.items())
    else:
        keys = ", ".join(join.keys or ())
    return {"join": join.how, "keys": keys, "expect": join.expect or ""}


def _union(node: NodeBase) -> dict[str, str]:
    union = cast("UnionTransform", node)
    return {"union": union.mode, "match": union.match}


def _deduplicate(node: NodeBase) -> dict[str, str]:
    deduplicate = cast("DeduplicateTransform", node)
    return {"keys": ", ".join(deduplicate.keys), "keep": deduplicate.keep}


def _router(node: NodeBase) -> dict[str, str]:
    return {"routes": ", ".join(cast("RouterTransform", node).routes)}


def _quality(node: NodeBase) -> dict[str, str]:
    rules = getattr(node, "rules", ())
    return {"severity": cast("QualityBase", node).severity, "rules": str(len(rules)) if rules else ""}


_DESCRIBERS: Mapping[type[NodeBase], Callable[[NodeBase], dict[str, str]]] = {
    SqlSource: _sql_source,
    FileSource: _file_source,
    NativeSource: _native,
    SqlTarget: _sql_target,
    NativeTarget: _native,
    FileTarget: _file_target,
    AggregateTransform: _aggregate,
    JoinTransform: _join,
    UnionTransform: _union,
    DeduplicateTransform: _deduplicate,
    RouterTransform: _router,
    QualityBase: _quality,
}
