from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.errors import AuthorError
from dataflow_provider.operators.run_values import values_of_run
from dataflow_provider.spec.loader import parse_pipeline
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project
from tests.unit.operators.conftest import MakeContext

DAILY = 'schedule: {cron: "30 6 * * *", timezone: Europe/Warsaw}\n'


def pipeline(top: str = "") -> Pipeline:
    text = f"apiVersion: dataflow/v1\nkind: Pipeline\nid: calls\n{top}nodes:\n"
    text += "  a: {type: source.duckdb, table: calls}\n  b: {type: target.duckdb, from: a, table: copy}\n"
    return parse_pipeline(text, "calls.yaml").require()


def project_of(folder: Path) -> Project:
    return Project.of(folder / "yaml_pipelines" / "telecom" / "calls.yaml")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # year, month, day …


def test_values_of_a_scheduled_run_are_its_interval(project: Path, make_context: MakeContext) -> None:
    values = values_of_run(make_context()["dag_run"], {}, pipeline(DAILY), project_of(project))
    assert (values.interval_start, values.interval_end) == (utc(2026, 11, 1), utc(2026, 11, 2))
    assert values.logical_date == utc(2026, 11, 1)
    assert values.run_id == "scheduled__2026-11-02T00:00:00+00:00"
    assert values.workspace == "telecom"


@pytest.mark.parametrize(
    "bounds",
    [
        {"data_interval_start": None, "data_interval_end": None},
        # What Airflow's timetable of unscheduled Dags gives a run started by hand.
        {"data_interval_start": utc(2026, 11, 10, 12), "data_interval_end": utc(2026, 11, 10, 12)},
    ],
)
def test_values_of_a_run_by_hand_are_the_last_complete_interval(
    bounds: dict[str, Any], project: Path, make_context: MakeContext
) -> None:
    run = make_context(run_type="manual", run_after=utc(2026, 11, 10, 12), **bounds)["dag_run"]
    values = values_of_run(run, {}, pipeline(DAILY), project_of(project))
    assert (values.interval_start, values.interval_end) == (utc(2026, 11, 9, 5, 30), utc(2026, 11, 10, 5, 30))
    assert values.logical_date == values.interval_end


def test_values_of_a_run_by_hand_keep_the_interval_it_was_given(project: Path, make_context: MakeContext) -> None:
    run = make_context(run_type="manual")["dag_run"]
    values = values_of_run(run, {}, pipeline(DAILY), project_of(project))
    assert (values.interval_start, values.logical_date) == (utc(2026, 11, 1), utc(2026, 11, 2))


def test_values_without_a_schedule_have_no_interval(project: Path, make_context: MakeContext) -> None:
    run = make_context(run_type="manual", data_interval_start=None, data_interval_end=None)["dag_run"]
    values = values_of_run(run, {}, pipeline(), project_of(project))
    assert (values.interval_start, values.interval_end, values.logical_date) == (None, None, None)


def test_values_take_declared_parameters_in_their_type(project: Path, make_context: MakeContext) -> None:
    top = "params: {day: {type: date, default: 2026-01-01}, least: {type: integer, default: 1}}\n"
    given = {"day": "2026-11-05", "ticket": "CHG-1"}
    values = values_of_run(make_context()["dag_run"], given, pipeline(top), project_of(project))
    assert values.params == {"day": date(2026, 11, 5), "least": 1}


def test_values_with_a_parameter_of_another_type_are_refused(project: Path, make_context: MakeContext) -> None:
    top = "params: {least: {type: integer, default: 1}}\n"
    with pytest.raises(AuthorError, match="`least`"):
        values_of_run(make_context()["dag_run"], {"least": "many"}, pipeline(top), project_of(project))
