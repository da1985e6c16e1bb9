"""Diagnoses of a failed stage over the API, who may have them, and fixes that go into the file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from sqlalchemy import select, update

from dataflow_provider.db.tables import DiagnosisRecord
from dataflow_provider.security import Role
from dataflow_provider.spec.loader import parse_pipeline
from tests.engines.chat_model import chat_model
from tests.unit.api.conftest import T0, Api, AsRole, Project, make_run

DEADLOCK = "ORA-00060: deadlock detected while waiting for resource"
PLACE = "/stages/kept/diagnosis"


def path_of(run_id: str) -> str:
    return f"/runs/usage/{quote(run_id, safe='')}{PLACE}"


@pytest.fixture
def failed(project: Project, airflow_home: Path) -> Iterator[str]:
    """A run whose stage `kept` has lost a deadlock."""
    project.publish("usage")
    run_id = make_run("usage", state=DagRunState.FAILED, stages={"kept": "failed"})
    with create_session() as session:
        session.execute(update(TaskInstance).where(TaskInstance.task_id == "kept").values(try_number=1))
    folder = airflow_home / "logs" / "dag_id=usage" / f"run_id={run_id}" / "task_id=kept"
    folder.mkdir(parents=True)
    lines = [
        {"timestamp": "2026-11-02T06:00:01Z", "event": "rows read", "level": "info", "logger": "dataflow"},
        {"timestamp": "2026-11-02T06:00:02Z", "event": "Task failed", "level": "error", "logger": "task",
         "error_detail": [{"exc_type": "DatabaseError", "exc_value": DEADLOCK, "frames": []}]},
    ]  # fmt: skip
    (folder / "attempt=1.log").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    yield run_id
    shutil.rmtree(folder)


def fix_of(run_id: str, found: dict[str, Any], number: int, **changed: Any) -> dict[str, Any]:
    return {
        "run_id": run_id, "stage_id": "kept", "action": number, "text_hash": found["text_hash"], **changed,
    }  # fmt: skip


def test_diagnosis_names_cause_lines_and_numbered_actions(engineer: Api, failed: str) -> None:
    found = engineer.get(path_of(failed))
    assert (found["root_cause"], found["node"], found["by"]) == ("deadlock", "kept", "signatures")
    assert any(DEADLOCK in line for line in found["evidence"])
    assert [one["number"] for one in found["actions"]] == list(range(1, len(found["actions"]) + 1))
    assert "retries: 3" in found["actions"][0]["patch"]
    assert found["context"]["targets"] == ["mart"]


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.OPERATOR, 200), (None, 401)])
def test_diagnosis_is_for_those_who_may_read_logs(as_role: AsRole, failed: str, role: Role | None, status: int) -> None:
    assert as_role(role).send("GET", path_of(failed)).status_code == status
    assert as_role(role).send("POST", path_of(failed), {}).status_code == status


def test_diagnosis_of_a_try_that_never_was_is_a_404(engineer: Api, failed: str) -> None:
    assert engineer.send("GET", path_of(failed), try_number=9).status_code == 404


def test_looking_and_asking_again_never_make_a_failure_its_own_forerunner(
    engineer: Api, failed: str, project: Project
) -> None:
    assert engineer.get(path_of(failed))["made_at"] is None
    for _ in range(2):
        again = engineer.send("POST", path_of(failed), {}).json()
        assert (again["context"]["similar"], again["made_at"] is None) == ([], False)
    with create_session() as session:
        assert len(session.scalars(select(DiagnosisRecord)).all()) == 1
    assert engineer.get(path_of(failed))["context"]["similar"] == []
    with create_session() as session:
        session.execute(
            update(DiagnosisRecord).values(
                attempt="of an earlier run",
                run_id="an_earlier_run",
                failed_at=T0,
            )
        )
    engineer.send("POST", path_of(failed), {})
    (before,) = engineer.get(path_of(failed))["context"]["similar"]
    assert (before["attempt"]["run"], before["attempt"]["stage"]) == ("an_earlier_run", "kept")


def test_second_opinion_of_a_model(engineer: Api, failed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {
        "root_cause": "deadlock", "confidence": 0.9, "evidence": [DEADLOCK], "explanation": "Two writers met.",
    }  # fmt: skip
    with chat_model(lambda told: answer) as model:
        monkeypatch.setenv("AIRFLOW_CONN_LLM", model.connection())
        found = engineer.send("POST", path_of(failed), {"model": "llm"}).json()
    assert (found["root_cause"], found["explanation"]) == ("deadlock", "Two writers met.")
    assert "was asked" in found["notes"][0]
    assert (found["model"]["outcome"], found["model_connection"]) == ("answered", None)
    assert found["model"]["input_tokens"] > 0
    assert engineer.get(path_of(failed))["explanation"] == "Two writers met."


def test_unknown_connection_of_a_model_is_a_422(engineer: Api, failed: str) -> None:
    response = engineer.send("POST", path_of(failed), {"model": "nobody"})
    assert (response.status_code, response.json()["code"]) == (422, "DF-CONN-001")


# ---------------------------------------------------------------- fixes


def test_fix_is_written_once_and_stands_in_the_audit_log(engineer: Api, failed: str, project: Project) -> None:
    found = engineer.get(path_of(failed))
    path = project.pipelines / "telecom" / "usage.yaml"
    before = path.read_text()
    answer = engineer.send("POST", "/pipelines/usage/fix", fix_of(failed, found, 1))
    assert answer.status_code == 200, answer.text
    after = path.read_text()
    assert after != before
    pipeline = parse_pipeline(after, "usage.yaml").require()
    assert (pipeline.nodes["kept"].retries, pipeline.nodes["mart"].retries) == (3, None)
    with create_session() as session:
        events = session.execute(select(Log.owner, Log.run_id).where(Log.event == "dataflow.fix")).all()
        assert [tuple(event) for event in events] == [("engineer", failed)]
    again = engineer.send("POST", "/pipelines/usage/fix", fix_of(failed, found, 1))
    assert again.status_code == 409
    assert path.read_text() == after


def test_fix_of_a_text_that_was_edited_since_is_a_409(engineer: Api, failed: str, project: Project) -> None:
    found = engineer.get(path_of(failed))
    path = project.pipelines / "telecom" / "usage.yaml"
    path.write_text(path.read_text() + "# mine\n")
    answer = engineer.send("POST", "/pipelines/usage/fix", fix_of(failed, found, 1))
    assert (answer.status_code, answer.json()["code"]) == (409, "DF-EDIT-001")
    assert path.read_text().endswith("# mine\n")
    forged = engineer.send("POST", "/pipelines/usage/fix", fix_of(failed, found, 1, text_hash="0"))
    assert (forged.status_code, forged.json()["code"]) == (409, "DF-API-031")


def test_action_that_is_no_change_of_the_file_is_a_422(engineer: Api, failed: str) -> None:
    found = engineer.get(path_of(failed))
    number = next((one["number"] for one in found["actions"] if one["patch"] is None), 99)
    answer = engineer.send("POST", "/pipelines/usage/fix", fix_of(failed, found, number))
    assert (answer.status_code, answer.json()["code"]) == (422, "DF-API-032")


@pytest.mark.parametrize("role", [Role.ANALYST, Role.OPERATOR, Role.STEWARD, Role.VIEWER])
def test_fix_needs_the_right_to_edit(as_role: AsRole, engineer: Api, failed: str, role: Role) -> None:
    found = engineer.get(path_of(failed))
    assert as_role(role).send("POST", "/pipelines/usage/fix", fix_of(failed, found, 1)).status_code == 403
