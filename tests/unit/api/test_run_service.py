"""Run records: what a run leaves in them, who writes them, and that writing again changes nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.models.dag import DagModel, DagTag
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from dataflow_provider.api.definitions import load_definition
from dataflow_provider.api.run_service import LEASE_NAME, RecordThread
from dataflow_provider.db.tables import Lease, NodeRecord, RunRecord
from dataflow_provider.runs.lease import LEASE_S, Held, LeaseLostError, acquire
from dataflow_provider.runs.recorder import Recorder, forget_old
from tests.unit.api.conftest import T0, Project, make_run
from tests.unit.conftest import SyncDags

KEPT = {
    "stage": "kept", "state": "success", "seconds": 1.5, "sql": ["CREATE TABLE a AS SELECT 1"],
    "nodes": [
        {"id": "calls", "rows_in": None, "rows_out": 9, "rows_rejected": None, "seconds": 1.0},
        {"id": "kept", "rows_in": 9, "rows_out": 7, "rows_rejected": 2, "seconds": 0.5},
    ],
    "findings": [], "quality": [],
}  # fmt: skip
MART = {
    "stage": "mart", "state": "success", "seconds": 0.5,
    "nodes": [{"id": "mart", "rows_in": 7, "rows_out": 7, "rows_rejected": None, "seconds": 0.5}],
    "findings": [], "quality": [],
}  # fmt: skip
RULE = {
    "node": "kept", "rule": "calls_positive", "check": "range", "columns": ["n"], "severity": "warn", "checked": 9,
    "failed": 2, "share": 0.2, "threshold": 0, "passed": False, "message": "2 of 9 rows fail", "samples": [],
}  # fmt: skip
DONE: dict[str, str | None] = {"kept": "success", "mart": "success"}


@pytest.fixture
def session(sync_dags: SyncDags) -> Iterator[Session]:
    with create_session() as opened:
        yield opened


@pytest.fixture
def usage(project: Project) -> Project:
    project.publish("usage")
    return project


class Clock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 12, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def held(session: Session, clock: Clock) -> Held:
    got = acquire(session, LEASE_NAME, "one", clock)
    assert got is not None
    return got


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(load_definition)


def stored(session: Session) -> list[dict[str, Any]]:
    """Every row of both tables, but for when it was written."""
    session.expire_all()
    runs = session.scalars(select(RunRecord).order_by(RunRecord.id)).all()
    nodes = session.scalars(select(NodeRecord).order_by(NodeRecord.id)).all()
    rows = [
        {column.name: getattr(row, column.name) for column in row.__table__.columns if column.name != "recorded_at"}
        for row in (*runs, *nodes)
    ]
    session.rollback()
    return rows


def one_run(session: Session) -> RunRecord:
    session.expire_all()
    return session.scalars(select(RunRecord)).one()


def test_finished_run_leaves_its_figures(session: Session, held: Held, recorder: Recorder, usage: Project) -> None:
    run_id = make_run("usage", stages=DONE, results={"kept": {"return_value": KEPT}, "mart": {"return_value": MART}})
    assert recorder.record_changes(session, held) == 1
    run = one_run(session)
    assert (run.pipeline_id, run.run_id, run.workspace, run.state) == ("usage", run_id, "telecom", "success")
    assert (run.rows_read, run.rows_written, run.rows_rejected, run.duration_s) == (9, 7, 2, 10.0)
    nodes = session.scalars(select(NodeRecord).order_by(NodeRecord.position)).all()
    assert [(node.node_id, node.stage_id, node.state, node.rows_in, node.rows_out) for node in nodes] == [
        ("calls", "kept", "success", None, 9), ("kept", "kept", "success", 9, 7), ("mart", "mart", "success", 7, 7),
    ]  # fmt: skip
    assert [(node.is_checkpoint, node.sql_text) for node in nodes] == [
        (False, None), (True, "CREATE TABLE a AS SELECT 1"), (False, None),
    ]  # fmt: skip


def test_recording_again_changes_nothing(session: Session, held: Held, recorder: Recorder, usage: Project) -> None:
    make_run("usage", stages=DONE, results={"kept": {"return_value": KEPT}})
    recorder.record_changes(session, held)
    before = stored(session)
    held.position.clear()
    session.execute(update(RunRecord).values(source_state="queued"))
    session.commit()
    assert recorder.record_changes(session, held) == 1
    assert stored(session) == before


def test_unchanged_run_is_not_written_again(session: Session, held: Held, recorder: Recorder, usage: Project) -> None:
    make_run("usage", stages=DONE)
    recorder.record_changes(session, held)
    assert recorder.record_changes(session, held) == 0


def test_run_at_work_is_followed_to_its_end(session: Session, held: Held, recorder: Recorder, usage: Project) -> None:
    make_run("usage", state=DagRunState.RUNNING, stages={"kept": "running"})
    recorder.record_changes(session, held)
    assert (one_run(session).state, one_run(session).ended_at) == ("running", None)
    session.execute(update(DagRun).values(state="success", end_date=T0 + timedelta(days=1, seconds=30)))
    session.commit()
    recorder.record_changes(session, held)
    assert (one_run(session).state, one_run(session).duration_s) == ("success", 30.0)


def test_broken_warn_rule_makes_a_warning_that_says_why(
    session: Session, held: Held, recorder: Recorder, usage: Project
) -> None:
    make_run("usage", stages=DONE, results={"kept": {"return_value": {**KEPT, "state": "warning", "quality": [RULE]}}})
    recorder.record_changes(session, held)
    run = one_run(session)
    assert run.state == "warning"
    assert run.reasons == [{"kind": "quality", "node": "kept", "rule": "calls_positive", "message": "2 of 9 rows fail"}]
    states = dict(session.execute(select(NodeRecord.node_id, NodeRecord.state)).tuples().all())
    assert states == {"calls": "success", "kept": "warning", "mart": "success"}


def test_failed_run_has_the_error_of_the_stage_that_failed_first(
    session: Session, held: Held, recorder: Recorder, usage: Project
) -> None:
    error = "DF-QUAL-020: the quality node blocks (node `calls`) Mend the rows."
    make_run(
        "usage", state=DagRunState.FAILED, stages={"kept": "failed", "mart": "upstream_failed"},
        results={"kept": {"dataflow_error": error, "dataflow_quality": [{**RULE, "severity": "block"}]}},
    )  # fmt: skip
    recorder.record_changes(session, held)
    run = one_run(session)
    assert (run.state, run.error, run.error_stage, run.error_node) == ("failed", error, "kept", "calls")
    nodes = {node.node_id: node for node in session.scalars(select(NodeRecord))}
    assert (nodes["mart"].state, nodes["kept"].quality[0]["message"]) == ("skipped", "2 of 9 rows fail")


def test_run_that_timed_out_says_so_and_where(
    session: Session, held: Held, recorder: Recorder, project: Project
) -> None:
    project.publish("usage", top="run_timeout: 10s\n")
    make_run("usage", state=DagRunState.FAILED, stages={"kept": "success", "mart": "skipped"})
    recorder.record_changes(session, held)
    run = one_run(session)
    assert (run.state, run.error_stage) == ("failed", "mart")
    assert run.error == "DF-RUN-057: the run timed out after 10s, in stage `mart`."


def test_cancelled_run_is_told_from_a_failed_one(
    session: Session, held: Held, recorder: Recorder, usage: Project
) -> None:
    run_id = make_run("usage", state=DagRunState.FAILED, stages={"kept": "failed"})
    order = Log(event="dataflow_run_ended", dag_id="usage", run_id=run_id)
    session.add(order)
    session.flush()
    order.dttm = T0 + timedelta(days=1, seconds=5)
    session.commit()
    recorder.record_changes(session, held)
    assert (one_run(session).state, one_run(session).error) == ("cancelled", None)


def test_run_whose_stages_were_all_skipped_is_skipped(
    session: Session, held: Held, recorder: Recorder, usage: Project
) -> None:
    make_run("usage", stages={"kept": "skipped", "mart": "skipped"})
    recorder.record_changes(session, held)
    assert one_run(session).state == "skipped"


def test_deleting_a_pipeline_keeps_its_history(
    session: Session, held: Held, recorder: Recorder, usage: Project
) -> None:
    make_run("usage", stages=DONE, results={"kept": {"return_value": KEPT}})
    recorder.record_changes(session, held)
    before = stored(session)
    for table in (DagRun, DagTag, DagModel):
        session.execute(delete(table).where(table.dag_id == "usage"))
    session.commit()
    recorder.record_changes(session, held)
    assert stored(session) == before


def test_run_deleted_while_it_was_open_is_closed(
    session: Session, held: Held, recorder: Recorder, usage: Project
) -> None:
    make_run("usage", state=DagRunState.RUNNING)
    recorder.record_changes(session, held)
    session.execute(delete(DagRun))
    session.commit()
    recorder.record_changes(session, held)
    assert one_run(session).state == "cancelled"


def test_finished_run_that_ran_again_meanwhile_is_found_by_the_sweep(
    session: Session, held: Held, clock: Clock, recorder: Recorder, usage: Project
) -> None:
    make_run("usage", stages=DONE)
    recorder.record_changes(session, held)
    held.position["cursor"] = 10_000
    clock.moment += timedelta(minutes=20)
    session.execute(update(DagRun).values(state="failed", updated_at=clock.moment))
    session.commit()
    recorder.record_changes(session, held)
    assert one_run(session).state == "failed"


def test_old_records_go_and_newer_ones_stay(session: Session, held: Held, recorder: Recorder, usage: Project) -> None:
    make_run("usage", 1, stages=DONE)
    newer = make_run("usage", 20, stages=DONE)
    recorder.record_changes(session, held)
    assert forget_old(session, held, 0) == 0
    assert forget_old(session, held, 15) == 1
    assert one_run(session).run_id == newer


# ---------------------------------------------------------------- the lease


def test_second_process_waits_until_the_lease_is_over(session: Session, held: Held, clock: Clock) -> None:
    assert acquire(session, LEASE_NAME, "two", clock) is None
    clock.moment += timedelta(seconds=LEASE_S - 1)
    with held.transaction(session):
        pass  # renewed in time
    clock.moment += timedelta(seconds=LEASE_S - 1)
    assert acquire(session, LEASE_NAME, "two", clock) is None
    clock.moment += timedelta(seconds=2)
    taken = acquire(session, LEASE_NAME, "two", clock)
    assert taken is not None
    assert taken.term == held.term + 1


def test_holder_that_failed_begins_a_new_term_at_once(session: Session, held: Held, clock: Clock) -> None:
    again = acquire(session, LEASE_NAME, held.holder, clock)
    assert again is not None
    with pytest.raises(LeaseLostError), held.transaction(session):
        pass
    with again.transaction(session):
        pass


def test_holder_that_slept_too_long_writes_nothing(
    session: Session, held: Held, clock: Clock, recorder: Recorder, usage: Project
) -> None:
    make_run("usage", stages=DONE)
    clock.moment += timedelta(seconds=LEASE_S + 1)
    assert acquire(session, LEASE_NAME, "two", clock) is not None
    with pytest.raises(LeaseLostError):
        recorder.record_changes(session, held)
    assert stored(session) == []


def test_next_holder_goes_on_where_the_last_one_stopped(
    session: Session, held: Held, clock: Clock, recorder: Recorder, usage: Project
) -> None:
    make_run("usage", stages=DONE)
    recorder.record_changes(session, held)
    held.give_up(session)
    taken = acquire(session, LEASE_NAME, "two", clock)
    assert taken is not None
    assert taken.position == held.position
    assert recorder.record_changes(session, taken) == 0


def test_two_services_at_once_leave_one_record_a_run(session: Session, usage: Project) -> None:
    for number in range(1, 6):
        make_run("usage", number, stages=DONE)
    services = [RecordThread(interval_s=0.01) for _ in range(2)]
    for service in services:
        service.start()
    try:
        wait_for(lambda: len(session.scalars(select(RunRecord.run_id)).all()) == 5, session)
        holder = session.scalar(select(Lease.holder))
        first = next(service for service in services if service.holder == holder)
        first.stop()
        make_run("usage", 6, stages=DONE)
        wait_for(lambda: len(session.scalars(select(RunRecord.run_id)).all()) == 6, session)
    finally:
        for service in services:
            service.stop()
    assert len(set(session.scalars(select(RunRecord.run_id)))) == 6


KILLED = """
import os, signal
from airflow.utils.session import create_session
from dataflow_provider.api.definitions import load_definition
from dataflow_provider.runs import recorder
from dataflow_provider.runs.lease import acquire
whole = recorder._store_nodes
def die_halfway(session, run_key, nodes):
    whole(session, run_key, list(nodes)[:1])
    session.flush()
    if die_halfway.left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    die_halfway.left -= 1
    whole(session, run_key, nodes)
