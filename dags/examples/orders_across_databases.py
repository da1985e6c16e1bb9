"""A Dag written by hand over two databases: orders of a shop's SQLite file become a report in PostgreSQL.

Connections: `shop` (SQLite, `host` is the file) and `reports` (PostgreSQL).
"""

from __future__ import annotations

from airflow.sdk import DAG

from dataflow_provider.operators.pushdown_sql import PushdownSqlOperator

with DAG(
    dag_id="example_orders_across_databases",
    dag_display_name="Example: orders from SQLite to PostgreSQL",
    description="A graph over two connections, then a SELECT that PostgreSQL carries out itself",
    schedule=None,
    tags=["example", "dataflow"],
) as dag:
    # Each node runs on its own connection; rows travel between the two, and only those that are left.
    orders = PushdownSqlOperator(
        task_id="orders",
        nodes={
            "shop_orders": {"type": "source.sqlite", "connection": "shop", "table": "orders"},
            "paid": {"type": "transform.filter", "from": "shop_orders", "where": "status = 'paid'"},
            "kept": {
                "type": "transform.select",
                "from": "paid",
                "columns": ["order_id", "customer", {"name": "amount_cents", "cast": "INTEGER"}],
            },
            "reported": {
                "type": "target.postgres",
                "connection": "reports",
                "from": "kept",
                "table": "staging.orders",
                "write": {"mode": "upsert", "keys": ["order_id"]},
                "create": {"if_missing": True},
            },
        },
    )

    customers = PushdownSqlOperator(
        task_id="customers",
        conn_id="reports",
        sql="""
            SELECT customer, COUNT(*) AS orders, SUM(amount_cents) AS spent_cents
            FROM staging.orders
            GROUP BY customer
        """,
        table="mart.customers",
        write={"mode": "overwrite"},
        create={"if_missing": True},
    )

    orders >> customers
