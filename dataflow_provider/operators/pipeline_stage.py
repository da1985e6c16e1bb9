"""`PipelineStageOperator`: one stage of a pipeline as a task, on the engine of `dataflow run` and of previews."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataflow_provider.operators.engine_task import EngineOperator, Work
from dataflow_provider.runs.xcoms import MADE_OF, RETURN_VALUE

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

    def check(self, work: Work, context: Any) -> None:
        """The stage runs unless what it reads was made of another text of the file than it is itself."""
        if context["ti"].try_number > 1 or context["dag_run"].clear_number:
            refuse_mixed(work.plan, self.stage, context)

    def result(self, work: Work) -> dict[str, Any]:
        """Return the stage's result, with a hash of what it was made of: edits of the file show by it."""
        from dataflow_provider.compiler.made_of import made_of

        return {**super().result(work), MADE_OF: made_of(work.plan, work.plan.stage(self.stage))}

    def _plan(self, path: Path) -> Plan:
        from dataflow_provider.compiler.plan import plan_pipeline
        from dataflow_provider.spec.loader import load_pipeline, parse_pipeline

        loaded = load_pipeline(path) if self.yaml is None else parse_pipeline(self.yaml, str(path))
        return plan_pipeline(loaded.require())


def refuse_mixed(plan: Plan, stage_id: str, context: Any) -> None:
    """A stage that runs again in a run finds the stages before it done by the text that it has itself.

    Raises:
        AuthorError: DF-RUN-058 when one of them was edited since; its rows and ours would not belong together.
    """
    from dataflow_provider.compiler.made_of import made_of
    from dataflow_provider.errors import AuthorError, Place

    for name in plan.stage(stage_id).upstream:
        done = context["ti"].xcom_pull(task_ids=name, key=RETURN_VALUE)
        before = done.get(MADE_OF) if isinstance(done, dict) else None
        if before is not None and before != made_of(plan, plan.stage(name)):
            raise AuthorError(
                "DF-RUN-058",
                f"stage `{name}` was done before the file was edited, and `{stage_id}` would go on with its old rows",
                place=Place(node=name),
                hint="Go on from the checkpoint (in the app, or through the API), which does what was edited again; or "
                f"clear `{name}` with all that follows it.",
            )


def pipeline_path(written: str) -> Path:
    """Return the file of a pipeline; a relative path starts at the folder above the pipelines folder."""
    from dataflow_provider.settings import Settings

    path = Path(written)
    return path if path.is_absolute() else Settings.load().pipelines_folder.parent / path
