"""What a stage is made of, as a hash: its nodes and those before it, as far as they decide its rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from dataflow_provider.compiler.plan import Plan, Stage

_NOT_IN_ROWS = {"description", "retries", "retry_delay", "retry_backoff", "timeout", "pool"}


def made_of(plan: Plan, stage: Stage) -> str:
    """Return a hash that changes with every edit of the file that may change the stage's rows.

    Values of the run, and what tables hold, are no part of it; declared parameters are, where a node names them.
    """
    behind = list(with_upstream(plan, stage))
    nodes = {
        node: plan.graph.nodes[node].spec.model_dump(mode="json", exclude=_NOT_IN_ROWS)
        for one in behind
        for node in one.nodes
    }
    text = json.dumps([nodes, {one.id: [one.connection, one.dialect] for one in behind}], sort_keys=True, default=str)
    params = {
        name: param.model_dump(mode="json", exclude={"description"})
        for name, param in plan.pipeline.params.items()
        if f":{name}" in text
    }
    return hashlib.sha256((text + json.dumps(params, sort_keys=True, default=str)).encode()).hexdigest()[:16]


def with_upstream(plan: Plan, stage: Stage) -> Iterator[Stage]:
    """Yield the stage and all before it, each once."""
    seen, waiting = {stage.id}, [stage]
    while waiting:
        one = waiting.pop()
        yield one
        for other in one.upstream:
            if other not in seen:
                seen.add(other)
                waiting.append(plan.stage(other))
