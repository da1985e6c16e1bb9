"""Kafka: the conformance test, records of every kind, offsets, faults, and what is written, on a real broker."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.kafka import KafkaConnector
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest, Span
from dataflow_provider.connectors.testing import ConnectorContract, session_options
from dataflow_provider.errors import TerminalError
from dataflow_provider.spec.project import Project
from dataflow_provider.spec.service_nodes import KafkaSourceOptions
from tests.engines.kafka import KafkaBroker, unreachable

SCHEMA = {"id": "BIGINT", "name": "VARCHAR", "amount": "DOUBLE"}


class TestKafkaContract(ConnectorContract):
    partition_column = "_partition"

    @pytest.fixture
    def connector(self) -> KafkaConnector:
        return KafkaConnector()

    @pytest.fixture
    def connection(self, kafka_broker: KafkaBroker) -> ConnectionSpec:
        return kafka_broker.spec

    @pytest.fixture
    def options(self, kafka_broker: KafkaBroker) -> Mapping[str, Any]:
        return {"topic": kafka_broker.topic(3), "schema": SCHEMA}

    @pytest.fixture
    def broken_connection(self, kafka_broker: KafkaBroker) -> ConnectionSpec:
        spec = unreachable(kafka_broker.spec)
        return ConnectionSpec(spec.conn_id, "kafka", login="ann", password="s3cret", extra=spec.extra)


class Rejected(list[Any]):
    def add(self, **record: Any) -> None:
        self.append(record)


class Bus:
    """A topic and the product's connector on it."""

    def __init__(self, broker: KafkaBroker, folder: Path) -> None:
        self.broker, self.connector = broker, KafkaConnector()
        self.project = Project(folder, "w", (folder,), folder / "w.duckdb")

    def read(self, topic: str, **options: Any) -> list[dict[str, Any]]:
        names = ("on_bad_record", "rejects", "limit", "span", "predicates", "batch_rows")
        asked = {name: options.pop(name) for name in names if name in options}
        request = ExtractRequest("n", {"topic": topic, **options}, **asked)
        with self.connector.open(self.broker.spec, session_options(self.project)) as session:
            return [row for batch in self.connector.extract_data(session, request) for row in batch.to_pylist()]

    def freeze(self, topic: str, since: Mapping[str, Any] | None = None, initial: Any = None, **options: Any) -> Span:
        with self.connector.open(self.broker.spec, session_options(self.project)) as session:
            return self.connector.freeze(session, ExtractRequest("n", {"topic": topic, **options}), since, initial)

    def write(self, topic: str, *rows: dict[str, Any], marker: str = "r1", **options: Any) -> int:
        request = LoadRequest("n", {"topic": topic, **options}, "append", marker)
        batches = [pyarrow.RecordBatch.from_pylist(list(rows[:0]), pyarrow.RecordBatch.from_pylist(list(rows)).schema)]
        with self.connector.open(self.broker.spec, session_options(self.project)) as session:
            return self.connector.load_data(
                session, iter([*batches, pyarrow.RecordBatch.from_pylist(list(rows))]), request
            )


@pytest.fixture
def bus(kafka_broker: KafkaBroker, tmp_path: Path) -> Bus:
    return Bus(kafka_broker, tmp_path)


# ---------------------------------------------------------------- columns


def test_record_has_its_fields_and_where_it_stands(bus: Bus) -> None:
    topic = bus.broker.topic(2)
    bus.broker.send(topic, ("k1", '{"a": 1.50, "o": {"x": [1]}}'), timestamp=1_700_000_000_123)
    bus.broker.send(topic, '{"a": 2}', partition=1)
    first, second = sorted(bus.read(topic), key=lambda row: int(row["_partition"]))
    assert first == {"a": 1.5, "o": '{"x":[1]}', "_key": "k1", "_partition": 0, "_offset": 0,
                     "_timestamp": datetime(2023, 11, 14, 22, 13, 20, 123000)}  # fmt: skip
    assert (second["_key"], second["_partition"], second["o"]) == (None, 1, None)


def test_schema_names_all_that_is_read(bus: Bus) -> None:
    topic = bus.broker.topic()
    bus.broker.send(topic, ("k", '{"id": "7", "u": {"name": "ann"}, "_offset": 9}'))
    schema = {"id": "BIGINT", "u_name": "VARCHAR", "_key": "VARCHAR", "none": "DATE"}
    options = KafkaSourceOptions(flatten=True)
    assert bus.read(topic, schema=schema, options=options) == [{"id": 7, "u_name": "ann", "_key": "k", "none": None}]


