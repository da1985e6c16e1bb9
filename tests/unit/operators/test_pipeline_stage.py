from __future__ import annotations

import copy
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from dataflow_provider.airflow_compat import serialize_dag
from dataflow_provider.dag_factory.loading import load_folder
from dataflow_provider.errors import TransientError
from dataflow_provider.operators.errors import TaskStoppedError, airflow_errors
from dataflow_provider.operators.pipeline_stage import PipelineStageOperator
from dataflow_provider.runs.xcoms import ERROR_XCOM
from tests.unit.operators.conftest import MakeContext, Query

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: long_calls
description: "{{ 1 + 1 }} stays text"
params: {least: {type: integer, default: 20}}
nodes:
  calls: {type: source.duckdb, table: calls}
  chosen: {type: transform.filter, from: calls, where: "seconds >= :least"}
  mart:
    type: target.duckdb
    from: chosen
    table: long_calls
    write: {mode: overwrite}
    create: {if_missing: true}
"""


def write(project: Path, text: str = PIPELINE) -> Path:
    path = project / "yaml_pipelines" / "telecom" / "long_calls.yaml"
    path.write_text(text)
    return path


def test_stage_of_a_file_runs_and_returns_its_rows(project: Path, query: Query, make_context: MakeContext) -> None:
    task = PipelineStageOperator(task_id="mart", pipeline=write(project))
    result = task.execute(make_context())
    assert query("SELECT count(*), min(seconds) FROM long_calls") == [(4, 20)]
    assert (result["stage"], result["state"]) == ("mart", "success")
    rows = {node["id"]: node["rows_out"] for node in result["nodes"]}
    assert rows["mart"] == 4


def test_stage_of_a_relative_path_starts_at_the_project(project: Path, query: Query, make_context: MakeContext) -> None:
    write(project)
    path = "yaml_pipelines/telecom/long_calls.yaml"
    PipelineStageOperator(task_id="publish", stage="mart", pipeline=path).execute(make_context())
    assert query("SELECT count(*) FROM long_calls") == [(4,)]


def test_stage_binds_the_parameters_of_the_run(project: Path, query: Query, make_context: MakeContext) -> None:
    PipelineStageOperator(task_id="mart", pipeline=write(project)).execute(make_context({"least": 50}))
    assert query("SELECT seconds FROM long_calls") == [(50,)]


def test_stage_of_a_generated_dag_runs_without_its_file(project: Path, query: Query, make_context: MakeContext) -> None:
    path = write(project)
    namespace: dict[str, Any] = {}
    load_folder(namespace, project / "yaml_pipelines")
    dag = namespace["pipeline_long_calls"]
    path.unlink()
    dag.get_task("mart").execute(make_context(dict(dag.params)))
    assert query("SELECT count(*) FROM long_calls") == [(4,)]


def test_stage_keeps_yaml_out_of_airflows_templates(project: Path) -> None:
    write(project)
    namespace: dict[str, Any] = {}
    load_folder(namespace, project / "yaml_pipelines")
    dag: DAG = namespace["pipeline_long_calls"]
    assert [task.template_fields for task in dag.tasks] == [()]
    assert dag.description == "{{ 1 + 1 }} stays text"


def test_stage_survives_what_airflow_does_to_tasks(project: Path) -> None:
    write(project)
    namespace: dict[str, Any] = {}
    load_folder(namespace, project / "yaml_pipelines")
    task = namespace["pipeline_long_calls"].get_task("mart")
    assert copy.deepcopy(task).yaml == task.yaml == PIPELINE
    serialized = serialize_dag(namespace["pipeline_long_calls"])
    assert "seconds" not in str(serialized["dag"]["tasks"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PIPELINE.replace("table: calls", "table: missing"), "missing"),
        (PIPELINE.replace("seconds >=", "minutes >="), "minutes"),
        (PIPELINE.replace("nodes:", "nodse:"), "nodse"),
    ],
)
def test_stage_that_a_retry_cannot_help_fails_for_good(
    text: str, expected: str, project: Path, make_context: MakeContext
) -> None:
    task = PipelineStageOperator(task_id="mart", pipeline=write(project, text), retries=3)
    context = make_context()
    with pytest.raises(AirflowFailException, match=expected):
        task.execute(context)
    assert expected in context["ti"].xcom[ERROR_XCOM]


def kept_and_mart(project: Path, where: str) -> tuple[PipelineStageOperator, PipelineStageOperator]:
    text = PIPELINE.replace('where: "seconds >= :least"}', f'where: "{where}", checkpoint: true}}')
    path = write(project, text)
    return (
        PipelineStageOperator(task_id="chosen", pipeline=path),
        PipelineStageOperator(task_id="mart", pipeline=path),
    )


@pytest.mark.parametrize(("again", "cleared"), [(2, 0), (1, 1)])
def test_stage_that_runs_again_refuses_rows_of_another_text(
    again: int, cleared: int, project: Path, query: Query, make_context: MakeContext
) -> None:
    chosen, _ = kept_and_mart(project, "seconds >= :least")
    context = make_context(clear_number=cleared)
    context["ti"].others["chosen"] = chosen.execute(context)
    context["ti"].try_number = again
    _, edited = kept_and_mart(project, "seconds >= 50")
    with pytest.raises(AirflowFailException, match=r"DF-RUN-058.*`chosen`.*edited"):
        edited.execute(context)
    _, mart = kept_and_mart(project, "seconds >= :least")
    mart.execute(context)
    assert query("SELECT count(*) FROM long_calls") == [(4,)]


def test_transient_errors_stay_what_airflow_retries() -> None:
    error = TransientError("DF-CONN-010", "busy")
    with pytest.raises(TransientError) as caught, airflow_errors():
        raise error
    assert caught.value is error


@pytest.fixture
def kill_after(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Call `on_kill` from a signal handler after a while, as Airflow does on SIGTERM."""
    before = signal.getsignal(signal.SIGUSR1)
    timers: list[threading.Timer] = []

    def arm(task: PipelineStageOperator, seconds: float) -> None:
        signal.signal(signal.SIGUSR1, lambda signum, frame: task.on_kill())
        timers.append(threading.Timer(seconds, signal.raise_signal, [signal.SIGUSR1]))
        timers[0].start()

    yield arm
    for timer in timers:
        timer.cancel()
    signal.signal(signal.SIGUSR1, before)


