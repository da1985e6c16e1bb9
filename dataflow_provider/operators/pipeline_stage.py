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
        yaml: The file's text as the Dag factory has read it; then the file is not read again.
        kwargs: What every operator takes.
    """

    template_fields: Sequence[str] = ()
    ui_color = "#e7f0fd"

    def __init__(
        self, *, pipeline: str | Path, stage: str | None = None, yaml: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.pipeline = str(pipeline)
        self.stage = stage or self.task_id
        # Text, not the plan made of it: a process may hold thousands of Dags, and planning again takes a millisecond.
        self.yaml = yaml
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
        plan = self._plan(path)
        project = Project.of(path)
        values = values_of_run(context["dag_run"], context["params"], plan.pipeline, project)
        return run_stage(plan, self.stage, values, connections_of(project), project)

    def _path(self) -> Path:
        from dataflow_provider.settings import Settings

        path = Path(self.pipeline)
        return path if path.is_absolute() else Settings.load().pipelines_folder.parent / path

    def _plan(self, path: Path) -> Plan:
        from dataflow_provider.compiler.plan import plan_pipeline
        from dataflow_provider.spec.loader import load_pipeline, parse_pipeline

        loaded = load_pipeline(path) if self.yaml is None else parse_pipeline(self.yaml, str(path))
        return plan_pipeline(loaded.require())
