"""A diagnosis as a task: of the tasks before it, of a log, with a model, and when nothing can be read."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from dataflow_provider.errors import AuthorError
from dataflow_provider.operators.ai_diagnosis import AIDiagnosisOperator, newest_log
from tests.engines.chat_model import chat_model

DEADLOCK = "2026-05-21T20:17:45Z [error   ] ORA-00060: deadlock detected while waiting for resource [task]\n"


def context(states: dict[str, str], errors: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "ti": SimpleNamespace(
            dag_id="d",
            run_id="r1",
            get_task_states=lambda **asked: {"r1": {one: states[one] for one in asked["task_ids"] if one in states}},
            xcom_pull=lambda task_ids, key: (errors or {}).get(task_ids),
        )
    }


def test_failed_tasks_are_diagnosed_by_the_error_that_they_left() -> None:
    operator = AIDiagnosisOperator(task_id="why", tasks=["a", "b"])
    found = operator.execute(context({"a": "failed", "b": "success"}, {"a": "DF-CONN-001: connection is not defined"}))
    (only,) = found["diagnoses"]
    assert (only["task"], only["root_cause"]) == ("a", "airflow_connection_undefined")
    assert only["actions"]


def test_newest_try_of_a_log_on_this_worker_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(tmp_path))
    folder = tmp_path / "dag_id=d" / "run_id=r1" / "task_id=a"
    folder.mkdir(parents=True)
    for number, text in ((9, "RuntimeError: step failed\n"), (10, DEADLOCK)):
        (folder / f"attempt={number}.log").write_text(text)
    assert newest_log("d", "r1", "a") == folder / "attempt=10.log"
    found = AIDiagnosisOperator(task_id="why", tasks=["a"]).execute(context({"a": "failed"}))
    assert found["diagnoses"][0]["root_cause"] == "deadlock"


def test_task_that_left_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(tmp_path))
    with pytest.raises(AirflowFailException, match="DF-OPER-009"):
        AIDiagnosisOperator(task_id="why", tasks=["a"]).execute(context({"a": "failed"}))


def test_log_file_with_a_model(tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "x.log"
    log.write_text(DEADLOCK)
    answer = {
        "root_cause": "deadlock", "confidence": 0.9, "evidence": ["deadlock detected while waiting"],
        "explanation": "Two writers met.",
    }  # fmt: skip
    with chat_model(lambda told: answer) as model:
        monkeypatch.setenv("AIRFLOW_CONN_LLM", model.connection())
        operator = AIDiagnosisOperator(task_id="why", log_file=str(log), model_conn_id="llm")
        (found,) = operator.execute(context({}))["diagnoses"]
    assert (found["task"], found["root_cause"], found["explanation"]) == (None, "deadlock", "Two writers met.")


def test_missing_log_file_fails_at_once(tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="DF-DIAG-001"):
        AIDiagnosisOperator(task_id="why", log_file=str(tmp_path / "none.log")).execute(context({}))


def test_tasks_and_a_log_file_are_refused() -> None:
    with pytest.raises(AuthorError, match="DF-OPER-008"):
        AIDiagnosisOperator(task_id="why", tasks=["a"], log_file="x")
