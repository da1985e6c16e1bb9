"""`PushdownSqlOperator` on every engine that runs: rows, retries, graphs over two databases, lineage."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.snowflake import SnowflakeSession
from dataflow_provider.connectors.jobs import JOB_ENGINES, JobState
from dataflow_provider.operators.pushdown_sql import PushdownSqlOperator
from dataflow_provider.triggers.sql_job import SqlJobTrigger
from tests.engines.live import ENGINES, LIVE_ENGINES, LiveEngine
from tests.unit.operators.conftest import MakeContext
from tests.unit.operators.test_deferrable import Store

STAND_INS = tuple(name for name in ("snowflake", "databricks") if name not in LIVE_ENGINES)
NAMESPACES = {
    "duckdb": "duckdb://{host}",
    "sqlite": "sqlite://{host}",
    "postgres": "postgres://{host}:{port}",
    "mysql": "mysql://{host}:{port}",
    "snowflake": "snowflake://tests",
    "databricks": "databricks://{host}",
}


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"engine-{name}")) for name in (*LIVE_ENGINES, *STAND_INS)]
)
def engine(request: pytest.FixtureRequest, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Each engine in turn as connection `live`, with a table `calls` of six rows."""
    name: str = request.param
    with ENGINES[name](request, tmp_path) as (spec, schema):
        live = LiveEngine(name, spec, schema)
        monkeypatch.setenv("AIRFLOW_CONN_LIVE", connection_text(spec))
        with live.open() as session:
            session.execute(f"CREATE TABLE {live.table('calls')} AS {six_calls(live)}")
        yield live


def connection_text(spec: ConnectionSpec) -> str:
    fields = {name: getattr(spec, name) for name in ("conn_type", "host", "port", "schema", "login", "password")}
    return json.dumps({**fields, "extra": dict(spec.extra)})


def six_calls(live: LiveEngine) -> str:
    mark = "`" if live.name in ("mysql", "databricks") else '"'
    return " UNION ALL ".join(
        f"SELECT {number} AS {mark}id{mark}, {number * 10} AS {mark}seconds{mark}" for number in range(6)
    )


def table(live: LiveEngine, name: str) -> str:
    """Return the table as a YAML names it."""
    return ".".join(part for part in (live.schema, name) if part)


def make(live: LiveEngine, **options: Any) -> PushdownSqlOperator:
    mark = "`" if live.name in ("mysql", "databricks") else '"'
    told = {
        "conn_id": "live",
        "sql": f"SELECT * FROM {live.table('calls')} WHERE {mark}seconds{mark} >= :low",
        "parameters": {"low": 20},
        "table": table(live, "mart_calls"),
        "create": {"if_missing": True},
        **options,
    }
    with DAG("by_hand", schedule=None):
        return PushdownSqlOperator(task_id="load", **told)


def rows(live: LiveEngine, name: str = "mart_calls") -> list[tuple[int, int]]:
    mark = "`" if live.name in ("mysql", "databricks") else '"'
    with live.open(read_only=True) as session:
        _, found = session.fetch_rows(f"SELECT {mark}id{mark}, {mark}seconds{mark} FROM {live.table(name)}")
    return sorted((int(one), int(other)) for one, other in found)


@pytest.mark.parametrize("mode", ["append", "overwrite", "upsert"])
def test_pushdown_and_its_retry_leave_each_row_once(mode: str, engine: LiveEngine, make_context: MakeContext) -> None:
    if (engine.name, mode) == ("snowflake", "upsert"):
        # fakesnow begins a transaction for MERGE, and one is open already: overwrite stands in for it.
        mode = "overwrite"
    write = {"mode": mode, "keys": ["id"]} if mode == "upsert" else {"mode": mode}
    make(engine, write=write).execute(make_context())
    result = make(engine, write=write).execute(make_context())
    assert rows(engine) == [(2, 20), (3, 30), (4, 40), (5, 50)]
    assert {node["id"]: node["rows_in"] for node in result["nodes"]}["result"] == 4


