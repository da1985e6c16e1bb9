"""A diagnosis as a task: of the tasks before it, of a log, with a model, and when nothing can be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk import log as sdk_log
from airflow.sdk.exceptions import AirflowFailException

from dataflow_provider.errors import AuthorError
from dataflow_provider.operators import failed_logs
from dataflow_provider.operators.ai_diagnosis import AIDiagnosisOperator
from dataflow_provider.operators.failed_logs import newest_log
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


class ReadStore:
    """A remote log store as Airflow's providers make them: whole texts, or the notice that there are none."""

    def __init__(self, logs: dict[str, str]) -> None:
        self.logs, self.asked = logs, list[tuple[str, int]]()

    def read(self, relative_path: str, ti: Any) -> tuple[list[str], list[str] | None]:
        self.asked.append((relative_path, ti.try_number))
        found = self.logs.get(relative_path)
        return [f"s3://logs/{relative_path}"], None if found is None else [found]


class StreamStore(ReadStore):
    """The newer kind, which streams lines."""

    def stream(self, relative_path: str, ti: Any) -> tuple[list[str], list[Iterator[str]]]:
        sources, logs = self.read(relative_path, ti)
        return sources, [iter(log.splitlines(keepends=True)) for log in logs or ()]


class BrokenStore(ReadStore):
    """One whose vendor says no."""

    def read(self, relative_path: str, ti: Any) -> tuple[list[str], list[str] | None]:
        raise ConnectionError("bucket cannot be reached, password=hunter22")


FOLDER = "dag_id=d/run_id=r1/task_id=a"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Logs are not on this worker, and nobody waits for them."""
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(tmp_path))
    monkeypatch.setattr(failed_logs, "_WAITS", (0.0,))
    return monkeypatch


def keep_logs_in(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("remote_task_log", store), ("logging_config_loaded", True)):
        monkeypatch.setattr(sdk_log._ActiveLoggingConfig, name, value)


@pytest.mark.parametrize("store_type", [ReadStore, StreamStore])
def test_remote_log_of_the_newest_try_is_read(store_type: type[ReadStore], elsewhere: pytest.MonkeyPatch) -> None:
    early = "RuntimeError: step failed\n"
    store = store_type({f"{FOLDER}/attempt=1.log": early, f"{FOLDER}/attempt=3.log": DEADLOCK})
    keep_logs_in(store, elsewhere)
    with DAG("d"):
        operator = AIDiagnosisOperator(task_id="why")
        BaseOperator(task_id="a", retries=2) >> operator
    found = operator.execute(context({"a": "failed"}))
    assert found["diagnoses"][0]["root_cause"] == "deadlock"
    assert store.asked == [(f"{FOLDER}/attempt=3.log", 3), (f"{FOLDER}/attempt=4.log", 4)]


def test_try_beyond_the_planned_ones_of_a_cleared_task_is_read(elsewhere: pytest.MonkeyPatch) -> None:
    early = "RuntimeError: step failed\n"
    logs = {1: early, 2: early, 3: DEADLOCK}
    keep_logs_in(ReadStore({f"{FOLDER}/attempt={number}.log": text for number, text in logs.items()}), elsewhere)
    found = failed_logs.find_log("d", "r1", "a", 1)
    assert found == failed_logs.FoundLog(3, DEADLOCK)


def test_large_remote_log_is_kept_from_its_end(elsewhere: pytest.MonkeyPatch) -> None:
    keep_logs_in(StreamStore({f"{FOLDER}/attempt=1.log": "rows written\n" * 400_000 + DEADLOCK}), elsewhere)
    found = failed_logs.find_log("d", "r1", "a", 1)
    assert found is not None
    assert (len(found.text) <= 2_000_000, found.text.endswith(DEADLOCK)) == (True, True)


@pytest.mark.parametrize(
    ("store", "told"),
    [
        (None, "no remote log store is configured.*remote_base_log_folder"),
        (ReadStore({}), "not in the remote log store either"),
        (BrokenStore({}), r"the remote log store failed \(ConnectionError: bucket"),
    ],
    ids=["no store", "not there", "broken"],
)
def test_what_is_needed_to_read_a_log_is_told(store: Any, told: str, elsewhere: pytest.MonkeyPatch) -> None:
    keep_logs_in(store, elsewhere)
    operator = AIDiagnosisOperator(task_id="why", tasks=["a"])
    with pytest.raises(AirflowFailException, match=f"(?s){told}") as caught:
        operator.execute(context({"a": "failed"}))
    assert "hunter22" not in str(caught.value)
    left = operator.execute(context({"a": "failed"}, {"a": "DF-CONN-001: connection is not defined"}))
    assert left["diagnoses"][0]["root_cause"] == "airflow_connection_undefined"


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
