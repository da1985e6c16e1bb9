"""`dataflow backfills` and `dataflow cancel` on Airflow's own tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronDataIntervalTimetable
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from sqlalchemy import select

from dataflow_provider.cli.main import main
from dataflow_provider.runs.backfill import BackfillRequest, plan_backfill, start_backfill
from tests.unit.conftest import SyncDags

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def backfill(sync_dags: SyncDags) -> int:
    timetable = CronDataIntervalTimetable("30 6 * * *", timezone="UTC")
    with DAG("daily", schedule=timetable, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        EmptyOperator(task_id="only")
    dag.is_paused_upon_creation = False
    sync_dags(dag)
    made = start_backfill(plan_backfill(BackfillRequest("daily", "2026-11-10", "2026-11-12"), NOW))
    assert made is not None
    return made


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_backfills_are_listed_paused_resumed_and_cancelled(backfill: int, capsys: pytest.CaptureFixture[str]) -> None:
    number = str(backfill)
    states = []
    for order in ([], ["--pause", number], ["--resume", number], ["--cancel", number]):
        code, answer = call(capsys, "backfills", "daily", *order)
        assert code == 0
        (record,) = answer["backfills"]
        states.append((record["state"], record["runs"]))
    assert states == [
        ("running", {"queued": 3}), ("paused", {"queued": 3}), ("running", {"queued": 3}),
        ("cancelled", {"cancelled": 3}),
    ]  # fmt: skip
    code, answer = call(capsys, "backfills", "daily", "--pause", number)
    assert (code, answer["error"]["code"]) == (1, "DF-RUNS-012")
    code, answer = call(capsys, "backfills", "other", "--cancel", number)
    assert (code, answer["error"]["code"]) == (1, "DF-RUNS-012")


def test_cancel_ends_the_run_that_is_not_over(backfill: int, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = call(capsys, "cancel", "daily")
    assert (code, answer["error"]["code"]) == (1, "DF-RUNS-013"), "three runs are not over"
    with create_session() as session:
        first, *others = session.scalars(select(DagRun).order_by(DagRun.logical_date)).all()
        name = first.run_id
        for other in others:
            other.state = DagRunState.SUCCESS
    assert call(capsys, "cancel", "daily")[1]["run_id"] == name
    with create_session() as session:
        assert session.scalar(select(DagRun.state).where(DagRun.run_id == name)) == "failed"
    assert call(capsys, "cancel", "daily", name)[1]["error"]["code"] == "DF-RUNS-014"
    assert call(capsys, "cancel", "daily", "no_such")[1]["error"]["code"] == "DF-RUNS-013"
