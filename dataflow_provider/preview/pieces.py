"""The part of a graph that makes the rows of one port, cut where the connection changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.graph import Graph
from dataflow_provider.compiler.plan import Plan, Stage
from dataflow_provider.compiler.support import find_unsupported
from dataflow_provider.connectors.manifests import find_manifest
from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.spec.edges import inputs_of, ports_of
from dataflow_provider.spec.findings import Finding, Severity
from dataflow_provider.spec.manifest import Capability
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import AiAssist, AiEnrich, RouterTransform, SourceBase, TargetBase
from dataflow_provider.spec.suggestions import did_you_mean, listed

Port = str | None
RULE = "preview"


@dataclass(frozen=True)
class Spot:
    """The rows that are asked for: of `node` as it was asked, made by the port `port` of `maker`."""

    node: str
    shown_port: Port
    maker: str
    port: Port


@dataclass(frozen=True)
class Piece:
    """Nodes of one connection that make the rows of `port` of the last one.

    `ports` are those that somebody reads, by node; `foreign` are the ports of other connections that are read.
    """

    stage: Stage
    port: Port
    ports: Mapping[str, tuple[Port, ...]]
    foreign: tuple[tuple[str, Port], ...]


def find_spot(pipeline: Pipeline, graph: Graph, written: str) -> Spot:
    """Return the rows that `node` or `node.port` names; those of a target are the rows it would write.

    Raises:
        AuthorError: `DF-PREVIEW-001` for a node that is not there or disabled, `DF-PREVIEW-002` for no port of it.
    """
    node, dot, port = written.partition(".")
    if node not in pipeline.nodes:
        hint = did_you_mean(node, pipeline.nodes) or "Name one of them."
        raise AuthorError("DF-PREVIEW-001", f"there is no node `{node}`; there are {listed(pipeline.nodes)}", hint=hint)
    if node not in graph.nodes:
        raise AuthorError(
            "DF-PREVIEW-001",
            f"node `{node}` is disabled, or reads from one that is, so it has no rows",
            place=Place(node=node),
            hint="Enable it, or look at a node before it.",
        )
    spec = graph.nodes[node].spec
    known = ports_of(spec)
    if dot and port not in known:
        allowed = f"there are {listed(known)}" if known else "it has none but its main output"
        raise AuthorError(
            "DF-PREVIEW-002",
            f"node `{node}` has no port `{port}`; {allowed}",
            place=Place(node=node),
            hint=did_you_mean(port, known) or f"Write `{node}` alone for its main output.",
        )
    if isinstance(spec, TargetBase):
        given = graph.nodes[node].inputs[0]
        return Spot(node, None, given.node, given.port)
    main = spec.default if isinstance(spec, RouterTransform) else None
    made = port if dot else main
    return Spot(node, port if dot else None, node, made)


def cut_piece(plan: Plan, node: str, port: Port) -> Piece:
    """Return the piece that ends with the node."""
    graph = plan.graph
    home = graph.nodes[node]
    read: dict[str, dict[Port, None]] = {node: {port: None}}
    foreign: dict[tuple[str, Port], None] = {}
    for one in reversed(tuple(graph.nodes)):
        for given in graph.nodes[one].inputs if one in read else ():
            if graph.nodes[given.node].connection == home.connection:
                read.setdefault(given.node, {})[given.port] = None
            else:
                foreign[given.node, given.port] = None
    members = tuple(one for one in graph.nodes if one in read)
    stage = Stage(
        id=node, nodes=members, connection=home.connection, dialect=home.dialect, rule=RULE, reason="", ports=(port,),
        inputs=(), upstream=(), retries=None, retry_delay=None, retry_backoff=None, timeout=None, pool=None,
    )  # fmt: skip
    return Piece(stage, port, {one: tuple(read[one]) for one in members}, tuple(foreign))


def refuse_unseen(pipeline: Pipeline, graph: Graph, spot: Spot) -> None:
    """Do nothing when every node that makes the rows can be looked through.

    Raises:
        AuthorError: `DF-PREVIEW-003` for an AI node or a stream of messages among them.
        CompileError: for what cannot run at all yet.
    """
    members = nodes_behind(graph, spot.maker)
    for node in members:
        reason = _unseen(graph, node)
        if reason is not None:
            raise AuthorError(
                "DF-PREVIEW-003",
                f"the rows of `{spot.node}` cannot be shown: `{node}` is a `{pipeline.nodes[node].type}`, {reason}",
                place=Place(node=node),
                hint="Look at a node before it.",
            )
    problems = [one for one in find_unsupported(pipeline, graph) if one.node in members]
    if problems:
        raise CompileError(problems)


def nodes_behind(graph: Graph, node: str) -> tuple[str, ...]:
    """Return the node and all that take part in making its rows, in the order of the graph."""
    found = {node}
    for one in reversed(tuple(graph.nodes)):
        if one in found:
            found.update(given.node for given in graph.nodes[one].inputs)
    return tuple(one for one in graph.nodes if one in found)


def _unseen(graph: Graph, node: str) -> str | None:
    spec = graph.nodes[node].spec
    if isinstance(spec, AiEnrich | AiAssist):
        return "and a model is not asked for a look"
    manifest = find_manifest(spec.connector) if isinstance(spec, SourceBase) else None
    if manifest is not None and manifest.can(Capability.STREAMING) and not manifest.can(Capability.FROZEN_READ):
        return "whose messages would be taken from its readers"
    return None


def judged_findings(pipeline: Pipeline, written: str, findings: Iterable[Finding]) -> list[Finding]:
    """Return the errors that stand in the way of a look at `node` or `node.port`: those of nodes behind it, or of none.

    A mistake elsewhere in the file is no hindrance.
    """
    node = written.partition(".")[0]
    behind = set(pipeline.nodes)
    if node in behind:
        behind = {node}
        waiting = [node]
        while waiting:
            found = {given.node for given in inputs_of(pipeline.nodes[waiting.pop()])} & pipeline.nodes.keys()
            waiting += found - behind
            behind |= found
    return [one for one in findings if one.severity is Severity.ERROR and (one.node is None or one.node in behind)]
