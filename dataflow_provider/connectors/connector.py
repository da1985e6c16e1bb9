"""The base of every connector: six verbs, and what holds for them whatever is on the other side.

A connector object keeps nothing: what `connect` returns is handed back to every other verb. Subclass
`JDBCConnectorBase` for a database that runs SQL and `NativeConnectorBase` for everything else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.requests import (
    ExtractRequest,
    LoadRequest,
    Partition,
    SchemaPage,
    SchemaRequest,
    Span,
)
from dataflow_provider.errors import AuthorError, InternalError, Place
from dataflow_provider.spec.manifest import Capability, ConnectorManifest, Operation

S = TypeVar("S")


class ConnectorBase(ABC, Generic[S]):
    """A kind of connection; `S` is what an open one is held by."""

    manifest: ClassVar[ConnectorManifest]

    @property
    def name(self) -> str:
        """The part of a node's type after the dot."""
        return self.manifest.name

    # ------------------------------------------------------------ what a connector must say

    @abstractmethod
    def connect(self, connection: ConnectionSpec, options: SessionOptions) -> S:
        """Return an open connection.

        Raises:
            DataflowError: by way of `connect_error` or `vendor_error`, never the driver's own.
        """

    @abstractmethod
    def disconnect(self, session: S) -> None:
        """The connection is closed; called once for each that `connect` returned, also after an error."""

    @abstractmethod
    def test_connection(self, session: S) -> str:
        """Return a sentence on what answered, after asking it something harmless."""

    def do_discover_schema(self, session: S, request: SchemaRequest) -> SchemaPage:
        """Return a page of what there is; for connectors that declare `schema_discovery`."""
        raise self._cannot(Capability.SCHEMA_DISCOVERY)

    @abstractmethod
    def do_extract_data(self, session: S, request: ExtractRequest) -> Iterator[Any]:
        """Yield `pyarrow.RecordBatch`es of one schema, at least one (of no rows) so that the schema is known."""

    @abstractmethod
    def do_load_data(self, session: S, batches: Iterator[Any], request: LoadRequest) -> int:
        """Write every batch, at least one comes; return how many rows were written."""

    def do_plan_partitions(self, session: S, request: ExtractRequest, column: str, count: int) -> list[Partition]:
        """Return the parts of a read; a connector with `partitioned_read` may name bounds in them."""
        return [Partition(column, index, count) for index in range(count)]

    def do_freeze(self, session: S, request: ExtractRequest, since: Mapping[str, Any] | None, initial: Any) -> Span:
        """Return what a run reads, and every retry of it; for connectors that declare `frozen_read`.

        It begins where an earlier read ended (`since`, the `end` of its span), without one at `initial` as the node
        says it (None: at the first row that there is), and ends with the last row that there is now.
        """
        raise self._cannot(Capability.FROZEN_READ)

    # ------------------------------------------------------------ what others call

    @contextmanager
    def open(self, connection: ConnectionSpec, options: SessionOptions) -> Iterator[S]:
        """Hold an open connection; it is closed on every way out."""
        session = self.connect(connection, options)
        try:
            yield session
        finally:
            self.disconnect(session)

    def discover_schema(self, session: S, request: SchemaRequest) -> SchemaPage:
        """Return a page of what there is.

        Raises:
            AuthorError: `DF-CONN-016` when the connector cannot look.
        """
        self._require(Capability.SCHEMA_DISCOVERY)
        return self.do_discover_schema(session, request)

    def plan_partitions(self, session: S, request: ExtractRequest, column: str, count: int) -> list[Partition]:
        self._require(Capability.PARTITIONED_READ)
        return self.do_plan_partitions(session, request, column, count)

    def freeze(
        self, session: S, request: ExtractRequest, since: Mapping[str, Any] | None = None, initial: Any = None
    ) -> Span:
        """Return what a run reads, and every retry of it.

        Raises:
            AuthorError: `DF-CONN-016` when the connector's rows have no positions.
        """
        self._require(Capability.FROZEN_READ)
        return self.do_freeze(session, request, since, initial)

    def extract_data(self, session: S, request: ExtractRequest) -> Iterator[Any]:
        """Yield the batches asked for, never more rows than `limit`.

        Raises:
            AuthorError: `DF-CONN-016` for what the connector does not declare.
            InternalError: `DF-CONN-019` when it breaks its word.
        """
        self._require_operation(Operation.EXTRACT, "read")
        for asked, capability in (
            (request.columns is not None, Capability.COLUMN_PROJECTION),
            (bool(request.predicates), Capability.PREDICATE_PUSHDOWN),
            (request.partition is not None, Capability.PARTITIONED_READ),
            (request.span is not None, Capability.FROZEN_READ),
        ):
            if asked:
                self._require(capability)
        return self._checked(session, request)

    def _checked(self, session: S, request: ExtractRequest) -> Iterator[Any]:
        left, schema = request.limit, None
        for batch in self.do_extract_data(session, request):
            schema = batch.schema if schema is None else schema
            if batch.schema != schema or (request.columns is not None and tuple(schema.names) != request.columns):
                raise self._broken_word(request.node, f"gave the columns `{', '.join(batch.schema.names)}`")
            yield batch if left is None else batch.slice(0, left)
            left = None if left is None else left - batch.num_rows
            if left is not None and left <= 0:
                return
        if schema is None:
            raise self._broken_word(request.node, "gave no batch, so that the columns are unknown")

    def load_data(self, session: S, batches: Iterator[Any], request: LoadRequest) -> int:
        """Write the batches and return how many rows were written.

        Raises:
            AuthorError: `DF-CONN-016` when the connector does not write.
        """
        self._require_operation(Operation.LOAD, "write")
        if not self.manifest.can(Capability.BULK_LOAD):
            batches = _cut(batches, request.batch_rows)
        return self.do_load_data(session, batches, request)

    def _broken_word(self, node: str, what: str) -> InternalError:
        return InternalError(
            "DF-CONN-019",
            f"connector `{self.name}` {what}",
            place=Place(node=node),
            hint="It is a defect of the connector: its conformance test finds it.",
        )

    def _require(self, capability: Capability) -> None:
        if not self.manifest.can(capability):
            raise self._cannot(capability)

    def _cannot(self, capability: Capability) -> AuthorError:
        return AuthorError("DF-CONN-016", f"connector `{self.name}` has no `{capability}`")

    def _require_operation(self, operation: Operation, verb: str) -> None:
        if operation not in self.manifest.operations:
            raise AuthorError("DF-CONN-016", f"connector `{self.name}` does not {verb} rows")


def _cut(batches: Iterator[Any], rows: int) -> Iterator[Any]:
    for batch in batches:
        yield from (batch.slice(start, rows) for start in range(0, max(batch.num_rows, 1), rows))
