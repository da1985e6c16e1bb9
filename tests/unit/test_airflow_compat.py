from __future__ import annotations

import itertools
import os
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.cli.cli_config import ActionCommand, GroupCommand
from airflow.models import backfill as airflow_backfill
from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronDataIntervalTimetable, Param
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from dataflow_provider import airflow_backfills, airflow_compat
from dataflow_provider.airflow_backfills import BackfillOrder, RunWindow
from dataflow_provider.airflow_compat import RunOrder
from dataflow_provider.errors import AuthorError, TransientError
from tests.unit.conftest import SyncDags

DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def daily(dag_id: str = "daily") -> DAG:
    timetable = CronDataIntervalTimetable("0 0 * * *", timezone="UTC")
    with DAG(dag_id, schedule=timetable, start_date=datetime(2026, 1, 1, tzinfo=UTC), max_active_runs=3) as dag:
        EmptyOperator(task_id="first") >> EmptyOperator(task_id="second")
    return dag


def by_hand(dag_id: str = "by_hand") -> DAG:
    with DAG(dag_id, schedule=None) as dag:
        EmptyOperator(task_id="only")
    return dag


def day(number: int, mark: int = 0) -> RunWindow:
    start = MONDAY + number * DAY
    return RunWindow(start, start + DAY, start + timedelta(microseconds=mark))


def order(dag_id: str, *, reprocess: str = "none", reverse: bool = False) -> BackfillOrder:
    return BackfillOrder(dag_id, max_active_runs=2, reverse=reverse, conf=None, reprocess=reprocess)


def finish(dag_id: str, state: DagRunState) -> None:
    with create_session() as session:
        for run in session.scalars(select(DagRun).where(DagRun.dag_id == dag_id)).all():
            run.state = state


def made_by(backfill_id: int) -> list[tuple[datetime | None, str | None]]:
    """Return the logical dates of a backfill's runs in the order they run, with why one was left out."""
    with create_session() as session:
        rows = session.execute(
            select(BackfillDagRun.logical_date, BackfillDagRun.exception_reason)
            .where(BackfillDagRun.backfill_id == backfill_id)
            .order_by(BackfillDagRun.sort_ordinal)
        )
        return [(row.logical_date, row.exception_reason) for row in rows]


def test_find_dag_of_a_scheduled_dag_tells_its_schedule(sync_dags: SyncDags) -> None:
    sync_dags(daily(), by_hand())
    found = airflow_compat.find_dag("daily")
    assert found is not None
    assert (found.cron, found.timezone, found.max_active_runs) == ("0 0 * * *", "UTC", 3)
    assert airflow_compat.list_dag_ids() == ["by_hand", "daily"]


def test_find_dag_without_a_cron_has_no_schedule(sync_dags: SyncDags) -> None:
    sync_dags(by_hand())
    found = airflow_compat.find_dag("by_hand")
    assert found is not None
    assert (found.cron, found.timezone) == (None, None)


def test_find_dag_that_does_not_exist_is_none(sync_dags: SyncDags) -> None:
    assert airflow_compat.find_dag("missing") is None


def test_create_backfill_makes_queued_runs_with_the_intervals_given(sync_dags: SyncDags) -> None:
    sync_dags(by_hand())
    backfill_id = airflow_backfills.create_backfill(order("by_hand"), [day(0, mark=2), day(1, mark=2)])
    with create_session() as session:
        runs = session.scalars(select(DagRun).where(DagRun.backfill_id == backfill_id).order_by(DagRun.logical_date))
        found = [(run.data_interval_start, run.data_interval_end, run.logical_date, run.state) for run in runs]
        record = session.get(Backfill, backfill_id)
        assert record is not None
        assert record.max_active_runs == 2
    mark = timedelta(microseconds=2)
    assert found == [
        (MONDAY, MONDAY + DAY, MONDAY + mark, "queued"),
        (MONDAY + DAY, MONDAY + 2 * DAY, MONDAY + DAY + mark, "queued"),
    ]


def test_create_backfill_of_another_length_meets_no_run_that_starts_and_ends_alike(sync_dags: SyncDags) -> None:
    sync_dags(daily())
    airflow_backfills.create_backfill(order("daily"), [day(6)])
    finish("daily", DagRunState.SUCCESS)
    week = RunWindow(MONDAY, MONDAY + 7 * DAY, MONDAY + timedelta(microseconds=3))
    backfill_id = airflow_backfills.create_backfill(order("daily"), [week])
    assert made_by(backfill_id) == [(MONDAY + timedelta(microseconds=3), None)]


