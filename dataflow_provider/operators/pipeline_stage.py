"""`PipelineStageOperator`: one stage of a pipeline as a task, on the engine of `dataflow run` and of previews."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from dataflow_provider.compiler.plan import Plan


class PipelineStageOperator(BaseOperator):
    """Runs one stage, logs a line per node, and returns the stage's result (state, seconds, row counts) as XCom.

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

    def execute(self, context: Any) -> dict[str, Any]:
        raise NotImplementedError
