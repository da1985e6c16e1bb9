"""`PushdownSqlOperator`: SQL that a database carries out and publishes itself, for Dags written by hand."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from dataflow_provider.errors import AuthorError
from dataflow_provider.operators.engine_task import EngineOperator, Work
from dataflow_provider.operators.pipeline_stage import pipeline_path

if TYPE_CHECKING:
    from dataflow_provider.connectors.connections import Connections
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


class PushdownSqlOperator(EngineOperator):
    """Runs a SELECT, a graph of nodes, or a pipeline file in the databases, with the write modes of pipelines.

    No row passes through the worker unless a graph spans connections. `:name` in SQL is bound, never spliced: the
    run's values (`:interval_start`, `:interval_end`, `:logical_date`, `:run_id`) and `parameters`. Returns rows and
    seconds as XCom, in the shape of `PipelineStageOperator`.

    Give one of `sql`, `nodes` and `pipeline`.

    Args:
        conn_id: The connection that reads and writes; of `nodes`, where SQL nodes run that name none.
        sql: One SELECT, or the path of a `.sql` file; its nodes are called `query` and `result`. A template.
        table: The table that `sql` writes. A template.
        write: How `sql` is published, as in a pipeline: `{"mode": "upsert", "keys": ["id"]}`; append when omitted. A
            template.
        create: As in a pipeline: `{"if_missing": True}`. With `sql`.
        on_schema_drift: As in a pipeline: `fail` (when omitted), `ignore` or `add`. With `sql`.
        session: Settings of the database session, as in a pipeline: `{"work_mem": "256MB"}`. With `sql`.
        pre_sql: Statements in the transaction, before the rows, or paths of `.sql` files. With `sql`. A template.
        post_sql: The same, after the rows. With `sql`. A template.
        nodes: A graph as in a pipeline file: node id to its fields. A template.
        pipeline: A pipeline file, absolute or relative to the project; its own texts are no templates. A template.
        stage: One stage of `nodes` or `pipeline`; all of them, in order, when omitted. A template.
        parameters: Values bound as `:name`; with `pipeline` they go before the Dag's params. A template.
        deferrable: Wait for long statements without a worker, on engines with job ids (Snowflake, Databricks); refused
            on others. Airflow's `[operators] default_deferrable` when omitted, which others ignore.
        poll_interval: Seconds between two looks at a running statement.
        kwargs: What every operator takes.

    Raises:
        AuthorError: when the arguments do not say one thing to do.
    """

    template_fields: Sequence[str] = (
        "conn_id", "sql", "table", "write", "pre_sql", "post_sql", "nodes", "pipeline", "stage", "parameters",
    )  # fmt: skip
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "sql": "sql", "write": "json", "pre_sql": "sql", "post_sql": "sql", "nodes": "json", "parameters": "json",
    }  # fmt: skip

    def __init__(
        self,
        *,
        conn_id: str | None = None,
        sql: str | None = None,
        table: str | None = None,
        write: Mapping[str, Any] | None = None,
        create: Mapping[str, Any] | None = None,
        on_schema_drift: str | None = None,
        session: Mapping[str, Any] | None = None,
        pre_sql: Sequence[str] = (),
        post_sql: Sequence[str] = (),
        nodes: Mapping[str, Any] | None = None,
        pipeline: str | Path | None = None,
        stage: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        deferrable: bool | None = None,
        poll_interval: float = 10.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.sql = sql
        self.table = table
        self.write = dict(write or {})
        self.create = dict(create or {})
        self.on_schema_drift = on_schema_drift
        self.session = dict(session or {})
        self.pre_sql = list(pre_sql)
        self.post_sql = list(post_sql)
        self.nodes = None if nodes is None else dict(nodes)
        self.pipeline = None if pipeline is None else str(pipeline)
        self.stage = stage
        self.parameters = dict(parameters or {})
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self._refuse_mixed()

    def _refuse_mixed(self) -> None:
        forms = [name for name in ("sql", "nodes", "pipeline") if getattr(self, name) is not None]
        if len(forms) != 1:
            said = " and ".join(f"`{name}`" for name in forms) or "none of them"
            raise AuthorError(
                "DF-OPER-002",
                f"Task `{self.task_id}` has {said}; it takes one of `sql`, `nodes` and `pipeline`.",
                hint="`sql` with `conn_id` and `table` is the shortest.",
            )
        needed = {"sql": ("conn_id", "table"), "nodes": (), "pipeline": ()}[forms[0]]
        of_sql = ("table", "write", "create", "on_schema_drift", "session", "pre_sql", "post_sql")
        refused = {"sql": ("stage",), "nodes": of_sql, "pipeline": ("conn_id", *of_sql)}[forms[0]]
        missing = [name for name in needed if not getattr(self, name)]
        given = [name for name in refused if getattr(self, name)]
        if missing or given:
            word, names = ("needs", missing) if missing else ("does not take", given)
            listed = ", ".join(f"`{name}`" for name in names)
            raise AuthorError(
                "DF-OPER-003",
                f"Task `{self.task_id}` with `{forms[0]}` {word} {listed}.",
                hint="Give it." if missing else "Say it in the nodes themselves.",
            )

    def values_given(self, context: Any) -> Mapping[str, Any]:
        return self.parameters if self.pipeline is None else {**context["params"], **self.parameters}

    def work(self) -> Work:
        from dataflow_provider.compiler.plan import plan_pipeline
        from dataflow_provider.hooks.connections import connections_of, project_of_installation
        from dataflow_provider.spec.loader import load_pipeline
        from dataflow_provider.spec.project import Project

        if self.pipeline is not None:
            path = pipeline_path(self.pipeline)
            project = Project.of(path)
            loaded = load_pipeline(path)
        else:
            project = project_of_installation()
            loaded = self.as_pipeline(connections_of(project))
        plan = plan_pipeline(loaded.require())
        stages = tuple(one.id for one in plan.stages) if self.stage is None else (plan.stage(self.stage).id,)
        return Work(plan, stages, project, connections_of(project))

    def as_pipeline(self, connections: Connections) -> Loaded:
        """Return the operator as the pipeline that it stands for; the engine of `conn_id` names the node types.

        Raises:
            AuthorError: DF-OPER-004 when no SQL runs on the connection of `sql`.
        """
        from dataflow_provider.spec.loader import parse_pipeline

        pipeline_id = as_identifier(f"{self.dag_id}.{self.task_id}")
        document = {
            "apiVersion": "dataflow/v1",
            "kind": "Pipeline",
            "id": pipeline_id,
            "params": {name: {"type": type_of_parameter(name, value)} for name, value in self.parameters.items()},
            "nodes": self.nodes if self.nodes is not None else self._nodes_of_sql(connections),
        }
        if self.nodes is not None and self.conn_id:
            document["defaults"] = {"connection": self.conn_id}
        return parse_pipeline(json.dumps(document, default=str), f"{pipeline_id}.yaml")

    def _nodes_of_sql(self, connections: Connections) -> dict[str, Any]:
        engine = engine_of(connections, self.conn_id or "")
        target = {
            "type": f"target.{engine}",
            "from": SOURCE,
            "connection": self.conn_id,
            "table": self.table,
            "write": self.write,
            "create": self.create,
            "on_schema_drift": self.on_schema_drift,
            "session": self.session,
            "pre_sql": self.pre_sql,
            "post_sql": self.post_sql,
        }
        return {
            SOURCE: {"type": f"source.{engine}", "connection": self.conn_id, "query": self.sql},
            TARGET: {key: value for key, value in target.items() if value},
        }


def engine_of(connections: Connections, conn_id: str) -> str:
    """Return the engine that runs SQL on a connection.

    Raises:
        AuthorError: DF-OPER-004 when none does; DF-CONN-001 when there is no such connection.
    """
    from dataflow_provider.connectors.registry import REGISTRY, sql_connection_types

    conn_type = connections.get(conn_id).conn_type
    found = REGISTRY.of_connection_type(conn_type)
    if found is None:
        known = ", ".join(f"`{name}`" for name in sql_connection_types())
        raise AuthorError(
            "DF-OPER-004",
            f"Connection `{conn_id}` is of type `{conn_type}`, on which no SQL runs; it does on {known}.",
            hint="Name a connection of one of those types.",
        )
    return found.name


def type_of_parameter(name: str, value: object) -> str:
    """Return the type of a pipeline's parameter that takes the value.

    Raises:
        AuthorError: DF-OPER-001 when none does.
    """
    kind = next((kind for python_type, kind in _TYPES if isinstance(value, python_type)), None)
    if kind is None:
        raise AuthorError(
            "DF-OPER-001",
            f"Parameter `{name}` is `{value!r}`; a parameter is a text, number, boolean, date or datetime.",
        )
    return kind


def as_identifier(name: str) -> str:
    """Return the name as a pipeline id; the digest keeps names apart that differ in other characters only."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"dag_{re.sub('[^a-z0-9_]', '_', name.lower())[:180]}_{digest}"
