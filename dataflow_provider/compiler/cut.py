"""The part of a plan that one node needs: the stages before it as they are, and its own, ending with it."""

from __future__ import annotations

from dataclasses import replace

from dataflow_provider.compiler.graph import Graph
from dataflow_provider.compiler.plan import Plan, Stage
from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.spec.nodes import RouterTransform
from dataflow_provider.spec.suggestions import did_you_mean, listed

RULE = "asked_for"


def cut_plan(plan: Plan, node: str) -> Plan:
    """Return the plan with the stages that make the node's rows and no others; the graph stays whole.

    `after` is not followed: it orders a whole run. A node inside of a stage ends that stage here.

    Raises:
        AuthorError: DF-RUN-063 when the node is not there, disabled, or in no stage, as no target needs it.
    """
    home = next((stage for stage in plan.stages if stage.id == node), None)
    home = home or next((stage for stage in plan.stages if node in stage.nodes), None)
    if home is None:
        raise _not_planned(plan, node)
    last = home if home.id == node else _shortened(plan.graph, home, node)
    wanted = {last.id}
    kept = [last]
    for stage in reversed(plan.stages):
        if stage.id != last.id and any(one.stage == stage.id for other in kept for one in other.inputs):
            wanted.add(stage.id)
            kept.append(stage)
    return replace(plan, stages=tuple(_within(stage, wanted) for stage in reversed(kept)))


def _shortened(graph: Graph, stage: Stage, node: str) -> Stage:
    """Return the stage as it would be if it ended with one of its inner nodes."""
    behind = _behind(graph, node)
    members = tuple(one for one in stage.nodes if one in behind)
    read = {(given.node, given.port) for one in members for given in graph.nodes[one].inputs}
    spec = graph.nodes[node].spec
    return replace(
        stage,
        id=node,
        nodes=members,
        rule=RULE,
        reason=f"`{node}` is asked for.",
        ports=(spec.default if isinstance(spec, RouterTransform) else None,),
        inputs=tuple(one for one in stage.inputs if (one.node, one.port) in read),
    )


def _behind(graph: Graph, node: str) -> set[str]:
    found = {node}
    for one in reversed(tuple(graph.nodes)):
        if one in found:
            found.update(given.node for given in graph.nodes[one].inputs)
    return found


def _within(stage: Stage, wanted: set[str]) -> Stage:
    return replace(stage, upstream=tuple(other for other in stage.upstream if other in wanted))


def _not_planned(plan: Plan, node: str) -> AuthorError:
    nodes = plan.pipeline.nodes
    if node not in nodes:
        return AuthorError(
            "DF-RUN-063",
            f"there is no node `{node}`; there are {listed(nodes)}",
            hint=did_you_mean(node, nodes) or "Name one of them.",
        )
    if node in plan.graph.nodes:
        why, hint = "no target needs it, so it is in no stage", "Look at its rows with `dataflow preview`."
    else:
        why, hint = "it is disabled, or reads from a node that is", "Enable it, or name a node before it."
    return AuthorError("DF-RUN-063", f"`{node}` cannot run by itself: {why}", place=Place(node=node), hint=hint)
