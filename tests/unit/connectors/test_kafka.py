"""Kafka: the conformance test, records of every kind, offsets, faults, and what is written, on a real broker."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from confluent_kafka import OFFSET_INVALID, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.kafka import KafkaConnector
from dataflow_provider.connectors.impl.kafka_clients import Session
from dataflow_provider.connectors.impl.kafka_offsets import Range, offsets_at
from dataflow_provider.connectors.inspection import inspect_connection
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest, Span
from dataflow_provider.connectors.testing import ConnectorContract, session_options
from dataflow_provider.errors import AuthorError, TerminalError, TransientError
from dataflow_provider.spec.project import Project
from dataflow_provider.spec.service_nodes import KafkaSourceOptions, KafkaTargetOptions, TopicCreate
from tests.engines.certificates import write_certificate
from tests.engines.kafka import KafkaBroker, start_broker, unreachable
from tests.engines.processes import answers, free_port
from tests.engines.relay import Relay
from tests.engines.tls_relay import tls_relay
from tests.unit.connectors.rejected import Rejected

SCHEMA = {"id": "BIGINT", "name": "VARCHAR", "amount": "DOUBLE"}


class KafkaContract(ConnectorContract):
    partition_column = "_partition"
    added = ("_key", "_partition", "_offset", "_timestamp")

    @pytest.fixture
    def connector(self) -> KafkaConnector:
        return KafkaConnector()

    @pytest.fixture
    def connection(self, broker: KafkaBroker) -> ConnectionSpec:
        return broker.spec

    @pytest.fixture
    def options(self, broker: KafkaBroker) -> Mapping[str, Any]:
        create = TopicCreate(if_missing=True, partitions=3, replication=1)
        return {"topic": "people", "schema": SCHEMA, "create": create}

    @pytest.fixture
    def broken_connection(self, broker: KafkaBroker) -> ConnectionSpec:
        spec = unreachable(broker.spec)
        return ConnectionSpec(spec.conn_id, "kafka", login="ann", password="s3cret", extra=spec.extra)


class TestContractOnBroker(KafkaContract):
    @pytest.fixture
    def broker(self, kafka_relay: Relay) -> KafkaBroker:
        return KafkaBroker(kafka_relay.port)


class TestContractOnTestCluster(KafkaContract):
    @pytest.fixture
    def broker(self, kafka_cluster: KafkaBroker) -> KafkaBroker:
        kafka_cluster.ask_for("people")
        return kafka_cluster


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


def test_batches_of_large_records_have_few_of_them(bus: Bus) -> None:
    topic = bus.broker.topic()
    bus.broker.send(topic, *(json.dumps({"x": "x" * 900_000}) for _ in range(20)))
    request = ExtractRequest("n", {"topic": topic, "schema": {"x": "VARCHAR"}})
    with bus.connector.open(bus.broker.spec, session_options(bus.project)) as session:
        sizes = [batch.num_rows for batch in bus.connector.extract_data(session, request)]
    assert (sum(sizes), max(sizes)) == (20, 9)


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


# ---------------------------------------------------------------- offsets


def test_partition_that_is_new_is_read_from_its_first_record(bus: Bus) -> None:
    topic = bus.broker.topic(2)
    bus.broker.send(topic, '{"id": 1}', '{"id": 2}')
    bus.broker.send(topic, '{"id": 3}', partition=1)
    span = bus.freeze(topic, since={"0": 1})
    assert (span.start, span.end) == ({"0": 1, "1": 0}, {"0": 2, "1": 1})
    assert sorted(row["id"] for row in bus.read(topic, span=span)) == [2, 3]


def test_partition_that_is_gone_fails(bus: Bus) -> None:
    with pytest.raises(TerminalError, match=r"DF-KAFKA-003.*offset 5 of partition 4 was read before.*is not there"):
        bus.freeze(bus.broker.topic(2), since={"0": 0, "4": 5})


def test_offsets_without_a_record_are_passed_over(bus: Bus) -> None:
    """A commit of a transaction takes an offset of its own."""
    topic = bus.broker.topic()
    producer = Producer({**bus.broker.address, "transactional.id": f"of-{topic}", "log_level": 2})
    producer.init_transactions(10)
    for number in (1, 2):
        producer.begin_transaction()
        producer.produce(topic, json.dumps({"id": number}), partition=0)
        producer.commit_transaction(10)
    span = bus.freeze(topic)
    assert span.end == {"0": 4}
    rows = bus.read(topic, span=span, options=KafkaSourceOptions(timeout=timedelta(seconds=5)))
    assert [(row["id"], row["_offset"]) for row in rows] == [(1, 0), (2, 2)]


def test_lower_bound_of_time_is_an_offset_of_each_partition() -> None:
    """The brokers of these tests know no offsets by time, so one that does answers instead of them."""
    asked: list[int] = []

    class Answers:
        def offsets_for_times(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
            asked.extend(one.offset for one in partitions)
            return [TopicPartition("t", 0, 7), TopicPartition("t", 1, -1)]

    session = Session(ConnectionSpec("bus", "kafka"), {})
    found = offsets_at(session, Answers(), "t", [Range(0, 2, 9), Range(1, 0, 5)], datetime(2026, 1, 1), 1)
    assert (asked, found) == ([1_767_225_600_000] * 2, {0: 7, 1: 5})


def test_preview_reads_no_record_more_and_commits_nothing(bus: Bus) -> None:
    topic = bus.broker.topic()
    bus.broker.send(topic, *(json.dumps({"id": one}) for one in range(50)))
    assert len(bus.read(topic, limit=3)) == 3
    consumer = Consumer({**bus.broker.address, "group.id": "dataflow", "session.timeout.ms": 6000, "log_level": 2})
    assert [one.offset for one in consumer.committed([TopicPartition(topic, 0)], timeout=10)] == [OFFSET_INVALID]
    consumer.close()


# ---------------------------------------------------------------- what is not there


def test_missing_topic_is_told_with_the_nearest_name_and_not_made(bus: Bus) -> None:
    topic = bus.broker.topic(name="customers-eu")
    for work in (lambda: bus.read("custmers-eu"), lambda: bus.write("custmers-eu", {"id": 1})):
        with pytest.raises(AuthorError, match=r"DF-KAFKA-001: connection `bus` has no topic `custmers-eu`") as caught:
            work()
        assert f"`{topic}`" in str(caught.value.hint)
    assert "custmers-eu" not in AdminClient({**bus.broker.address, "log_level": 2}).list_topics(timeout=10).topics


def test_refused_login_is_told_at_once_without_the_password(tmp_path: Path) -> None:
    port = free_port()
    server = start_broker(port, tmp_path, "--authentication")
    server.wait_until(lambda: answers(port))
    login = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-256", "sasl.username": "ann"}
    extra = {**KafkaBroker(port).extra, **login, "sasl.password": "s3cret-word"}
    started = time.monotonic()
    try:
        found = inspect_connection(ConnectionSpec("bus", "kafka", extra=extra))
    finally:
        server.stop()
    assert (found.ok, found.code) == (False, "DF-CONN-013")
    assert "connection `bus` refuses the login" in found.message
    assert "s3cret-word" not in found.message
    assert time.monotonic() - started < 9


@pytest.mark.parametrize("shows_own", [False, True])
def test_records_travel_by_tls_to_a_broker_that_is_trusted(tmp_path: Path, shows_own: bool) -> None:
    plain, safe, key, certificate = free_port(), free_port(), tmp_path / "key.pem", tmp_path / "certificate.pem"
    write_certificate(key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    own = {"ssl.certificate.location": str(certificate), "ssl.key.location": str(key)} if shows_own else {}
    if shows_own:
        context.load_verify_locations(certificate)
        context.verify_mode = ssl.CERT_REQUIRED
    topic = "calls"
    server = start_broker(plain, tmp_path, advertised=safe)
    try:
        server.wait_until(lambda: answers(plain))
        with tls_relay(safe, plain, context):
            trusted = {"security.protocol": "SSL", "ssl.ca.location": str(certificate), **own}
            bus = Bus(KafkaBroker(safe, trusted), tmp_path)
            assert bus.write(topic, {"id": 1}, {"id": 2}, create=TopicCreate(if_missing=True)) == 2
            assert sorted(row["id"] for row in bus.read(topic, schema={"id": "BIGINT"})) == [1, 2]
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("extra", "code", "says"),
    [
        ({}, "DF-CONN-015", "names no `bootstrap.servers`"),
        ({"bootstrap.servers": "h:1", "sasl.mechansm": "PLAIN"}, "DF-CONN-015", "sasl.mechansm"),
        ({"bootstrap.servers": "h:1", "plugin.library.paths": "/tmp/x.so"}, "DF-CONN-015", "is refused"),
        ({"bootstrap.servers": "h:1", "oauth_cb": "os.system"}, "DF-CONN-015", "callback_allowlist"),
        ({"bootstrap.servers": "no-such-host.invalid:1"}, "DF-CONN-012", "Failed to resolve"),
    ],
)
def test_connection_that_cannot_be_opened_says_why(extra: dict[str, Any], code: str, says: str) -> None:
    found = inspect_connection(ConnectionSpec("bus", "kafka", extra=extra))
    assert (found.ok, found.code) == (False, code)
    assert says in found.message


# ---------------------------------------------------------------- what is written


def test_rows_become_records_with_key_and_headers(bus: Bus) -> None:
    topic = bus.broker.topic()
    row = {"id": 1, "day": date(2026, 1, 2), "amount": Decimal("1.50"), "who": "Zoë", "raw": b"\x00", "none": None}
    assert bus.write(topic, row, key=("who",), marker="r1/w/p/t") == 1
    (record,) = bus.broker.records(topic)
    assert record.value().decode() == ('{"id":1,"day":"2026-01-02","amount":1.50,"who":"Zoë","raw":"AA==","none":null}')
    assert record.key().decode() == "Zoë"
    headers = dict(record.headers())
    assert headers["_run_id"] == b"r1/w/p/t"
    assert len(headers["_record_id"]) == 32


@pytest.mark.parametrize(
    ("key", "expected"),
    [((), None), (("a",), b"7"), (("a", "b"), b'{"a":7,"b":"x"}'), (("none",), None), (("day",), b"2026-01-02")],
)
def test_key_is_the_text_of_its_column_or_an_object(bus: Bus, key: tuple[str, ...], expected: bytes | None) -> None:
    topic = bus.broker.topic()
    bus.write(topic, {"a": 7, "b": "x", "none": None, "day": date(2026, 1, 2)}, key=key)
    assert bus.broker.records(topic)[0].key() == expected


def test_csv_record_is_one_line(bus: Bus) -> None:
    topic = bus.broker.topic()
    bus.write(topic, {"a": 1, "b": 'x;"y"', "c": None}, format="csv", options=KafkaTargetOptions(delimiter=";"))
    assert bus.broker.records(topic)[0].value() == b'1;"x;""y""";'


