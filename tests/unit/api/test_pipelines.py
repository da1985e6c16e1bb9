"""The list and the page of pipelines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import pytest
from airflow import settings
from airflow.models.dag import DagModel
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from sqlalchemy import delete, event, update

from dataflow_provider.spec.findings import InvalidPipelineError
from tests.unit.api.conftest import PIPELINE, Api, Project, make_run, move_run

WARNED = {"stage": "mart", "state": "warning", "seconds": 1.0, "nodes": []}
BROKEN = PIPELINE.format(pipeline_id="usage", name="Usage", owner="team_a", tags="cdr", top="colour: red\n")


def ids(page: dict[str, Any]) -> list[str]:
    return [item["id"] for item in page["items"]]


def trace_of(error: InvalidPipelineError) -> str:
    return f'Traceback (most recent call last):\n  File "x.py", line 2, in <module>\n{type(error).__name__}: {error}\n'


def set_dag(pipeline_id: str, **values: object) -> None:
    with create_session() as session:
        session.execute(update(DagModel).where(DagModel.dag_id == pipeline_id).values(values))


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    statements: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    engine = settings.get_engine()
    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", listen)


def test_summary_tells_what_the_file_and_airflow_know(viewer: Api, project: Project) -> None:
    top = 'schedule: {cron: "30 6 * * *", timezone: Europe/Warsaw}\n'
    project.publish("usage", name="Daily usage", owner="team_b", tags="cdr, daily", top=top)
    run_id = make_run("usage")
    item = viewer.get("/pipelines")["items"][0]
    assert item.pop("next_run").startswith("2")
    assert item == {
        "id": "usage",
        "name": "Daily usage",
        "description": "Rated usage",
        "workspace": "telecom",
        "owner": "team_b",
        "tags": ["cdr", "daily"],
        "state": "success",
        "is_paused": False,
        "schedule": {
            "summary": "06:30 Warsaw, daily",
            "cron": "30 6 * * *",
            "timezone": "Europe/Warsaw",
            "after": [],
        },
        "last_run": {
            "run_id": run_id,
            "state": "success",
            "start": "2026-11-02T06:00:00Z",
            "end": "2026-11-02T06:00:10Z",
            "duration_s": 10.0,
        },
        "recent_runs": [{"run_id": run_id, "state": "success", "duration_s": 10.0}],
        "findings_count": 0,
    }


def test_pipeline_that_never_ran_says_so(viewer: Api, project: Project) -> None:
    project.publish("usage")
    item = viewer.get("/pipelines")["items"][0]
    assert (item["state"], item["last_run"], item["schedule"], item["recent_runs"]) == ("never_run", None, None, [])


def test_paused_pipeline_keeps_its_state_and_has_no_next_run(viewer: Api, project: Project) -> None:
    project.publish("usage", top='schedule: {cron: "0 6 * * *"}\n')
    make_run("usage", state=DagRunState.FAILED)
    set_dag("usage", is_paused=True)
    item = viewer.get("/pipelines")["items"][0]
    assert (item["state"], item["is_paused"], item["next_run"]) == ("failed", True, None)


def test_schedule_after_others_names_them(viewer: Api, project: Project) -> None:
    project.publish("usage", top="schedule: {after: [plans, cells]}\n")
    schedule = viewer.get("/pipelines")["items"][0]["schedule"]
    assert schedule == {"summary": "after plans, cells", "cron": None, "timezone": None, "after": ["plans", "cells"]}


def test_recent_runs_are_the_last_ten_newest_last(viewer: Api, project: Project) -> None:
    project.publish("usage")
    run_ids = [make_run("usage", number) for number in range(1, 13)]
    item = viewer.get("/pipelines")["items"][0]
    assert [run["run_id"] for run in item["recent_runs"]] == run_ids[2:]
    assert item["last_run"]["run_id"] == run_ids[-1]


def test_run_with_a_warned_stage_is_a_warning_everywhere(viewer: Api, project: Project) -> None:
    project.publish("usage")
    make_run("usage", 1, results={"mart": {"return_value": {**WARNED, "stage": "warning", "state": "success"}}})
    make_run("usage", 2, results={"mart": {"return_value": WARNED}})
    item = viewer.get("/pipelines")["items"][0]
    assert (item["state"], item["last_run"]["state"]) == ("warning", "warning")
    assert [run["state"] for run in item["recent_runs"]] == ["success", "warning"]
    assert ids(viewer.get("/pipelines", state="warning")) == ["usage"]
    assert ids(viewer.get("/pipelines", state="success")) == []


def test_run_that_was_run_again_without_a_warning_is_a_success(viewer: Api, project: Project) -> None:
    project.publish("usage")
    run_id = make_run("usage", results={"mart": {"return_value": WARNED}})
    assert viewer.get("/pipelines")["items"][0]["state"] == "warning"
    with create_session() as session:
        session.execute(delete(XComModel))
    move_run(run_id, DagRunState.SUCCESS)
    assert viewer.get("/pipelines")["items"][0]["state"] == "success"


@pytest.fixture
def fleet(project: Project) -> Project:
    project.publish("alpha", owner="team_a", tags="cdr, daily", name="zulu")
    project.publish("bravo", owner="team_b", tags="cdr", workspace="flights", name="Yankee")
    project.publish("charlie", owner="team_a", tags="ref", name="xray")
    make_run("bravo", 2)
    make_run("charlie", 1, DagRunState.FAILED)
    return project


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["charlie", "bravo", "alpha"]),
        ({"search": "ALPHA"}, ["alpha"]),
        ({"search": "yank"}, ["bravo"]),
        ({"search": "team_a daily"}, ["alpha"]),
        ({"search": "rated nothing"}, []),
        ({"search": "%"}, []),
        ({"tag": ["daily", "ref"]}, ["charlie", "alpha"]),
        ({"owner": "team_a"}, ["charlie", "alpha"]),
        ({"workspace": "flights"}, ["bravo"]),
        ({"state": ["failed", "never_run"]}, ["charlie", "alpha"]),
        ({"owner": "team_a", "tag": "cdr"}, ["alpha"]),
        ({"sort": "-name"}, ["alpha", "bravo", "charlie"]),
        ({"sort": "last_run"}, ["charlie", "bravo", "alpha"]),
        ({"sort": "-last_run"}, ["bravo", "charlie", "alpha"]),
        ({"sort": "owner"}, ["alpha", "charlie", "bravo"]),
        ({"sort": "workspace"}, ["bravo", "alpha", "charlie"]),
        ({"sort": "state"}, ["bravo", "charlie", "alpha"]),
        ({"limit": 1, "offset": 1}, ["bravo"]),
        ({"offset": 3}, []),
    ],
)
def test_list_filters_sorts_and_pages(viewer: Api, fleet: Project, query: dict[str, Any], expected: list[str]) -> None:
    assert ids(viewer.get("/pipelines", **query)) == expected


def test_total_counts_matches_and_facets_count_everything(viewer: Api, fleet: Project) -> None:
    page = viewer.get("/pipelines", owner="team_a", limit=1)
    facets = {name: {one["value"]: one["count"] for one in values} for name, values in page["facets"].items()}
    assert page["total"] == 2
    assert facets == {
        "tags": {"cdr": 2, "daily": 1, "ref": 1},
        "owners": {"team_a": 2, "team_b": 1},
        "workspaces": {"telecom": 2, "flights": 1},
        "states": {"never_run": 1, "success": 1, "failed": 1},
    }


@pytest.mark.parametrize("query", [{"sort": "colour"}, {"limit": 0}, {"limit": 501}, {"state": "bad"}, {"offset": -1}])
def test_list_with_a_wrong_query_is_a_422_naming_it(viewer: Api, query: dict[str, Any]) -> None:
    response = viewer.send("GET", "/pipelines", **query)
    assert response.status_code == 422
    assert f"`{next(iter(query))}" in response.json()["detail"]


def test_list_asks_the_database_as_often_for_many_as_for_few(viewer: Api, project: Project) -> None:
    project.publish("first")
    make_run("first")
    viewer.get("/pipelines")
    with counted_statements() as few:
        viewer.get("/pipelines")
    for number in range(8):
        project.publish(f"more_{number}")
        make_run(f"more_{number}")
    viewer.get("/pipelines")
    with counted_statements() as many:
        assert viewer.get("/pipelines")["total"] == 9
    assert len(many) == len(few)


def test_dag_that_is_not_ours_is_neither_listed_nor_found(viewer: Api, project: Project) -> None:
    from airflow.sdk import DAG

    project._sync_dags(DAG("by_hand", schedule=None))
    assert viewer.get("/pipelines")["total"] == 0
    assert viewer.send("GET", "/pipelines/by_hand").status_code == 404


def test_file_whose_dag_is_gone_is_not_listed(viewer: Api, project: Project) -> None:
    project.publish("usage")
    set_dag("usage", is_stale=True)
    assert viewer.get("/pipelines")["total"] == 0


# ---------------------------------------------------------------- broken files


def test_file_that_never_parsed_is_listed_as_invalid(viewer: Api, engineer: Api, project: Project) -> None:
    project.write("usage", BROKEN)
    with pytest.raises(InvalidPipelineError) as caught:
        project.parse("usage")
    project.break_file("usage", trace_of(caught.value))
    item = viewer.get("/pipelines")["items"][0]
    assert (item["id"], item["state"], item["workspace"], item["findings_count"]) == ("usage", "invalid", "telecom", 1)
    page = engineer.get("/pipelines/usage")
    finding = page["findings"][0]
    assert (finding["code"], finding["line"], finding["file"]) == (
        "DF-SPEC-001",
        8,
        "yaml_pipelines/telecom/usage.yaml",
    )
    assert page["yaml"] == BROKEN
    assert page["graph"] is None


def test_findings_of_a_file_this_server_cannot_see_come_from_the_import_error(engineer: Api, project: Project) -> None:
    path = project.write("usage", BROKEN)
    with pytest.raises(InvalidPipelineError) as caught:
        project.parse("usage")
    project.break_file("usage", trace_of(caught.value))
    path.unlink()
    page = engineer.get("/pipelines/usage")
    assert [(one["code"], one["line"], one["severity"]) for one in page["findings"]] == [("DF-SPEC-001", 8, "error")]
    assert "`colour`" in page["findings"][0]["message"]
    assert page["yaml"] is None


def test_pipeline_broken_by_an_edit_keeps_its_graph_and_shows_the_new_text(engineer: Api, project: Project) -> None:
    project.publish("usage")
    make_run("usage")
    project.write("usage", BROKEN)
    project.break_file("usage", "boom")
    set_dag("usage", is_stale=True)
    page = engineer.get("/pipelines/usage")
    assert page["summary"]["state"] == "invalid"
    assert page["summary"]["last_run"]["state"] == "success"
    assert page["yaml"] == BROKEN
    assert len(page["graph"]["nodes"]) == 3
    assert [one["code"] for one in page["findings"]] == ["DF-SPEC-001"]


def test_import_error_without_our_findings_tells_its_last_line(viewer: Api, project: Project) -> None:
    project.break_file("usage", "Traceback …\nMemoryError: no room\n")
    finding = viewer.get("/pipelines/usage")["findings"][0]
    assert (finding["code"], finding["file"]) == ("DF-API-005", "telecom/usage.py")
    assert "MemoryError: no room" in finding["message"]


# ---------------------------------------------------------------- one pipeline


def test_page_holds_text_graph_and_run_form(engineer: Api, project: Project) -> None:
    top = """\
