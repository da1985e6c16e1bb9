"""The Dag that cleans up after all pipelines: `build_maintenance_dag` for a file of the Dags folder.

It drops stage tables and checkpoints that are older than `[dataflow] stage_retention_days`, and files of half-read
parts. Run records are not its business: the API server keeps and forgets them.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, BaseOperator

from dataflow_provider.dag_factory.discovery import find_pipelines
from dataflow_provider.errors import DataflowError
from dataflow_provider.operators.errors import airflow_errors
from dataflow_provider.settings import Settings

if TYPE_CHECKING:
    from dataflow_provider.execution.cleaning import CleanedTable
    from dataflow_provider.execution.stage_tables import RegisteredTable

DAG_ID = "dataflow_maintenance"
UNFINISHED = ["queued", "running"]


def build_maintenance_dag() -> DAG:
    """Return the Dag, which runs as often as `[dataflow] maintenance_schedule` says; with `never` by hand alone."""
    schedule = Settings.load().maintenance_schedule
    with DAG(
        DAG_ID,
        schedule=None if schedule == "never" else schedule,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=["dataflow-maintenance"],
        doc_md="Drops stage tables and checkpoints nobody will come back for: `[dataflow] stage_retention_days`.",
    ) as dag:
        CleanUpOperator(task_id="clean_stage_tables", retries=3, retry_delay=timedelta(minutes=5))
    return dag


class CleanUpOperator(BaseOperator):
    """Cleans every connection on which a stage of a pipeline runs, of those in the pipelines folder.

    Tables of pipelines that are gone go too, where another pipeline still uses their connection. What a run needs that
    is not over stays, however old it is. A connection that fails does not keep the others from being cleaned.
    """

    template_fields: Sequence[str] = ()

    def execute(self, context: Any) -> dict[str, Any]:
        """Return the number of tables by state, and of folders of parts that are gone.

        Raises:
            DataflowError: of the first connection that could not be cleaned, once all others have been.
        """
        from dataflow_provider.execution.cleaning import Wanted, clean_stage_tables
        from dataflow_provider.hooks.connections import connections_of, project_of_installation

        settings = Settings.load()
        before = datetime.now(UTC) - timedelta(days=settings.stage_retention_days)
        project = project_of_installation()
        connections = connections_of(project)

        def is_needed(table: RegisteredTable) -> bool:
            return bool(context["ti"].get_dr_count(table.pipeline, run_ids=[table.run_id], states=UNFINISHED))

        errors: list[DataflowError] = []
        done: list[CleanedTable] = []
        for conn_id in sorted(self._connections(settings.pipelines_folder)):
            try:
                done += clean_stage_tables([conn_id], Wanted(before), connections, is_needed=is_needed)
            except DataflowError as error:
                self.log.error("connection=%s cannot be cleaned: %s", conn_id, error)
                errors.append(error)
        for one in done:
            self.log.info(
                "connection=%s table=%s pipeline=%s %s", one.connection, one.table.table, one.table.pipeline, one.state
            )
        parts = forget_parts(project.state_folder / "parts", before)
        with airflow_errors():
            for first in errors:
                raise first
        return {**{state: sum(one.state == state for one in done) for state in ("dropped", "kept")}, "parts": parts}

    def _connections(self, pipelines: Path) -> set[str]:
        """Return where stages run; a file that is broken now is told and left out."""
        from dataflow_provider.compiler.plan import plan_pipeline
        from dataflow_provider.spec.loader import load_pipeline

        found: set[str] = set()
        for file in find_pipelines(pipelines):
            if file.origin.refused:
                continue
            try:
                plan = plan_pipeline(load_pipeline(Path(file.origin.path)).require())
            except DataflowError as error:
                self.log.warning("pipeline=%s is left out, it cannot be read: %s", file.pipeline_id, error)
                continue
            found.update(stage.connection for stage in plan.stages)
        return found


def forget_parts(folder: Path, before: datetime) -> int:
    """Folders of parts that no try has touched since are gone; return how many."""
    old = [one for one in (folder.iterdir() if folder.is_dir() else ()) if not _is_touched_since(one, before)]
    for one in old:
        shutil.rmtree(one, ignore_errors=True)
    return len(old)


def _is_touched_since(folder: Path, moment: datetime) -> bool:
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.rglob("*"))) >= moment.timestamp()
    except FileNotFoundError:  # a try is at work in it
        return True
