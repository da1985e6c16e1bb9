from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.errors import ParseImportError
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronDataIntervalTimetable
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from sqlalchemy import select

from dataflow_provider.airflow_compat import INVALID_TAG
from dataflow_provider.errors import AuthorError
from dataflow_provider.runs import backfill
from dataflow_provider.runs.backfill import (
    BackfillRequest,
    Reprocess,
    plan_backfill,
    refuse_paused,
    start_backfill,
    watch_runs,
)
from dataflow_provider.runs.periods import Granularity
from dataflow_provider.schedules.calendars import named_calendar
from dataflow_provider.schedules.rule import RunRule
from dataflow_provider.schedules.ticks import LocalCron
from dataflow_provider.timetables.local_cron import LocalCronTimetable
from tests.unit.conftest import SyncDags

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def daily(sync_dags: SyncDags) -> str:
    timetable = CronDataIntervalTimetable("30 6 * * *", timezone="Europe/Warsaw")
    with DAG("daily", schedule=timetable, start_date=datetime(2026, 1, 1, tzinfo=UTC), max_active_runs=1) as dag:
        EmptyOperator(task_id="only")
    dag.is_paused_upon_creation = False
    sync_dags(dag)
    return "daily"


@pytest.fixture
def by_hand(sync_dags: SyncDags) -> str:
    with DAG("by_hand", schedule=None, is_paused_upon_creation=False) as dag:
        EmptyOperator(task_id="only")
    sync_dags(dag)
    return "by_hand"


def set_states(dag_id: str, *states: DagRunState) -> None:
    with create_session() as session:
        runs = session.scalars(select(DagRun).where(DagRun.dag_id == dag_id).order_by(DagRun.logical_date)).all()
        for run, state in zip(runs, states, strict=True):
            run.state = state


def test_plan_of_bare_dates_includes_the_last_day_in_the_schedules_zone(daily: str) -> None:
    plan = plan_backfill(BackfillRequest(daily, "2026-11-10", "2026-11-12"), NOW)
    assert [run.window.start for run in plan.runs] == [
        datetime(2026, 11, day, 5, 30, tzinfo=UTC) for day in (10, 11, 12)
    ]
    assert {run.decision for run in plan.runs} == {"run"}


def test_plan_with_the_schedules_own_granularity_takes_the_schedules_intervals(daily: str) -> None:
    without = plan_backfill(BackfillRequest(daily, "2026-11-10", "2026-11-12"), NOW)
    named = plan_backfill(BackfillRequest(daily, "2026-11-10", "2026-11-12", Granularity.DAY), NOW)
    assert named.runs == without.runs


def test_plan_with_another_granularity_takes_whole_periods_of_the_zone(daily: str) -> None:
    plan = plan_backfill(BackfillRequest(daily, "2026-11-02", "2026-11-08", Granularity.WEEK), NOW)
    (run,) = plan.runs
    assert run.window.start == datetime(2026, 11, 1, 23, tzinfo=UTC)
    assert run.window.end - run.window.start == timedelta(days=7)


@pytest.mark.parametrize(
    ("reprocess", "decisions"),
    [
        ("none", ["skip", "skip", "skip", "run"]),
        ("failed", ["skip", "rerun_failed_tasks", "skip", "run"]),
        ("completed", ["rerun", "rerun", "skip", "run"]),
    ],
)
def test_plan_decides_about_runs_that_exist(daily: str, reprocess: Reprocess, decisions: list[str]) -> None:
    first = BackfillRequest(daily, "2026-11-10", "2026-11-12")
    start_backfill(plan_backfill(first, NOW))
    set_states(daily, DagRunState.SUCCESS, DagRunState.FAILED, DagRunState.RUNNING)
    again = BackfillRequest(daily, "2026-11-10", "2026-11-13", reprocess=reprocess)
    assert [run.decision for run in plan_backfill(again, NOW).runs] == decisions


def test_start_leaves_runs_that_exist_alone(daily: str) -> None:
    first = BackfillRequest(daily, "2026-11-10", "2026-11-11")
    start_backfill(plan_backfill(first, NOW))
    set_states(daily, DagRunState.SUCCESS, DagRunState.SUCCESS)
    start_backfill(plan_backfill(BackfillRequest(daily, "2026-11-10", "2026-11-12"), NOW))
    with create_session() as session:
        states = [run.state for run in session.scalars(select(DagRun).order_by(DagRun.logical_date)).all()]
    assert states == ["success", "success", "queued"]


def test_start_with_nothing_to_run_makes_no_backfill(daily: str) -> None:
    request = BackfillRequest(daily, "2026-11-10", "2026-11-10")
    start_backfill(plan_backfill(request, NOW))
    set_states(daily, DagRunState.SUCCESS)
    assert start_backfill(plan_backfill(request, NOW)) is None


def test_paused_dag_is_refused_before_anything_is_made(sync_dags: SyncDags) -> None:
    with DAG("sleeping", schedule=None, is_paused_upon_creation=True) as dag:
        EmptyOperator(task_id="only")
    sync_dags(dag)
    plan = plan_backfill(BackfillRequest("sleeping", "2026-11-10", "2026-11-11", Granularity.DAY), NOW)
    with pytest.raises(AuthorError, match="DF-RUNS-005"):
        refuse_paused(plan.dag)
    with pytest.raises(AuthorError, match="DF-RUNS-005"):
        start_backfill(plan)
    with create_session() as session:
        assert session.scalars(select(DagRun)).all() == []


