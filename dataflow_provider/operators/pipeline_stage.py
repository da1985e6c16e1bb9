"""`PipelineStageOperator`: one stage of a pipeline as a task, on the engine of `dataflow run` and of previews."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from dataflow_provider.operators.errors import TaskStoppedError, airflow_errors, keep_error

if TYPE_CHECKING:
    from dataflow_provider.compiler.plan import Plan
    from dataflow_provider.execution.results import StageResult


class PipelineStageOperator(BaseOperator):
    """Runs one stage, logs its rows, and returns the stage's result (state, seconds, rows of each node) as XCom.

    Nothing in it is a template: `{{ x }}` in a pipeline stays text.

    Args:
        pipeline: The pipeline's YAML file, absolute or relative to the project; read when the task runs.
        stage: The stage to run; the task's id when omitted.
        plan: The pipeline as the Dag factory has planned it already; then the file is not read.
        kwargs: What every operator takes.
    """

    template_fields: Sequence[str] = ()
    shallow_copy_attrs: Sequence[str] = ("plan",)
    ui_color = "#e7f0fd"

    def __init__(
        self, *, pipeline: str | Path, stage: str | None = None, plan: Plan | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.pipeline = str(pipeline)
        self.stage = stage or self.task_id
        self.plan = plan
        self._at_work = False

    def execute(self, context: Any) -> dict[str, Any]:
        self._at_work = True
        try:
            with airflow_errors(), keep_error(context):
                return self._run_stage(context).to_json()
        finally:
            self._at_work = False

    def on_kill(self) -> None:
        """Raise into the statement at work, from Airflow's signal handler: the session interrupts and rolls back."""
        if self._at_work:
            raise TaskStoppedError("The task was stopped; what it had begun is rolled back.")

    def _run_stage(self, context: Any) -> StageResult:
        # Parsing a Dag imports this module, and must not pay for the engine.
        from dataflow_provider.execution.stage import run_stage
        from dataflow_provider.hooks.connections import connections_of
        from dataflow_provider.operators.run_values import values_of_run
        from dataflow_provider.spec.project import Project

        path = self._path()
        plan = self.plan or load_plan(path)
        project = Project.of(path)
        values = values_of_run(context["dag_run"], context["params"], plan.pipeline, project)
        return run_stage(plan, self.stage, values, connections_of(project), project)

    def _path(self) -> Path:
        from dataflow_provider.settings import Settings

        path = Path(self.pipeline)
        return path if path.is_absolute() else Settings.load().pipelines_folder.parent / path


def load_plan(path: Path) -> Plan:
    """Return the plan of a pipeline file.

    Raises:
        AuthorError: with all findings of a file that cannot run.
    """
    from dataflow_provider.compiler.plan import plan_pipeline
    from dataflow_provider.spec.loader import load_pipeline

    return plan_pipeline(load_pipeline(path).require())
