"""Where stages end, told by the graph alone: small rules in order, the first that answers gives its reason.

Runs at Dag-parse time: no SQL is parsed, and each rule looks at one node and its readers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import NamedTuple

from dataflow_provider.compiler.graph import Graph, GraphNode
from dataflow_provider.compiler.passes.boundary import Boundary
from dataflow_provider.connectors.manifests import reads_or_writes_itself
from dataflow_provider.spec.nodes import QualityBase, SourceBase, SqlSource, TargetBase

OWN_TASK_FIELDS = ("retries", "retry_delay", "timeout", "pool")
"""Fields by which a node asks for a task of its own."""

_own_fields = attrgetter(*OWN_TASK_FIELDS)


class Junction(NamedTuple):
    """A node and what reads it: `fed` are the stages of the readers, `awaited_by` names the node in `after`."""

    graph: Graph
    node: GraphNode
    readers: Sequence[GraphNode]
    fed: Sequence[str]
    awaited_by: str | None


Rule = Callable[[Junction], Boundary | None]


def target(at: Junction) -> Boundary | None:
    if isinstance(at.node.spec, TargetBase):
        return Boundary("target", f"`{at.node.id}` is a target, and its rows are published in one step.")
    return None


def connector(at: Junction) -> Boundary | None:
    """What was read once, over a network or out of a queue, is not read again because the SQL after it failed."""
    spec = at.node.spec
    if isinstance(spec, SourceBase) and reads_or_writes_itself(spec):
        return Boundary("connector", f"`{at.node.id}` is read by its connector, so its rows are kept for what follows.")
    return None


def checkpoint(at: Junction) -> Boundary | None:
    if at.node.spec.checkpoint:
        return Boundary("checkpoint", f"`{at.node.id}` asks for a checkpoint, so its rows are kept.")
    return None


def quality_gate(at: Junction) -> Boundary | None:
    spec = at.node.spec
    if isinstance(spec, QualityBase) and spec.severity == "block":
        return Boundary("quality_gate", f"`{at.node.id}` may block, so nothing behind it begins before it has passed.")
    return None


def ai_node(at: Junction) -> Boundary | None:
    """A model is asked outside the database: the rows go out to it, and come back as a table."""
    for one in (at.node, *at.readers):
        if one.spec.type == "ai.enrich":
            return Boundary("ai_node", f"`{one.id}` asks a model, which the database cannot; its rows are handed over.")
    return None


def connection(at: Junction) -> Boundary | None:
    for reader in at.readers:
        if reader.connection != at.node.connection:
            sentence = f"`{reader.id}` runs on `{reader.connection}`, so the rows of `{at.node.id}` are handed over."
            return Boundary("connection", sentence)
    return None


def own_task(at: Junction) -> Boundary | None:
    for reader in at.readers:
        own = _own_start(reader)
        if own is not None:
            return Boundary("own_task", f"`{reader.id}` {own}, so it starts a new stage.")
    return None


def _own_start(node: GraphNode) -> str | None:
    if node.after:
        return "waits for " + ", ".join(f"`{other}`" for other in node.after)
    for field, value in zip(OWN_TASK_FIELDS, _own_fields(node.spec), strict=True):
        if value is not None:
            return f"has its own `{field}`"
    return None


def fan_out(at: Junction) -> Boundary | None:
    """A plain table costs nothing to name twice; everything else is kept when several stages read it."""
    spec = at.node.spec
    if len(at.fed) < 2 or (isinstance(spec, SqlSource) and spec.is_plain_table):
        return None
    names = ", ".join(f"`{stage}`" for stage in sorted(at.fed, key=list(at.graph.nodes).index))
    return Boundary("fan_out", f"`{at.node.id}` feeds the stages {names}, so its rows are computed once.")


def awaited(at: Junction) -> Boundary | None:
    if at.awaited_by is not None:
        return Boundary("awaited", f"`{at.awaited_by}` waits for `{at.node.id}`.")
    return None


RULES: tuple[Rule, ...] = (target, connector, checkpoint, quality_gate, ai_node, connection, own_task, fan_out, awaited)


def find_boundaries(graph: Graph) -> tuple[dict[str, Boundary], dict[str, tuple[str, ...]]]:
    """Return why each last node of a stage is one, and the stages that every node is computed in."""
    waiting: dict[str, str] = {}
    for node in graph.nodes.values():
        for other in node.after:
            waiting.setdefault(other, node.id)
    found: dict[str, Boundary] = {}
    owners: dict[str, tuple[str, ...]] = {}
    for node in reversed(tuple(graph.nodes.values())):
        readers = [graph.nodes[reader] for reader in graph.consumers[node.id] if owners[reader]]
        fed = tuple(dict.fromkeys(owner for reader in readers for owner in owners[reader.id]))
        if readers or isinstance(node.spec, TargetBase):
            boundary = _first(Junction(graph, node, readers, fed, waiting.get(node.id)))
            if boundary is not None:
                found[node.id] = boundary
                fed = (node.id,)
        owners[node.id] = fed
    return found, owners


def _first(at: Junction) -> Boundary | None:
    for rule in RULES:
        boundary = rule(at)
        if boundary is not None:
            return boundary
    return None
