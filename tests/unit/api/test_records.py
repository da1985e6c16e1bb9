"""Records, statistics and notifications through the API, by right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from airflow.models.dag import DagModel, DagTag
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from sqlalchemy import delete, update

from dataflow_provider.api.definitions import load_definition
from dataflow_provider.api.run_service import LEASE_NAME
from dataflow_provider.db import tables
from dataflow_provider.runs.lease import acquire, utc_now
from dataflow_provider.runs.recorder import Recorder
from dataflow_provider.security import Role
from tests.unit.api.conftest import T0, Api, AsRole, Auth, Project, User, make_run, move_run
from tests.unit.api.test_run_service import DONE, KEPT, MART, RULE

SAMPLED = {**RULE, "samples": [{"n": -1}]}
RESULTS = {"kept": {"return_value": {**KEPT, "quality": [SAMPLED]}}, "mart": {"return_value": MART}}
RESULTS_WITHOUT_RULES = {"kept": {"return_value": KEPT}, "mart": {"return_value": MART}}
FAILED: dict[str, Any] = {
    "stages": {"kept": "failed"},
    "results": {"kept": {"dataflow_error": "DF-CONN-031: Connection refused (node `calls`)"}},
}


def record(*, told: bool = False) -> None:
    """Everything is recorded, and told when the servers were there at the time."""
    with create_session() as session:
        held = acquire(session, LEASE_NAME, "test", lambda: T0 + timedelta(days=20) if told else utc_now())
        assert held is not None
        held.since = T0 if told else held.since
        held.now = lambda: T0 + timedelta(days=3, hours=1)
        Recorder(load_definition).record_changes(session, held)


@pytest.fixture
def history(project: Project) -> list[str]:
    project.publish("usage")
    runs = [make_run("usage", number, stages=DONE, results=RESULTS) for number in (1, 2)]
    runs.append(make_run("usage", 3, DagRunState.FAILED, **FAILED))
    record(told=True)
    return runs


def record_of(api: Api, run_id: str) -> Any:
    return api.get(f"/runs/usage/{quote(run_id, safe='')}/record")


def test_history_is_paged_newest_first_and_filtered_by_state(viewer: Api, history: list[str]) -> None:
    page = viewer.get("/pipelines/usage/history", limit=2)
    assert (page["total"], [run["run_id"] for run in page["items"]]) == (3, [history[2], history[1]])
    assert viewer.get("/pipelines/usage/history", offset=2)["items"][0]["run_id"] == history[0]
    assert [run["state"] for run in viewer.get("/pipelines/usage/history", state="failed")["items"]] == ["failed"]


def test_history_of_a_deleted_pipeline_is_still_there(viewer: Api, history: list[str]) -> None:
    with create_session() as session:
        for table in (DagRun, DagTag, DagModel):
            session.execute(delete(table))
    assert viewer.get("/pipelines/usage/history")["total"] == 3
    assert record_of(viewer, history[0])["run"]["rows_written"] == 7


def test_record_shows_errors_sql_and_samples_by_right(as_role: AsRole, history: list[str]) -> None:
    def shown(role: Role) -> tuple[bool, bool, bool]:
        done, failed = (record_of(as_role(role), run_id) for run_id in (history[0], history[2]))
        node = done["nodes"][1]
        return failed["run"]["error"] is not None, node["sql"] is not None, node["quality"][0]["samples"] != []

    assert shown(Role.ENGINEER) == (True, True, True)
    assert shown(Role.OPERATOR) == (True, True, False)
    assert shown(Role.VIEWER) == (False, False, False)


def test_record_of_no_run_is_404(viewer: Api, history: list[str]) -> None:
    assert viewer.send("GET", "/runs/usage/none/record").json()["code"] == "DF-API-404"


def test_statistics_tell_durations_rate_and_freshness(viewer: Api, history: list[str]) -> None:
    found = viewer.get("/pipelines/usage/statistics", days=400)
    assert (found["p50_s"], found["p95_s"], found["p99_s"]) == (10.0, 10.0, 10.0)
    assert found["runs"] == {"success": 2, "failed": 1}
    assert found["success_rate"] == pytest.approx(2 / 3)
    assert found["fresh_at"] == (T0 + timedelta(days=2, seconds=10)).isoformat().replace("+00:00", "Z")
    assert (found["sla_rate"], found["sla_kept"]) == (None, 0)


def test_statistics_without_runs_are_empty(viewer: Api, project: Project) -> None:
    project.publish("usage")
    found = viewer.get("/pipelines/usage/statistics")
    assert (found["p50_s"], found["success_rate"], found["fresh_at"], found["runs"]) == (None, None, None, {})


def test_notifications_are_unread_until_each_user_has_read_them(as_role: AsRole, history: list[str]) -> None:
    engineer, viewer = as_role(Role.ENGINEER), as_role(Role.VIEWER)
    page = engineer.get("/notifications")
    assert (page["total"], page["unread"], page["items"][0]["kind"]) == (1, 1, "failure")
    assert page["items"][0]["line"] == "DF-CONN-031: Connection refused (node `calls`)"
    after = engineer.send("POST", "/notifications/read", {"ids": [page["items"][0]["id"]]}).json()
    assert (after["unread"], after["items"][0]["is_read"]) == (0, True)
    assert engineer.get("/notifications", unread=True)["items"] == []
    seen = viewer.get("/notifications")
    assert (seen["unread"], seen["items"][0]["line"]) == (1, None)
    assert viewer.send("POST", "/notifications/read", {}).json()["unread"] == 0


def test_notifications_of_hidden_pipelines_are_neither_shown_nor_read(
    as_role: AsRole, auth: Auth, history: list[str]
) -> None:
    auth.users["engineer"] = User(Role.ENGINEER, dags={"other"})
    engineer = as_role(Role.ENGINEER)
    assert engineer.get("/notifications")["total"] == 0
    engineer.send("POST", "/notifications/read", {})
    with create_session() as session:
        assert session.query(tables.NoticeRead).count() == 0
    assert engineer.send("GET", "/pipelines/usage/history").status_code == 403


def test_missing_tables_are_named(viewer: Api, monkeypatch: pytest.MonkeyPatch, project: Project) -> None:
    project.publish("usage")
    monkeypatch.setattr(tables.DiagnosisFeedback, "__tablename__", "dataflow_gone")
    response = viewer.send("GET", "/pipelines/usage/history")
    assert (response.status_code, response.json()["code"]) == (503, "DF-API-018")


# ---------------------------------------------------------------- one truth on all screens


def state_everywhere(api: Api, run_id: str) -> set[str]:
    """The state of the newest run as each screen shows it."""
    row = api.get("/pipelines")["items"][0]
    return {
        row["state"],
        row["last_run"]["state"],
        row["recent_runs"][-1]["state"],
        api.get("/pipelines/usage/runs")["items"][0]["state"],
        api.get(f"/runs/usage/{quote(run_id, safe='')}")["run"]["state"],
        api.get("/pipelines/usage/history")["items"][0]["state"],
    }


def test_cancelled_run_is_cancelled_on_every_screen(engineer: Api, project: Project) -> None:
    project.publish("usage")
    run_id = make_run("usage", state=DagRunState.RUNNING, stages={"kept": "running", "mart": None})
    engineer.send("POST", f"/runs/usage/{quote(run_id, safe='')}/cancel")
    record()
    assert state_everywhere(engineer, run_id) == {"cancelled"}


def test_skipped_run_is_skipped_on_every_screen(engineer: Api, project: Project) -> None:
    project.publish("usage")
    run_id = make_run("usage", stages={"kept": "skipped", "mart": "skipped"})
    record()
    assert state_everywhere(engineer, run_id) == {"skipped"}


def test_late_run_is_a_warning_on_every_screen(engineer: Api, project: Project) -> None:
    project.publish("usage")
    run_id = make_run("usage", stages=DONE, results=RESULTS_WITHOUT_RULES)
    record()
    assert state_everywhere(engineer, run_id) == {"success"}
    with create_session() as session:
        late = tables.SlaRecord(
            pipeline_id="usage", kind="max_duration", subject=run_id, run_id=run_id, due_at=T0, state="late"
        )
        session.add(late)
        session.execute(update(tables.RunRecord).values(source_state="queued"))
    record()
    assert state_everywhere(engineer, run_id) == {"warning"}


def test_record_of_an_earlier_go_does_not_hide_the_present_one(engineer: Api, project: Project) -> None:
    project.publish("usage")
    run_id = make_run("usage", state=DagRunState.FAILED, **FAILED)
    record()
    move_run(run_id, DagRunState.RUNNING)
    assert engineer.get("/pipelines/usage/runs")["items"][0]["state"] == "running"
    move_run(run_id, DagRunState.SUCCESS)
    assert engineer.get("/pipelines/usage/runs")["items"][0]["state"] == "success"


def test_runs_are_filtered_by_the_states_they_are_shown_with(engineer: Api, project: Project) -> None:
    project.publish("usage")
    make_run("usage", 1, DagRunState.FAILED, **FAILED)
    make_run("usage", 2, stages={"kept": "skipped", "mart": "skipped"})
    make_run("usage", 3, stages=DONE, results=RESULTS_WITHOUT_RULES)
    record()

    def shown(*states: str) -> list[str]:
        page = engineer.get("/pipelines/usage/runs", state=list(states))
        assert page["total"] == len(page["items"])
        return [run["state"] for run in page["items"]]

    assert shown("skipped") == ["skipped"]
    assert shown("success", "failed") == ["success", "failed"]
    assert shown("success", "warning", "skipped") == ["success", "skipped"]
    assert shown("cancelled") == []


def test_run_is_settled_once_its_end_is_recorded(engineer: Api, project: Project) -> None:
    project.publish("usage")
    run_id = make_run("usage", stages=DONE)
    path = f"/runs/usage/{quote(run_id, safe='')}"
    assert engineer.get(path)["is_settled"] is True  # it ended so long ago that no record is waited for
    with create_session() as session:
        session.execute(update(DagRun).values(end_date=utc_now()))
    assert engineer.get(path)["is_settled"] is False
    record()
    assert engineer.get(path)["is_settled"] is True
