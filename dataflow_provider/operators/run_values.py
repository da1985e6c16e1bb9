"""The values of a run as Airflow has them: data interval, run id and parameters, frozen with the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from dataflow_provider.compiler.values import RunValues
from dataflow_provider.execution.values import Interval, last_complete_interval, resolve_values
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project


def values_of_context(context: Mapping[str, Any], pipeline: Pipeline, project: Project) -> RunValues:
    """Return the values of the run that a task belongs to; the same on every try.

    A run started by hand has the schedule's last complete interval before it was due, whatever Airflow guessed, and
    the interval's end as its logical date. Parameters that the pipeline does not declare (the run's free `conf`) are
    left out.

    Raises:
        AuthorError: when a parameter is missing or of another type.
    """
    run = context["dag_run"]
    given = {name: value for name, value in context["params"].items() if name in pipeline.params}
    values = resolve_values(
        pipeline,
        project,
        now=run.run_after,
        run_id=run.run_id,
        interval=interval_of_run(run, pipeline),
        params=given,
    )
    if run.run_type in ("manual", "asset_triggered"):
        return values
    return replace(values, logical_date=values.interval_start)


def interval_of_run(run: Any, pipeline: Pipeline) -> Interval | None:
    """Return the run's data interval, None when it has none; Airflow's "interval" of a moment is none."""
    start: datetime | None = run.data_interval_start
    end: datetime | None = run.data_interval_end
    if start is None or end is None or start >= end:
        return last_complete_interval(pipeline.schedule, run.run_after)
    return start, end
