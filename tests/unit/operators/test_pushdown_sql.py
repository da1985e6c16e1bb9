from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from dataflow_provider.connectors.connections import EnvironmentConnections
from dataflow_provider.errors import AuthorError
from dataflow_provider.operators.pushdown_sql import PushdownSqlOperator
from tests.unit.operators.conftest import MakeContext, Query
from tests.unit.operators.test_pipeline_stage import PIPELINE


def make(**options: Any) -> PushdownSqlOperator:
    told = {"conn_id": "dwh", "table": "mart.calls", "create": {"if_missing": True}, **options}
    with DAG("By-Hand", schedule=None):
        return PushdownSqlOperator(task_id="load", **told)


def test_pushdown_publishes_the_rows_of_its_select(project: Path, query: Query, make_context: MakeContext) -> None:
    result = make(sql="SELECT id, seconds FROM calls", write={"mode": "overwrite"}).execute(make_context())
    assert query("SELECT count(*), sum(seconds) FROM mart.calls") == [(6, 150)]
    assert {node["id"]: node["rows_out"] for node in result["nodes"]}["result"] == 6


def test_pushdown_upsert_changes_rows_by_key(project: Path, query: Query, make_context: MakeContext) -> None:
    upsert = {"mode": "upsert", "keys": ["id"]}
    make(sql="SELECT id, seconds FROM calls", write=upsert).execute(make_context())
    make(sql="SELECT id, 7 AS seconds FROM calls WHERE id < 2", write=upsert).execute(make_context())
    assert query("SELECT count(*), sum(seconds) FROM mart.calls") == [(6, 154)]


def test_pushdown_append_of_a_retry_adds_no_row_twice(project: Path, query: Query, make_context: MakeContext) -> None:
    task = make(sql="SELECT id FROM calls")
    task.execute(make_context())
    task.execute(make_context())
    assert query("SELECT count(*) FROM mart.calls") == [(6,)]


def test_pushdown_binds_parameters_and_run_values(project: Path, query: Query, make_context: MakeContext) -> None:
    sql = "SELECT id, :day AS day, :interval_start AS since, :note AS note FROM calls WHERE seconds >= :least"
    parameters = {"day": date(2026, 11, 5), "least": 40, "note": "it's :least"}
    make(sql=sql, parameters=parameters, write={"mode": "overwrite"}).execute(make_context())
    found = query("SELECT id, day, CAST(since AS VARCHAR), note FROM mart.calls ORDER BY id")
    assert found == [(id_, date(2026, 11, 5), "2026-11-01 00:00:00", "it's :least") for id_ in (4, 5)]


def test_pushdown_runs_statements_around_the_publish(project: Path, query: Query, make_context: MakeContext) -> None:
    make(
        sql="SELECT id FROM calls",
        write={"mode": "overwrite"},
        pre_sql=["CREATE TABLE audit (word VARCHAR)"],
        post_sql=["INSERT INTO audit SELECT 'rows ' || count(*) FROM mart.calls"],
    ).execute(make_context())
    assert query("SELECT word FROM audit") == [("rows 6",)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"sql": "SELECT * FROM nowhere"}, "nowhere"),
        ({"sql": "SELECT 1 AS n", "write": {"mode": "upsert"}}, "keys"),
        ({"sql": "SELECT 1 AS n", "write": {"modus": "append"}}, "modus"),
        ({"sql": "SELECT :when AS n", "parameters": {"when": object()}}, "DF-OPER-001"),
        ({"sql": "SELECT 1 AS n", "conn_id": "unknown"}, "unknown"),
    ],
)
def test_pushdown_that_cannot_run_fails_for_good(
    options: dict[str, Any], expected: str, project: Path, make_context: MakeContext
) -> None:
    with pytest.raises(AirflowFailException, match=expected):
        make(**options).execute(make_context())


def test_pushdown_renders_its_templates(project: Path) -> None:
    task = make(sql="SELECT {{ ds_nodash }} AS day", parameters={"least": "{{ 1 + 1 }}"})
    task.render_template_fields({"ds_nodash": "20261101"})
    assert task.sql == "SELECT 20261101 AS day"
    assert task.parameters == {"least": "2"}


def test_pushdown_renders_statements_around_the_publish_and_reads_them_from_files(project: Path) -> None:
    (project / "audit.sql").write_text("DELETE FROM audit WHERE day = '{{ ds }}'")
    with DAG("By-Hand", schedule=None, template_searchpath=str(project)):
        task = PushdownSqlOperator(
            task_id="load", conn_id="dwh", sql="SELECT 1 AS n", table="t",
            pre_sql=["audit.sql"], post_sql=["ANALYZE t_{{ ds_nodash }}"],
            write={"mode": "{{ params.mode }}", "keys": ["n"]},
        )  # fmt: skip
    task.resolve_template_files()
    task.render_template_fields({"ds": "2026-11-01", "ds_nodash": "20261101", "params": {"mode": "upsert"}})
    assert task.pre_sql == ["DELETE FROM audit WHERE day = '2026-11-01'"]
    assert task.post_sql == ["ANALYZE t_20261101"]
    assert task.write == {"mode": "upsert", "keys": ["n"]}


