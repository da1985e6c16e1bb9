"""Starting, watching, cancelling runs, and reading what their stages wrote."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from sqlalchemy import select, update

from dataflow_provider.compiler.made_of import made_of
from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.security import Role
from dataflow_provider.spec.loader import load_pipeline
from tests.unit.api.conftest import PIPELINE, Api, AsRole, Project, make_run

PARAMS = """\
params:
  n: {type: integer, default: 3}
  rate: {type: number, default: 0.5}
  day: {type: date, default: 2026-01-01}
  at: {type: timestamp, default: 2026-01-01}
  dry: {type: boolean, default: false}
  who: {type: string, default: x}
"""
RESULT: dict[str, Any] = {
    "stage": "kept",
    "state": "success",
    "seconds": 1.5,
    "nodes": [
        {"id": "calls", "rows_in": None, "rows_out": 9, "rows_rejected": None, "seconds": 1.0},
        {"id": "kept", "rows_in": 9, "rows_out": 7, "rows_rejected": 2, "seconds": 0.5},
    ],
}


def run_path(run_id: str, rest: str = "") -> str:
    return f"/runs/usage/{quote(run_id, safe='')}{rest}"


def stored_run(run_id: str) -> DagRun:
    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.run_id == run_id)).one()
        session.expunge(run)
        return run


def audit_events() -> list[tuple[str, str | None, str | None]]:
    with create_session() as session:
        rows = session.execute(select(Log.event, Log.owner, Log.run_id).where(Log.event.like("dataflow.%")))
        return [(row.event, row.owner, row.run_id) for row in rows]


@pytest.fixture
def usage(project: Project) -> Project:
    project.publish("usage", top=PARAMS)
    return project


# ---------------------------------------------------------------- start


def test_started_run_is_queued_with_values_note_and_name(as_role: AsRole, usage: Project) -> None:
    before = datetime.now(UTC)
    body = {"params": {"n": 5, "day": "2026-02-01"}, "note": "again, please"}
    response = as_role(Role.OPERATOR).send("POST", "/pipelines/usage/runs", body)
    assert response.status_code == 201
    run = response.json()
    assert (run["state"], run["run_type"], run["triggered_by"], run["note"]) == (
        "queued", "manual", "operator", "again, please",
    )  # fmt: skip
    assert run["params"] == {"n": 5, "day": "2026-02-01"}
    assert datetime.fromisoformat(run["logical_date"]) >= before
    stored = stored_run(run["run_id"])
    assert (stored.state, stored.conf) == ("queued", {"n": 5, "day": "2026-02-01"})
    assert audit_events() == [("dataflow.run", "operator", run["run_id"])]


def test_started_run_without_an_interval_has_the_schedules_last_complete_one(engineer: Api, project: Project) -> None:
    project.publish("usage", top='schedule: {cron: "0 0 * * *"}\n')
    run = engineer.send("POST", "/pipelines/usage/runs", {}).json()
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert datetime.fromisoformat(run["interval_end"]) == midnight
    assert datetime.fromisoformat(run["interval_start"]) == midnight - timedelta(days=1)


def test_started_run_with_an_interval_has_it(engineer: Api, usage: Project) -> None:
    body = {"interval_start": "2026-03-01", "interval_end": "2026-03-02T02:00:00+02:00"}
    run = engineer.send("POST", "/pipelines/usage/runs", body).json()
    assert (run["interval_start"], run["interval_end"]) == ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")


@pytest.mark.parametrize(
    "given",
    [{}, {"n": 0}, {"rate": 1.5}, {"rate": 2}, {"day": "2026-02-28"}, {"at": "2026-01-01T10:00:00Z"},
     {"dry": True}, {"who": ""}],
)  # fmt: skip
def test_fitting_parameters_start_a_run(engineer: Api, usage: Project, given: dict[str, Any]) -> None:
    response = engineer.send("POST", "/pipelines/usage/runs", {"params": given})
    assert (response.status_code, response.json()["params"]) == (201, given)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"n": "5"}, '`n` is "5", which is no whole number'),
        ({"n": 1.5}, "`n` is 1.5, which is no whole number"),
        ({"n": True}, "`n` is true, which is no whole number"),
        ({"n": None}, "`n` may not be empty"),
        ({"rate": "1.5"}, '`rate` is "1.5", which is no number'),
        ({"day": "2026-02-30"}, '`day` is "2026-02-30", which is no date like `2026-01-31`'),
        ({"day": 20260230}, "`day` is 20260230, which is no date like `2026-01-31`"),
        ({"at": "noon"}, '`at` is "noon", which is no timestamp'),
        ({"dry": "no"}, '`dry` is "no", which is no true or false'),
        ({"who": 1}, "`who` is 1, which is no text"),
        ({"min_rows": 1}, "`min_rows` is no parameter of this pipeline"),
    ],
)
def test_parameter_that_does_not_fit_is_a_422_naming_it(
    engineer: Api, usage: Project, given: dict[str, Any], told: str
) -> None:
    response = engineer.send("POST", "/pipelines/usage/runs", {"params": given})
    assert (response.status_code, response.json()["code"]) == (422, "DF-API-011")
    assert told in response.json()["detail"]
    assert "`n` (integer)" in response.json()["hint"]


def test_every_parameter_that_does_not_fit_is_named_at_once(engineer: Api, usage: Project) -> None:
    detail = engineer.send("POST", "/pipelines/usage/runs", {"params": {"n": "x", "dry": 1}}).json()["detail"]
    assert "`n`" in detail
    assert "`dry`" in detail


def test_missing_required_parameter_is_a_422(engineer: Api, project: Project) -> None:
    project.publish("usage", top="params: {day: {type: date, default: null}}\n")
    assert "`day` needs a value" in engineer.send("POST", "/pipelines/usage/runs", {}).json()["detail"]


@pytest.mark.parametrize(
    "interval",
    [
        {"interval_start": "2026-03-01"},
        {"interval_end": "2026-03-01"},
        {"interval_start": "2026-03-02", "interval_end": "2026-03-01"},
        {"interval_start": "2026-03-02", "interval_end": "2026-03-02"},
    ],
)
def test_half_or_empty_interval_is_a_422(engineer: Api, usage: Project, interval: dict[str, str]) -> None:
    assert engineer.send("POST", "/pipelines/usage/runs", interval).json()["code"] == "DF-API-015"


def test_unknown_key_of_a_body_is_a_422(engineer: Api, usage: Project) -> None:
    response = engineer.send("POST", "/pipelines/usage/runs", {"parameters": {}})
    assert (response.status_code, response.json()["code"]) == (422, "DF-API-422")
    assert "`parameters`" in response.json()["detail"]


def pause(pipeline_id: str) -> None:
    with create_session() as session:
        session.execute(update(DagModel).where(DagModel.dag_id == pipeline_id).values(is_paused=True))


def test_run_of_a_paused_pipeline_is_a_409(engineer: Api, usage: Project) -> None:
    pause("usage")
    response = engineer.send("POST", "/pipelines/usage/runs", {})
    assert (response.status_code, response.json()["code"]) == (409, "DF-API-009")
    assert engineer.get("/pipelines/usage/runs")["total"] == 0


def test_run_that_unpauses_does(engineer: Api, usage: Project) -> None:
    pause("usage")
    assert engineer.send("POST", "/pipelines/usage/runs", {"unpause": True}).status_code == 201
    assert engineer.get("/pipelines/usage")["summary"]["is_paused"] is False


def test_unpausing_by_a_run_needs_the_right_to_edit(as_role: AsRole, usage: Project) -> None:
    pause("usage")
    analyst = as_role(Role.ANALYST)
    assert analyst.send("POST", "/pipelines/usage/runs", {"unpause": True}).json()["code"] == "DF-API-403"
    assert analyst.get("/pipelines/usage")["summary"]["is_paused"] is True


def test_run_of_a_broken_pipeline_is_a_409(engineer: Api, usage: Project) -> None:
    usage.break_file("usage", "boom")
    assert engineer.send("POST", "/pipelines/usage/runs", {}).json()["code"] == "DF-API-010"


def test_pausing_and_unpausing_are_shown_and_audited(engineer: Api, usage: Project) -> None:
    assert engineer.send("PATCH", "/pipelines/usage", {"is_paused": True}).json()["is_paused"] is True
    assert engineer.send("PATCH", "/pipelines/usage", {"is_paused": True}).json()["is_paused"] is True
    assert engineer.send("PATCH", "/pipelines/usage", {"is_paused": False}).json()["is_paused"] is False
    assert [event for event, _owner, _run in audit_events()] == ["dataflow.pause", "dataflow.unpause"]


# ---------------------------------------------------------------- list, document


def test_runs_are_listed_newest_first(viewer: Api, usage: Project) -> None:
    first, second = make_run("usage", 1), make_run("usage", 2, DagRunState.RUNNING)
    page = viewer.get("/pipelines/usage/runs")
    assert [(run["run_id"], run["state"]) for run in page["items"]] == [(second, "running"), (first, "success")]
    assert page["total"] == 2
    assert [run["run_id"] for run in viewer.get("/pipelines/usage/runs", limit=1, offset=1)["items"]] == [first]


@pytest.mark.parametrize(
    ("states", "numbers"),
    [(["warning"], [2]), (["success"], [3, 1]), (["success", "warning"], [3, 2, 1]), (["failed"], [])],
)
def test_runs_are_filtered_by_our_states(viewer: Api, usage: Project, states: list[str], numbers: list[int]) -> None:
    warned = {"mart": {"return_value": {"stage": "mart", "state": "warning", "seconds": 1, "nodes": []}}}
    run_ids = {number: make_run("usage", number, results=warned if number == 2 else None) for number in (1, 2, 3)}
    page = viewer.get("/pipelines/usage/runs", state=states)
    assert [run["run_id"] for run in page["items"]] == [run_ids[number] for number in numbers]
    assert page["total"] == len(numbers)


def test_document_tells_each_stage_and_its_nodes_rows(viewer: Api, usage: Project) -> None:
    run_id = make_run(
        "usage",
        state=DagRunState.RUNNING,
        stages={"kept": "success", "mart": None},
        results={"kept": {"return_value": RESULT}},
    )
    document = viewer.get(run_path(run_id))
    assert document["run"]["state"] == "running"
    kept, mart = document["stages"]
    assert (kept["id"], kept["state"], mart["id"], mart["state"]) == ("kept", "success", "mart", "waiting")
    assert kept["nodes"] == [{**node, "state": "success"} for node in RESULT["nodes"]]
    assert mart["nodes"] == [
        {"id": "mart", "state": "waiting", "rows_in": None, "rows_out": None, "rows_rejected": None, "seconds": None}
    ]
    assert [node["id"] for node in document["graph"]["nodes"]] == ["calls", "kept", "mart"]


def test_document_of_a_warned_stage_says_warning_on_stage_nodes_and_run(viewer: Api, usage: Project) -> None:
    results = {"mart": {"return_value": {"stage": "mart", "state": "warning", "seconds": 1, "nodes": []}}}
    document = viewer.get(run_path(make_run("usage", stages={"kept": "success", "mart": "success"}, results=results)))
    assert [stage["state"] for stage in document["stages"]] == ["success", "warning"]
    assert document["stages"][1]["nodes"][0]["state"] == "warning"
    assert document["run"]["state"] == "warning"


def test_error_of_a_failed_stage_is_shown_to_those_who_may_read_logs(
    engineer: Api, viewer: Api, usage: Project
) -> None:
    error = "DF-SQL-020: no such table"
    run_id = make_run(
        "usage", state=DagRunState.FAILED, stages={"kept": "failed"}, results={"kept": {"dataflow_error": error}}
    )
    assert engineer.get(run_path(run_id))["stages"][0]["error"] == error
    assert viewer.get(run_path(run_id))["stages"][0]["error"] is None
    assert "duration_s > 60" in engineer.send("GET", run_path(run_id)).text
    assert "duration_s > 60" not in viewer.send("GET", run_path(run_id)).text


def test_document_shows_the_version_that_ran(viewer: Api, project: Project) -> None:
    project.publish("usage")
    run_id = make_run("usage")
    text = PIPELINE.format(pipeline_id="usage", name="Usage", owner="team_a", tags="cdr", top="").replace(
        "mart", "goal"
    )
    project.publish("usage", text)
    assert [stage["id"] for stage in viewer.get(run_path(run_id))["stages"]] == ["kept", "mart"]
    assert [node["id"] for node in viewer.get("/pipelines/usage")["graph"]["nodes"]] == ["calls", "kept", "goal"]


def test_unknown_run_is_a_404(viewer: Api, usage: Project) -> None:
    response = viewer.send("GET", run_path("manual__none"))
    assert (response.status_code, response.json()["code"]) == (404, "DF-API-404")


# ---------------------------------------------------------------- cancel


def test_cancelled_run_has_failed_and_nothing_of_it_starts(as_role: AsRole, usage: Project) -> None:
    run_id = make_run("usage", state=DagRunState.RUNNING, stages={"kept": "running", "mart": None})
    response = as_role(Role.ANALYST).send("POST", run_path(run_id, "/cancel"))
    assert (response.status_code, response.json()["state"]) == (200, "failed")
    with create_session() as session:
        tasks = session.execute(select(TaskInstance.task_id, TaskInstance.state).where(TaskInstance.run_id == run_id))
        assert dict(tasks.tuples().all()) == {"kept": "failed", "mart": "skipped"}
    assert audit_events() == [("dataflow.cancel", "analyst", run_id)]


def test_cancelling_a_run_that_is_over_is_a_409(engineer: Api, usage: Project) -> None:
    response = engineer.send("POST", run_path(make_run("usage"), "/cancel"))
    assert (response.status_code, response.json()["code"]) == (409, "DF-API-013")


# ---------------------------------------------------------------- resume


def test_resumed_run_keeps_what_is_done_and_clears_the_rest(as_role: AsRole, usage: Project) -> None:
    run_id = make_run("usage", state=DagRunState.FAILED, stages={"kept": "success", "mart": "failed"})
    response = as_role(Role.OPERATOR).send("POST", run_path(run_id, "/resume"))
    assert (response.status_code, response.json()["state"]) == (200, "queued")
    with create_session() as session:
        tasks = session.execute(select(TaskInstance.task_id, TaskInstance.state).where(TaskInstance.run_id == run_id))
        assert dict(tasks.tuples().all()) == {"kept": "success", "mart": None}
    assert audit_events() == [("dataflow.resume", "operator", run_id)]


@pytest.mark.parametrize(
    ("edit", "latest", "kept"),
    [
        (("duration_s > 60", "duration_s > 90"), "true", None),
        (("duration_s > 60", "duration_s > 90"), "false", "success"),
        (("description: Rated usage", "description: Other words"), "true", "success"),
    ],
)
def test_resumed_run_does_again_what_was_edited_since(
    engineer: Api, usage: Project, edit: tuple[str, str], latest: str, kept: str | None
) -> None:
    path = usage.pipelines / "telecom" / "usage.yaml"
    plan = plan_pipeline(load_pipeline(path).require())
    result = {"stage": "kept", "state": "success", "nodes": [], "made_of": made_of(plan, plan.stage("kept"))}
    run_id = make_run(
        "usage", state=DagRunState.FAILED, stages={"kept": "success", "mart": "failed"},
        results={"kept": {"return_value": result}},
    )  # fmt: skip
    assert edit[0] in path.read_text()
    usage.publish("usage", path.read_text().replace(*edit))
    assert engineer.send("POST", run_path(run_id, "/resume"), on_latest_version=latest).status_code == 200
    with create_session() as session:
        tasks = session.execute(select(TaskInstance.task_id, TaskInstance.state).where(TaskInstance.run_id == run_id))
        assert dict(tasks.tuples().all()) == {"kept": kept, "mart": None}


@pytest.mark.parametrize(
    ("state", "stages"),
    [
        (DagRunState.FAILED, {"kept": "failed", "mart": "upstream_failed"}),
        (DagRunState.SUCCESS, {"kept": "success", "mart": "success"}),
        (DagRunState.RUNNING, {"kept": "success", "mart": "running"}),
    ],
)
def test_run_without_a_checkpoint_is_not_resumed(
    engineer: Api, usage: Project, state: DagRunState, stages: dict[str, str | None]
) -> None:
    response = engineer.send("POST", run_path(make_run("usage", state=state, stages=stages), "/resume"))
    assert (response.status_code, response.json()["code"]) == (409, "DF-API-024")


def test_run_that_was_cancelled_can_go_on_too(engineer: Api, usage: Project) -> None:
    run_id = make_run("usage", state=DagRunState.RUNNING, stages={"kept": "success", "mart": "running"})
    engineer.send("POST", run_path(run_id, "/cancel"))
    assert engineer.send("POST", run_path(run_id, "/resume")).json()["state"] == "queued"


@pytest.mark.parametrize(("role", "may"), [(Role.OPERATOR, True), (Role.ANALYST, False), (Role.VIEWER, False)])
def test_run_document_offers_to_go_on_to_those_who_may(as_role: AsRole, usage: Project, role: Role, may: bool) -> None:
    run_id = make_run("usage", state=DagRunState.FAILED, stages={"kept": "success", "mart": "failed"})
    assert as_role(role).get(run_path(run_id))["can_resume"] is may


def test_run_document_offers_nothing_where_no_stage_is_done(engineer: Api, usage: Project) -> None:
    run_id = make_run("usage", state=DagRunState.FAILED, stages={"kept": "failed", "mart": "upstream_failed"})
    assert engineer.get(run_path(run_id))["can_resume"] is False


# ---------------------------------------------------------------- log


def write_log(airflow_home: Path, run_id: str, lines: list[dict[str, Any]]) -> None:
    folder = airflow_home / "logs" / "dag_id=usage" / f"run_id={run_id}" / "task_id=kept"
    folder.mkdir(parents=True)
    (folder / "attempt=1.log").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def test_log_of_a_stage_is_read_through_airflow_as_lines(engineer: Api, usage: Project, airflow_home: Path) -> None:
    run_id = make_run("usage", state=DagRunState.FAILED, stages={"kept": "failed"})
    with create_session() as session:
        session.execute(update(TaskInstance).where(TaskInstance.task_id == "kept").values(try_number=1))
    frame = {"filename": "a.py", "lineno": 3, "name": "run"}
    write_log(
        airflow_home,
        run_id,
        [
            {"timestamp": "2026-11-02T06:00:01Z", "event": "rows read", "level": "info", "logger": "dataflow"},
            {
                "timestamp": "2026-11-02T06:00:02Z",
                "event": "Task failed",
                "level": "error",
                "logger": "task",
                "error_detail": [{"exc_type": "ValueError", "exc_value": "no", "frames": [frame]}],
            },
        ],
    )
    page = engineer.get(run_path(run_id, "/stages/kept/log"), try_number=1)
    told = [(line["level"], line["logger"], line["message"]) for line in page["lines"] if line["level"]]
    assert told == [
        ("info", "dataflow", "rows read"),
        ("error", "task", "Task failed"),
        ("error", "task", "ValueError: no"),
        ("error", "task", "  a.py:3 in run"),
    ]
    assert page["lines"][-1]["time"] == "2026-11-02T06:00:02Z"
    assert page["done"] is (page["token"] is None)


def test_log_of_a_try_that_never_was_is_a_404(engineer: Api, usage: Project) -> None:
    run_id = make_run("usage")
    response = engineer.send("GET", run_path(run_id, "/stages/kept/log"), try_number=7)
    assert (response.status_code, response.json()["code"]) == (404, "DF-API-404")


def test_log_with_a_forged_token_is_refused_by_airflow(engineer: Api, usage: Project) -> None:
    run_id = make_run("usage")
    response = engineer.send("GET", run_path(run_id, "/stages/kept/log"), token="forged")
    assert response.json()["code"] == "DF-API-016"
