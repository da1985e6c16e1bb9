"""A Dag written by hand: a task that fails on purpose, and one that says why.

Airflow judges a run by its last tasks: this run ends well, since the diagnosis does.
"""

from __future__ import annotations

from airflow.sdk import DAG

from dataflow_provider.operators.ai_diagnosis import AIDiagnosisOperator
from dataflow_provider.operators.pushdown_sql import PushdownSqlOperator

with DAG(
    dag_id="example_diagnosis",
    dag_display_name="Example: why did it fail?",
    description="AIDiagnosisOperator behind a cast that cannot work",
    schedule=None,
    tags=["example", "dataflow"],
) as dag:
    ratio = PushdownSqlOperator(
        task_id="ratio",
        conn_id="dataflow_warehouse",
        sql="SELECT region, CAST(region AS INTEGER) AS number FROM crm.subscribers",
        table="mart.example_ratio",
        create={"if_missing": True},
    )
    # The log is read on this worker, else in Airflow's remote log store.
    # Name a connection of a model by `model_conn_id` for a second opinion.
    ratio >> AIDiagnosisOperator(task_id="why")
