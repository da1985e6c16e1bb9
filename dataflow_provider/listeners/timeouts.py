"""A run that Airflow ends after its `run_timeout` says so: in its note, for whoever opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.listeners import hookimpl

from dataflow_provider.airflow_compat import OUR_TAG

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

TIMED_OUT = "timed_out"
"""What Airflow's scheduler says of such a run; its unfinished tasks are skipped, and stopped at their next beat."""


@hookimpl
def on_dag_run_failed(dag_run: DagRun, msg: str) -> None:
    """A pipeline's run that timed out has a note, in the scheduler's own transaction; a note of a person stays."""
    dag = dag_run.dag
    if msg != TIMED_OUT or dag is None or dag.dagrun_timeout is None or OUR_TAG not in dag.tags or dag_run.note:
        return
    from dataflow_provider.spec.values import render_duration

    dag_run.note = f"Timed out after {render_duration(dag.dagrun_timeout)} (run_timeout): what still ran was stopped."
