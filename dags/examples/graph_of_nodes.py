"""A Dag written by hand: a graph of nodes, written as in a pipeline file, runs in the warehouse as one statement."""

from __future__ import annotations

from airflow.sdk import DAG, Param

from dataflow_provider.operators.pushdown_sql import PushdownSqlOperator

with DAG(
    dag_id="example_graph_of_nodes",
    dag_display_name="Example: a graph without a pipeline file",
    description="PushdownSqlOperator with nodes: filter, deduplicate, aggregate, overwrite",
    schedule=None,
    tags=["example", "dataflow"],
    params={"least": Param(3, type="integer", description="Fewest subscribers of a plan to be told of")},
) as dag:
    PushdownSqlOperator(
        task_id="plans_in_use",
        # Where SQL nodes run that name no connection of their own.
        conn_id="dataflow_warehouse",
        nodes={
            "subscribers": {"type": "source.duckdb", "table": "crm.subscribers"},
            "active": {"type": "transform.filter", "from": "subscribers", "where": "status = 'active'"},
            "newest": {
                "type": "transform.deduplicate",
                "from": "active",
                "keys": ["msisdn"],
                "order_by": ["activated_on DESC", "subscriber_id DESC"],
            },
            "plans": {
                "type": "transform.aggregate",
                "from": "newest",
                "group_by": ["plan_id"],
                "aggregates": {"subscribers": "COUNT(*)", "newest": "MAX(activated_on)"},
                "having": "COUNT(*) >= CAST(:least AS INTEGER)",
            },
            "mart": {
                "type": "target.duckdb",
                "from": "plans",
                "table": "mart.example_plans_in_use",
                "write": {"mode": "overwrite"},
                "create": {"if_missing": True},
            },
        },
        # What a template renders is text, so the query casts it.
        parameters={"least": "{{ params.least }}"},
    )
