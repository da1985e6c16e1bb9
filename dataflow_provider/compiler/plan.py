"""A graph cut into stages, from structure alone: each stage becomes one Airflow task and one fused piece of SQL.

Runs at Dag-parse time: no SQL is parsed here. Where the cuts lie: compiler/passes/structure.py, docs/sql.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.graph import Graph, GraphNode, build_graph
from dataflow_provider.compiler.passes.boundary import Boundary
from dataflow_provider.compiler.passes.structure import find_boundaries
from dataflow_provider.compiler.support import find_unsupported
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import TargetBase


class StageInput(NamedTuple):
    """Rows that a stage takes over from an earlier one; `port` None is the main output of `node`."""

    node: str
    port: str | None
    stage: str


@dataclass(frozen=True, slots=True)
class Stage:
    """Nodes that run as one task; `id` is the last node; `rule` made the stage end there, `reason` says so to people.

    `ports` are the outputs of the last node that the stage keeps; for a target only None, the rows it publishes.
    """

    id: str
    nodes: tuple[str, ...]
    connection: str
    dialect: str
    rule: str
    reason: str
    ports: tuple[str | None, ...]
    inputs: tuple[StageInput, ...]
    upstream: tuple[str, ...]
    retries: int | None
    retry_delay: timedelta | None
    retry_backoff: bool | None
    timeout: timedelta | None
    pool: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A pipeline ready to become a Dag or to run; `stages` in topological order."""

    pipeline: Pipeline
    graph: Graph
    stages: tuple[Stage, ...]

    def stage(self, stage_id: str) -> Stage:
        """Return the stage of that id.

        Raises:
            CompileError: when the plan has none, as after an edit of the file between two tasks of a run.
        """
        for stage in self.stages:
            if stage.id == stage_id:
                return stage
        raise CompileError(
            [
                Problem(
                    "DF-PLAN-004",
                    ("nodes",),
                    f"the pipeline `{self.pipeline.id}` has no stage `{stage_id}`; it has "
                    + ", ".join(f"`{stage.id}`" for stage in self.stages),
                    "The file was probably edited since the run began; start the run again.",
                )
            ]
        )


def plan_pipeline(pipeline: Pipeline) -> Plan:
    """Return the stages of the pipeline; nodes that no target needs are left out.

    Raises:
        CompileError: when a node cannot run yet, or no enabled target is left.
    """
    graph = build_graph(pipeline)
    problems = find_unsupported(pipeline, graph)
    if not any(isinstance(node.spec, TargetBase) for node in graph.nodes.values()):
        problems.append(
            Problem(
                "DF-PLAN-003",
                ("nodes",),
                "the pipeline has no enabled target, so nothing would be written",
                "Add a `target.…` node, or enable one.",
            )
        )
    if problems:
        raise CompileError(problems)
    ends, owners = find_boundaries(graph)
    stages = tuple(_build_stage(pipeline, graph, head, ends, owners) for head in graph.nodes if head in ends)
    return Plan(pipeline, graph, stages)


# ---------------------------------------------------------------- one stage


def _build_stage(
    pipeline: Pipeline,
    graph: Graph,
    head: str,
    ends: Mapping[str, Boundary],
    owners: Mapping[str, tuple[str, ...]],
) -> Stage:
    members = [node for node in graph.nodes.values() if head in owners[node.id]]
    inputs = tuple(
        dict.fromkeys(
            StageInput(one.node, one.port, one.node)
            for node in members
            for one in node.inputs
            if one.node in ends and one.node != head
        )
    )
    awaited = [other for node in members for other in node.after if other in ends]
    upstream = {*(one.stage for one in inputs), *awaited} - {head}
    node = graph.nodes[head]
    defaults = pipeline.defaults
    backoffs = [one.spec.retry_backoff for one in members if one.spec.retry_backoff is not None]
    pools = [one.spec.pool for one in reversed(members) if one.spec.pool is not None]
    return Stage(
        id=head,
        nodes=tuple(one.id for one in members),
        connection=node.connection,
        dialect=node.dialect,
        rule=ends[head].rule,
        reason=ends[head].reason,
        ports=_kept_ports(graph, node, owners),
        inputs=inputs,
        upstream=tuple(other for other in graph.nodes if other in upstream),
        retries=max((one.spec.retries for one in members if one.spec.retries is not None), default=defaults.retries),
        retry_delay=max(
            (one.spec.retry_delay for one in members if one.spec.retry_delay is not None), default=defaults.retry_delay
        ),
        retry_backoff=any(backoffs) if backoffs else defaults.retry_backoff,
        timeout=max((one.spec.timeout for one in members if one.spec.timeout is not None), default=defaults.timeout),
        pool=pools[0] if pools else defaults.pool,
    )


def _kept_ports(graph: Graph, node: GraphNode, owners: Mapping[str, tuple[str, ...]]) -> tuple[str | None, ...]:
    if isinstance(node.spec, TargetBase):
        return (None,)
    return tuple(
        dict.fromkeys(
            one.port
            for reader in graph.consumers[node.id]
            if owners[reader]
            for one in graph.nodes[reader].inputs
            if one.node == node.id
        )
    )
