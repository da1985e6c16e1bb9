"""What the operators have in common: a plan, its stages run on the engine, and what OpenLineage is told of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseOperator

from dataflow_provider.operators.errors import TaskStoppedError, airflow_errors, keep_error

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from dataflow_provider.compiler.plan import Plan
    from dataflow_provider.compiler.values import RunValues
    from dataflow_provider.connectors.connections import Connections
    from dataflow_provider.execution.results import StageResult
    from dataflow_provider.execution.watermarks import WatermarkStore
    from dataflow_provider.spec.findings import Problem
    from dataflow_provider.spec.project import Project


@dataclass(frozen=True)
class Work:
    """What a task does: the stages of a plan, in order."""

    plan: Plan
    stages: tuple[str, ...]
    project: Project
    connections: Connections


@dataclass(frozen=True)
class Reads:
    """What the incremental sources of a task read, frozen in the run's values; `store` is None when there are none."""

    plan: Plan
    values: RunValues
    store: WatermarkStore | None
    remarks: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, work: Work, values: RunValues, context: Any) -> Reads:
        """Return what an earlier try or task of the run has frozen, else what is taken now.

        Raises:
            DataflowError: when a source cannot be read by its column, or its watermark is of another one.
        """
        from dataflow_provider.compiler.feeding import incremental_sources
        from dataflow_provider.operators.asset_watermarks import AssetWatermarks

        sources = incremental_sources(work.plan, work.stages)
        store = AssetWatermarks.of(context, work.plan.pipeline.id, sources) if sources else None
        if store is None:
            return cls(work.plan, values, None)
        from dataflow_provider.execution.incremental import freeze_windows

        again = context["ti"].try_number > 1 or bool(context["dag_run"].clear_number)
        own = {node for stage in work.stages for node in work.plan.stage(stage).nodes}
        frozen, remarks = freeze_windows(
            work.plan, values, work.connections, work.project, store, sources, again=again, own=own
        )
        return cls(work.plan, frozen, store, tuple(remarks))

    def published(self, stage: str, result: StageResult) -> StageResult:
        """Move the watermarks that waited for the stage, and return its result with what is to say of its sources."""
        if self.store is None:
            return result
        from dataflow_provider.execution.incremental import note_published

        note_published(self.plan, self.values, stage, self.store)
        said = tuple(one for one in self.remarks if one.node in self.plan.stage(stage).nodes)
        return replace(result, problems=(*said, *result.problems))


