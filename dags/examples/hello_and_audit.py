"""A Dag written by hand around a pipeline: one stage of a YAML file, then an audit line in the same warehouse."""

from __future__ import annotations

from airflow.sdk import DAG

from dataflow_provider.operators.pipeline_stage import PipelineStageOperator
from dataflow_provider.operators.pushdown_sql import PushdownSqlOperator

with DAG(
    dag_id="example_hello_and_audit",
    dag_display_name="Example: Hello World with an audit trail",
    description="PipelineStageOperator on a pipeline file, followed by an exactly-once append",
    schedule=None,
    tags=["example", "dataflow"],
) as dag:
    # The task's id names the stage: the last node of the pipeline.
    hello = PipelineStageOperator(task_id="hello", pipeline="yaml_pipelines/telecom/hello_world.yaml")

    audit = PushdownSqlOperator(
        task_id="audit",
        conn_id="dataflow_warehouse",
        sql="SELECT :run_id AS run_id, COUNT(*) AS rows FROM mart.hello_subscribers",
        table="mart.example_hello_audit",
        # A retry of the same run replaces its own line.
        write={"mode": "append"},
        create={"if_missing": True},
    )

    hello >> audit
