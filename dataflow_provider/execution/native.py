"""Rows that connectors read and write themselves, on their way between them and the database of a stage.

No session of a database is open meanwhile: two pipelines that hold one each and wait for the other's would wait for
ever, and a slow service must not keep others out of a database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow

from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.native import extract_request, load_request, raw_table, reads_rejects
from dataflow_provider.compiler.plan import Plan, Stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.arrow_rows import incoming_columns
from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import Connections, ConnectionSpec
from dataflow_provider.connectors.jdbc import read_stream
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.manifests import reads_or_writes_itself
from dataflow_provider.connectors.native import NativeConnectorBase
from dataflow_provider.connectors.parquet_rows import plain_batches, plain_type
from dataflow_provider.connectors.registry import get_native_connector
from dataflow_provider.connectors.requests import ExtractRequest, Span
from dataflow_provider.errors import AuthorError, InternalError, Place
from dataflow_provider.execution.rejected import RejectFile, SkippedRecords
from dataflow_provider.execution.results import StageResult
from dataflow_provider.execution.steps import blamed
from dataflow_provider.spec.edges import REJECTED
from dataflow_provider.spec.findings import Problem, Severity
from dataflow_provider.spec.nodes import SourceBase, TargetBase
from dataflow_provider.spec.project import Project

logger = logging.getLogger(__name__)

MAX_READERS = 8
"""Most parts of one source that are read side by side."""


@dataclass(frozen=True)
class Arrived:
    """Rows that a connector gave, in an Arrow stream file, and the quoted table they are to stand in.

    `skipped` tells of the records that it left out, where the node says so.
    """

    node: str
    port: str | None
    table: str
    path: Path
    rows: int
    skipped: SkippedRecords | None = None


@dataclass(frozen=True)
class NativeRows:
    """The connectors of one stage."""

    plan: Plan
    stage: Stage
    values: RunValues
    connections: Connections
    project: Project
    folder: Path

    # ------------------------------------------------------------ in

    def read(self, limit: int | None = None) -> tuple[Arrived, ...]:
        """Return what the connectors of the stage's sources gave, of each at most `limit` rows; each is asked once."""
        arrived: list[Arrived] = []
        for node in (self.plan.graph.nodes[one] for one in self.stage.nodes):
            if isinstance(node.spec, SourceBase) and reads_or_writes_itself(node.spec):
                with blamed(node.id):
                    arrived += self._read_node(node, node.spec, limit)
        return tuple(arrived)

    def _read_node(self, node: GraphNode, spec: SourceBase, limit: int | None) -> Iterator[Arrived]:
        started = time.monotonic()
        request = extract_request(self.plan, node, spec, self.values, self.project)
        reader = _Reader(get_native_connector(spec.connector), self._connection(node), self._options())
        path = self.folder / f"{node.id}.arrow"
        with ExitStack() as stack:
            rejects = None
            skipped = SkippedRecords() if request.on_bad_record == "skip" else None
            if reads_rejects(spec):
                rejects = stack.enter_context(RejectFile(self.folder / f"{node.id}.rejects.arrow"))
            request = replace(request, rejects=rejects or skipped, limit=limit)
            if spec.partition is None or limit is not None:
                rows = reader.read(request, path)
            else:
                rows = reader.read_parts(request, spec.partition.column, spec.partition.count, path)
        seconds = time.monotonic() - started
        logger.info(
            "read node=%s connector=%s rows=%d bytes=%d seconds=%.3f",
            node.id, spec.connector, rows, path.stat().st_size, seconds,
        )  # fmt: skip
        yield Arrived(node.id, None, raw_table(self.plan, self.values, node), path, rows, skipped)
        if rejects is not None:
            table = raw_table(self.plan, self.values, node, REJECTED)
            yield Arrived(node.id, REJECTED, table, rejects.path, rejects.rows)

    def freeze(self, node: GraphNode, spec: SourceBase, since: Mapping[str, Any] | None) -> Span:
        """Return what a run reads of a source whose rows have positions, from where an earlier run ended."""
        request = extract_request(self.plan, node, spec, self.values, self.project)
        initial = None if spec.incremental is None else spec.incremental.initial
        connector = get_native_connector(spec.connector)
        with blamed(node.id), connector.open(self._connection(node), self._options()) as session:
            return connector.freeze(session, request, since, initial)

    # ------------------------------------------------------------ out

    @property
    def outgoing(self) -> Path | None:
        """The file in which the rows of a native target wait; None when the stage has none."""
        spec = self.plan.graph.nodes[self.stage.id].spec
        return self.folder / "outgoing.arrow" if isinstance(spec, TargetBase) and reads_or_writes_itself(spec) else None

    def write(self, path: Path) -> int:
        """The target's connector has written the rows of the file; return how many."""
        node = self.plan.graph.nodes[self.stage.id]
        if not isinstance(node.spec, TargetBase):
            raise InternalError("DF-CONN-019", f"`{node.id}` is no target")
        request = load_request(self.plan, node, node.spec, self.values, self.project)
        connector = get_native_connector(node.spec.connector)
        with blamed(node.id), connector.open(self._connection(node), self._options()) as session:
            rows = connector.load_data(session, _plain_stream(path), request)
        logger.info("published node=%s connector=%s rows=%d", node.id, node.spec.connector, rows)
        return rows

    def published(self, result: StageResult, rows: int, seconds: float) -> StageResult:
        """Return the stage's result with what its connector wrote, and what people should know about it."""
        node = self.plan.graph.nodes[self.stage.id]
        nodes = tuple(
            replace(one, rows_out=rows, seconds=round(seconds, 3)) if one.id == node.id else one for one in result.nodes
        )
        return replace(result, seconds=round(seconds, 3), nodes=nodes, problems=(*result.problems, *remarks(node)))

    def _options(self) -> SessionOptions:
        return SessionOptions(Holder(self.plan.pipeline.id, self.stage.id), file_roots=self.project.file_roots)

    def _connection(self, node: GraphNode) -> ConnectionSpec:
        """Return the connection that a node names; one that needs none gets an empty one.

        Raises:
            AuthorError: `DF-RUN-051` when it is of a type that the connector does not take.
        """
        spec = node.spec
        manifest = get_native_connector(spec.type.partition(".")[2]).manifest
        if spec.connection is None:
            return ConnectionSpec("", manifest.name)
        connection = self.connections.get(spec.connection)
        if connection.conn_type not in manifest.connection_types:
            wanted = " or ".join(f"`{kind}`" for kind in manifest.connection_types) or "none at all"
            raise AuthorError(
                "DF-RUN-051",
                f"connection `{spec.connection}` is of type `{connection.conn_type}`, and `{spec.type}` takes {wanted}",
                place=Place(node=node.id),
                hint="Name another connection, or change the type of the node.",
            )
        return connection