@pytest.mark.parametrize(
    ("start", "end", "granularity", "code"),
    [
        ("2026-11-12", "2026-11-10", Granularity.DAY, "DF-RUNS-003"),
        ("2026-11-25", "2026-11-26", Granularity.DAY, "DF-RUNS-004"),
        ("2026-11-10", "2026-11-12", None, "DF-RUNS-006"),
    ],
)
def test_plan_that_cannot_be_is_refused(
    by_hand: str, start: str, end: str, granularity: Granularity | None, code: str
) -> None:
    with pytest.raises(AuthorError, match=code):
        plan_backfill(BackfillRequest(by_hand, start, end, granularity), NOW)


def test_plan_of_far_too_many_runs_is_refused(daily: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "MAX_PLANNED", 48)
    for granularity, last in ((Granularity.HOUR, "2026-11-11T23:00"), (None, "2026-03-28")):
        start = "2026-11-10" if granularity else "2026-02-09"
        assert len(plan_backfill(BackfillRequest(daily, start, last, granularity), NOW).runs) == 48
        with pytest.raises(AuthorError, match="DF-RUNS-018"):
            plan_backfill(BackfillRequest(daily, "1900-01-01", "2026-11-12", granularity), NOW)


def test_plan_of_an_unknown_dag_is_refused(sync_dags: SyncDags) -> None:
    with pytest.raises(AuthorError, match="DF-RUNS-002"):
        plan_backfill(BackfillRequest("missing", "2026-11-10", "2026-11-11"), NOW)


def test_watch_ends_when_every_run_has_finished(daily: str) -> None:
    plan = plan_backfill(BackfillRequest(daily, "2026-11-10", "2026-11-11"), NOW)
    start_backfill(plan)
    seen: list[list[str | None]] = []

    def pause(seconds: float) -> None:
        set_states(daily, DagRunState.SUCCESS, DagRunState.FAILED if len(seen) > 1 else DagRunState.RUNNING)

    for states in watch_runs(plan, pause):
        seen.append([run.state for run in states])
    assert seen == [["queued", "queued"], ["success", "running"], ["success", "failed"]]


def test_watch_of_a_deleted_run_counts_it_as_failed(daily: str) -> None:
    plan = plan_backfill(BackfillRequest(daily, "2026-11-10", "2026-11-10"), NOW)
    assert [[run.state for run in states] for states in watch_runs(plan)] == [["failed"]]


def test_plan_of_two_hourly_years_is_made_within_two_seconds(sync_dags: SyncDags) -> None:
    timetable = CronDataIntervalTimetable("0 * * * *", timezone="Europe/Warsaw")
    with DAG("hourly", schedule=timetable, start_date=datetime(2024, 1, 1, tzinfo=UTC)) as dag:
        EmptyOperator(task_id="only")
    sync_dags(dag)
    began = time.process_time()
    plan = plan_backfill(BackfillRequest("hourly", "2024-11-01", "2026-10-31"), NOW)
    assert len(plan.runs) == 730 * 24, "two hours are skipped, two come twice"
    assert time.process_time() - began <= 2.0


def test_plan_on_a_calendar_has_the_schedules_own_intervals(sync_dags: SyncDags) -> None:
    timetable = LocalCronTimetable(RunRule(LocalCron("30 6 * * *", "Europe/Warsaw"), named_calendar("PL")))
    with DAG("business", schedule=timetable, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        EmptyOperator(task_id="only")
    sync_dags(dag)
    # From a Saturday on: the interval that begins on Friday is not in the range.
    plan = plan_backfill(BackfillRequest("business", "2026-05-02", "2026-05-05"), NOW)
    assert [run.window.start for run in plan.runs] == [datetime(2026, 5, day, 4, 30, tzinfo=UTC) for day in (4, 5)]


def test_plan_of_a_dag_whose_file_is_broken_is_refused(daily: str) -> None:
    with create_session() as session:
        row = session.get(DagModel, daily)
        assert row is not None
        row.has_import_errors = True
    with pytest.raises(AuthorError, match="DF-RUNS-011"):
        plan_backfill(BackfillRequest(daily, "2026-11-10", "2026-11-11"), NOW)


def test_plan_of_a_broken_file_that_never_was_good_is_refused(sync_dags: SyncDags) -> None:
    with create_session() as session:
        for file in ("telecom/calls.py", "telecom/my_orders.py"):
            session.add(ParseImportError(filename=file, bundle_name="pipelines", stacktrace="DF-SPEC-001"))
    with pytest.raises(AuthorError, match="DF-RUNS-011"):
        plan_backfill(BackfillRequest("calls", "2026-11-10", "2026-11-11"), NOW)
    with pytest.raises(AuthorError, match="DF-RUNS-002"):
        plan_backfill(BackfillRequest("orders", "2026-11-10", "2026-11-11"), NOW)


def test_plan_of_the_dag_that_stands_for_a_broken_file_is_refused(sync_dags: SyncDags) -> None:
    with DAG("stand_in", schedule=None, is_paused_upon_creation=False, tags=[INVALID_TAG]) as dag:
        EmptyOperator(task_id="only")
    sync_dags(dag)
    with pytest.raises(AuthorError, match="DF-RUNS-011"):
        plan_backfill(BackfillRequest("stand_in", "2026-11-10", "2026-11-11", Granularity.DAY), NOW)
