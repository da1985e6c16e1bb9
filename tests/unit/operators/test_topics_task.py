"""A topic in tasks of a generated Dag: records become rows, and a task's next try reads what its first one read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.dag_factory.loading import load_folder
from dataflow_provider.operators.asset_watermarks import watermark_asset
from tests.engines.kafka import KafkaBroker
from tests.unit.operators.conftest import MakeContext, Query

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: events
nodes:
  src: {type: source.kafka, connection: bus, topic: TOPIC, schema: {id: BIGINT, kind: VARCHAR}}
  kinds: {type: transform.aggregate, from: src, group_by: [kind], aggregates: {records: COUNT(*)}}
  mart: {type: target.duckdb, from: kinds, table: kinds, write: {mode: overwrite}, create: {if_missing: true}}
"""


class Store:
    """The state store of one task; what it gives is what JSON keeps."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, key: str) -> Any:
        return json.loads(self.kept[key]) if key in self.kept else None

    def set(self, key: str, value: Any) -> None:
        self.kept[key] = json.dumps(value)

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


def test_incremental_topic_is_read_on_after_what_the_tasks_have_published(
    project: Path, query: Query, make_context: MakeContext, kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = kafka_broker.topic(2)
    monkeypatch.setenv("AIRFLOW_CONN_BUS", json.dumps({"conn_type": "kafka", "extra": kafka_broker.extra}))
    text = PIPELINE.replace("topic: TOPIC,", f"topic: {topic}, incremental: {{column: _offset}},")
    (project / "yaml_pipelines" / "telecom" / "events.yaml").write_text(text)
    namespace: dict[str, Any] = {}
    load_folder(namespace, project / "yaml_pipelines")
    dag = namespace["pipeline_events"]
    assets = {watermark_asset("events", "src"): Store()}

    def run(task_id: str, run_id: str) -> int:
        context = {**make_context(run_id=run_id, clear_number=0), "asset_state_store": assets}
        context["ti"].try_number = 1
        answer = dag.get_task(task_id).execute(context)
        rows: int = answer["nodes"][0]["rows_out"]
        return rows

    def send(*kinds: str) -> None:
        kafka_broker.send(topic, *(json.dumps({"id": 1, "kind": kind}) for kind in kinds))

    send("call", "call")
    assert run("src", "r1") == 2
    send("sms")
    assert run("src", "r1") == 2
    run("mart", "r1")
    assert query("SELECT kind, records FROM kinds ORDER BY 1") == [("call", 2)]
    assert run("src", "r2") == 1
    run("mart", "r2")
    assert query("SELECT kind, records FROM kinds ORDER BY 1") == [("sms", 1)]
    (kept,) = assets.values()
    assert kept.get("watermark")["value"] == '{"0": 3, "1": 0}'


def test_topic_in_a_dag_is_read_once_per_run_whatever_comes(
    project: Path, query: Query, make_context: MakeContext, kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = kafka_broker.topic(2)
    monkeypatch.setenv("AIRFLOW_CONN_BUS", json.dumps({"conn_type": "kafka", "extra": kafka_broker.extra}))
    (project / "yaml_pipelines" / "telecom" / "events.yaml").write_text(PIPELINE.replace("TOPIC", topic))
    namespace: dict[str, Any] = {}
    load_folder(namespace, project / "yaml_pipelines")
    dag = namespace["pipeline_events"]
    stores: Mapping[str, Store] = {task_id: Store() for task_id in dag.task_ids}

    def run(task_id: str, run_id: str) -> Any:
        context = {**make_context(run_id=run_id), "task_state_store": stores[task_id]}
        return dag.get_task(task_id).execute(context)

    def send(*kinds: str) -> None:
        kafka_broker.send(topic, *(json.dumps({"id": 1, "kind": kind}) for kind in kinds))

    send("call", "call", "sms")
    first = run("src", "r1")
    send("call")
    again = run("src", "r1")
    assert [one["nodes"][0]["rows_out"] for one in (first, again)] == [3, 3]
    run("mart", "r1")
    assert query("SELECT kind, records FROM kinds ORDER BY 1") == [("call", 2), ("sms", 1)]
    for task_id in ("src", "mart"):
        run(task_id, "r2")
    assert query("SELECT kind, records FROM kinds ORDER BY 1") == [("call", 3), ("sms", 1)]
