"""Backfills through the API: planned, made, paused and cancelled on Airflow's own tables."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import select, update

from dataflow_provider.api.definitions import load_definition
from dataflow_provider.api.run_service import LEASE_NAME
from dataflow_provider.runs.lease import acquire
from dataflow_provider.runs.recorder import Recorder
from tests.unit.api.conftest import Api, Project

TOP = 'schedule: {cron: "30 6 * * *", timezone: Europe/Warsaw, calendar: PL}\n'
NAMES = ("nowhere", "asleep", "usage")
# 8 and 9 November 2025 are a weekend, the 11th is Independence Day.
RANGE = {"start": "2025-11-06", "end": "2025-11-12"}
PATH = "/pipelines/usage/backfills"


def post(api: Api, path: str, **body: Any) -> tuple[int, Any]:
    answer = api.send("POST", path, body)
    return answer.status_code, answer.json()


def test_dry_run_is_the_default_and_lists_business_days_only(engineer: Api, project: Project) -> None:
    project.publish("usage", top=TOP)
    status, answer = post(engineer, PATH, **RANGE)
    assert (status, answer["backfill_id"], answer["counts"]) == (200, None, {"run": 4})
    assert [run["interval_start"][:10] for run in answer["runs"]] == [f"2025-11-{day:02d}" for day in (6, 7, 10, 12)]
    assert engineer.get(PATH) == {"items": []}


def test_backfill_is_made_paused_and_cancelled(engineer: Api, project: Project) -> None:
    project.publish("usage", top=TOP)
    status, made = post(engineer, PATH, **RANGE, dry_run=False, concurrency=2)
    assert status == 200, made
    (shown,) = engineer.get(PATH)["items"]
    assert (shown["id"], shown["state"], shown["runs"]) == (made["backfill_id"], "running", {"queued": 4})
    assert shown["triggered_by"] == "engineer"
    status, again = post(engineer, PATH, **RANGE, dry_run=False)
    assert (status, again["backfill_id"], again["counts"]) == (200, None, {"skip": 4})
    paused = engineer.send("PATCH", f"{PATH}/{shown['id']}", {"is_paused": True}).json()
    assert paused["items"][0]["state"] == "paused"
    status, cancelled = post(engineer, f"{PATH}/{shown['id']}/cancel")
    assert (status, cancelled["items"][0]["state"], cancelled["items"][0]["runs"]) == (
        200,
        "cancelled",
        {"cancelled": 4},
    )
    assert post(engineer, f"{PATH}/{shown['id']}/cancel")[0] == 404


def test_runs_of_a_cancelled_backfill_are_recorded_as_cancelled(engineer: Api, project: Project) -> None:
    project.publish("usage", top=TOP)
    _, made = post(engineer, PATH, **RANGE, dry_run=False)
    post(engineer, f"{PATH}/{made['backfill_id']}/cancel")
    with create_session() as session:
        held = acquire(session, LEASE_NAME, "test")
        assert held is not None
        Recorder(load_definition).record_changes(session, held)
    assert [run["state"] for run in engineer.get("/pipelines/usage/history")["items"]] == ["cancelled"] * 4


def test_runs_of_incremental_sources_go_one_after_another(engineer: Api, project: Project) -> None:
    path = project.write("usage", top=TOP.replace("calendar: PL", "calendar: PL, overlap: skip"))
    text = path.read_text().replace("table: cdr.voice", "table: cdr.voice, incremental: {column: id}")
    project.publish("usage", text)
    status, refused = post(engineer, PATH, **RANGE, concurrency=2)
    assert (status, refused["code"]) == (422, "DF-RUNS-016")
    assert post(engineer, PATH, **RANGE, dry_run=False)[0] == 200
    assert engineer.get(PATH)["items"][0]["concurrency"] == 1


def test_second_backfill_is_refused_while_one_is_active(engineer: Api, project: Project) -> None:
    project.publish("usage", top=TOP)
    assert post(engineer, PATH, **RANGE, dry_run=False)[0] == 200
    status, refused = post(engineer, PATH, start="2025-11-12", end="2025-11-20", dry_run=False)
    assert (status, refused["code"]) == (409, "DF-RUNS-008")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"start": "2025-11-12", "end": "2025-11-06"}, 422, "DF-RUNS-003"),
        ({"start": "2099-01-01", "end": "2099-01-02"}, 422, "DF-RUNS-004"),
        ({"start": "soon", "end": "2025-11-06"}, 422, "DF-RUNS-001"),
        ({"start": "0001-01-01", "end": "2025-11-06"}, 422, "DF-RUNS-001"),
        ({"start": "2025-11-01", "end": "9999-12-31"}, 422, "DF-RUNS-001"),
        ({"start": "2020-01-01", "end": "2025-11-06", "granularity": "hour", "dry_run": False}, 422, "DF-RUNS-015"),
    ],
)
def test_backfill_that_cannot_be_is_refused(
    engineer: Api, project: Project, body: dict[str, Any], status: int, code: str
) -> None:
    project.publish("usage", top=TOP)
    answer = post(engineer, PATH, **body)
    assert (answer[0], answer[1]["code"]) == (status, code)
    assert engineer.get(PATH) == {"items": []}


def test_backfill_of_an_unknown_paused_or_broken_pipeline_is_refused(engineer: Api, project: Project) -> None:
    project.publish("usage", top=TOP)
    project.publish("asleep", top=TOP)
    assert engineer.send("PATCH", "/pipelines/asleep", {"is_paused": True}).status_code == 200
    with create_session() as session:
        session.execute(update(DagModel).where(DagModel.dag_id == "usage").values(has_import_errors=True))
    answers = {name: post(engineer, f"/pipelines/{name}/backfills", **RANGE, dry_run=False) for name in NAMES}
    assert {name: (status, answer["code"]) for name, (status, answer) in answers.items()} == {
        "nowhere": (404, "DF-RUNS-002"), "asleep": (409, "DF-RUNS-005"), "usage": (409, "DF-RUNS-011"),
    }  # fmt: skip
    assert [engineer.get(f"/pipelines/{name}/backfills") for name in ("asleep", "usage")] == [{"items": []}] * 2
    with create_session() as session:
        assert session.scalars(select(DagRun.run_id)).all() == []
