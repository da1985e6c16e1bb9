"""`PipelineStageOperator`: one stage of a pipeline as a task, on the engine of `dataflow run` and of previews."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataflow_provider.operators.engine_task import EngineOperator, Work

if TYPE_CHECKING:
    from dataflow_provider.compiler.plan import Plan


class PipelineStageOperator(EngineOperator):
    """Runs one stage, logs its rows, and returns the stage's result (state, seconds, rows of each node) as XCom.

    Nothing in it is a template: `{{ x }}` in a pipeline stays text.

    Args:
        pipeline: The pipeline's YAML file, absolute or relative to the project; read when the task runs.
        stage: The stage to run; the task's id when omitted.
        yaml: The file's text as the Dag factory has read it; then the file is not read again.
        deferrable: Wait for long statements without a worker, on engines with job ids (Snowflake, Databricks); refused
            on others. Airflow's `[operators] default_deferrable` when omitted, which others ignore.
        kwargs: What every operator takes.
    """

    template_fields: Sequence[str] = ()

    def __init__(
        self,
        *,
        pipeline: str | Path,
        stage: str | None = None,
        yaml: str | None = None,
        deferrable: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pipeline = str(pipeline)
        self.stage = stage or self.task_id
        # Text, not the plan made of it: a process may hold thousands of Dags, and planning again takes a millisecond.
        self.yaml = yaml
        self.deferrable = deferrable

    def work(self) -> Work:
        from dataflow_provider.hooks.connections import workspace_connections_of
        from dataflow_provider.spec.project import Project

        path = pipeline_path(self.pipeline)
        project = Project.of(path)
        return Work(self._plan(path), (self.stage,), project, workspace_connections_of(project))

    def _plan(self, path: Path) -> Plan:
        from dataflow_provider.compiler.plan import plan_pipeline
        from dataflow_provider.spec.loader import load_pipeline, parse_pipeline

        loaded = load_pipeline(path) if self.yaml is None else parse_pipeline(self.yaml, str(path))
        return plan_pipeline(loaded.require())


def pipeline_path(written: str) -> Path:
    """Return the file of a pipeline; a relative path starts at the folder above the pipelines folder."""
    from dataflow_provider.settings import Settings

    path = Path(written)
    return path if path.is_absolute() else Settings.load().pipelines_folder.parent / path
