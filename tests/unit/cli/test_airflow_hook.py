from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from airflow.cli import cli_parser
from airflow.models.dagrun import DagRun
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronDataIntervalTimetable
from airflow.utils.session import create_session
from sqlalchemy import select, update

from dataflow_provider import airflow_compat
from dataflow_provider.airflow_compat import RunFacts
from dataflow_provider.cli.main import COMMANDS
from dataflow_provider.runs import backfill
from tests.unit.conftest import SyncDags

ListRuns = Callable[[str, Sequence[datetime]], dict[datetime, RunFacts]]


def parse(*words: str) -> argparse.Namespace:
    return cli_parser.get_parser().parse_args(words)


def call(*words: str) -> int:
    """Run one `airflow …` command line and return its exit code."""
    args = parse(*words)
    with pytest.raises(SystemExit) as ended:
        args.func(args)
    return int(ended.value.code or 0)


@pytest.fixture
def dags(sync_dags: SyncDags, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two daily Dags and one that is paused; every run succeeds while it is waited for."""
    made = []
    for dag_id, paused in (("sales_eu", False), ("sales_us", False), ("sleeping", True)):
        timetable = CronDataIntervalTimetable("0 0 * * *", timezone="UTC")
        start = datetime(2026, 1, 1, tzinfo=UTC)
        with DAG(dag_id, schedule=timetable, start_date=start, is_paused_upon_creation=paused) as dag:
            EmptyOperator(task_id="only")
        made.append(dag)
    sync_dags(*made)
    monkeypatch.setattr(backfill, "POLL_S", 0.0)
    monkeypatch.setattr(airflow_compat, "list_runs", finishing(airflow_compat.list_runs))


def finishing(list_runs: ListRuns) -> ListRuns:
    """Wrap the listing of runs so that queued ones have ended by the next look."""

    def listed(dag_id: str, logical_dates: Sequence[datetime]) -> dict[datetime, RunFacts]:
        found = list_runs(dag_id, logical_dates)
        with create_session() as session:
            state = "failed" if dag_id == "sales_us" else "success"
            session.execute(update(DagRun).where(DagRun.dag_id == dag_id).values(state=state))
        return found

    return listed


def count_runs() -> int:
    with create_session() as session:
        return len(session.scalars(select(DagRun.run_id)).all())


def test_airflow_has_the_table_of_our_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse("dataflow", "--help")
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)


def test_airflow_dags_keeps_its_commands_beside_backfill() -> None:
    assert parse("dags", "backfill", "x", "-s", "2026-01-01").dag_id == "x"
    assert parse("dags", "list").func


def test_dags_backfill_makes_runs_and_waits_for_them(dags: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("dags", "backfill", "sales_eu", "-s", "2026-11-10", "-e", "2026-11-12") == 0
    assert count_runs() == 3
    assert "3 success" in capsys.readouterr().out


def test_dags_backfill_with_one_date_runs_that_day(dags: None) -> None:
    assert call("dags", "backfill", "sales_eu", "-e", "2026-11-10") == 0
    assert count_runs() == 1


def test_dags_backfill_of_a_run_that_fails_ends_with_1(dags: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("dags", "backfill", "sales_us", "-s", "2026-11-10") == 1
    assert "failed: backfill__" in capsys.readouterr().err


def test_dags_backfill_dry_run_lists_and_makes_nothing(dags: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("dags", "backfill", "sales_eu", "-s", "2026-11-10", "-e", "2026-11-11", "--dry-run") == 0
    assert "2 of 2 intervals" in capsys.readouterr().out
    assert count_runs() == 0


def test_dags_backfill_by_pattern_runs_each_match_and_keeps_the_worst_code(dags: None) -> None:
    assert call("dags", "backfill", "^sales_", "--treat-dag-id-as-regex", "-s", "2026-11-10") == 1
    assert count_runs() == 2


def test_dags_backfill_of_a_paused_dag_says_so_and_makes_nothing(
    dags: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("dags", "backfill", "sleeping", "-s", "2026-11-10") == 1
    assert "airflow dags unpause sleeping" in capsys.readouterr().err
    assert count_runs() == 0


def test_dags_backfill_that_runs_finished_runs_again_wants_a_yes(
    dags: None, capsys: pytest.CaptureFixture[str]
) -> None:
    call("dags", "backfill", "sales_eu", "-s", "2026-11-10")
    assert call("dags", "backfill", "sales_eu", "-s", "2026-11-10", "--reset-dagruns") == 1
    assert "--yes" in capsys.readouterr().err
    assert call("dags", "backfill", "sales_eu", "-s", "2026-11-10", "--reset-dagruns", "--yes") == 0


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["-s", "2026-11-10", "-t", "mart"], "--task-regex"),
        (["-s", "2026-11-10", "-m"], "--mark-success"),
        (["-s", "2026-11-10", "-i"], "--ignore-dependencies"),
        (["-s", "2026-11-10", "-I"], "--ignore-first-depends-on-past"),
        (["-s", "2026-11-10", "--pool", "slow"], "--pool"),
        (["-s", "2026-11-10", "--reset-dagruns", "--rerun-failed-tasks"], "exclude each other"),
        (["-s", "2026-11-10", "--max-active-runs", "0"], "--max-active-runs"),
        (["-s", "2026-11-10", "-c", "{"], "no JSON"),
        (["-s", "2026-11-10", "-c", "[1]"], "JSON object"),
        ([], "--start-date"),
    ],
)
def test_dags_backfill_with_options_that_cannot_be_ends_with_2(
    dags: None, options: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("dags", "backfill", "sales_eu", *options) == 2
    assert named in capsys.readouterr().err
    assert count_runs() == 0


def test_dags_backfill_by_a_pattern_that_matches_nothing_ends_with_2(dags: None) -> None:
    assert call("dags", "backfill", "^nothing", "--treat-dag-id-as-regex", "-s", "2026-11-10") == 2
    assert call("dags", "backfill", "(", "--treat-dag-id-as-regex", "-s", "2026-11-10") == 2


def test_dataflow_backfill_of_very_many_runs_wants_a_yes_and_lists_some(
    dags: None, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("dataflow", "backfill", "sales_eu", "--start", "2025-01-01", "--end", "2026-03-01")
    assert call(*words, "--granularity", "hour") == 1
    told = capsys.readouterr()
    assert "DF-RUNS-009" in told.err
    assert "10,200 runs would be made" in told.err
    assert "… and 10,000 more" in told.out
    assert count_runs() == 0


def test_dataflow_backfill_answers_in_json(dags: None, capfd: pytest.CaptureFixture[str]) -> None:
    words = ("dataflow", "backfill", "sales_eu", "--start", "2026-11-09", "--end", "2026-11-15")
    assert call(*words, "--granularity", "week", "--json") == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["state"] == "success"
    (run,) = answer["runs"]
    assert (run["interval_start"], run["interval_end"]) == ("2026-11-09T00:00:00+00:00", "2026-11-16T00:00:00+00:00")
    assert (run["decision"], run["state"]) == ("run", "success")