class EngineOperator(BaseOperator):
    """Runs stages of a plan, and tells OpenLineage of datasets, columns, SQL and rows.

    Args:
        kwargs: What every operator takes.
    """

    ui_color = "#e7f0fd"

    # Not set by an `__init__` of its own: Airflow wraps each one, and a process builds thousands of tasks.
    deferrable: bool | None = False
    poll_interval = 10.0
    _at_work = False
    _values: RunValues | None = None
    _done: Mapping[str, StageResult] = MappingProxyType({})
    _earlier: Mapping[str, dict[str, Any]] = MappingProxyType({})

    @abstractmethod
    def work(self) -> Work:
        """Return what the task does; its templates are rendered. Parsing a Dag never asks."""

    def check(self, work: Work, context: Any) -> None:
        """Refuse what must not run."""

    def values_given(self, context: Any) -> Mapping[str, Any]:
        """Return the values of the pipeline's parameters."""
        given: Mapping[str, Any] = context["params"]
        return given

    def execute(self, context: Any) -> dict[str, Any]:
        """Run the stages and return their result; waiting for a job, a deferrable task leaves the worker."""
        return self._run(context, resumed=False)

    def resume(self, context: Any, event: Any, earlier: dict[str, Any] | None = None) -> dict[str, Any]:
        """Go on after the trigger has fired; `earlier` are the results of stages that were done before."""
        self.log.info("job=%s is %s", event["job_id"], event["status"])
        self._earlier = earlier or {}
        return self._run(context, resumed=True)

    def _run(self, context: Any, *, resumed: bool) -> dict[str, Any]:
        self._at_work, self._done = True, {}
        try:
            with airflow_errors(), keep_error(context):
                work = self.work()
                self.check(work, context)
                self._values = self.values_of(work, context)
                self._run_stages(work, self._values, context, resumed)
                return self.result(work)
        finally:
            self._at_work = False

    def on_kill(self) -> None:
        """Raise into the statement at work, from Airflow's signal handler: it is interrupted or its job cancelled."""
        if self._at_work:
            raise TaskStoppedError("The task was stopped; what it had begun is rolled back.")

    def values_of(self, work: Work, context: Any) -> RunValues:
        """Return the values of the run, the same on every try."""
        from dataflow_provider.operators.run_values import values_of_run

        return values_of_run(context["dag_run"], self.values_given(context), work.plan.pipeline, work.project)

    def _run_stages(self, work: Work, values: RunValues, context: Any, resumed: bool) -> None:
        """Run the stages that are not done yet and keep their results."""
        # Parsing a Dag imports this module, and must not pay for the engine.
        from dataflow_provider.execution.jobs import JobRunning, JobWatch
        from dataflow_provider.execution.stage import run_stage
        from dataflow_provider.operators.job_ledger import TaskJobs
        from dataflow_provider.operators.row_history import TaskHistory
        from dataflow_provider.operators.task_reads import freeze_reads

        waits = not leaves_worker(self.deferrable, work, self.log)
        reads = Reads.of(work, freeze_reads(work, values, context), context)
        self._values = reads.values
        history = TaskHistory(context)
        watch = JobWatch(TaskJobs(context), waits=waits, resumed=resumed, poll_s=self.poll_interval)
        try:
            with watch.kept_until_the_end():
                for stage in work.stages:
                    if stage not in self._earlier:
                        result = run_stage(
                            work.plan, stage, reads.values, work.connections, work.project, watch, history=history
                        )
                        self._done = {**self._done, stage: reads.published(stage, result)}
        except JobRunning as running:
            self._defer(work, running.job_id)

    def _defer(self, work: Work, job_id: str) -> NoReturn:
        from dataflow_provider.triggers.sql_job import SqlJobTrigger

        done = {**self._earlier, **{stage: result.to_json() for stage, result in self._done.items()}}
        waiting = next(stage for stage in work.stages if stage not in done)
        self.defer(
            trigger=SqlJobTrigger(
                conn_id=work.plan.stage(waiting).connection, job_id=job_id, poll_interval=self.poll_interval
            ),
            method_name="resume",
            kwargs={"earlier": done},
        )

    def result(self, work: Work) -> dict[str, Any]:
        """Return the result of the last stage; of several, with the nodes, findings and seconds of all."""
        answers = self._answers()
        return answers[-1] if len(answers) == 1 else joined(answers)

    def _answers(self) -> list[dict[str, Any]]:
        return [*self._earlier.values(), *(one.to_json() for one in self._done.values())]

    # ------------------------------------------------------------ OpenLineage

    def get_openlineage_facets_on_start(self) -> OperatorLineage[Any, Any] | None:
        """Return the datasets and columns as the text tells them; called by Airflow's OpenLineage provider."""
        from dataflow_provider.operators.openlineage import operator_lineage

        return operator_lineage(self.work(), (), {}, None)

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any] | None:
        """Return the datasets and columns as the run met them, with its SQL and rows; called as above."""
        from dataflow_provider.operators.openlineage import operator_lineage

        ran = [result.compiled for result in self._done.values() if result.compiled is not None]
        rows = {node["id"]: node["rows_out"] for answer in self._answers() for node in answer["nodes"]}
        return operator_lineage(self.work(), ran, rows, self._values)


def joined(answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the results of several stages, as `StageResult.to_json` tells them, under the name of the last."""
    from dataflow_provider.execution.results import NodeResult, merge_nodes

    nodes: dict[str, NodeResult] = {}
    for one in (NodeResult(**node) for answer in answers for node in answer["nodes"]):
        nodes[one.id] = merge_nodes(nodes[one.id], one) if one.id in nodes else one
    return {
        "stage": answers[-1]["stage"],
        "state": max((one["state"] for one in answers), key=("success", "warning").index),
        "seconds": round(sum(one["seconds"] for one in answers), 3),
        "nodes": [asdict(node) for node in nodes.values()],
        "findings": [finding for one in answers for finding in one["findings"]],
        "quality": [rule for one in answers for rule in one.get("quality", ())],
        **({"ai": asked} if (asked := [usage for one in answers for usage in one.get("ai", ())]) else {}),
    }


def leaves_worker(deferrable: bool | None, work: Work, log: Any) -> bool:
    """Return whether the task shall wait without a worker; None means Airflow's default for operators.

    Raises:
        AuthorError: DF-OPER-005 when the task asks for it itself, and an engine of its stages has no job ids.
    """
    from airflow.sdk.configuration import conf

    from dataflow_provider.connectors.jobs import JOB_ENGINES
    from dataflow_provider.errors import AuthorError

    wanted = conf.getboolean("operators", "default_deferrable", fallback=False) if deferrable is None else deferrable
    without = sorted({work.plan.stage(stage).dialect for stage in work.stages} - JOB_ENGINES)
    if not wanted or not without:
        return wanted
    engines = ", ".join(f"`{name}`" for name in without)
    able = ", ".join(f"`{name}`" for name in sorted(JOB_ENGINES))
    if deferrable is None:
        log.info("the task waits in its worker: %s has no job ids (operators.default_deferrable is on)", engines)
        return False
    raise AuthorError(
        "DF-OPER-005",
        f"`deferrable=True` needs an engine with job ids, {able}; this task runs on {engines}.",
        hint="Leave `deferrable` out; the task then waits in its worker.",
    )
