"""A Dag written by hand: the database computes and upserts a report itself, then a hook looks at the result."""

from __future__ import annotations

from airflow.sdk import DAG, Param, task

from dataflow_provider.hooks.duckdb import DuckDBHook
from dataflow_provider.operators.pushdown_sql import PushdownSqlOperator

WAREHOUSE = "dataflow_warehouse"

with DAG(
    dag_id="example_region_report",
    dag_display_name="Example: subscribers per region",
    description="PushdownSqlOperator with bound parameters and an upsert",
    schedule=None,
    tags=["example", "dataflow"],
    params={"status": Param("active", type="string", description="Which subscribers to count")},
) as dag:
    report = PushdownSqlOperator(
        task_id="report",
        conn_id=WAREHOUSE,
        # `:status` is bound by the database; only `parameters` goes through Airflow's templates.
        sql="""
            SELECT COALESCE(region, 'unknown') AS region, COUNT(*) AS subscribers, MAX(activated_on) AS newest
            FROM crm.subscribers
            WHERE status = :status
            GROUP BY COALESCE(region, 'unknown')
        """,
        parameters={"status": "{{ params.status }}"},
        table="mart.example_region_report",
        write={"mode": "upsert", "keys": ["region"]},
        create={"if_missing": True},
    )

    @task
    def largest_region() -> str:
        """Return the region with most subscribers; fails when the report is empty."""
        sql = "SELECT region FROM mart.example_region_report ORDER BY subscribers DESC, region"
        rows = DuckDBHook(WAREHOUSE).get_records(sql, limit=1)
        if not rows:
            raise ValueError("the report has no rows")
        return str(rows[0][0])

    report >> largest_region()
