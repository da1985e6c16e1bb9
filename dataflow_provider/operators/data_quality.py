"""`DataQualityOperator`: the rules of quality nodes on any table or query, for Dags written by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from dataflow_provider.errors import AuthorError
from dataflow_provider.operators.engine_task import EngineOperator, Work
from dataflow_provider.operators.pushdown_sql import as_identifier, engine_of, type_of_parameter

if TYPE_CHECKING:
    from dataflow_provider.compiler.values import RunValues
    from dataflow_provider.connectors.connections import Connections
    from dataflow_provider.spec.loader import Loaded

ROWS, RULES = "rows", "rules"


class DataQualityOperator(EngineOperator):
    """Judges a table or a query by rules, in one statement on its own database, and writes nothing.

    The task fails when a rule does not hold (`severity="block"`), or ends well with `state` `warning` in its result
    (`"warn"`). Either way the results of all rules are left in XCom.

    Args:
        conn_id: The connection that has the rows. A template.
        table: The table to judge; give this or `sql`. A template.
        sql: One SELECT whose rows are judged, or the path of a `.sql` file. A template.
        rules: Rules on columns, as in `quality.column_rules`: `{"column": "id", "check": "not_null"}`. A template.
        checks: Further quality nodes, as in a pipeline, without `from`: `{"type": "quality.freshness", …}`. A template.
        severity: `block` or `warn`, for the rules and for each of `checks` that names none.
        sensitive: Columns whose values are `***` in samples of failing rows.
        parameters: Values bound as `:name` in `sql` and conditions. A template.
        kwargs: What every operator takes.

    Raises:
        AuthorError: when the arguments do not say one thing to judge.
    """

    template_fields: Sequence[str] = ("conn_id", "table", "sql", "rules", "checks", "parameters")
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "sql": "sql", "rules": "json", "checks": "json", "parameters": "json",
    }  # fmt: skip

    def __init__(
        self,
        *,
        conn_id: str,
        table: str | None = None,
        sql: str | None = None,
        rules: Sequence[Mapping[str, Any]] = (),
        checks: Sequence[Mapping[str, Any]] = (),
        severity: str = "block",
        sensitive: Sequence[str] = (),
        parameters: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.table = table
        self.sql = sql
        self.rules = [dict(rule) for rule in rules]
        self.checks = [dict(check) for check in checks]
        self.severity = severity
        self.sensitive = list(sensitive)
        self.parameters = dict(parameters or {})
        if (table is None) == (sql is None) or not (rules or checks):
            raise AuthorError(
                "DF-OPER-006",
                f"Task `{self.task_id}` needs one of `table` and `sql`, and `rules` or `checks`.",
                hint='The shortest: `table="t", rules=[{"column": "id", "check": "not_null"}]`.',
            )

    def values_given(self, context: Any) -> Mapping[str, Any]:
        return self.parameters

    def work(self) -> Work:
        from dataflow_provider.execution.judging import judging_plan
        from dataflow_provider.hooks.connections import connections_of, project_of_installation

        project = project_of_installation()
        connections = connections_of(project)
        pipeline = self.as_pipeline(connections).require()
        plan = judging_plan(pipeline, next(reversed(pipeline.nodes)))
        return Work(plan, (plan.stages[0].id,), project, connections)

    def as_pipeline(self, connections: Connections) -> Loaded:
        """Return the source and the quality nodes that the operator stands for.

        Raises:
            AuthorError: DF-OPER-004 when no SQL runs on the connection, DF-OPER-007 for a severity that it cannot keep.
        """
        from dataflow_provider.spec.loader import parse_pipeline

        nodes: dict[str, Any] = {ROWS: self._source(engine_of(connections, self.conn_id))}
        if self.rules:
            nodes[RULES] = {"type": "quality.column_rules", "rules": self.rules}
        nodes |= {f"check_{number}": check for number, check in enumerate(self.checks, 1)}
        for name, node in nodes.items():
            if name != ROWS:
                nodes[name] = {"from": ROWS, "severity": self.severity, **node}
                self._refuse_quarantine(nodes[name])
        pipeline_id = as_identifier(f"{self.dag_id}.{self.task_id}")
        document = {
            "apiVersion": "dataflow/v1",
            "kind": "Pipeline",
            "id": pipeline_id,
            "params": {name: {"type": type_of_parameter(name, value)} for name, value in self.parameters.items()},
            "nodes": nodes,
        }
        return parse_pipeline(json.dumps(document, default=str), f"{pipeline_id}.yaml")

    def _source(self, engine: str) -> dict[str, Any]:
        rows = {"table": self.table} if self.table is not None else {"query": self.sql}
        return {"type": f"source.{engine}", "connection": self.conn_id, "sensitive": self.sensitive, **rows}

    def _refuse_quarantine(self, node: Mapping[str, Any]) -> None:
        if node["severity"] == "quarantine":
            raise AuthorError(
                "DF-OPER-007",
                f"Task `{self.task_id}` judges rows and moves none, so `quarantine` has no place to put them.",
                hint="Use `block` or `warn`; a pipeline's quality node can send failing rows elsewhere.",
            )

    def _run_stages(self, work: Work, values: RunValues, context: Any, resumed: bool) -> None:
        from dataflow_provider.execution.judging import Judging
        from dataflow_provider.operators.row_history import TaskHistory

        result = Judging(work.plan, values, work.connections, work.project, TaskHistory(context)).run()
        self._done = {result.stage: result}
