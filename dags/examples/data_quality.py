"""A Dag written by hand: rules on a table before a report, with a warning that does not stop it."""

from __future__ import annotations

from airflow.sdk import DAG

from dataflow_provider.operators.data_quality import DataQualityOperator
from dataflow_provider.operators.pushdown_sql import PushdownSqlOperator

WAREHOUSE = "dataflow_warehouse"

with DAG(
    dag_id="example_data_quality",
    dag_display_name="Example: rules before a report",
    description="DataQualityOperator on a table and on a query",
    schedule=None,
    tags=["example", "dataflow"],
) as dag:
    keys = DataQualityOperator(
        task_id="keys_are_sound",
        conn_id=WAREHOUSE,
        table="crm.subscribers",
        rules=[
            {"column": "subscriber_id", "check": "not_null"},
            {"column": "subscriber_id", "check": "unique"},
            {"column": "status", "check": "in", "values": ["active", "closed", "suspended"]},
        ],
        checks=[{"type": "quality.freshness", "min_rows": 1}],
        sensitive=["msisdn"],
    )
    regions = DataQualityOperator(
        task_id="regions_are_known",
        conn_id=WAREHOUSE,
        sql="SELECT subscriber_id, region FROM crm.subscribers WHERE status = :status",
        parameters={"status": "active"},
        rules=[{"column": "region", "check": "not_null"}],
        severity="warn",
    )
    report = PushdownSqlOperator(
        task_id="report",
        conn_id=WAREHOUSE,
        sql="SELECT region, COUNT(*) AS subscribers FROM crm.subscribers GROUP BY region",
        table="mart.example_subscribers_by_region",
        write={"mode": "overwrite"},
        create={"if_missing": True},
    )
    keys >> regions >> report
