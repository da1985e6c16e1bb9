"""Lineage between the pipelines of a project: which of them writes what another one reads. Tables and files only."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypedDict

from sqlglot import exp

from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.graph import Graph, GraphNode, build_graph
from dataflow_provider.compiler.lowering.query import is_cte
from dataflow_provider.compiler.sqltext import SqlTextError, parse_query
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.errors import AuthorError
from dataflow_provider.lineage.nodes import table_label
from dataflow_provider.lineage.pipeline import Dataset, dataset_of
from dataflow_provider.spec.loader import load_pipeline
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import (
    FILE_CONNECTORS,
    AgainstQuery,
    ReconcileQuality,
    ReferenceQuality,
    SqlSource,
    TargetBase,
)
from dataflow_provider.spec.project import PIPELINES_FOLDER, Project, is_pipeline_file


class Use(NamedTuple):
    """A node of a pipeline that reads or writes a dataset."""

    pipeline: str
    node: str
    dataset: Dataset


class Edge(NamedTuple):
    """Rows that reach the pipeline `reader` because the pipeline `writer` publishes them."""

    writer: Use
    reader: Use


class EdgeJson(TypedDict):
    """One edge between two pipelines."""

    dataset: str
    connection: str | None
    writer: str
    writer_node: str
    reader: str
    reader_node: str


@dataclass(frozen=True)
class ProjectLineage:
    """Who reads and writes what; `edges` where a dataset is written by one pipeline and read by another."""

    pipelines: tuple[str, ...]
    reads: tuple[Use, ...]
    writes: tuple[Use, ...]
    edges: tuple[Edge, ...]

    def upstream(self, pipeline: str) -> tuple[str, ...]:
        """Return the pipelines whose rows reach the pipeline, nearest first."""
        return self._reached(pipeline, {edge.reader.pipeline: [] for edge in self.edges}, backwards=True)

    def downstream(self, pipeline: str) -> tuple[str, ...]:
        """Return the pipelines that the rows of the pipeline reach, nearest first."""
        return self._reached(pipeline, {edge.writer.pipeline: [] for edge in self.edges}, backwards=False)

    def _reached(self, start: str, next_to: dict[str, list[str]], *, backwards: bool) -> tuple[str, ...]:
        for edge in self.edges:
            here, there = (edge.reader, edge.writer) if backwards else (edge.writer, edge.reader)
            next_to[here.pipeline].append(there.pipeline)
        found: dict[str, None] = {}
        waiting = list(next_to.get(start, ()))
        while waiting:
            one = waiting.pop(0)
            if one != start and one not in found:
                found[one] = None
                waiting += next_to.get(one, ())
        return tuple(found)


def project_lineage(project: Project) -> ProjectLineage:
    """Return the lineage between all pipelines of the project; a file that does not load is left out."""
    folder = project.root / PIPELINES_FOLDER
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and is_pipeline_file(path, folder))
    loaded = (_load_once(path, stat.st_mtime_ns, stat.st_size) for path in paths for stat in [path.stat()])
    return lineage_between([pipeline for pipeline in loaded if pipeline is not None], project)


@lru_cache(maxsize=5_000)
def _load_once(path: Path, mtime_ns: int, size: int) -> Pipeline | None:
    """A server asks again and again, at every look at a failure, and few files have changed meanwhile."""
    return load_pipeline(path).pipeline


def lineage_between(pipelines: Iterable[Pipeline], project: Project) -> ProjectLineage:
    """Return the lineage between these pipelines.

    Tables meet by connection id and name, without regard to case; files by path, where one may be a glob or a folder.
    """
    given = list(pipelines)
    reads: list[Use] = []
    writes: list[Use] = []
    for pipeline in given:
        try:
            graph = build_graph(pipeline)
        except CompileError:
            continue
        for node in graph.nodes.values():
            uses = [Use(pipeline.id, node.id, dataset) for dataset in _datasets(graph, node)]
            (writes if isinstance(node.spec, TargetBase) else reads).extend(uses)
    edges = tuple(_edges(reads, writes, project))
    return ProjectLineage(tuple(pipeline.id for pipeline in given), tuple(reads), tuple(writes), edges)


def _edges(reads: Iterable[Use], writes: Iterable[Use], project: Project) -> Iterator[Edge]:
    by_table: dict[tuple[str | None, str, str], list[Use]] = {}
    by_file: list[tuple[str, Use]] = []
    for use in writes:
        if use.dataset.connector in FILE_CONNECTORS:
            by_file.append((_place(use.dataset, project), use))
        else:
            by_table.setdefault(_key(use.dataset), []).append(use)
    for reader in reads:
        if reader.dataset.connector in FILE_CONNECTORS:
            place = _place(reader.dataset, project)
            writers = [use for written, use in by_file if _meets(place, written)]
        else:
            writers = by_table.get(_key(reader.dataset), [])
        yield from (Edge(writer, reader) for writer in writers if writer.pipeline != reader.pipeline)


def _key(dataset: Dataset) -> tuple[str | None, str, str]:
    return dataset.connection, dataset.connector, dataset.name.casefold()


def _place(dataset: Dataset, project: Project) -> str:
    if "://" in dataset.name or dataset.connector != "file":
        return f"{dataset.connection or ''}:{dataset.name}"
    return os.path.normpath(project.root / dataset.name)


def _meets(read: str, written: str) -> bool:
    """Whether a glob or path finds what a target writes: that file, or parts in that folder, as append leaves them."""
    target, pattern = PurePosixPath(written), PurePosixPath(read)
    return target.match(str(pattern)) or target.match(str(pattern.parent)) or pattern.is_relative_to(target)


# ---------------------------------------------------------------- what a node reads


def _datasets(graph: Graph, node: GraphNode) -> Iterator[Dataset]:
    spec = node.spec
    found = dataset_of(node)
    if found is not None:
        yield found
    elif isinstance(spec, SqlSource):
        yield from _tables(spec.query or "", node.connection, spec.connector, node.dialect)
    elif isinstance(spec, ReferenceQuality):
        connection = spec.reference.connection or node.connection
        yield Dataset(connection, _engine(graph, connection, node), table_label(spec.reference.table))
    elif isinstance(spec, ReconcileQuality) and isinstance(spec.against, AgainstQuery):
        engine = _engine(graph, spec.against.connection, node)
        yield from _tables(spec.against.query, spec.against.connection, engine, engine)


def _engine(graph: Graph, connection: str, node: GraphNode) -> str:
    """Return the engine of a connection as other nodes of the graph tell it, else that of the node."""
    return next((one.dialect for one in graph.nodes.values() if one.connection == connection), node.dialect)


def _tables(query: str, connection: str, connector: str, dialect: str) -> Iterator[Dataset]:
    """Yield the tables of a query; none when it cannot be read, which `validate` tells."""
    try:
        tree = parse_query(query, get_dialect(dialect))
    except (SqlTextError, AuthorError):
        return
    seen = set()
    for table in tree.find_all(exp.Table):
        name = ".".join(part.name for part in table.parts)
        if not isinstance(table.this, exp.Func) and not is_cte(table) and name not in seen:
            seen.add(name)
            yield Dataset(connection, connector, name)


def edges_json(edges: Iterable[Edge]) -> list[EdgeJson]:
    """Return the edges as `dataflow lineage FOLDER --json` shows them."""
    return [
        {
            "dataset": edge.writer.dataset.name,
            "connection": edge.writer.dataset.connection,
            "writer": edge.writer.pipeline,
            "writer_node": edge.writer.node,
            "reader": edge.reader.pipeline,
            "reader_node": edge.reader.node,
        }
        for edge in edges
    ]


def datasets_by_use(uses: Iterable[Use]) -> Mapping[Dataset, tuple[str, ...]]:
    """Return the pipelines of each dataset, in the order they come."""
    found: dict[Dataset, dict[str, None]] = {}
    for use in uses:
        found.setdefault(use.dataset, {})[use.pipeline] = None
    return {dataset: tuple(pipelines) for dataset, pipelines in found.items()}
