from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

from tests.unit.operators.conftest import MakeContext, Query

EXAMPLES = ("example_hello_and_audit", "example_region_report")


@pytest.fixture
def examples(project: Path, repo_root: Path) -> dict[str, DAG]:
    """The Dags of dags/examples, beside Hello World and a few subscribers."""
    shutil.copy(repo_root / "yaml_pipelines/telecom/hello_world.yaml", project / "yaml_pipelines/telecom")
    with duckdb.connect(str(project / "warehouse.duckdb")) as database:
        database.execute("CREATE SCHEMA crm")
        database.execute(
            "CREATE TABLE crm.subscribers AS SELECT range AS subscriber_id, '48' || range AS msisdn, 1 AS plan_id, "
            "CASE WHEN range = 7 THEN NULL WHEN range % 3 = 0 THEN 'north' ELSE 'south' END AS region, "
            "CASE WHEN range = 4 THEN 'closed' ELSE 'active' END AS status, "
            "DATE '2026-01-01' + CAST(range AS INTEGER) AS activated_on FROM range(20)"
        )
    bag = DagBag(dag_folder=str(repo_root / "dags" / "examples"), load_op_links=False)
    assert bag.import_errors == {}
    return dict(bag.dags)


def run(dag: DAG, context: dict[str, Any]) -> list[Any]:
    """Run the Dag's tasks in order and return what each gave back."""
    results = []
    for node in dag.topological_sort():
        task: Any = dag.get_task(str(node.node_id))
        task.render_template_fields(context)
        results.append(task.execute(context))
    return results


def test_examples_load(examples: dict[str, DAG]) -> None:
    assert sorted(examples) == sorted(EXAMPLES)


def test_region_report_counts_the_chosen_subscribers(
    examples: dict[str, DAG], query: Query, make_context: MakeContext
) -> None:
    results = run(examples["example_region_report"], make_context({"status": "active"}))
    assert query("SELECT region, subscribers FROM mart.example_region_report ORDER BY region") == [
        ("north", 7),
        ("south", 11),
        ("unknown", 1),
    ]
    assert results[-1] == "south"


def test_hello_and_audit_leaves_one_line_a_run(
    examples: dict[str, DAG], query: Query, make_context: MakeContext
) -> None:
    dag = examples["example_hello_and_audit"]
    run(dag, make_context())
    run(dag, make_context())
    run(dag, make_context(run_id="manual__2"))
    lines = query("SELECT run_id, rows FROM mart.example_hello_audit ORDER BY run_id")
    assert lines == [("manual__2", 10), ("scheduled__2026-11-02T00:00:00+00:00", 10)]