def test_second_try_sends_the_same_records_with_the_same_headers(bus: Bus) -> None:
    topic = bus.broker.topic()
    rows = [{"id": number} for number in range(5)]
    bus.write(topic, *rows, marker="r1")
    bus.write(topic, *reversed(rows), marker="r1")
    bus.write(topic, *rows, marker="r2")
    ids = [dict(record.headers())["_record_id"] for record in bus.broker.records(topic)]
    assert (len(ids), len(set(ids))) == (15, 10)
    assert set(ids[:5]) == set(ids[5:10])


def test_key_lands_where_javas_clients_put_it(bus: Bus) -> None:
    """Source: UtilsTest of kafka-clients, murmur2 of these texts."""
    hashes = {"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536}
    topic = bus.broker.topic(7)
    bus.write(topic, *({"k": key} for key in hashes), key=("k",))
    found = {record.key().decode(): record.partition() for record in bus.broker.records(topic, range(7))}
    assert found == {key: (value & 0x7FFFFFFF) % 7 for key, value in hashes.items()}


def test_key_that_does_not_come_is_refused(bus: Bus) -> None:
    with pytest.raises(AuthorError, match=r"DF-KAFKA-005: `key` names the column `idd`"):
        bus.write(bus.broker.topic(), {"id": 1}, key=("idd",))


def test_missing_topic_is_made_where_the_node_says_so(bus: Bus) -> None:
    create = TopicCreate(if_missing=True, partitions=4, replication=1)
    for _ in range(2):
        bus.write("made-anew", {"id": 1}, create=create)
    assert len(bus.broker.records("made-anew", range(4))) == 2


def test_record_that_is_too_large_fails_and_says_what_was_sent(bus: Bus) -> None:
    topic = bus.broker.topic()
    with pytest.raises(TerminalError, match=rf"DF-KAFKA-004.*`{topic}` of connection `bus` takes 100") as caught:
        bus.write(topic, {"id": "a"}, {"id": "x" * 200}, options=KafkaTargetOptions(max_record_bytes=100))
    assert "records are in the topic" in str(caught.value)
    bus.write(topic, {"id": "x" * 2_000_000}, options=KafkaTargetOptions(max_record_bytes=3_000_000))


def test_broker_that_goes_while_records_are_sent_is_told(kafka_relay: Relay, tmp_path: Path) -> None:
    bus = Bus(KafkaBroker(kafka_relay.port), tmp_path)
    topic = bus.broker.topic()
    rows = [{"id": number, "x": "x" * 1_000} for number in range(300)]
    kafka_relay.cut_after = 8_000
    with pytest.raises(TransientError, match=rf"DF-RUN-022: .*`bus` was lost: topic `{topic}` \(\d+ records"):
        bus.write(topic, *rows, options=KafkaTargetOptions(timeout=timedelta(seconds=3)))
    kafka_relay.mend()
    assert bus.write(topic, *rows) == 300
    records = bus.broker.records(topic)
    assert len(records) >= 300
    assert len({dict(record.headers())["_record_id"] for record in records}) == 300