def test_stage_that_is_killed_interrupts_its_statement(
    project: Path, query: Query, make_context: MakeContext, kill_after: Any
) -> None:
    endless = "SELECT count(*) AS n FROM range(100000) AS a, range(10000000) AS b WHERE a.range * b.range % 7 = 3"
    text = PIPELINE.replace("{type: source.duckdb, table: calls}", f'{{type: source.duckdb, query: "{endless}"}}')
    task = PipelineStageOperator(task_id="mart", pipeline=write(project, text.replace("seconds >= :least", "n > 0")))
    kill_after(task, 0.7)
    with pytest.raises(TaskStoppedError):
        task.execute(make_context())
    assert query("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'long_calls'") == [(0,)]


def test_kill_of_a_task_that_is_not_at_work_does_nothing(project: Path) -> None:
    PipelineStageOperator(task_id="mart", pipeline=write(project)).on_kill()


def test_stage_told_to_leave_its_worker_is_refused_where_there_are_no_job_ids(
    project: Path, make_context: MakeContext
) -> None:
    with DAG("d", schedule=None):
        task = PipelineStageOperator(task_id="mart", pipeline=write(project), deferrable=True)
    with pytest.raises(AirflowFailException, match=r"DF-OPER-005.*`duckdb`"):
        task.execute(make_context())


def test_stage_may_use_its_workspaces_connections_only(
    project: Path, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CRM", '{"conn_type": "duckdb", "host": "/nowhere/crm.duckdb"}')
    monkeypatch.setenv("AIRFLOW__DATAFLOW__WORKSPACE_CONNECTIONS", '{"billing": ["crm"]}')
    text = PIPELINE.replace("type: target.duckdb", "type: target.duckdb\n    connection: crm")
    with pytest.raises(AirflowFailException, match=r"DF-CONN-022.*`crm`.*`telecom`"):
        PipelineStageOperator(task_id="mart", pipeline=write(project, text)).execute(make_context())
