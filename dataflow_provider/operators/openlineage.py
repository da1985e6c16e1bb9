"""What OpenLineage is told of a task: datasets, schemas, columns, SQL, rows.

Called by Airflow's OpenLineage provider only, so that its classes may be imported here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow.providers.openlineage.extractors import OperatorLineage
from openlineage.client.event_v2 import Dataset, InputDataset, OutputDataset
from openlineage.client.facet_v2 import (
    DatasetFacet,
    JobFacet,
    OutputDatasetFacet,
    column_lineage_dataset,
    output_statistics_output_dataset,
    schema_dataset,
    sql_job,
)

from dataflow_provider.compiler.compiled import Columns, CompiledStage, Schemas
from dataflow_provider.compiler.publishing import preview_publish
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.errors import AuthorError
from dataflow_provider.lineage.model import Influence, Influences, Rows
from dataflow_provider.lineage.naming import DatasetName, path_dataset, table_dataset, topic_dataset
from dataflow_provider.lineage.pipeline import PipelineLineage, graph_lineage
from dataflow_provider.operators.engine_task import Work
from dataflow_provider.spec.nodes import (
    SQL_CONNECTORS,
    SourceBase,
    SqlSource,
    SqlTarget,
    TargetBase,
)
from dataflow_provider.spec.service_nodes import KafkaSource, KafkaTarget

_SHOWN_STEPS = ("read", "stage", "publish", "hook")


def operator_lineage(
    work: Work, compiled: Sequence[CompiledStage], rows: Mapping[str, int | None], values: RunValues | None
) -> OperatorLineage[Any, Any]:
    """Return the lineage of a task's stages.

    `compiled` are those that this process ran, with the columns and SQL they ran with; `rows` has what each node gave.

    A stage that only keeps rows for a later one has inputs and no output: its table lives as long as the run. The
    stage of a target has the sources behind all stages before it as inputs.
    """
    known: dict[str, Columns] = {}
    for stage in compiled:
        known |= stage.columns
    lineage = graph_lineage(work.plan.pipeline.id, work.plan.graph, known)
    told = _Told(work, lineage, known)
    outputs = [told.output(node, rows.get(node)) for node in told.targets()]
    return OperatorLineage(
        inputs=[told.input(node, dataset) for node, dataset in told.sources()],
        outputs=outputs,
        job_facets=_sql_facet(work, compiled, values),
    )


class _Told:
    """The datasets of one task."""

    def __init__(self, work: Work, lineage: PipelineLineage, known: Schemas) -> None:
        self.work = work
        self.lineage = lineage
        self.known = known
        self.nodes = {node for stage in work.stages for node in work.plan.stage(stage).nodes}

    def targets(self) -> list[str]:
        return [node for node in self.lineage.targets if node in self.nodes]

    def sources(self) -> list[tuple[str, str]]:
        """Return source node and dataset of everything that the task's targets, or its last rows, are made from."""
        ends = self.targets() or [self.work.stages[-1]]
        found: set[tuple[str, str]] = set()
        for node in ends:
            for rows in self.lineage.nodes[node].values():
                found |= {(one.origin.node, one.origin.dataset) for one in rows.everything() | rows.decided}
        for node in self.nodes:
            dataset = self.lineage.dataset(node)
            if dataset is not None and isinstance(self.work.plan.graph.nodes[node].spec, SourceBase):
                found.add((node, dataset.name))
        return sorted(found)

    def input(self, node: str, dataset: str) -> Dataset:
        named = self.name(node, dataset)
        columns = self.known.get(node) if self.lineage.dataset(node) is not None else None
        return InputDataset(named.namespace, named.name, facets=_schema(columns))

    def output(self, node: str, count: int | None) -> OutputDataset:
        target = self.lineage.dataset(node)
        named = self.name(node, target.name if target is not None else node)
        rows = self.lineage.nodes[node][None]
        columns: Columns | None = None if rows.rest else {name: self._type(node, name) for name in rows.columns}
        facets: dict[str, DatasetFacet] = {**_schema(columns), "columnLineage": self._columns(rows)}
        statistics: dict[str, OutputDatasetFacet] = {}
        if count is not None:
            statistics["outputStatistics"] = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(count)
        return OutputDataset(named.namespace, named.name, facets=facets, outputFacets=statistics)

    def _type(self, node: str, column: str) -> str:
        given = self.work.plan.graph.nodes[node].inputs[0]
        key = given.node if given.port is None else f"{given.node}.{given.port}"
        return self.known.get(key, {}).get(column, "")

    def _columns(self, rows: Rows) -> column_lineage_dataset.ColumnLineageDatasetFacet:
        return column_lineage_dataset.ColumnLineageDatasetFacet(
            fields={
                name: column_lineage_dataset.Fields(inputFields=self._fields(made))
                for name, made in rows.columns.items()
            },
            dataset=self._fields(rows.decided),
        )

    def _fields(self, influences: Influences) -> list[column_lineage_dataset.InputField]:
        """One field for each source column; a column that nobody knows is left to the edge between the datasets."""
        by_column: dict[tuple[str, str, str], list[Influence]] = {}
        for one in sorted(influences, key=lambda one: (one.origin[:2], one.origin.column or "", one.subtype.value)):
            if one.origin.column is not None:
                by_column.setdefault((one.origin.node, one.origin.dataset, one.origin.column), []).append(one)
        return [
            column_lineage_dataset.InputField(
                *self.name(node, dataset),
                column,
                [column_lineage_dataset.Transformation(one.subtype.type, one.subtype.value) for one in steps],
            )
            for (node, dataset, column), steps in by_column.items()
        ]

    def name(self, node: str, dataset: str) -> DatasetName:
        """Return OpenLineage's name of a dataset that a node reads or writes."""
        graph_node = self.work.plan.graph.nodes[node]
        spec = graph_node.spec
        connector = spec.connector if isinstance(spec, SourceBase | TargetBase) else graph_node.dialect
        if connector in SQL_CONNECTORS:
            written = spec.table if isinstance(spec, SqlSource | SqlTarget) else None
            named = written or ".".join(f'"{part}"' for part in dataset.split("."))
            return table_dataset(connector, self.work.connections.get(graph_node.connection), named)
        connection = None
        if spec.connection is not None:
            connection = self.work.connections.get(spec.connection)
        if isinstance(spec, KafkaSource | KafkaTarget):
            return topic_dataset(connection, dataset)
        return path_dataset(connector, connection, dataset, self.work.project)


def _schema(columns: Columns | None) -> dict[str, DatasetFacet]:
    if not columns:
        return {}
    fields = [
        schema_dataset.SchemaDatasetFacetFields(name, kind or None, ordinal_position=at)
        for at, (name, kind) in enumerate(columns.items(), 1)
    ]
    return {"schema": schema_dataset.SchemaDatasetFacet(fields)}


def _sql_facet(work: Work, stages: Sequence[CompiledStage], values: RunValues | None) -> dict[str, JobFacet]:
    """Return the statements that moved rows, in order; measuring and tidying up are left out."""
    statements = [sql for stage in stages for sql in _statements(work, stage, values)]
    if not statements:
        return {}
    dialect = get_dialect(stages[-1].dialect).sqlglot
    return {"sql": sql_job.SQLJobFacet(";\n\n".join(statements), dialect)}


def _statements(work: Work, stage: CompiledStage, values: RunValues | None) -> Iterator[str]:
    try:
        publish = () if values is None else preview_publish(work.plan.pipeline.id, stage, values) or ()
    except AuthorError:
        publish = ()
    yield from (step.sql for step in (*stage.steps, *publish) if step.kind in _SHOWN_STEPS)
