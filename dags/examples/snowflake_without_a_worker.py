"""A Dag written by hand: Snowflake computes for as long as it takes, and no worker waits for it.

Connection: `snowflake_default`, with `database`, `schema` and `warehouse`. The trigger needs a triggerer to run.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from dataflow_provider.operators.pushdown_sql import PushdownSqlOperator

with DAG(
    dag_id="example_snowflake_without_a_worker",
    dag_display_name="Example: a long statement on Snowflake",
    description="Deferrable: the query runs on when the worker or the triggerer is lost",
    schedule=None,
    tags=["example", "dataflow"],
) as dag:
    PushdownSqlOperator(
        task_id="usage",
        conn_id="snowflake_default",
        sql="""
            SELECT "msisdn", DATE_TRUNC('day', "started_at") AS "day", SUM("duration_s") AS "seconds"
            FROM "CDR"."calls"
            GROUP BY "msisdn", DATE_TRUNC('day', "started_at")
        """,
        table="MART.usage_daily",
        write={"mode": "overwrite"},
        create={"if_missing": True},
        deferrable=True,
        poll_interval=15,
        # A try that finds the query of a lost worker waits for that query.
        retries=2,
        retry_delay=timedelta(minutes=1),
    )
