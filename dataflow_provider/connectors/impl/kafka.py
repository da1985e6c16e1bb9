"""Kafka topics: records between frozen offsets as rows, and rows as records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from confluent_kafka import KafkaException

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.engine_errors import Kind, VendorError
from dataflow_provider.connectors.impl.kafka_clients import (
    TEST_TIMEOUT_S,
    BrokerError,
    Session,
    SetupError,
    open_session,
    vendor_error,
)
from dataflow_provider.connectors.impl.kafka_offsets import ADDED, PARTITION
from dataflow_provider.connectors.impl.kafka_read import TopicRead
from dataflow_provider.connectors.impl.kafka_sample import sampled_columns
from dataflow_provider.connectors.impl.kafka_write import TopicWrite
from dataflow_provider.connectors.json_records import Record, RecordReader
from dataflow_provider.connectors.manifests import BUILT_IN
from dataflow_provider.connectors.native import NativeConnectorBase, page_of
from dataflow_provider.connectors.requests import (
    ExtractRequest,
    LoadRequest,
    Partition,
    SchemaEntry,
    SchemaPage,
    SchemaRequest,
    Span,
)
from dataflow_provider.errors import AuthorError, Place


class KafkaConnector(NativeConnectorBase[Session]):
    """Takes Airflow's Kafka connections: librdkafka's configuration in the extra."""

    manifest = BUILT_IN["kafka"]

    def connect(self, connection: ConnectionSpec, options: SessionOptions) -> Session:
        with self.calling(connection):
            return open_session(connection)

    def disconnect(self, session: Session) -> None:
        session.close()

    def test_connection(self, session: Session) -> str:
        with self.calling(session.connection):
            topics = session.topics(TEST_TIMEOUT_S)
        return f"The cluster answers, with {len(topics)} topics."

    def vendor_error(self, exc: Exception) -> VendorError | None:
        if isinstance(exc, BrokerError):
            return vendor_error(exc)
        if isinstance(exc, KafkaException):
            return vendor_error(BrokerError(exc.args[0]))
        if isinstance(exc, SetupError):
            return VendorError(Kind.SETUP, "", str(exc))
        return super().vendor_error(exc)

    # ------------------------------------------------------------ what there is

    def do_discover_schema(self, session: Session, request: SchemaRequest) -> SchemaPage:
        with self.calling(session.connection):
            if request.table is not None:
                return page_of(sampled_columns(session, request.table), request)
            topics = session.topics(TEST_TIMEOUT_S)
        found = [SchemaEntry("topic", name, (name,), comment=f"{count} partitions") for name, count in topics.items()]
        return page_of(found, request)

    # ------------------------------------------------------------ in

    def do_freeze(
        self, session: Session, request: ExtractRequest, since: Mapping[str, Any] | None, initial: Any
    ) -> Span:
        with self.calling(session.connection):
            return TopicRead(session, request).freeze(since, initial)

    def do_plan_partitions(self, session: Session, request: ExtractRequest, column: str, count: int) -> list[Partition]:
        if column != PARTITION:
            raise AuthorError(
                "DF-CONN-018",
                f"`{request.node}` is to be cut by `{column}`, and a topic is by `{PARTITION}` only",
                place=Place(node=request.node),
                hint=f"Write `partition: {{column: {PARTITION}, count: {count}}}`.",
            )
        return super().do_plan_partitions(session, request, column, count)

    def do_extract_data(self, session: Session, request: ExtractRequest) -> Iterator[Any]:
        read = TopicRead(session, request)
        reader = RecordReader(request, read.options.flatten, ADDED)
        yield from reader.batches(self._called(session, read.records(reader)))

    def _called(self, session: Session, records: Iterator[Record]) -> Iterator[Record]:
        with self.calling(session.connection):
            yield from records

    # ------------------------------------------------------------ out

    def do_load_data(self, session: Session, batches: Iterator[Any], request: LoadRequest) -> int:
        with self.calling(session.connection):
            return TopicWrite(session, request).write(batches)
