"""Rules on rows that are nobody's to publish: a table or a query is judged where it lies, and nothing is written."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.graph import build_graph
from dataflow_provider.compiler.lowering.context import Lowering
from dataflow_provider.compiler.lowering.gates import build_gates
from dataflow_provider.compiler.plan import Plan, Stage
from dataflow_provider.compiler.sql import lower_nodes
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.connections import Connections
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.execution.gates import Gatekeeper
from dataflow_provider.execution.history import FileHistory, RowHistory
from dataflow_provider.execution.results import NodeResult, StageResult, StageState
from dataflow_provider.execution.stage import open_session
from dataflow_provider.execution.steps import blamed
from dataflow_provider.quality.verdicts import Circumstances
from dataflow_provider.spec.findings import Severity
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project


def judging_plan(pipeline: Pipeline, last: str) -> Plan:
    """Return a plan of one stage, named `last`, that judges all nodes of a pipeline without targets."""
    graph = build_graph(pipeline)
    home = graph.nodes[last]
    stage = Stage(
        id=last, nodes=tuple(graph.nodes), connection=home.connection, dialect=home.dialect, rule="judged",
        reason="Its rows are judged where they lie.", ports=(), inputs=(), upstream=(), retries=None, retry_delay=None,
        retry_backoff=None, timeout=None, pool=None,
    )  # fmt: skip
    return Plan(pipeline, graph, (stage,))


@dataclass(frozen=True)
class Judging:
    """One look at the rows of a plan of `judging_plan`."""

    plan: Plan
    values: RunValues
    connections: Connections
    project: Project
    history: RowHistory | None = None

    def run(self) -> StageResult:
        """Return what the rules found: one statement a quality node, and samples of failing rows.

        Raises:
            QualityError: a rule does not hold and its node blocks.
            CompileError: with every problem of the nodes.
        """
        started = time.monotonic()
        (stage,) = self.plan.stages
        history = self.history or FileHistory.of(self.plan.pipeline.id, self.values, self.project)
        nodes = []
        with open_session(self.plan, stage, self.connections, self.project, read_only=True) as session:
            dialect = get_dialect(stage.dialect)
            scope = Lowering(self.plan.pipeline, self.plan.graph, dialect, self.values, probe=session)
            lower_nodes(scope, (self.plan.graph.nodes[node] for node in stage.nodes))
            errors = [problem for problem in scope.problems if problem.severity is Severity.ERROR]
            if errors:
                raise CompileError(errors)
            gates = tuple(build_gates(scope, {}))
            keeper = Gatekeeper(session, gates, Circumstances(datetime.now(UTC), history.earlier))
            for gate in gates:
                begun = time.monotonic()
                with blamed(gate.node):
                    checked = keeper.ask(gate.node).checked
                seconds = round(time.monotonic() - begun, 3)
                nodes.append(NodeResult(gate.node, rows_in=checked, rows_out=checked, seconds=seconds))
                if any(rule.kind == "history" for rule in gate.rules):
                    history.keep(gate.node, checked)
        seconds = round(time.monotonic() - started, 3)
        state: StageState = "warning" if keeper.warned else "success"
        return StageResult(stage.id, state, seconds, tuple(nodes), quality=tuple(keeper.results))