die_halfway.left = 1
recorder._store_nodes = die_halfway
with create_session() as session:
    recorder.Recorder(load_definition).record_changes(session, acquire(session, "runs", "killed"))
"""


def test_killed_holder_leaves_whole_records_and_the_next_one_goes_on(
    session: Session, recorder: Recorder, usage: Project
) -> None:
    for number in (1, 2, 3):
        make_run("usage", number, stages=DONE, results={"kept": {"return_value": KEPT}})
    killed = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, timeout=200)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    counts = dict(session.execute(select(NodeRecord.run_key, func.count()).group_by(NodeRecord.run_key)).tuples().all())
    session.rollback()
    assert list(counts.values()) == [3]
    assert acquire(session, LEASE_NAME, "two") is None
    taken = acquire(session, LEASE_NAME, "two", lambda: datetime.now(UTC) + timedelta(seconds=LEASE_S + 1))
    assert taken is not None
    assert recorder.record_changes(session, taken) == 2
    assert len(session.scalars(select(NodeRecord)).all()) == 9


def wait_for(condition: Callable[[], bool], session: Session) -> None:
    """Wait until it holds; each look is a transaction of its own."""
    until = time.monotonic() + 60
    while not condition():
        session.rollback()
        assert time.monotonic() < until
        time.sleep(0.05)
    session.rollback()
