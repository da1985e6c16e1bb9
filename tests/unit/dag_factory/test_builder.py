from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from airflow.sdk import DAG

from dataflow_provider.airflow_compat import serialize_dag
from dataflow_provider.dag_factory import docs
from dataflow_provider.dag_factory.builder import PUBLISHED_TASK_ID, build_dag
from dataflow_provider.dag_factory.schedule import pipeline_asset
from dataflow_provider.operators.markers import GATES, PublishedOperator
from dataflow_provider.operators.pipeline_stage import PipelineStageOperator
from dataflow_provider.spec.findings import InvalidPipelineError
from dataflow_provider.spec.loader import parse_pipeline
from tests.unit.dag_factory.conftest import HEAD, NODES

FILE = "yaml_pipelines/telecom/calls.yaml"
RICH = """\
name: Calls of the day
description: Long calls, "{{ ds }}" | 5 %
owner: team_cdr
tags: [cdr, voice]
schedule: {cron: "30 6 * * *", timezone: Europe/Warsaw, start: 2026-01-01}
params: {least: {type: integer, default: 60, description: Shorter calls are ignored}}
defaults: {retries: 2, retry_delay: 5m, retry_backoff: true, timeout: 30m, pool: cdr}
"""


def build(top: str = "", nodes: str = NODES) -> DAG:
    loaded = parse_pipeline(f"{HEAD}id: calls\n{top}{nodes}", FILE)
    return build_dag(loaded, workspace="telecom", path=f"/p/{FILE}")


def test_dag_says_what_the_pipeline_says() -> None:
    dag = build(RICH)
    assert (dag.dag_id, dag.dag_display_name, dag.owner) == ("calls", "Calls of the day", "team_cdr")
    assert dag.description == 'Long calls, "{{ ds }}" | 5 %'
    assert dag.tags == {"dataflow", "workspace:telecom", "cdr", "voice"}
    assert (dag.max_active_runs, dag.catchup) == (1, False)
    assert dag.params.dump() == {"least": 60}


def test_dag_of_a_bare_pipeline_has_names_and_owner_all_the_same() -> None:
    dag = build()
    assert (dag.dag_display_name, dag.owner) == ("calls", "dataflow")
    assert not dag.timetable.can_be_scheduled


def test_dag_has_one_task_per_stage_with_its_options() -> None:
    (task,) = build(RICH).tasks
    assert isinstance(task, PipelineStageOperator)
    assert (task.task_id, task.stage, task.pipeline) == ("mart", "mart", f"/p/{FILE}")
    assert (task.retries, task.retry_delay, task.retry_exponential_backoff) == (2, timedelta(minutes=5), 2.0)
    assert (task.execution_timeout, task.pool) == (timedelta(minutes=30), "cdr")


@pytest.mark.parametrize(("defaults", "growth"), [("{retries: 1}", 2.0), ("{retries: 1, retry_backoff: false}", 1.0)])
def test_pause_before_a_retry_grows_unless_told_otherwise(defaults: str, growth: float) -> None:
    (task,) = build(f"defaults: {defaults}\n").tasks
    assert task.retry_exponential_backoff == growth


def test_run_timeout_is_the_dags() -> None:
    assert build("run_timeout: 2h\n").dagrun_timeout == timedelta(hours=2)
    assert build().dagrun_timeout is None


def test_dag_follows_edges_and_after() -> None:
    nodes = """\
nodes:
  calls: {type: source.duckdb, table: cdr.voice, checkpoint: true}
  first: {type: target.duckdb, from: calls, table: mart.first}
  second: {type: target.duckdb, from: calls, after: [first], table: mart.second}
"""
    dag = build(nodes=nodes)
    assert {task.task_id: task.upstream_task_ids for task in dag.tasks} == {
        "calls": set(),
        "first": {"calls"},
        "second": {"calls", "first"},
    }


def test_dag_with_one_last_stage_updates_its_asset_there() -> None:
    (task,) = build().tasks
    assert task.outlets == [pipeline_asset("calls")]


