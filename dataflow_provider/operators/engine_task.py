"""What the operators have in common: a plan, its stages run on the engine, and what OpenLineage is told of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from dataflow_provider.operators.errors import TaskStoppedError, airflow_errors, keep_error

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from dataflow_provider.compiler.plan import Plan
    from dataflow_provider.compiler.values import RunValues
    from dataflow_provider.connectors.connections import Connections
    from dataflow_provider.execution.results import StageResult
    from dataflow_provider.spec.project import Project


@dataclass(frozen=True)
class Work:
    """What a task does: the stages of a plan, in order."""

    plan: Plan
    stages: tuple[str, ...]
    project: Project
    connections: Connections


class EngineOperator(BaseOperator):
    """Runs stages of a plan, and tells OpenLineage of datasets, columns, SQL and rows.

    Args:
        kwargs: What every operator takes.
    """

    ui_color = "#e7f0fd"

    # Not set by an `__init__` of its own: Airflow wraps each one, and a process builds thousands of tasks.
    _at_work = False
    _values: RunValues | None = None
    _done: Mapping[str, StageResult] = MappingProxyType({})

    @abstractmethod
    def work(self) -> Work:
        """Return what the task does; its templates are rendered. Parsing a Dag never asks."""

    def values_given(self, context: Any) -> Mapping[str, Any]:
        """Return the values of the pipeline's parameters."""
        given: Mapping[str, Any] = context["params"]
        return given

    def execute(self, context: Any) -> dict[str, Any]:
        self._at_work, self._done = True, {}
        try:
            with airflow_errors(), keep_error(context):
                work = self.work()
                self._values = self.values_of(work, context)
                self.run_stages(work, self._values, context)
                return self.result()
        finally:
            self._at_work = False

    def on_kill(self) -> None:
        """Raise into the statement at work, from Airflow's signal handler: the session interrupts and rolls back."""
        if self._at_work:
            raise TaskStoppedError("The task was stopped; what it had begun is rolled back.")

    def values_of(self, work: Work, context: Any) -> RunValues:
        """Return the values of the run, the same on every try."""
        from dataflow_provider.operators.run_values import values_of_run

        return values_of_run(context["dag_run"], self.values_given(context), work.plan.pipeline, work.project)

    def run_stages(self, work: Work, values: RunValues, context: Any) -> None:
        """Run the stages that are not done yet and keep their results."""
        # Parsing a Dag imports this module, and must not pay for the engine.
        from dataflow_provider.execution.stage import run_stage

        for stage in work.stages:
            result = run_stage(work.plan, stage, values, work.connections, work.project)
            self._done = {**self._done, stage: result}

    def result(self) -> dict[str, Any]:
        """Return the result of the last stage; of several, with the nodes, findings and seconds of all."""
        from dataflow_provider.execution.results import RunResult

        stages = tuple(self._done.values())
        answer = stages[-1].to_json()
        if len(stages) > 1:
            state = max((one.state for one in stages), key=("success", "warning").index)
            whole = RunResult("", state, round(sum(one.seconds for one in stages), 3), stages)
            answer |= {"state": state, "seconds": whole.seconds, "nodes": [asdict(node) for node in whole.nodes]}
            answer["findings"] = [finding for one in stages for finding in one.to_json()["findings"]]
        return answer

    # ------------------------------------------------------------ OpenLineage

    def get_openlineage_facets_on_start(self) -> OperatorLineage[Any, Any] | None:
        """Return the datasets and columns as the text tells them; called by Airflow's OpenLineage provider."""
        from dataflow_provider.operators.openlineage import operator_lineage

        return operator_lineage(self.work(), {}, None)

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any] | None:
        """Return the datasets and columns as the run met them, with its SQL and rows; called as above."""
        from dataflow_provider.operators.openlineage import operator_lineage

        return operator_lineage(self.work(), self._done, self._values)