def test_csv_record_is_one_line_of_the_schemas_fields(bus: Bus) -> None:
    topic = bus.broker.topic()
    bus.broker.send(topic, '007;"a;b";-', "8;x", '9;"x\ny";')
    rejected = Rejected()
    rows = bus.read(
        topic, format="csv", schema={"id": "VARCHAR", "_offset": "BIGINT", "n": "VARCHAR", "d": "DOUBLE"},
        options=KafkaSourceOptions(delimiter=";", null="-"), on_bad_record="reject", rejects=rejected,
    )  # fmt: skip
    assert rows == [{"id": "007", "_offset": 0, "n": "a;b", "d": None}]
    assert [one["reason"] for one in rejected] == [
        "it has 2 fields, and `schema` names 3 in one line",
        "its field `d` is no number",
    ]


def test_tombstone_is_a_row_of_null_or_left_out(bus: Bus) -> None:
    topic = bus.broker.topic()
    bus.broker.send(topic, ("a", '{"id": 1}'), ("a", None))
    schema = {"id": "BIGINT", "_key": "VARCHAR"}
    assert bus.read(topic, schema=schema) == [{"id": 1, "_key": "a"}, {"id": None, "_key": "a"}]
    assert bus.read(topic, schema=schema, options=KafkaSourceOptions(tombstones="skip")) == [{"id": 1, "_key": "a"}]


# ---------------------------------------------------------------- bad records

DEEP = '{"id": ' + "[" * 5_000 + "]" * 5_000 + "}"
BAD: tuple[tuple[Any, str], ...] = (
    ("nonsense", "it is no JSON: Expecting value at line 1, column 1"),
    (b"\xff\xfe", "byte 0 is not UTF-8"),
    ("[1]", "it is no JSON object"),
    ('{"id": "x"}', "its field `id` is no whole number"),
    (DEEP, "it is nested too deeply"),
    ('{"id": 1, "t": "\\ud800"}', "it holds half a character (a lone surrogate)"),
    ('{"id": 1, "t": "' + "x" * 2_000_000 + '"}', "it has 2000018 bytes, more than `max_record_bytes`"),
)


def test_every_kind_of_bad_record_is_rejected_with_its_offset(bus: Bus) -> None:
    topic = bus.broker.topic()
    bus.broker.send(topic, '{"id": 0}', *(value for value, _ in BAD), '{"id": 99}')
    rejected = Rejected()
    rows = bus.read(
        topic, schema={"id": "BIGINT", "t": "VARCHAR"}, options=KafkaSourceOptions(max_record_bytes=1_000_000),
        on_bad_record="reject", rejects=rejected,
    )  # fmt: skip
    assert [row["id"] for row in rows] == [0, 99]
    assert [(one["origin"], one["byte_offset"]) for one in rejected] == [
        (f"{topic}[0]", at) for at in range(1, len(BAD) + 1)
    ]
    assert [one["reason"] for one in rejected] == [reason for _, reason in BAD]
    assert rejected[0]["raw"] == "nonsense"


@pytest.mark.parametrize("schema", [{"id": "BIGINT"}, None])
def test_bad_record_fails_or_is_skipped_as_the_node_says(bus: Bus, schema: Mapping[str, str] | None) -> None:
    topic = bus.broker.topic()
    bus.broker.send(topic, '{"id": 1}', "secret-x", '{"id": 3}')
    with pytest.raises(TerminalError, match=rf"DF-READ-001: offset 1 of `{topic}\[0\]`") as caught:
        bus.read(topic, schema=schema)
    assert "secret-x" not in str(caught.value)
    assert [row["id"] for row in bus.read(topic, schema=schema, on_bad_record="skip")] == [1, 3]


def test_key_that_is_no_text_matters_only_where_it_is_read(bus: Bus) -> None:
    topic = bus.broker.topic()
    bus.broker.send(topic, (b"\xff", '{"id": 1}'))
    assert bus.read(topic, schema={"id": "BIGINT"}) == [{"id": 1}]
    with pytest.raises(TerminalError, match="its key is not UTF-8"):
        bus.read(topic)
