"""Cleans up after all pipelines, daily; see docs/runs.md. Copy it into your Dags folder.

Airflow: a Dag named `dataflow_maintenance`, scheduled by `[dataflow] maintenance_schedule`.
"""

from dataflow_provider.dag_factory.maintenance import build_maintenance_dag

dag = build_maintenance_dag()