def test_dag_with_several_targets_updates_its_asset_once_behind_all() -> None:
    nodes = NODES + "  copy: {type: target.duckdb, from: calls, table: mart.copy}\n"
    dag = build(nodes=nodes)
    holders = [task for task in dag.tasks if task.outlets]
    assert [type(task) for task in holders] == [PublishedOperator]
    assert holders[0].task_id == PUBLISHED_TASK_ID
    assert holders[0].upstream_task_ids == {"mart", "copy"}


def test_dag_serializes_and_keeps_yaml_out_of_templates() -> None:
    dag = build(RICH)
    assert serialize_dag(dag)["dag"]["dag_id"] == "calls"
    assert all(task.template_fields == () for task in dag.tasks)


def test_dag_doc_draws_the_graph_and_lists_the_nodes() -> None:
    docs._base_path.cache_clear()  # another test may have built a Dag under another address
    doc = build(RICH).doc_md
    assert doc is not None
    assert "(/dataflow/api/v1/pipelines/calls/graph.svg)" in doc
    assert "| `long_calls` | `transform.filter` | `mart` | `dataflow_warehouse` |" in doc
    assert 'Long calls, "{{ ds }}" | 5 %' in doc


def test_dag_doc_is_never_taken_for_a_file_name() -> None:
    """Airflow reads a file when a doc ends with `.md`."""
    assert build("description: see README.md\n").doc_md != ""


def test_task_doc_names_its_nodes_and_why_it_ends() -> None:
    (task,) = build(RICH).tasks
    assert task.doc_md is not None
    assert "`calls`" in task.doc_md
    assert "published in one step" in task.doc_md


def test_dag_doc_table_holds_whatever_a_description_says() -> None:
    nodes = NODES.replace("table: cdr.voice}", 'table: cdr.voice, description: "a | b\\n| c"}')
    doc = build(nodes=nodes).doc_md
    assert doc is not None
    assert "a \\| b \\| c |" in doc


def test_dag_of_a_broken_file_carries_all_its_findings() -> None:
    top = 'schedule: {cron: "0 6 * * *", catchup: true}\n'
    with pytest.raises(InvalidPipelineError) as caught:
        build(top, NODES.replace("from: calls", "from: cals"))
    codes = [(finding.line, finding.node, finding.code) for finding in caught.value.findings]
    assert (codes[0], {code for _, _, code in codes}) == (
        (4, None, "DF-DAG-014"),
        {"DF-DAG-014", "DF-EDGE-001", "DF-EDGE-008"},
    )


def test_dag_of_nodes_that_cannot_run_yet_is_refused_with_their_places() -> None:
    nodes = NODES.replace("source.duckdb, table", "source.kafka, topic")
    with pytest.raises(InvalidPipelineError) as caught:
        build('schedule: {cron: "0 6 * * *", catchup: true}\n', nodes)
    assert {(finding.code, finding.node) for finding in caught.value.findings} >= {
        ("DF-DAG-014", None),
        ("DF-PLAN-005", "calls"),
    }


def test_dag_with_warnings_shows_and_logs_them(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        doc = build('sla: {finish_by: "07:30"}\n').doc_md
    assert doc is not None
    assert "`DF-NOTIFY-010`" in doc
    assert "DF-NOTIFY-010" in caplog.text


@pytest.mark.parametrize(("overlap", "gate"), GATES.items())
def test_dag_that_must_not_overlap_begins_with_a_gate(overlap: str, gate: str) -> None:
    dag = build(f'schedule: {{cron: "0 6 * * *", overlap: {overlap}}}\n')
    assert dag.task_dict[gate].downstream_task_ids == {task.task_id for task in dag.roots[0].downstream_list}
    assert [task.task_id for task in dag.roots] == [gate]
    assert dag.max_active_runs == 2
    assert not any(name.startswith("_") for name in build('schedule: {cron: "0 6 * * *"}\n').task_dict)
