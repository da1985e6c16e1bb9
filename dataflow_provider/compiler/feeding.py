"""Which incremental sources feed a stage, and which targets a source feeds: told by the graph, also at parse time."""

from __future__ import annotations

from collections.abc import Iterable

from dataflow_provider.compiler.plan import Plan
from dataflow_provider.compiler.support import is_read_on
from dataflow_provider.spec.nodes import Incremental, SourceBase, TargetBase


def incremental_of(plan: Plan, node: str) -> Incremental | None:
    """Return how a source of the graph is read incrementally, None for every other node."""
    spec = plan.graph.nodes[node].spec
    return spec.incremental if isinstance(spec, SourceBase) and is_read_on(spec) else None


def incremental_sources(plan: Plan, stage_ids: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return the sources that are read incrementally; of some stages only, those whose rows they read."""
    waiting = [stage.id for stage in plan.stages] if stage_ids is None else list(stage_ids)
    seen: set[str] = set()
    nodes: set[str] = set()
    while waiting:
        stage = plan.stage(waiting.pop())
        if stage.id not in seen:
            seen.add(stage.id)
            nodes.update(stage.nodes)
            waiting += [one.stage for one in stage.inputs]
    return tuple(node for node in plan.graph.nodes if node in nodes and incremental_of(plan, node) is not None)


def targets_fed_by(plan: Plan, source: str) -> tuple[str, ...]:
    """Return the targets that rows of the source reach, whatever part of the plan is run."""
    found: dict[str, None] = {}
    waiting = [source]
    while waiting:
        for reader in plan.graph.consumers[waiting.pop()]:
            if reader not in found:
                found[reader] = None
                waiting.append(reader)
    return tuple(
        node for node in plan.graph.nodes if node in found and isinstance(plan.graph.nodes[node].spec, TargetBase)
    )