def test_pushdown_adds_new_columns_when_told_to(project: Path, query: Query, make_context: MakeContext) -> None:
    overwrite = {"mode": "overwrite"}
    make(sql="SELECT id FROM calls", write=overwrite).execute(make_context())
    with pytest.raises(AirflowFailException, match="DF-WRITE-006"):
        make(sql="SELECT id, seconds FROM calls", write=overwrite).execute(make_context())
    make(sql="SELECT id, seconds FROM calls", write=overwrite, on_schema_drift="add").execute(make_context())
    assert query("SELECT sum(seconds) FROM mart.calls") == [(150,)]


def test_pushdown_sets_what_its_session_is_told(project: Path, query: Query, make_context: MakeContext) -> None:
    sql = "SELECT current_setting('threads') AS threads"
    make(sql=sql, write={"mode": "overwrite"}, session={"threads": 1}).execute(make_context())
    assert query("SELECT threads FROM mart.calls") == [(1,)]
    with pytest.raises(AirflowFailException, match="DF-CONN-004"):
        make(sql=sql, session={"TimeZone": "CET"}).execute(make_context())


def test_pushdown_tasks_of_like_names_are_different_pipelines(project: Path) -> None:
    ids = set()
    for task_id in ("load-a", "load.a"):
        with DAG("d", schedule=None):
            task = PushdownSqlOperator(task_id=task_id, conn_id="dwh", sql="SELECT 1 AS n", table="t")
        ids.add(task.as_pipeline(EnvironmentConnections()).require().id)
    assert len(ids) == 2


GRAPH = {
    "calls": {"type": "source.duckdb", "table": "calls"},
    "chosen": {"type": "transform.filter", "from": "calls", "where": "seconds >= :least"},
    "kept": {"type": "transform.sort", "from": "chosen", "order_by": ["id"], "checkpoint": True},
    "mart": {
        "type": "target.duckdb",
        "from": "kept",
        "table": "mart.{{ params.name }}",
        "create": {"if_missing": True},
    },
}


def graph(**options: Any) -> PushdownSqlOperator:
    with DAG("By-Hand", schedule=None):
        return PushdownSqlOperator(task_id="load", parameters={"least": 30}, **options)


def test_pushdown_runs_every_stage_of_a_graph(project: Path, query: Query, make_context: MakeContext) -> None:
    task = graph(nodes=GRAPH, conn_id="dwh")
    context: Any = make_context({"name": "long"})
    task.render_template_fields(context)
    result = task.execute(context)
    assert query("SELECT count(*), min(seconds) FROM mart.long") == [(3, 30)]
    assert (result["stage"], result["state"]) == ("mart", "success")
    rows = {node["id"]: node["rows_out"] for node in result["nodes"]}
    assert (rows["kept"], rows["mart"]) == (3, 3)


def test_pushdown_runs_one_stage_of_a_graph(project: Path, make_context: MakeContext) -> None:
    result = graph(nodes=GRAPH, conn_id="dwh", stage="kept").execute(make_context())
    assert [node["id"] for node in result["nodes"]] == ["calls", "chosen", "kept"]


def test_pushdown_runs_a_pipeline_file(project: Path, query: Query, make_context: MakeContext) -> None:
    (project / "yaml_pipelines" / "telecom" / "long_calls.yaml").write_text(PIPELINE)
    task = graph(pipeline="yaml_pipelines/telecom/long_calls.yaml")
    task.execute(make_context({"least": 10}))
    assert query("SELECT count(*), min(seconds) FROM long_calls") == [(3, 30)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "DF-OPER-002"),
        ({"sql": "SELECT 1", "nodes": {}}, "DF-OPER-002"),
        ({"sql": "SELECT 1", "table": "t"}, "DF-OPER-003.*conn_id"),
        ({"sql": "SELECT 1", "conn_id": "dwh", "table": "t", "stage": "s"}, "DF-OPER-003.*stage"),
        ({"pipeline": "p.yaml", "conn_id": "dwh"}, "DF-OPER-003.*conn_id"),
        ({"nodes": GRAPH, "write": {"mode": "append"}}, "DF-OPER-003.*write"),
    ],
)
def test_pushdown_with_mixed_arguments_is_refused_when_the_dag_is_read(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(AuthorError, match=expected):
        graph(**options)


def test_pushdown_refuses_a_connection_without_sql(
    project: Path, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BUCKET", '{"conn_type": "aws"}')
    with pytest.raises(AirflowFailException, match=r"DF-OPER-004.*`bucket` is of type `aws`.*`duckdb`"):
        make(sql="SELECT 1 AS n", conn_id="bucket").execute(make_context())
