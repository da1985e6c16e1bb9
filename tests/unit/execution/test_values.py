"""Parameters, intervals and run ids, and that a run id keeps its values."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.errors import AuthorError
from dataflow_provider.execution.frozen import start_run
from dataflow_provider.execution.values import (
    last_complete_interval,
    new_run_id,
    parse_interval,
    resolve_values,
    typed_params,
)
from dataflow_provider.spec.models import Param, Schedule
from dataflow_provider.spec.project import Project
from tests.unit.execution.conftest import Workplace

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
PROJECT = Project.of(Path("calls.yaml"))
TEXT = """
params:
  low: {type: integer, default: 1}
  day: {type: date, default: 2026-01-01}
nodes:
  src: {type: source.duckdb, table: s}
  t: {type: target.duckdb, from: src, table: t}
"""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("string", "5", "5"),
        ("integer", "5", 5),
        ("integer", -5, -5),
        ("number", "0.5", 0.5),
        ("number", 2, 2.0),
        ("boolean", "TRUE", True),
        ("boolean", False, False),
        ("date", "2026-01-31", date(2026, 1, 31)),
        ("timestamp", "2026-01-31T06:00:00+02:00", datetime(2026, 1, 31, 4)),
        ("timestamp", date(2026, 1, 31), datetime(2026, 1, 31)),
    ],
)
def test_param_is_of_its_declared_type(kind: Any, given: object, value: object) -> None:
    typed = typed_params({"p": Param(type=kind)}, {"p": given})["p"]
    assert typed == value
    assert type(typed) is type(value)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("string", 5), ("integer", "5.5"), ("integer", True), ("integer", 5.0), ("number", "nan"), ("number", "many"),
        ("boolean", "yes"), ("boolean", 1), ("date", "2026-02-30"), ("date", 20260101), ("timestamp", "noon"),
    ],
)  # fmt: skip
def test_param_of_another_type_is_refused(kind: Any, given: object) -> None:
    with pytest.raises(AuthorError, match="DF-RUN-006") as caught:
        typed_params({"p": Param(type=kind)}, {"p": given})
    assert f"`{given}`" in caught.value.message


def test_unknown_param_is_refused_with_the_likely_one() -> None:
    with pytest.raises(AuthorError, match=r"DF-RUN-004.*`low`"):
        typed_params({"low": Param(type="integer", default=1)}, {"lwo": "2"})


def test_param_without_default_and_value_is_refused() -> None:
    with pytest.raises(AuthorError, match="DF-RUN-005"):
        typed_params({"low": Param(type="integer")}, {})


@pytest.mark.parametrize(
    ("cron", "zone", "now", "start", "end"),
    [
        ("30 6 * * *", "UTC", "2026-03-10T12:00", "2026-03-09T06:30", "2026-03-10T06:30"),
        ("30 6 * * *", "UTC", "2026-03-10T06:29:59", "2026-03-08T06:30", "2026-03-09T06:30"),
        ("30 6 * * *", "UTC", "2026-03-10T06:30:00", "2026-03-09T06:30", "2026-03-10T06:30"),
        ("0 0 * * *", "Europe/Warsaw", "2026-03-29T23:00", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("0 * * * *", "UTC", "2026-01-01T00:10", "2025-12-31T23:00", "2026-01-01T00:00"),
    ],
)
def test_last_complete_interval_ends_by_now(cron: str, zone: str, now: str, start: str, end: str) -> None:
    interval = last_complete_interval(Schedule(cron=cron, timezone=zone), utc(now), PROJECT)
    assert interval == (utc(start), utc(end))


def test_last_complete_interval_makes_up_for_closed_days() -> None:
    schedule = Schedule(cron="30 6 * * *", timezone="Europe/Warsaw", calendar="PL")
    interval = last_complete_interval(schedule, utc("2026-05-05T03:00"), PROJECT)
    assert interval == (utc("2026-04-30T04:30"), utc("2026-05-04T04:30"))


def test_interval_without_cron_is_none() -> None:
    assert last_complete_interval(None, NOW, PROJECT) is None
    assert last_complete_interval(Schedule(after=("other",)), NOW, PROJECT) is None


def test_interval_text_is_read_in_utc() -> None:
    assert parse_interval("2026-01-01/2026-01-02T06:00+02:00") == (utc("2026-01-01"), utc("2026-01-02T04:00"))


@pytest.mark.parametrize("text", ["2026-01-01", "a/b", "/", "2026-01-01/"])
def test_interval_text_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(AuthorError, match="DF-RUN-003"):
        parse_interval(text)


def test_empty_interval_and_bad_run_id_are_refused(workplace: Workplace) -> None:
    pipeline, project = workplace.plan(TEXT).pipeline, workplace.project()
    with pytest.raises(AuthorError, match="DF-RUN-002"):
        resolve_values(pipeline, project, now=NOW, interval=(NOW, NOW))
    with pytest.raises(AuthorError, match="DF-RUN-001"):
        resolve_values(pipeline, project, now=NOW, run_id="../../etc")


def test_run_id_of_a_manual_run_is_as_airflow_writes_it() -> None:
    assert new_run_id(NOW) == "manual__2026-03-10T12:00:00+00:00"


def test_retry_has_the_values_of_the_first_try(workplace: Workplace) -> None:
    pipeline, project = workplace.plan(TEXT).pipeline, workplace.project()
    interval = parse_interval("2026-01-01/2026-01-02")
    first = start_run(pipeline, project, now=NOW, run_id="r", interval=interval, params={"low": "7"})
    assert start_run(pipeline, project, now=utc("2027-01-01"), run_id="r") == first
    assert start_run(pipeline, project, now=NOW, run_id="r", interval=interval, params={"low": 7}) == first
    assert first.params == {"low": 7, "day": date(2026, 1, 1)}


@pytest.mark.parametrize(
    "changed",
    [{"params": {"low": 8}}, {"interval": parse_interval("2026-01-01/2026-01-03")}],
    ids=["param", "interval"],
)
def test_retry_with_other_values_is_refused(workplace: Workplace, changed: dict[str, Any]) -> None:
    pipeline, project = workplace.plan(TEXT).pipeline, workplace.project()
    interval = parse_interval("2026-01-01/2026-01-02")
    start_run(pipeline, project, now=NOW, run_id="r", interval=interval, params={"low": 7})
    with pytest.raises(AuthorError, match="DF-RUN-007") as caught:
        start_run(pipeline, project, now=NOW, run_id="r", **changed)
    assert "was" in caught.value.message