@dataclass(frozen=True)
class _Reader:
    """One connection of a source."""

    connector: NativeConnectorBase[Any]
    connection: ConnectionSpec
    options: SessionOptions

    def read(self, request: ExtractRequest, path: Path) -> int:
        """The rows stand in an Arrow stream file; return how many."""
        with self.connector.open(self.connection, self.options) as session:
            return write_batches(self.connector.extract_data(session, request), path)

    def read_parts(self, request: ExtractRequest, column: str, count: int, path: Path) -> int:
        """Read the parts side by side, each on a connection of its own, and put them together in their order."""
        with self.connector.open(self.connection, self.options) as session:
            parts = self.connector.plan_partitions(session, request, column, count)
        paths = [path.with_suffix(f".{part.index}.arrow") for part in parts]
        with ThreadPoolExecutor(min(len(parts), MAX_READERS), thread_name_prefix="dataflow-read") as pool:
            list(pool.map(self.read, (replace(request, partition=part) for part in parts), paths))
        return write_batches(_joined(paths, request.batch_rows), path)


def remarks(node: GraphNode) -> Iterator[Problem]:
    """Yield a warning where a second try of a load cannot take back what the first has sent."""
    connector = get_native_connector(node.spec.type.partition(".")[2])
    if not connector.manifest.exactly_once:
        yield Problem(
            "DF-WRITE-020",
            ("nodes", node.id, "write"),
            f"`{node.spec.type}` is at-least-once: a retry after a lost answer sends its rows again",
            "Let the receiver drop rows that it has already.",
            Severity.WARNING,
        )


def _plain_stream(path: Path) -> Iterator[Any]:
    """Yield what a database gave in types that every service knows; the first batch only tells the columns."""
    columns = incoming_columns(path)
    yield pyarrow.RecordBatch.from_pylist([], pyarrow.schema([(one.name, plain_type(one)) for one in columns]))
    yield from plain_batches(path, columns)


def _joined(paths: Sequence[Path], batch_rows: int) -> Iterator[Any]:
    for path in paths:
        yield from read_stream(path, batch_rows)
        path.unlink()


def write_batches(batches: Iterator[Any], path: Path) -> int:
    """The batches stand in an Arrow stream file; return their rows.

    Raises:
        InternalError: `DF-CONN-019` when they are not of one schema.
    """
    first = next(batches)
    rows: int = first.num_rows
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, first.schema) as writer:
        writer.write_batch(first)
        for batch in batches:
            if batch.schema != first.schema:
                raise InternalError("DF-CONN-019", "the parts of a read differ in their columns or types")
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows
