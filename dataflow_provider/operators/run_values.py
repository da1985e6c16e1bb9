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

# Runs that no schedule made: their logical date is the end of the interval they look back on.
_UNSCHEDULED = frozenset({"manual", "asset_triggered"})


def values_of_run(run: Any, params: Mapping[str, Any], pipeline: Pipeline, project: Project) -> RunValues:
    """Return the values of an Airflow run (its `dag_run`); the same on every try.

    A run without an interval of its own has the schedule's last complete one before it was due. Parameters that the
    pipeline does not declare (what else the run's `conf` holds) are left out.

    Raises:
        AuthorError: when a parameter is missing or of another type.
    """
    values = resolve_values(
        pipeline,
        project,
        now=run.run_after,
        run_id=run.run_id,
        interval=interval_of_run(run, pipeline, project),
        params={name: value for name, value in params.items() if name in pipeline.params},
    )
    return values if run.run_type in _UNSCHEDULED else replace(values, logical_date=values.interval_start)


def interval_of_run(run: Any, pipeline: Pipeline, project: Project) -> Interval | None:
    """Return the run's data interval, None when it has none; Airflow's "interval" of a single moment is none."""
    start: datetime | None = run.data_interval_start
    end: datetime | None = run.data_interval_end
    if start is None or end is None or start >= end:
        return last_complete_interval(pipeline.schedule, run.run_after, project)
    return start, end