def test_graph_takes_rows_from_one_database_to_another(engine: LiveEngine, make_context: MakeContext) -> None:
    nodes = {
        "calls": {"type": f"source.{engine.name}", "connection": "live", "table": table(engine, "calls")},
        "mart": {
            "type": "target.duckdb",
            "connection": "dwh",
            "from": "calls",
            "table": "mart.from_elsewhere",
            "create": {"if_missing": True},
        },
    }
    with DAG("by_hand", schedule=None):
        task = PushdownSqlOperator(task_id="copy", nodes=nodes)
    result = task.execute(make_context())
    assert {node["id"]: node["rows_out"] for node in result["nodes"]}["mart"] == 6


def test_lineage_names_the_database(engine: LiveEngine, make_context: MakeContext) -> None:
    task = make(engine, write={"mode": "overwrite"})
    task.execute(make_context())
    told = task.get_openlineage_facets_on_complete(None)
    assert told is not None
    host = engine.spec.host
    namespace = NAMESPACES[engine.name].format(host=host, port=engine.spec.port)
    (source,), (target,) = told.inputs, told.outputs
    assert (source.namespace, target.namespace) == (namespace, namespace)
    assert source.name.rpartition(".")[2] == "calls"
    assert target.name.rpartition(".")[2].lower() == "mart_calls"
    facet = target.facets["columnLineage"]
    assert [(one.field, one.transformations[0].subtype) for one in facet.fields["seconds"].inputFields] == [
        ("seconds", "IDENTITY")
    ]
    assert told.job_facets["sql"].dialect
    assert target.outputFacets["outputStatistics"].rowCount is not None


def test_deferrable_is_for_engines_with_job_ids(engine: LiveEngine, make_context: MakeContext) -> None:
    if engine.name in JOB_ENGINES:
        run_deferred(make(engine, deferrable=True, poll_interval=0.1), make_context())
        assert len(rows(engine)) == 4
        return
    task = make(engine, deferrable=True)
    with pytest.raises(AirflowFailException, match="DF-OPER-005"):
        task.execute(make_context())


@pytest.mark.xdist_group("engine-snowflake")
def test_snowflakes_query_is_waited_for_by_a_trigger_and_found_by_its_id(
    request: pytest.FixtureRequest,
    project: Path,
    tmp_path: Path,
    make_context: MakeContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fakesnow ends every query at once: the first looks say that it runs, as Snowflake would."""
    looks = iter([True, True, True])
    real = SnowflakeSession.job_state

    def slow(session: SnowflakeSession, job_id: str) -> JobState:
        return JobState("running") if next(looks, False) else real(session, job_id)

    with ENGINES["snowflake"](request, tmp_path) as (spec, schema):
        live = LiveEngine("snowflake", spec, schema)
        monkeypatch.setenv("AIRFLOW_CONN_LIVE", connection_text(spec))
        with live.open() as session:
            session.execute(f"CREATE TABLE {live.table('calls')} AS {six_calls(live)}")
        monkeypatch.setattr(SnowflakeSession, "job_state", slow)
        left = run_deferred(make(live, deferrable=True, poll_interval=0), make_context())
        assert left == 1
        assert rows(live) == [(2, 20), (3, 30), (4, 40), (5, 50)]


def run_deferred(task: PushdownSqlOperator, context: dict[str, Any]) -> int:
    """Run the task to its end, its triggers included, and return how often it left its worker."""
    context = {**context, "task_state_store": Store()}
    left, deferred = 0, deferral(partial(task.execute, context))
    while deferred is not None:
        left += 1
        assert isinstance(deferred.trigger, SqlJobTrigger)
        event = asyncio.run(first_event(deferred.trigger))
        assert event == {"job_id": deferred.trigger.job_id, "status": "succeeded", "message": None}
        deferred = deferral(partial(task.resume, context, event, **(deferred.kwargs or {})))
    return left


def deferral(step: Callable[[], Any]) -> TaskDeferred | None:
    """Return with what the task leaves its worker; None when it ends."""
    try:
        step()
    except TaskDeferred as deferred:
        return deferred
    return None


async def first_event(trigger: SqlJobTrigger) -> Any:
    return (await anext(trigger.run())).payload
