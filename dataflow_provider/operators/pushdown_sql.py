"""`PushdownSqlOperator`: a SELECT whose rows a database writes to a table itself, for Dags written by hand."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from dataflow_provider.errors import AuthorError
from dataflow_provider.operators.errors import TaskStoppedError, airflow_errors, keep_error

if TYPE_CHECKING:
    from dataflow_provider.execution.results import StageResult
    from dataflow_provider.spec.loader import Loaded

SOURCE, TARGET = "query", "result"
# bool before int: True is an int in Python.
_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (datetime, "timestamp"),
    (date, "date"),
    (str, "string"),
)


class PushdownSqlOperator(BaseOperator):
    """Runs one SELECT and publishes its rows in one transaction, with the write modes of pipelines.

    No row passes through the worker. `:name` in the SQL is bound, never spliced: the run's values (`:interval_start`,
    `:interval_end`, `:logical_date`, `:run_id`) and `parameters`. Returns rows and seconds as XCom, in the shape of
    `PipelineStageOperator`, with the nodes `query` and `result`.

    Args:
        conn_id: The connection that reads and writes.
        sql: One SELECT, or the path of a `.sql` file. A template.
        table: The table to write. A template.
        write: As in a pipeline: `{"mode": "upsert", "keys": ["id"]}`; append when omitted.
        create: As in a pipeline: `{"if_missing": True}`.
        pre_sql: Statements in the transaction, before the rows.
        post_sql: Statements in the transaction, after the rows.
        parameters: Values bound as `:name`. A template.
        kwargs: What every operator takes.
    """

    template_fields: Sequence[str] = ("sql", "table", "parameters")
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql", "parameters": "json"}
    ui_color = "#e7f0fd"

    def __init__(
        self,
        *,
        conn_id: str,
        sql: str,
        table: str,
        write: Mapping[str, Any] | None = None,
        create: Mapping[str, Any] | None = None,
        pre_sql: Sequence[str] = (),
        post_sql: Sequence[str] = (),
        parameters: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.sql = sql
        self.table = table
        self.write = dict(write or {})
        self.create = dict(create or {})
        self.pre_sql = list(pre_sql)
        self.post_sql = list(post_sql)
        self.parameters = dict(parameters or {})
        self._at_work = False

    def execute(self, context: Any) -> dict[str, Any]:
        self._at_work = True
        try:
            with airflow_errors(), keep_error(context):
                return self._publish(context).to_json()
        finally:
            self._at_work = False

    def on_kill(self) -> None:
        """Raise into the statement at work, from Airflow's signal handler: the session interrupts and rolls back."""
        if self._at_work:
            raise TaskStoppedError("The task was stopped; what it had begun is rolled back.")

    def _publish(self, context: Any) -> StageResult:
        # Parsing a Dag imports this module, and must not pay for the engine.
        from dataflow_provider.compiler.plan import plan_pipeline
        from dataflow_provider.execution.stage import run_stage
        from dataflow_provider.hooks.connections import connections_of, project_of_installation
        from dataflow_provider.operators.run_values import values_of_run

        project = project_of_installation()
        connections = connections_of(project)
        pipeline = self.as_pipeline(connections.get(self.conn_id).conn_type).require()
        values = values_of_run(context["dag_run"], self.parameters, pipeline, project)
        return run_stage(plan_pipeline(pipeline), TARGET, values, connections, project)

    def as_pipeline(self, connector: str) -> Loaded:
        """Return the operator as the pipeline of two nodes that it stands for."""
        from dataflow_provider.spec.loader import parse_pipeline

        pipeline_id = _identifier(f"{self.dag_id}.{self.task_id}")
        target = {
            "type": f"target.{connector}",
            "from": SOURCE,
            "connection": self.conn_id,
            "table": self.table,
            "write": self.write,
            "create": self.create,
            "pre_sql": self.pre_sql,
            "post_sql": self.post_sql,
        }
        document = {
            "apiVersion": "dataflow/v1",
            "kind": "Pipeline",
            "id": pipeline_id,
            "params": {name: {"type": _type_of(name, value)} for name, value in self.parameters.items()},
            "nodes": {
                SOURCE: {"type": f"source.{connector}", "connection": self.conn_id, "query": self.sql},
                TARGET: {key: value for key, value in target.items() if value},
            },
        }
        return parse_pipeline(json.dumps(document), f"{pipeline_id}.yaml")


def _type_of(name: str, value: object) -> str:
    kind = next((kind for python_type, kind in _TYPES if isinstance(value, python_type)), None)
    if kind is None:
        raise AuthorError(
            "DF-OPER-001",
            f"Parameter `{name}` is `{value!r}`; a parameter is a text, number, boolean, date or datetime.",
        )
    return kind


def _identifier(name: str) -> str:
    """Return the name as a pipeline id; the digest keeps names apart that differ in other characters only."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"dag_{re.sub('[^a-z0-9_]', '_', name.lower())[:180]}_{digest}"
