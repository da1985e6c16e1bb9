"""What OpenLineage is told, through Airflow's own provider into its file transport."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.openlineage.extractors.manager import ExtractorManager
from airflow.providers.openlineage.plugins.adapter import OpenLineageAdapter
from airflow.sdk import DAG
from airflow.utils.state import TaskInstanceState
from openlineage.client import OpenLineageClient
from openlineage.client.transport.file import FileConfig, FileTransport

from dataflow_provider.operators.engine_task import EngineOperator
from dataflow_provider.operators.pipeline_stage import PipelineStageOperator
from dataflow_provider.operators.pushdown_sql import PushdownSqlOperator
from tests.unit.operators.conftest import MakeContext

RUN = "01890a5d-ac96-774b-bcce-b302099a8057"
PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: usage
nodes:
  calls: {type: source.duckdb, table: calls}
  kept: {type: transform.filter, from: calls, where: "seconds >= 20", checkpoint: true}
  plans: {type: source.file, path: plans.csv, format: csv}
  joined: {type: transform.join, from: [kept, plans], condition: "l.id = TRY_CAST(r.call_id AS BIGINT)"}
  mart: {type: target.duckdb, from: joined, table: mart.usage, create: {if_missing: true}}
"""


def emitted(task: EngineOperator, context: dict[str, Any], folder: Path, state: TaskInstanceState) -> dict[str, Any]:
    """Return the event as the file transport wrote it."""
    metadata = ExtractorManager().extract_metadata(context["dag_run"], task, state, context["ti"])
    path = folder / "events.json"
    client = OpenLineageClient(transport=FileTransport(FileConfig(log_file_path=str(path), append=True)))
    nothing: dict[str, Any] = dict.fromkeys(
        ("nominal_start_time", "nominal_end_time", "owners", "tags", "job_description")
    )
    OpenLineageAdapter(client).complete_task(RUN, "dag.task", "2026-11-02T00:00:00Z", metadata, **nothing)
    event: dict[str, Any] = json.loads(path.read_text().splitlines()[-1])
    return event


def fields(influences: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Return dataset, column and subtype of a facet's input fields."""
    return {
        (one["name"].rpartition("/")[2], one["field"], step["subtype"])
        for one in influences
        for step in one["transformations"]
    }


@pytest.fixture
def pushdown() -> PushdownSqlOperator:
    with DAG("by_hand", schedule=None):
        return PushdownSqlOperator(
            task_id="load",
            conn_id="dwh",
            sql="SELECT id, SUM(seconds) AS total FROM calls WHERE seconds > :least GROUP BY id",
            parameters={"least": 10},
            table="mart.totals",
            create={"if_missing": True},
        )


def test_completed_pushdown_tells_datasets_columns_sql_and_rows(
    pushdown: PushdownSqlOperator, project: Path, make_context: MakeContext, tmp_path: Path
) -> None:
    context = make_context()
    pushdown.execute(context)
    event = emitted(pushdown, context, tmp_path, TaskInstanceState.SUCCESS)
    namespace = f"duckdb://{project / 'warehouse.duckdb'}"
    assert [(one["namespace"], one["name"]) for one in event["inputs"]] == [(namespace, "main.calls")]
    (output,) = event["outputs"]
    assert (output["namespace"], output["name"]) == (namespace, "mart.totals")
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 4
    schema = [(one["name"], one["type"], one["ordinal_position"]) for one in output["facets"]["schema"]["fields"]]
    assert schema == [("id", "BIGINT", 1), ("total", "HUGEINT", 2)]
    facet = output["facets"]["columnLineage"]
    assert fields(facet["fields"]["id"]["inputFields"]) == {("main.calls", "id", "IDENTITY")}
    assert fields(facet["fields"]["total"]["inputFields"]) == {("main.calls", "seconds", "AGGREGATION")}
    assert fields(facet["dataset"]) == {("main.calls", "seconds", "FILTER"), ("main.calls", "id", "GROUP_BY")}
    assert "ColumnLineageDatasetFacet.json" in facet["_schemaURL"]
    sql = event["job"]["facets"]["sql"]
    assert sql["dialect"] == "duckdb"
    assert 'INSERT INTO "mart"."totals"' in sql["query"]
    assert "> 10" in sql["query"]


def test_started_pushdown_tells_what_its_text_tells(
    pushdown: PushdownSqlOperator, project: Path, make_context: MakeContext, tmp_path: Path
) -> None:
    event = emitted(pushdown, make_context(), tmp_path, TaskInstanceState.RUNNING)
    (output,) = event["outputs"]
    assert fields(output["facets"]["columnLineage"]["fields"]["id"]["inputFields"]) == {
        ("main.calls", "id", "IDENTITY")
    }
    assert "sql" not in event["job"]["facets"]
    assert output["outputFacets"] == {}


def test_stages_of_a_pipeline_tell_of_their_sources_and_target(
    project: Path, make_context: MakeContext, tmp_path: Path
) -> None:
    file = project / "yaml_pipelines" / "telecom" / "usage.yaml"
    file.write_text(PIPELINE)
    (project / "plans.csv").write_text("call_id,rate\n2,0.5\n5,0.7\n")
    context = make_context()
    events = {}
    for stage in ("kept", "mart"):
        task = PipelineStageOperator(task_id=stage, pipeline=file)
        task.execute(context)
        events[stage] = emitted(task, context, tmp_path, TaskInstanceState.SUCCESS)
    assert [one["name"] for one in events["kept"]["inputs"]] == ["main.calls"]
    assert events["kept"]["outputs"] == []
    assert [(one["namespace"].partition(":")[0], one["name"]) for one in events["mart"]["inputs"]] == [
        ("duckdb", "main.calls"),
        ("file", str(project / "plans.csv")),
    ]
    (output,) = events["mart"]["outputs"]
    facet = output["facets"]["columnLineage"]
    found = {name: fields(one["inputFields"]) for name, one in facet["fields"].items()}
    assert found == {
        "id": {("main.calls", "id", "IDENTITY")},
        "seconds": {("main.calls", "seconds", "IDENTITY")},
        "call_id": {("plans.csv", "call_id", "IDENTITY")},
        "rate": {("plans.csv", "rate", "IDENTITY")},
    }
    assert fields(facet["dataset"]) == {
        ("main.calls", "seconds", "FILTER"), ("main.calls", "id", "JOIN"), ("plans.csv", "call_id", "JOIN"),
    }  # fmt: skip


def test_column_that_nobody_knows_is_left_to_the_datasets(
    project: Path, make_context: MakeContext, tmp_path: Path
) -> None:
    file = project / "yaml_pipelines" / "telecom" / "usage.yaml"
    file.write_text(PIPELINE)
    task = PipelineStageOperator(task_id="mart", pipeline=file)
    event = emitted(task, make_context(), tmp_path, TaskInstanceState.RUNNING)
    (output,) = event["outputs"]
    assert output["facets"]["columnLineage"]["fields"] == {}
    assert len(event["inputs"]) == 2
