"""`AIDiagnosisOperator`: why tasks of a run failed and what to do, as a task of a Dag written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from dataflow_provider.errors import AuthorError
from dataflow_provider.operators.errors import airflow_errors
from dataflow_provider.operators.pipeline_stage import pipeline_path
from dataflow_provider.runs.xcoms import ERROR_XCOM

if TYPE_CHECKING:
    from dataflow_provider.diagnosis.context import Attempt
    from dataflow_provider.diagnosis.report import Adviser
    from dataflow_provider.operators.failed_logs import FoundLog
    from dataflow_provider.spec.loader import Loaded
    from dataflow_provider.spec.project import Project

FAILED = frozenset({"failed", "up_for_retry"})


class AIDiagnosisOperator(BaseOperator):
    """Returns a diagnosis of each failed task of the run, or of one log; nothing is changed anywhere.

    Without a model the signatures of the product diagnose alone. A model gives a second opinion on redacted lines, and
    when it fails the diagnosis says so. The task runs when one before it has failed, unless `trigger_rule` is given.

    Args:
        tasks: Tasks of this run to diagnose, those that failed; the tasks straight before this one when omitted. A
            template.
        log_file: A log to diagnose instead of tasks. A template.
        pipeline: The pipeline's YAML file, for its context and patches; absolute or relative to the project. A
            template.
        node: The node that failed, when the log does not name it. A template.
        model_conn_id: Connection of a model. A template.
        kwargs: What every operator takes.

    Raises:
        AuthorError: when both `tasks` and `log_file` are given.
    """

    template_fields: Sequence[str] = ("tasks", "log_file", "pipeline", "node", "model_conn_id")
    ui_color = "#f3e8ff"

    def __init__(
        self,
        *,
        tasks: Sequence[str] = (),
        log_file: str | None = None,
        pipeline: str | Path | None = None,
        node: str | None = None,
        model_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("trigger_rule", "all_done" if log_file is not None else "one_failed")
        super().__init__(**kwargs)
        self.tasks = list(tasks)
        self.log_file = log_file
        self.pipeline = None if pipeline is None else str(pipeline)
        self.node = node
        self.model_conn_id = model_conn_id
        if tasks and log_file is not None:
            raise AuthorError(
                "DF-OPER-008",
                f"Task `{self.task_id}` has `tasks` and `log_file`; it takes one of them, or neither.",
                hint="Without either it diagnoses the failed tasks straight before it.",
            )

    def execute(self, context: Any) -> dict[str, Any]:
        """Return `{"diagnoses": [{"task", …diagnosis}]}`, the likeliest causes and actions first in each."""
        with airflow_errors():
            return {"diagnoses": [self._diagnosed(*failure) for failure in self._failures(context)]}

    def _failures(self, context: Any) -> list[tuple[str | None, str, Attempt]]:
        """Return each failed task, what is known of its failure, and its try; a log alone is no task's.

        Raises:
            AuthorError: DF-OPER-009 when nothing can be read of a failed task.
        """
        from dataflow_provider.diagnosis.context import Attempt
        from dataflow_provider.diagnosis.log import read_log

        if self.log_file is not None:
            try:
                text = read_log(Path(self.log_file))
            except OSError as exc:
                raise AuthorError(
                    "DF-DIAG-001",
                    f"the log `{self.log_file}` cannot be read: {exc.strerror or exc}",
                    hint="Name a text file.",
                ) from exc
            return [(None, text, Attempt.of_log(text, self.node))]
        instance = context["ti"]
        wanted = self.tasks or sorted(self.upstream_task_ids)
        states = instance.get_task_states(dag_id=instance.dag_id, task_ids=wanted, run_ids=[instance.run_id])
        failed = [task for task in wanted if states.get(instance.run_id, {}).get(task) in FAILED]
        return [(task, *self._log_of(instance, task)) for task in failed]

    def _log_of(self, instance: Any, task: str) -> tuple[str, Attempt]:
        """Return a task's newest log, from this worker or Airflow's remote log store, and the error that it has left.

        The number of a try that left no log is 0.
        """
        from dataflow_provider.diagnosis.context import Attempt

        found, trouble = self._found_log(instance, task)
        parts = [] if found is None else [found.text]
        left = instance.xcom_pull(task_ids=task, key=ERROR_XCOM)
        if left:
            parts.append(f"{left}\n")
        if not parts:
            raise AuthorError(
                "DF-OPER-009",
                f"nothing can be read of the failure of `{task}`: its log is not on this worker, {trouble}, and it "
                "left no error of its own",
                hint="Set `[logging] remote_logging` with `remote_base_log_folder` and `remote_log_conn_id`, share the "
                "log folder between workers, or diagnose it on the run page.",
            )
        return "\n".join(parts), Attempt(instance.run_id, task, 0 if found is None else found.try_number)

    def _found_log(self, instance: Any, task: str) -> tuple[FoundLog | None, str]:
        """Return the log, and without one why there is none; a store that fails does not end the diagnosis."""
        from dataflow_provider.airflow_compat import remote_log_store
        from dataflow_provider.diagnosis.redaction import redact
        from dataflow_provider.operators.failed_logs import find_log

        dag = self.get_dag()
        planned = 1 + (dag.get_task(task).retries or 0 if dag is not None and dag.has_task(task) else 0)
        try:
            found = find_log(instance.dag_id, instance.run_id, task, planned)
        except Exception as exc:  # noqa: BLE001 - a store raises errors of its vendor
            trouble = redact(f"{type(exc).__name__}: {exc}")
            self.log.warning("The remote log of `%s` cannot be read: %s", task, trouble)
            return None, f"the remote log store failed ({trouble})"
        has_store = found is not None or remote_log_store() is not None
        return found, "not in the remote log store either" if has_store else "no remote log store is configured"

    def _diagnosed(self, task: str | None, text: str, attempt: Attempt) -> dict[str, Any]:
        from dataflow_provider.diagnosis.report import diagnose, remember

        loaded, project = self._pipeline()
        adviser = self._adviser(project)
        found = diagnose(text, loaded, self.node, project=project, attempt=attempt, adviser=adviser)
        remember(found, loaded, project, attempt)
        self.log.info("task=%s root_cause=%s confidence=%.2f by=%s", task, found.root_cause, found.confidence, found.by)
        for number, action in enumerate(found.actions, 1):
            self.log.info("%d. %s (%.0f%%)", number, action.title, 100 * action.confidence)
        return {"task": task, **found.to_json()}

    def _pipeline(self) -> tuple[Loaded | None, Project | None]:
        from dataflow_provider.spec.loader import load_pipeline
        from dataflow_provider.spec.project import Project

        if self.pipeline is None:
            return None, None
        path = pipeline_path(self.pipeline)
        loaded = load_pipeline(path)
        loaded.require()
        return loaded, Project.of(path)

    def _adviser(self, project: Project | None) -> Adviser | None:
        from dataflow_provider.ai.cache import FileCache
        from dataflow_provider.ai.models import open_model
        from dataflow_provider.diagnosis.report import Adviser
        from dataflow_provider.hooks.connections import connections_of, project_of_installation

        if self.model_conn_id is None:
            return None
        home = project or project_of_installation()
        model = open_model(connections_of(home).get(self.model_conn_id))
        return Adviser(model, FileCache.of(home))
