"""What people are told of runs and promises, how often, and what becomes of the messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dataflow_provider.api.definitions import load_definition
from dataflow_provider.api.run_service import LEASE_NAME, load_watched
from dataflow_provider.db.tables import Delivery, Notice, RunRecord, SlaRecord
from dataflow_provider.errors import AuthorError, TransientError
from dataflow_provider.notifications.message import Message
from dataflow_provider.runs.deliveries import MAX_ATTEMPTS, send_due
from dataflow_provider.runs.lease import Held, acquire
from dataflow_provider.runs.recorder import Recorder
from dataflow_provider.runs.records import RecordState
from dataflow_provider.runs.sla import Promise, SlaState, Work, judge, watch
from tests.unit.api.conftest import T0, Project, make_run
from tests.unit.conftest import SyncDags

NOTIFY = """\
notify:
  on_failure: [{via: slack, connection: slack_dwh, to: "#dwh"}, {via: email, to: [a@example.com, b@example.com]}]
  on_warning: [{via: email, to: a@example.com}]
  on_sla: [{via: pagerduty, connection: pager}]
  on_recovery: [{via: slack, connection: slack_dwh, to: "#dwh"}]
"""
DAILY = 'schedule: {cron: "0 6 * * *"}\nsla: {finish_by: "07:30"}\n'
ERROR = "DF-CONN-031: could not connect to server: Connection refused (node `calls`) Attempt 17."
DONE: dict[str, str | None] = {"kept": "success", "mart": "success"}
FAILED: dict[str, Any] = {
    "stages": {"kept": "failed"}, "results": {"kept": {"dataflow_error": ERROR}}, "state": DagRunState.FAILED,
}  # fmt: skip
RULE = {"node": "kept", "rule": "positive", "severity": "warn", "passed": False, "message": "2 of 9 rows fail"}
WARNED: dict[str, Any] = {
    "stages": DONE,
    "results": {"kept": {"return_value": {"stage": "kept", "state": "warning", "nodes": [], "quality": [RULE]}}},
}


class Clock:
    """A clock that stands; days are those of `make_run`."""

    def __init__(self) -> None:
        self.moment = T0

    def __call__(self) -> datetime:
        return self.moment

    def at(self, day: int, hour: int = 6, minute: int = 0) -> None:
        self.moment = T0.replace(hour=hour, minute=minute) + timedelta(days=day)


@pytest.fixture
def session(sync_dags: SyncDags) -> Iterator[Session]:
    with create_session() as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def held(session: Session, clock: Clock) -> Held:
    got = acquire(session, LEASE_NAME, "one", clock)
    assert got is not None
    return got


@pytest.fixture
def usage(project: Project) -> Project:
    project.publish("usage", top=NOTIFY)
    return project


def record(session: Session, held: Held, clock: Clock, day: int, **run: Any) -> None:
    """A run of that day comes to its end and is recorded a minute later."""
    make_run("usage", day, **run)
    clock.at(day, 6, 1)
    Recorder(load_definition).record_changes(session, held)


def notices(session: Session) -> list[tuple[str, int, bool]]:
    session.expire_all()
    found = session.scalars(select(Notice).order_by(Notice.id))
    return [(one.kind, one.occurrences, one.resolved_at is not None) for one in found]


def channels(session: Session) -> list[str]:
    return list(session.scalars(select(Delivery.via).order_by(Delivery.id)))


# ---------------------------------------------------------------- runs


def test_failure_is_told_once_until_the_pipeline_runs_again(
    session: Session, held: Held, clock: Clock, usage: Project
) -> None:
    record(session, held, clock, 1, **FAILED)
    other = {**FAILED, "results": {"kept": {"dataflow_error": ERROR.replace("17", "18")}}}
    record(session, held, clock, 2, **other)
    assert notices(session) == [("failure", 2, False)]
    assert channels(session) == ["slack", "email"]
    record(session, held, clock, 3, stages=DONE)
    assert notices(session) == [("failure", 2, True), ("recovery", 1, True)]
    assert channels(session) == ["slack", "email", "slack"]
    record(session, held, clock, 4, **FAILED)
    assert notices(session)[2:] == [("failure", 1, False)]
    assert channels(session)[3:] == ["slack", "email"]


def test_another_error_is_told_beside_the_first(session: Session, held: Held, clock: Clock, usage: Project) -> None:
    record(session, held, clock, 1, **FAILED)
    record(session, held, clock, 2, **{**FAILED, "results": {"kept": {"dataflow_error": "DF-X: disk full"}}})
    assert notices(session) == [("failure", 1, False), ("failure", 1, False)]


def test_failure_names_node_error_and_diagnosis(session: Session, held: Held, clock: Clock, usage: Project) -> None:
    record(session, held, clock, 1, **FAILED)
    notice = session.scalars(select(Notice)).one()
    assert (notice.node, notice.line, notice.title) == ("calls", ERROR, "usage failed")
    assert notice.diagnosis


def test_recording_a_run_again_tells_nobody_again(session: Session, held: Held, clock: Clock, usage: Project) -> None:
    record(session, held, clock, 1, **FAILED)
    session.execute(update(RunRecord).values(source_state="queued"))
    session.commit()
    Recorder(load_definition).record_changes(session, held)
    assert notices(session) == [("failure", 1, False)]


def test_warning_is_told_and_over_with_a_clean_run(session: Session, held: Held, clock: Clock, usage: Project) -> None:
    record(session, held, clock, 1, **WARNED)
    record(session, held, clock, 2, **WARNED)
    assert notices(session) == [("warning", 2, False)]
    record(session, held, clock, 3, stages=DONE)
    assert notices(session) == [("warning", 2, True)]
    assert channels(session) == ["email"]


def test_runs_from_before_the_first_server_are_recorded_and_told_to_nobody(
    session: Session, clock: Clock, usage: Project
) -> None:
    make_run("usage", 1, **FAILED)
    clock.at(9)
    held = acquire(session, LEASE_NAME, "one", clock)
    assert held is not None
    Recorder(load_definition).record_changes(session, held)
    assert session.scalars(select(RunRecord.state)).all() == ["failed"]
    assert notices(session) == []


# ---------------------------------------------------------------- messages


class Channel:
    """A channel that fails as often as it is told to."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.got: list[tuple[str, Message, str | None, Sequence[str]]] = []

    def __call__(self, via: str, message: Message, connection: str | None, recipients: Sequence[str]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.got.append((via, message, connection, recipients))


def states(session: Session) -> list[tuple[str, int]]:
    session.expire_all()
    found = [(one.state, one.attempts) for one in session.scalars(select(Delivery).order_by(Delivery.id))]
    session.rollback()
    return found


def test_messages_are_sent_once_with_a_link_to_the_run(
    session: Session, held: Held, clock: Clock, usage: Project
) -> None:
    record(session, held, clock, 1, **FAILED)
    channel = Channel()
    assert send_due(session, "https://x.example/airflow", clock, channel) == 2
    assert send_due(session, "https://x.example/airflow", clock, channel) == 0
    assert [(via, connection, list(to)) for via, _message, connection, to in channel.got] == [
        ("slack", "slack_dwh", ["#dwh"]), ("email", None, ["a@example.com", "b@example.com"]),
    ]  # fmt: skip
    link = channel.got[0][1].link
    assert link == "https://x.example/airflow/dataflow/app/monitor/runs/usage~manual__2026-11-02T06%3A00%3A00%2B00%3A00"
    assert states(session) == [("sent", 1), ("sent", 1)]


def test_message_by_a_connection_of_another_workspace_is_given_up(
    session: Session, held: Held, clock: Clock, usage: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__DATAFLOW__WORKSPACE_CONNECTIONS", '{"billing": ["slack_dwh"], "*": ["shared"]}')
    record(session, held, clock, 1, **FAILED)
    channel = Channel()
    assert send_due(session, "", clock, channel) == 1
    assert [via for via, _message, _connection, _to in channel.got] == ["email"]
    assert states(session) == [("failed", 1), ("sent", 1)]
    monkeypatch.setenv("AIRFLOW__DATAFLOW__WORKSPACE_CONNECTIONS", '{"telecom": ["slack_*"]}')
    record(session, held, clock, 2, **FAILED)
    assert "DF-CONN-022" in (session.scalar(select(Delivery.error).where(Delivery.via == "slack")) or "")


def test_refused_message_is_tried_later_and_given_up_in_the_end(
    session: Session, held: Held, clock: Clock, usage: Project
) -> None:
    record(session, held, clock, 1, **WARNED)
    channel = Channel(*[TransientError("DF-NOTIFY-005", "no answer") for _ in range(MAX_ATTEMPTS)])
    send_due(session, "", clock, channel)
    assert send_due(session, "", clock, channel) == 0
    assert states(session) == [("pending", 1)]
    for attempt in range(2, MAX_ATTEMPTS + 1):
        clock.moment += timedelta(hours=5)
        send_due(session, "", clock, channel)
        assert states(session) == [("failed" if attempt == MAX_ATTEMPTS else "pending", attempt)]
    assert "no answer" in (session.scalar(select(Delivery.error)) or "")


def test_message_that_only_a_person_can_mend_is_given_up_at_once(
    session: Session, held: Held, clock: Clock, usage: Project
) -> None:
    record(session, held, clock, 1, **WARNED)
    send_due(session, "", clock, Channel(AuthorError("DF-NOTIFY-003", "no provider")))
    assert states(session) == [("failed", 1)]


def test_claimed_message_is_left_alone_by_other_servers(
    session: Session, held: Held, clock: Clock, usage: Project
) -> None:
    record(session, held, clock, 1, **WARNED)
    seen: list[int] = []

    def slow(via: str, message: Message, connection: str | None, recipients: Sequence[str]) -> None:
        with create_session() as other:
            seen.append(send_due(other, "", clock, Channel()))

    assert send_due(session, "", clock, slow) == 1
    assert seen == [0]


# ---------------------------------------------------------------- promises


@pytest.mark.parametrize(
    ("kind", "state", "started", "ended", "usual_s", "now", "verdict"),
    [
        ("finish_by", None, None, None, None, 0, SlaState.WAITING),
        ("finish_by", None, None, None, 3700, 0, SlaState.AT_RISK),
        ("finish_by", None, None, None, 3500, 0, SlaState.WAITING),
        ("finish_by", "running", -600, None, 4100, 0, SlaState.WAITING),
        ("finish_by", "running", -600, None, 4300, 0, SlaState.AT_RISK),
        ("finish_by", "running", -600, None, None, 3700, SlaState.BREACHED),
        ("finish_by", "failed", -600, -60, 100, 0, SlaState.WAITING),
        ("finish_by", "failed", -600, -60, 100, 3700, SlaState.BREACHED),
        ("finish_by", "success", -600, 3600, None, 3700, SlaState.MET),
        ("finish_by", "warning", -600, 3601, None, 3700, SlaState.LATE),
        ("max_duration", "failed", -600, -60, None, 0, SlaState.VOID),
        ("max_duration", "running", -3600, None, None, 0, SlaState.WAITING),
        ("max_duration", "running", -18000, None, None, 0, SlaState.AT_RISK),
    ],
)  # fmt: skip
def test_promise_is_judged(
    kind: str, state: str | None, started: int | None, ended: int | None, usual_s: float | None, now: int,
    verdict: SlaState,
) -> None:  # fmt: skip
    def moment(seconds: int | None) -> datetime | None:
        return None if seconds is None else T0 + timedelta(seconds=seconds)

    work = Work("r", moment(started), moment(ended), RecordState(state) if state else None)
    promise = Promise("usage", kind, "s", T0 + timedelta(hours=1), work)
    assert judge(promise, T0 + timedelta(seconds=now), usual_s) == verdict


def scheduled(session: Session, day: int, state: DagRunState, *, minutes: int | None = None) -> None:
    """The run of a day has begun at six, and ended so many minutes later."""
    run_id = make_run("usage", day, state, stages=DONE)
    start = T0 + timedelta(days=day)
    end = None if minutes is None else start + timedelta(minutes=minutes)
    values = {"run_type": "scheduled", "end_date": end}
    session.execute(update(DagRun).where(DagRun.run_id == run_id).values(**values))
    session.execute(update(DagModel).values(next_dagrun_create_after=start + timedelta(days=1)))
    session.commit()


def look(session: Session, held: Held) -> list[str]:
    """Record, watch, and return how the promises of all days stand."""
    Recorder(load_definition).record_changes(session, held)
    watch(session, held, load_watched(session))
    session.expire_all()
    found = list(session.scalars(select(SlaRecord.state).order_by(SlaRecord.due_at)))
    session.rollback()
    return found


@pytest.fixture
def daily(session: Session, held: Held, clock: Clock, project: Project) -> None:
    """A pipeline at six that must be done by half past seven and usually takes an hour."""
    project.publish("usage", top=NOTIFY + DAILY)
    for day in range(1, 7):
        scheduled(session, day, DagRunState.SUCCESS, minutes=60)
        clock.at(day, 7, 1)
        look(session, held)
    assert notices(session) == []


def test_day_in_time_is_met(session: Session, held: Held, clock: Clock, daily: None) -> None:
    clock.at(7, 5, 59)
    assert look(session, held) == ["met"] * 6 + ["waiting"]


def test_late_run_is_at_risk_then_broken_then_late_and_a_warning(
    session: Session, held: Held, clock: Clock, daily: None
) -> None:
    clock.at(7, 6, 29)
    assert look(session, held)[-1] == "waiting"
    clock.at(7, 6, 31)  # nothing has begun, and an hour is needed
    assert look(session, held)[-1] == "at_risk"
    scheduled(session, 7, DagRunState.RUNNING)
    clock.at(7, 7, 29)
    assert look(session, held)[-1] == "waiting"  # it began at six after all
    clock.at(7, 7, 31)
    assert look(session, held)[6] == "breached"
    assert look(session, held)[6] == "breached"
    end = T0 + timedelta(days=7, minutes=100)
    session.execute(update(DagRun).where(DagRun.state == "running").values(state="success", end_date=end))
    session.commit()
    clock.at(7, 7, 41)
    assert look(session, held)[6] == "late"
    assert notices(session) == [("sla_at_risk", 1, True), ("sla_breach", 1, True), ("recovery", 1, True)]
    assert channels(session) == ["pagerduty", "pagerduty", "slack"]
    run = session.scalars(select(RunRecord).order_by(RunRecord.id.desc())).first()
    assert run is not None
    assert (run.state, [reason["kind"] for reason in run.reasons]) == ("warning", ["late"])
    session.execute(update(RunRecord).values(source_state="queued"))
    session.commit()
    look(session, held)
    session.refresh(run)
    assert (run.state, [reason["kind"] for reason in run.reasons]) == ("warning", ["late"])


def test_day_without_any_run_is_broken(session: Session, held: Held, clock: Clock, daily: None) -> None:
    clock.at(7, 7, 31)
    assert look(session, held)[6] == "breached"
    assert session.scalars(select(Notice.run_id).where(Notice.kind == "sla_breach")).all() == [None]


def test_each_broken_day_is_told_and_over_with_the_first_in_time(
    session: Session, held: Held, clock: Clock, daily: None
) -> None:
    for day in (7, 8):
        clock.at(day, 7, 31)
        look(session, held)
        session.execute(update(DagModel).values(next_dagrun_create_after=T0 + timedelta(days=day + 1)))
        session.commit()
    assert channels(session) == ["pagerduty"] * 2
    scheduled(session, 9, DagRunState.SUCCESS, minutes=60)
    clock.at(9, 7, 1)
    assert look(session, held)[6:9] == ["breached", "breached", "met"]
    assert [one for one in notices(session) if one[0] != "sla_at_risk"] == [
        ("sla_breach", 1, True), ("sla_breach", 1, True), ("recovery", 1, True),
    ]  # fmt: skip
    assert channels(session)[-1] == "slack"


def test_paused_pipeline_promises_nothing(session: Session, held: Held, clock: Clock, daily: None) -> None:
    session.execute(update(DagModel).values(is_paused=True))
    session.commit()
    clock.at(7, 7, 31)
    assert look(session, held) == ["met"] * 6


def test_waiting_pipeline_is_late_when_the_one_before_it_had_its_day(
    session: Session, held: Held, clock: Clock, project: Project
) -> None:
    project.publish("usage", top='schedule: {cron: "0 6 * * *"}\n')
    project.publish("after_it", top='schedule: {after: [usage]}\nsla: {finish_by: "07:30"}\n')
    clock.at(0, 23)
    scheduled(session, 1, DagRunState.RUNNING)
    clock.at(1, 7, 31)
    assert look(session, held)[0] == "breached"
    assert session.scalars(select(SlaRecord.pipeline_id).distinct()).all() == ["after_it"]


def test_run_that_takes_too_long_is_broken_whoever_started_it(
    session: Session, held: Held, clock: Clock, project: Project
) -> None:
    project.publish("usage", top=NOTIFY + "sla: {max_duration: 30m}\n")
    make_run("usage", 1, DagRunState.RUNNING)
    for minute, state in ((10, "waiting"), (25, "at_risk"), (31, "breached")):
        clock.at(1, 6, minute)
        assert look(session, held) == [state]


def test_unusual_number_of_rows_makes_a_scheduled_run_a_warning(
    session: Session, held: Held, clock: Clock, project: Project
) -> None:
    project.publish("usage", top='schedule: {cron: "0 6 * * *"}\n')
    for day, rows in enumerate([100, 101, 99, 100, 102, 98, 100, 100, 100, 3], start=1):
        result = {"stage": "mart", "state": "success", "nodes": [{"id": "mart", "rows_out": rows}], "quality": []}
        run_id = make_run("usage", day, stages=DONE, results={"mart": {"return_value": result}})
        session.execute(update(DagRun).where(DagRun.run_id == run_id).values(run_type="scheduled"))
        session.commit()
        clock.at(day, 6, 1)
        look(session, held)
    runs = session.scalars(select(RunRecord).order_by(RunRecord.due_at)).all()
    assert [run.state for run in runs] == ["success"] * 9 + ["warning"]
    assert runs[-1].reasons[0]["message"] == "3 rows were written; the last 9 runs wrote 100 at the median"
