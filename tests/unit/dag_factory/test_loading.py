from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from dataflow_provider.airflow_compat import INVALID_TAG
from dataflow_provider.dag_factory.bundles import write_stubs
from dataflow_provider.dag_factory.loading import load_folder
from dataflow_provider.operators.markers import InvalidPipelineOperator
from tests.unit.dag_factory.conftest import WritePipeline


def load(folder: Path) -> dict[str, DAG]:
    namespace: dict[str, Any] = {}
    load_folder(namespace, folder)
    return {dag.dag_id: dag for dag in namespace.values()}


def test_folder_gives_a_dag_for_each_file(pipelines: Path, write_pipeline: WritePipeline) -> None:
    write_pipeline("calls")
    write_pipeline("bills", workspace="billing")
    assert set(load(pipelines)) == {"calls", "bills"}


def test_folder_shows_a_broken_file_as_a_dag_with_its_findings(pipelines: Path, write_pipeline: WritePipeline) -> None:
    write_pipeline("calls")
    write_pipeline("broken", text="apiVersion: dataflow/v1\nkind: Pipeline\nid: broken\nnodse: {a|b}\n")
    dags = load(pipelines)
    assert INVALID_TAG not in dags["calls"].tags
    broken = dags["broken"]
    assert not broken.timetable.can_be_scheduled
    assert INVALID_TAG in broken.tags
    assert broken.doc_md is not None
    assert "broken.yaml:4:1" in broken.doc_md
    (task,) = broken.tasks
    assert isinstance(task, InvalidPipelineOperator)
    with pytest.raises(AirflowFailException, match="DF-SPEC-001"):
        task.execute({})


def test_folder_shows_a_file_whose_name_is_no_dag_id(pipelines: Path, write_pipeline: WritePipeline) -> None:
    write_pipeline("Zażółć gęślą")
    (dag,) = load(pipelines).values()
    assert INVALID_TAG in dag.tags


def test_folder_shows_two_files_of_one_id_as_one_invalid_dag(pipelines: Path, write_pipeline: WritePipeline) -> None:
    write_pipeline("calls")
    write_pipeline("calls", workspace="billing")
    (dag,) = load(pipelines).values()
    assert dag.doc_md is not None
    assert "DF-DAG-001" in dag.doc_md


def test_folder_in_a_worker_builds_the_dag_it_needs_and_reads_no_other(
    pipelines: Path, write_pipeline: WritePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pipeline("calls")
    write_pipeline("bills", text="not: [yaml")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "calls")
    assert set(load(pipelines)) == {"calls"}


def test_folder_is_left_alone_when_a_bundle_serves_it(
    pipelines: Path, write_pipeline: WritePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pipeline("calls")
    bundle = {"name": "b", "classpath": "dataflow_provider.dag_factory.bundles.LocalPipelineBundle", "kwargs": {}}
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
    assert load(pipelines) == {}


def test_dags_file_of_the_repository_loads_the_configured_folder(
    repo_root: Path, pipelines: Path, write_pipeline: WritePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    write_pipeline("calls")
    monkeypatch.setenv("AIRFLOW__DATAFLOW__PIPELINES_FOLDER", str(pipelines))
    bag = DagBag(dag_folder=str(repo_root / "dags" / "dataflow_pipelines.py"), load_op_links=False)
    assert (set(bag.dags), bag.import_errors) == ({"calls"}, {})


def test_parsing_a_stub_imports_no_engine_and_asks_no_provider(
    pipelines: Path, write_pipeline: WritePipeline, tmp_path: Path
) -> None:
    """Each of these costs every task and every parse tenths of a second."""
    write_pipeline("calls", top='schedule: {cron: "0 6 * * *"}\nparams: {least: {type: integer, default: 1}}\n')
    write_stubs(pipelines, tmp_path / "stubs")
    code = """
import runpy, sys
dag = runpy.run_path(sys.argv[1])["dag"]
assert dag.dag_id == "calls"
heavy = {"sqlglot", "duckdb", "pyarrow", "pandas", "boto3", "fastapi", "dataflow_provider.execution"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "stubs" / "telecom" / "calls.py")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "[]"
