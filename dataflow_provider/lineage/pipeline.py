"""Column lineage of one pipeline: its nodes' ports and its targets, from the text alone or with reflected columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from dataflow_provider.compiler.compiled import Columns, Schemas
from dataflow_provider.compiler.graph import Graph, GraphInput, GraphNode, build_graph
from dataflow_provider.compiler.sqltext import SqlTextError
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.errors import AuthorError
from dataflow_provider.lineage.model import Influence, Influences, Rows, Subtype, merged, opaque
from dataflow_provider.lineage.nodes import Ports, Step, node_ports, table_label
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import (
    NativeSource,
    NativeTarget,
    NodeBase,
    SourceBase,
    SqlSource,
    SqlTarget,
    TargetBase,
)

UNKNOWN = "*"

Mark = Callable[[GraphNode, Rows], Rows]


class SourceJson(TypedDict):
    """One source of a column; `column` is null for columns that nobody knows offline."""

    node: str
    dataset: str
    column: str | None
    type: str
    subtype: str


class ColumnJson(TypedDict):
    """A column and its sources."""

    name: str
    sources: list[SourceJson]


class RowsJson(TypedDict):
    """The columns of rows; `complete` is false when there may be more, of which `unknown` tells the sources."""

    complete: bool
    columns: list[ColumnJson]
    rows: list[SourceJson]
    unknown: list[SourceJson]


class Dataset(NamedTuple):
    """What a source reads or a target writes: a table, files or a topic on a connection."""

    connection: str | None
    connector: str
    name: str


@dataclass(frozen=True)
class PipelineLineage:
    """What every port of every enabled node is made of; `nodes` in topological order."""

    pipeline: str
    graph: Graph
    nodes: Mapping[str, Ports]

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(node.id for node in self.graph.nodes.values() if isinstance(node.spec, TargetBase))

    def used_ports(self, node: str) -> Ports:
        """Return the main output of a node and the ports that somebody reads."""
        read = {given.port for one in self.graph.nodes.values() for given in one.inputs if given.node == node}
        return {port: rows for port, rows in self.nodes[node].items() if port is None or port in read}

    def dataset(self, node: str) -> Dataset | None:
        """Return what a source or a target names; None for other nodes and for a source that is a query."""
        return dataset_of(self.graph.nodes[node])


def pipeline_lineage(pipeline: Pipeline, known: Schemas | None = None) -> PipelineLineage:
    """Return the lineage of the enabled nodes.

    `known` has the columns that reflection or inference found, by `node` or `node.port`. A node whose text cannot be
    read gives columns of which only the inputs are known; `dataflow validate` says why.

    Raises:
        CompileError: for a graph that cannot be built.
    """
    return graph_lineage(pipeline.id, build_graph(pipeline), known)


def graph_lineage(
    pipeline_id: str, graph: Graph, known: Schemas | None = None, mark: Mark | None = None
) -> PipelineLineage:
    """Return the lineage of a graph that is built already; `mark` may change what a node hands on."""
    nodes: dict[str, Ports] = {}
    for node in graph.nodes.values():
        inputs = [_rows(nodes, given) for given in node.inputs]
        ports = {
            port: _closed(rows, (known or {}).get(node.id if port is None else f"{node.id}.{port}"))
            for port, rows in _ports(node, inputs, known or {}).items()
        }
        nodes[node.id] = ports if mark is None else {port: mark(node, rows) for port, rows in ports.items()}
    return PipelineLineage(pipeline_id, graph, nodes)


def _closed(rows: Rows, columns: Columns | None) -> Rows:
    """Return the rows with the columns that a database told, where the text alone does not name them all."""
    return rows.named_only(columns) if columns is not None and rows.rest else rows


def _ports(node: GraphNode, inputs: Sequence[Rows], known: Schemas) -> Ports:
    try:
        return node_ports(Step(node, get_dialect(node.dialect), inputs, known))
    except (SqlTextError, AuthorError, RecursionError):
        return {None: opaque(inputs)}


def _rows(nodes: Mapping[str, Ports], given: GraphInput) -> Rows:
    ports = nodes[given.node]
    return ports[given.port] if given.port in ports else opaque(ports.values())


def dataset_of(node: GraphNode) -> Dataset | None:
    """Return what a source or target names; None for other nodes and for a source that is a query."""
    spec: NodeBase = node.spec
    if isinstance(spec, SqlSource | SqlTarget):
        return None if spec.table is None else Dataset(node.connection, spec.connector, table_label(spec.table))
    if isinstance(spec, SourceBase | TargetBase):
        name = spec.place if isinstance(spec, NativeSource | NativeTarget) else getattr(spec, "path", "")
        return Dataset(spec.connection, spec.connector, str(name))
    return None


# ---------------------------------------------------------------- as JSON


def rows_json(rows: Rows) -> RowsJson:
    """Return the rows as `dataflow lineage --json` shows them, sources in order."""
    return {
        "complete": not rows.rest,
        "columns": [{"name": name, "sources": sources_json(made)} for name, made in rows.columns.items()],
        "rows": sources_json(rows.decided),
        "unknown": sources_json(merged(one.influences for parts in rows.rest for one in parts)),
    }


def sources_json(influences: Influences) -> list[SourceJson]:
    """Return sources in order: values before decisions, then by node and column."""
    order = list(Subtype)

    def place(one: Influence) -> tuple[int, str, str, str]:
        return (order.index(one.subtype), one.origin.node, one.origin.dataset, one.origin.column or "")

    return [
        {
            "node": one.origin.node,
            "dataset": one.origin.dataset,
            "column": one.origin.column,
            "type": one.subtype.type,
            "subtype": one.subtype.value,
        }
        for one in sorted(influences, key=place)
    ]
