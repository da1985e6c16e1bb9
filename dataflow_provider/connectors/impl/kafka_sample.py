"""The columns of a topic, by its last records: for people who look, not for runs."""

from __future__ import annotations

from datetime import timedelta

from dataflow_provider.connectors.impl.kafka_clients import TEST_TIMEOUT_S, Session
from dataflow_provider.connectors.impl.kafka_offsets import ADDED
from dataflow_provider.connectors.impl.kafka_read import TopicRead
from dataflow_provider.connectors.json_records import RecordReader
from dataflow_provider.connectors.json_values import kind_of, widest
from dataflow_provider.connectors.requests import ExtractRequest, SchemaEntry, Span
from dataflow_provider.spec.service_nodes import KafkaSourceOptions

SAMPLED_PARTITIONS = 8
RECORDS_A_PARTITION = 100


def sampled_columns(session: Session, topic: str) -> list[SchemaEntry]:
    """Return the fields of the last records of some partitions, then the columns that every record has.

    Values that are no JSON objects tell nothing.

    Raises:
        AuthorError: `DF-KAFKA-001` when there is no such topic.
    """
    options = KafkaSourceOptions(timeout=timedelta(seconds=TEST_TIMEOUT_S), on_lost="skip")
    request = ExtractRequest("topic", {"topic": topic, "options": options}, on_bad_record="skip")
    whole = TopicRead(session, request).freeze(None, None)
    ends = dict(sorted(whole.end.items(), key=lambda one: int(one[0]))[:SAMPLED_PARTITIONS])
    starts = {one: max(whole.start[one], end - RECORDS_A_PARTITION) for one, end in ends.items()}
    sample = ExtractRequest(
        "topic", request.options, span=Span(topic, starts, ends), on_bad_record=request.on_bad_record
    )
    kinds: dict[str, str | None] = {}
    for record in TopicRead(session, sample).records(RecordReader(sample)):
        for name, value in record.value.items() if isinstance(record.value, dict) else ():
            kinds[name] = widest(kinds.get(name), kind_of(value))
    columns = {**{name: kind or "VARCHAR" for name, kind in kinds.items()}, **ADDED}
    return [SchemaEntry("column", name, (topic, name), kind) for name, kind in columns.items()]