def test_create_backfill_in_reverse_orders_the_newest_first(sync_dags: SyncDags) -> None:
    sync_dags(daily())
    backfill_id = airflow_backfills.create_backfill(order("daily", reverse=True), [day(0), day(1)])
    assert made_by(backfill_id) == [(MONDAY + DAY, None), (MONDAY, None)]


def busy_at(monkeypatch: pytest.MonkeyPatch, *calls: int) -> None:
    """The metadata database is busy at these calls for a run, the first being 1; nobody waits for it."""
    original, count = airflow_backfill._create_backfill_dag_run_non_partitioned, itertools.count(1)

    def create(**given: Any) -> None:
        if next(count) in calls:
            raise OperationalError("INSERT", {}, Exception("database is locked"))
        original(**given)

    monkeypatch.setattr(airflow_backfill, "_create_backfill_dag_run_non_partitioned", create)
    monkeypatch.setattr(airflow_backfills, "LONGEST_PAUSE_S", 0.1)


def is_paused(dag_id: str) -> list[bool | None]:
    with create_session() as session:
        return list(session.scalars(select(Backfill.is_paused).where(Backfill.dag_id == dag_id)))


def test_create_backfill_on_a_busy_database_makes_every_run_once(
    sync_dags: SyncDags, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_dags(daily())
    busy_at(monkeypatch, 2, 4)
    backfill_id = airflow_backfills.create_backfill(order("daily"), [day(0), day(1), day(2)])
    assert made_by(backfill_id) == [(MONDAY, None), (MONDAY + DAY, None), (MONDAY + 2 * DAY, None)]
    assert is_paused("daily") == [False]


def test_backfill_that_cannot_be_made_whole_begins_no_run(sync_dags: SyncDags, monkeypatch: pytest.MonkeyPatch) -> None:
    sync_dags(daily())
    busy_at(monkeypatch, *range(2, 99))
    with pytest.raises(TransientError, match=r"DF-RUNS-017.*paused"):
        airflow_backfills.create_backfill(order("daily"), [day(0), day(1)])
    assert is_paused("daily") == [True]


def test_create_backfill_beside_an_active_one_is_refused(sync_dags: SyncDags) -> None:
    sync_dags(daily())
    airflow_backfills.create_backfill(order("daily"), [day(0)])
    with pytest.raises(AuthorError, match="still active") as caught:
        airflow_backfills.create_backfill(order("daily"), [day(1)])
    assert caught.value.code == "DF-RUNS-008"


def test_create_backfill_behind_a_finished_one_closes_that(sync_dags: SyncDags) -> None:
    sync_dags(daily())
    first = airflow_backfills.create_backfill(order("daily"), [day(0)])
    finish("daily", DagRunState.FAILED)
    airflow_backfills.create_backfill(order("daily"), [day(1)])
    with create_session() as session:
        record = session.get(Backfill, first)
        assert record is not None
        assert record.completed_at is not None


def test_create_backfill_with_parameters_that_do_not_fit_is_refused(sync_dags: SyncDags) -> None:
    with DAG("strict", schedule=None, params={"n": 1}) as dag:
        EmptyOperator(task_id="only")
    dag.params.get_param("n").schema = {"type": "integer"}
    sync_dags(dag)
    bad = BackfillOrder("strict", 1, False, {"n": "many"}, "none")
    with pytest.raises(AuthorError, match="DF-RUNS-007"):
        airflow_backfills.create_backfill(bad, [day(0)])


def test_clear_failed_tasks_leaves_what_succeeded(sync_dags: SyncDags) -> None:
    sync_dags(daily())
    airflow_backfills.create_backfill(order("daily"), [day(0)])
    finish("daily", DagRunState.FAILED)
    with create_session() as session:
        for task in session.scalars(select(TaskInstance)).all():
            task.state = TaskInstanceState.SUCCESS if task.task_id == "first" else TaskInstanceState.FAILED
    run = airflow_compat.list_runs("daily", [MONDAY])[MONDAY]
    assert run.state == "failed"
    assert run.run_id
    airflow_compat.clear_failed_tasks("daily", [run.run_id])
    with create_session() as session:
        states = {task.task_id: task.state for task in session.scalars(select(TaskInstance)).all()}
    assert states == {"first": "success", "second": None}
    assert airflow_compat.list_runs("daily", [MONDAY])[MONDAY].state == "queued"


def test_add_command_to_group_keeps_the_commands_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    known = ActionCommand(name="list", help="", func=print, args=())
    added = ActionCommand(name="backfill", help="", func=print, args=())
    commands = [GroupCommand(name="dags", help="", subcommands=[known])]
    monkeypatch.setitem(sys.modules, "airflow.cli.cli_parser", SimpleNamespace(airflow_commands=commands))
    airflow_compat.add_command_to_group("dags", added)
    assert [command.name for command in commands[0].subcommands] == ["list", "backfill"]


def test_logs_to_stderr_keeps_stdout_for_the_answer(capfd: pytest.CaptureFixture[str]) -> None:
    with airflow_compat.logs_to_stderr():
        os.write(1, b"chatter\n")
    sys.stdout.write("answer\n")
    sys.stdout.flush()
    captured = capfd.readouterr()
    assert captured.out == "answer\n"
    assert captured.err == "chatter\n"


# ---------------------------------------------------------------- runs, for the API


def manual(dag_id: str, **given: Any) -> RunOrder:
    fields = {"user_id": "7", "user_name": "ada", "conf": {}, "note": None, "start": None, "end": None, **given}
    return RunOrder(dag_id=dag_id, **fields)


def test_create_manual_run_takes_the_last_complete_interval_of_the_schedule(sync_dags: SyncDags) -> None:
    sync_dags(daily())
    with create_session() as session:
        run_id = airflow_compat.create_manual_run(session, manual("daily", note="why"))
        run = session.scalars(select(DagRun).where(DagRun.run_id == run_id)).one()
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        assert (run.data_interval_start, run.data_interval_end) == (today - DAY, today)
        assert (run.state, run.run_type, run.triggering_user_name, run.note) == ("queued", "manual", "ada", "why")
        assert {task.task_id for task in run.task_instances} == {"first", "second"}


def test_create_manual_run_with_a_window_takes_it(sync_dags: SyncDags) -> None:
    sync_dags(by_hand())
    with create_session() as session:
        run_id = airflow_compat.create_manual_run(session, manual("by_hand", start=MONDAY, end=MONDAY + DAY))
        run = session.scalars(select(DagRun).where(DagRun.run_id == run_id)).one()
        assert (run.data_interval_start, run.data_interval_end) == (MONDAY, MONDAY + DAY)


def test_create_manual_run_twice_makes_two_runs(sync_dags: SyncDags) -> None:
    sync_dags(by_hand())
    with create_session() as session:
        run_ids = {airflow_compat.create_manual_run(session, manual("by_hand")) for _ in range(2)}
    assert len(run_ids) == 2


def test_create_manual_run_with_a_parameter_airflow_refuses_is_a_value_error(sync_dags: SyncDags) -> None:
    dag = by_hand()
    dag.params["n"] = Param(1, type="integer")
    sync_dags(dag)
    with create_session() as session, pytest.raises(ValueError, match="n"):
        airflow_compat.create_manual_run(session, manual("by_hand", conf={"n": "x"}))


def test_create_manual_run_of_an_unknown_dag_is_a_lookup_error(metadata_tables: None) -> None:
    with create_session() as session, pytest.raises(LookupError):
        airflow_compat.create_manual_run(session, manual("missing"))


def test_fail_run_ends_the_run_and_skips_what_had_not_begun(sync_dags: SyncDags) -> None:
    sync_dags(daily())
    with create_session() as session:
        run_id = airflow_compat.create_manual_run(session, manual("daily"))
    with create_session() as session:
        airflow_compat.fail_run(session, "daily", run_id)
    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.run_id == run_id)).one()
        assert (run.state, {task.state for task in run.task_instances}) == ("failed", {"skipped"})


def test_fail_run_that_does_not_exist_is_a_lookup_error(metadata_tables: None) -> None:
    with create_session() as session, pytest.raises(LookupError):
        airflow_compat.fail_run(session, "daily", "none")


# ---------------------------------------------------------------- users


def test_find_simple_role_knows_airflows_simple_users_only() -> None:
    assert airflow_compat.find_simple_role(SimpleAuthManagerUser(username="ada", role="OP")) == "OP"
    assert airflow_compat.find_simple_role(SimpleAuthManagerUser(username="ada", role=None)) == ""
    assert airflow_compat.find_simple_role(SimpleNamespace(role="OP")) is None


def test_list_role_names_of_users_with_and_without_roles() -> None:
    assert airflow_compat.list_role_names(SimpleNamespace(roles=[SimpleNamespace(name="ADMIN")])) == ("ADMIN",)
    assert airflow_compat.list_role_names(SimpleNamespace()) == ()
