"""`PipelineStageOperator`: one stage of a pipeline as a task, on the engine of `dataflow run` and of previews."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from dataflow_provider.compiler.plan import Plan


class PipelineStageOperator(BaseOperator):
    """Runs one stage, logs a line per node, and returns the stage's result (states, seconds, row counts) as XCom.

    Nothing in it is a template: `{{ x }}` in a pipeline stays text.

    Args:
        plan: The planned pipeline, as the Dag factory gives it.
        pipeline: For Dags written by hand, in place of `plan`: the YAML's path, relative to the project.
        stage: The stage to run; the task's id when omitted.
        project: Where relative paths of the pipeline start; the folder above the pipelines folder when omitted.
        workspace: Keeps the stage tables of workspaces apart.
    """

    template_fields: Sequence[str] = ()
    shallow_copy_attrs: Sequence[str] = ("plan",)
    ui_color = "#e7f0fd"

    def __init__(
        self,
        *,
        plan: Plan | None = None,
        pipeline: str | Path | None = None,
        stage: str | None = None,
        project: str | Path | None = None,
        workspace: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (plan is None) == (pipeline is None):
            raise ValueError("give one of `plan` and `pipeline`")
        self.plan = plan
        self.pipeline = None if pipeline is None else str(pipeline)
        self.stage = stage or self.task_id
        self.project = None if project is None else str(project)
        self.workspace = workspace

    def execute(self, context: Any) -> dict[str, Any]:
        raise NotImplementedError