params:
  n: {type: integer, default: 3}
  day: {type: date, description: Which}
  since: {type: date, default: 2026-01-01}
"""
    project.publish("usage", top=top)
    page = engineer.get("/pipelines/usage")
    assert page["yaml"] == PIPELINE.format(pipeline_id="usage", name="Usage", owner="team_a", tags="cdr", top=top)
    assert page["params"] == [
        {"name": "n", "type": "integer", "default": 3, "required": False, "description": None},
        {"name": "day", "type": "date", "default": None, "required": True, "description": "Which"},
        {
            "name": "since",
            "type": "date",
            "default": date(2026, 1, 1).isoformat(),
            "required": False,
            "description": None,
        },
    ]
    graph = page["graph"]
    assert [(node["id"], node["kind"], node["stage"], node["ports"]) for node in graph["nodes"]] == [
        ("calls", "source", "kept", []),
        ("kept", "transform", "kept", ["rejected"]),
        ("mart", "target", "mart", []),
    ]
    assert [(edge["source"], edge["target"], edge["kind"]) for edge in graph["edges"]] == [
        ("calls", "kept", "data"),
        ("kept", "mart", "data"),
    ]
    assert [(stage["id"], stage["nodes"], stage["upstream"]) for stage in graph["stages"]] == [
        ("kept", ["calls", "kept"], []),
        ("mart", ["mart"], ["kept"]),
    ]
    assert graph["nodes"][1]["meta"]["where"] == "duration_s > 60"


def test_page_without_the_right_to_read_sql_holds_none(viewer: Api, project: Project) -> None:
    project.publish("usage")
    response = viewer.send("GET", "/pipelines/usage")
    assert response.json()["yaml"] is None
    assert "duration_s" not in response.text
    assert len(response.json()["graph"]["nodes"]) == 3


def test_unknown_pipeline_is_a_404_with_a_code(viewer: Api) -> None:
    response = viewer.send("GET", "/pipelines/nothing")
    assert (response.status_code, response.json()["code"]) == (404, "DF-API-404")


def test_edited_pipeline_is_shown_in_its_new_version(engineer: Api, project: Project) -> None:
    project.publish("usage", name="Before")
    assert engineer.get("/pipelines")["items"][0]["schedule"] is None
    project.publish("usage", name="After", top='schedule: {cron: "0 1 * * *"}\n')
    page = engineer.get("/pipelines/usage")
    assert page["summary"]["name"] == "After"
    assert page["summary"]["schedule"]["cron"] == "0 1 * * *"
    assert "name: After" in page["yaml"]


def test_picture_is_svg_without_sql(viewer: Api, project: Project) -> None:
    project.publish("usage")
    response = viewer.send("GET", "/pipelines/usage/graph.svg")
    assert response.headers["content-type"] == "image/svg+xml"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.text.startswith("<svg")
    assert "duration_s" not in response.text


def test_picture_of_a_file_without_a_valid_version_is_a_404(viewer: Api, project: Project) -> None:
    project.break_file("usage", "boom")
    assert viewer.send("GET", "/pipelines/usage/graph.svg").json()["code"] == "DF-API-006"


def test_next_runs_follow_the_calendar_that_airflow_has(viewer: Api, project: Project) -> None:
    project.publish("usage", top='schedule: {cron: "30 6 * * *", timezone: Europe/Warsaw, calendar: PL}\n')
    answer = viewer.get("/pipelines/usage/next-runs", count=30)
    assert (answer["summary"], answer["timezone"]) == ("06:30 Warsaw, Polish business days", "Europe/Warsaw")
    runs = answer["runs"]
    assert len(runs) == 30
    assert all(datetime.fromisoformat(run["local_time"]).weekday() < 5 for run in runs)
    assert all(earlier["interval_end"] == later["interval_start"] for earlier, later in pairwise(runs))
    assert any("Saturday" in note for run in runs for note in run["notes"])


def test_next_runs_without_a_clock_are_none(viewer: Api, project: Project) -> None:
    project.publish("usage", top="schedule: {after: [plans]}\n")
    assert viewer.get("/pipelines/usage/next-runs") == {
        "summary": "after plans", "timezone": None, "is_paused": False, "runs": [],
    }  # fmt: skip
