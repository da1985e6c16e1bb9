"""Every Dag of dags/examples loads, and `dag.test()` runs it: Airflow's own way through the tasks."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.xcom import XComModel
from airflow.sdk import DAG
from airflow.utils.session import create_session
from sqlalchemy import select

from tests.unit.conftest import SyncDags
from tests.unit.operators.conftest import Query

RunExample = Callable[..., str]
EXAMPLES = (
    "example_data_quality",
    "example_diagnosis",
    "example_graph_of_nodes",
    "example_hello_and_audit",
    "example_region_report",
)
ON_SERVERS = ("example_orders_across_databases", "example_snowflake_without_a_worker")
"""Those that need a database server; the integration tests run them."""


@pytest.fixture
def examples(project: Path, repo_root: Path) -> dict[str, DAG]:
    """The Dags of dags/examples, beside Hello World and a few subscribers."""
    shutil.copy(repo_root / "yaml_pipelines/telecom/hello_world.yaml", project / "yaml_pipelines/telecom")
    with duckdb.connect(str(project / "warehouse.duckdb")) as database:
        database.execute("CREATE SCHEMA crm")
        database.execute(
            "CREATE TABLE crm.subscribers AS SELECT range AS subscriber_id, '48' || range % 18 AS msisdn, "
            "range % 3 AS plan_id, "
            "CASE WHEN range = 7 THEN NULL WHEN range % 3 = 0 THEN 'north' ELSE 'south' END AS region, "
            "CASE WHEN range = 4 THEN 'closed' ELSE 'active' END AS status, "
            "DATE '2026-01-01' + CAST(range AS INTEGER) AS activated_on FROM range(20)"
        )
    bag = DagBag(dag_folder=str(repo_root / "dags" / "examples"), load_op_links=False)
    assert bag.import_errors == {}
    return dict(bag.dags)


@pytest.fixture
def run_example(examples: dict[str, DAG], sync_dags: SyncDags) -> RunExample:
    """Return a function that runs an example as `dag.test()` does and gives the state of the run."""

    def run(dag_id: str, **conf: Any) -> str:
        dag = examples[dag_id]
        sync_dags(dag, fileloc=dag.fileloc)
        return str(dag.test(run_conf=conf or None).state)

    return run


def test_examples_load(examples: dict[str, DAG]) -> None:
    assert sorted(examples) == sorted((*EXAMPLES, *ON_SERVERS))


def test_region_report_counts_the_chosen_subscribers(run_example: RunExample, query: Query) -> None:
    assert run_example("example_region_report") == "success"
    assert query("SELECT region, subscribers FROM mart.example_region_report ORDER BY region") == [
        ("north", 7),
        ("south", 11),
        ("unknown", 1),
    ]


def test_hello_and_audit_leaves_one_line_a_run(run_example: RunExample, query: Query) -> None:
    assert run_example("example_hello_and_audit") == "success"
    assert run_example("example_hello_and_audit") == "success"
    assert query("SELECT count(DISTINCT run_id), sum(rows) FROM mart.example_hello_audit") == [(2, 20)]


def test_graph_of_nodes_keeps_one_row_a_number(run_example: RunExample, query: Query) -> None:
    assert run_example("example_graph_of_nodes", least=6) == "success"
    found = query("SELECT plan_id, subscribers FROM mart.example_plans_in_use ORDER BY plan_id")
    assert found == [(0, 6), (2, 6)]


def test_data_quality_warns_and_lets_the_report_go_on(run_example: RunExample, query: Query) -> None:
    assert run_example("example_data_quality") == "success"
    assert query("SELECT SUM(subscribers) FROM mart.example_subscribers_by_region") == [(20,)]


def test_diagnosis_says_why_the_task_before_it_failed(run_example: RunExample) -> None:
    assert run_example("example_diagnosis") == "success"
    with create_session() as session:
        query = select(XComModel.value).where(XComModel.dag_id == "example_diagnosis", XComModel.task_id == "why")
        told = str(session.scalars(query.where(XComModel.key == "return_value")).one())
    assert "type_cast_error" in told
