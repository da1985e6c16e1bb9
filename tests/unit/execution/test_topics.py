"""Topics in pipelines: what a retry reads, when the watermark moves, and what a loss does, on real brokers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.connectors.connections import EnvironmentConnections
from dataflow_provider.errors import DataflowError, TerminalError, TransientError
from dataflow_provider.execution.incremental import freeze_windows, watermark_of, whole_reads
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.execution.results import RunResult
from dataflow_provider.execution.watermarks import FileWatermarks
from tests.engines.kafka import KafkaBroker
from tests.engines.relay import Relay
from tests.unit.execution.conftest import Workplace, run_values

TABLE = "write: {mode: append}, create: {if_missing: true}"
WHOLE = """
src: {{type: source.kafka, connection: bus, topic: {topic}, schema: {{id: BIGINT, _partition: BIGINT}}{more}}}
good: {{type: transform.filter, from: src, where: id > 0}}
t: {{type: target.duckdb, from: good, table: t, {table}}}
"""
INCREMENTAL = ", incremental: {column: _offset%s}"


@dataclass
class Topics:
    """Runs of one pipeline as the command line makes them."""

    workplace: Workplace
    broker: KafkaBroker
    topic: str
    connections: EnvironmentConnections = field(init=False)

    def __post_init__(self) -> None:
        self.use(self.broker.extra)

    def use(self, extra: dict[str, Any]) -> None:
        self.connections = self.workplace.connections(bus=json.dumps({"conn_type": "kafka", "extra": extra}))

    def send(self, *ids: int, partition: int = 0) -> None:
        self.broker.send(self.topic, *(json.dumps({"id": one}) for one in ids), partition=partition)

    @property
    def store(self) -> FileWatermarks:
        return FileWatermarks.of(self.workplace.project(), "p")

    def run(self, more: str = "", run_id: str = "r1", table: str = TABLE, text: str = WHOLE) -> RunResult:
        plan = self.workplace.plan(text.format(topic=self.topic, more=more, table=table))
        project = self.workplace.project()
        values, _ = freeze_windows(plan, run_values(run_id), self.connections, project, self.store)
        reads = FileWatermarks.reads_of(project, "p")
        values, _ = freeze_windows(plan, values, self.connections, project, reads, whole_reads(plan))
        return run_pipeline(plan, values, self.connections, project, store=self.store)

    def ok(self, more: str = "", run_id: str = "r1") -> None:
        for error in self.run(more, run_id).errors.values():
            raise error

    def error(self, more: str = "", run_id: str = "r1") -> DataflowError:
        (error,) = self.run(more, run_id).errors.values()
        return error

    def ids(self, table: str = "t") -> list[int]:
        return [row[0] for row in self.workplace.sql(f"SELECT id FROM {table} ORDER BY id")]

    def mark(self) -> Any:
        mark = watermark_of(self.store, "src")
        return None if mark is None else json.loads(str(mark.value))


@pytest.fixture
def topics(workplace: Workplace, kafka_broker: KafkaBroker) -> Topics:
    return Topics(workplace, kafka_broker, kafka_broker.topic(2))


FAILING = f"{TABLE}, pre_sql: [INSERT INTO missing VALUES (1)]"


def test_retry_reads_what_the_first_try_read(topics: Topics) -> None:
    topics.send(1, 2)
    assert topics.run(table=FAILING).state == "failed"
    topics.send(3)
    topics.send(4, partition=1)
    topics.ok()
    assert topics.ids() == [1, 2]
    topics.ok(run_id="r2")
    assert topics.ids() == [1, 1, 2, 2, 3, 4]


def test_next_run_reads_on_after_the_last_published_record(topics: Topics) -> None:
    more = INCREMENTAL % ""
    topics.send(1, 2)
    topics.ok(more)
    assert topics.mark() == {"0": 2, "1": 0}
    topics.send(3, partition=1)
    assert topics.run(more, "r2", table=FAILING).state == "failed"
    assert topics.mark() == {"0": 2, "1": 0}
    topics.send(4)
    topics.ok(more, "r2")
    assert (topics.ids(), topics.mark()) == ([1, 2, 3], {"0": 2, "1": 1})
    topics.ok(more, "r3")
    topics.ok(more, "r4")
    assert (topics.ids(), topics.mark()) == ([1, 2, 3, 4], {"0": 3, "1": 1})


@pytest.mark.parametrize(("initial", "ids"), [("earliest", [1, 2, 3]), ("latest", [3])])
def test_first_run_begins_where_initial_says(topics: Topics, initial: str, ids: list[int]) -> None:
    more = INCREMENTAL % f", initial: {initial}"
    topics.send(1, 2)
    topics.ok(more)
    topics.send(3)
    topics.ok(more, "r2")
    assert topics.ids() == ids


def test_watermark_of_another_topic_is_not_gone_on_from(topics: Topics) -> None:
    more = INCREMENTAL % ""
    topics.send(1)
    topics.ok(more)
    topics.topic = topics.broker.topic()
    with pytest.raises(TerminalError, match=r"DF-RUN-082.*it is read by `_offset of"):
        topics.ok(more, "r2")


def test_parts_hold_every_record_once(topics: Topics) -> None:
    topics.topic = topics.broker.topic(5)
    for partition in range(5):
        topics.send(partition + 1, partition + 11, partition=partition)
    topics.ok(", partition: {column: _partition, count: 3}")
    assert topics.ids() == [*range(1, 6), *range(11, 16)]


def test_conditions_on_offsets_and_partitions_choose_records(topics: Topics) -> None:
    topics.send(1, 2, 3)
    topics.send(4, partition=1)
    topics.ok(", where: _partition = 0 AND id >= 2")
    assert topics.ids() == [2, 3]


# ---------------------------------------------------------------- records that are gone


@pytest.fixture
def forgetful(workplace: Workplace, kafka_cluster: KafkaBroker) -> Topics:
    found = Topics(workplace, kafka_cluster, "calls")
    found.send(1, 2, 3)
    return found


def forget(topics: Topics) -> None:
    """The first records of partition 0 are deleted."""
    topics.broker.send(topics.topic, *(json.dumps({"id": 9, "x": "x" * 900_000}) for _ in range(10)))


def test_records_deleted_before_they_were_read_fail_the_run_or_are_passed_over(forgetful: Topics) -> None:
    more = INCREMENTAL % ""
    forgetful.ok(more)
    forgetful.send(4, 5)
    forget(forgetful)
    with pytest.raises(TerminalError, match=r"DF-KAFKA-002: topic `calls` of connection `bus`.*offset 3") as caught:
        forgetful.ok(more, "r2")
    assert "on_lost" in str(caught.value.hint)
    assert forgetful.mark()["0"] == 3
    forgetful.ok(more + ", options: {on_lost: skip}", "r2")
    assert set(forgetful.ids()) == {1, 2, 3, 9}


def test_retry_whose_records_are_deleted_meanwhile_fails_and_leaves_the_target(forgetful: Topics) -> None:
    assert forgetful.run(table=FAILING).state == "failed"
    forget(forgetful)
    error = forgetful.error()
    assert error.code == "DF-KAFKA-002"
    assert "t" not in [row[0] for row in forgetful.workplace.sql("SHOW TABLES")]
    forgetful.ok(run_id="r2")
    assert set(forgetful.ids()) == {9}


def test_topic_that_was_made_anew_fails_the_run(topics: Topics, kafka_cluster: KafkaBroker) -> None:
    more = INCREMENTAL % ""
    topics.send(1, 2, 3)
    topics.ok(more)
    other = Topics(topics.workplace, kafka_cluster, topics.topic)
    other.send(7)
    with pytest.raises(TerminalError, match=r"DF-KAFKA-003.*offset 3 of partition 0 was read before.*now ends at 1"):
        other.ok(more, "r2")


# ---------------------------------------------------------------- brokers that go


def test_broker_that_goes_while_records_come_is_told_and_tried_again(workplace: Workplace, kafka_relay: Relay) -> None:
    broker = KafkaBroker(kafka_relay.port)
    found = Topics(workplace, broker, broker.topic())
    broker.send(found.topic, *(json.dumps({"id": one, "x": "x" * 20_000}) for one in range(1, 41)))
    more = ", options: {timeout: 3s}"
    kafka_relay.cut_after = 300_000
    error = found.error(more)
    assert isinstance(error, TransientError)
    assert error.code == "DF-RUN-022"
    assert f"connection `bus` was lost: topic `{found.topic}`, partition 0" in error.message
    assert "with the same records" in str(error.hint)
    assert "t" not in [row[0] for row in workplace.sql("SHOW TABLES")]
    kafka_relay.mend()
    found.send(99)
    found.ok(more)
    assert found.ids() == list(range(1, 41))


# ---------------------------------------------------------------- the command line


@pytest.mark.parametrize("command", ["preview", "profile"])
def test_look_at_a_topic_shows_its_rows_and_leaves_no_trace(
    topics: Topics, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    topics.send(1, 2, 3, -1)
    more = INCREMENTAL % ""
    topics.workplace.plan(WHOLE.format(topic=topics.topic, more=more, table=TABLE))
    path = str(topics.workplace.root / "yaml_pipelines" / "w" / "p.yaml")
    monkeypatch.setenv("AIRFLOW_CONN_BUS", json.dumps({"conn_type": "kafka", "extra": topics.broker.extra}))
    monkeypatch.setenv("AIRFLOW__DATAFLOW__WAREHOUSE", str(topics.workplace.warehouse))
    assert main([command, path, "--node", "good", *(["--limit", "2"] if command == "preview" else []), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    if command == "preview":
        assert sorted(answer["rows"]) == [[1, 0], [2, 0]]
    assert [column["name"] for column in answer["columns"]] == ["id", "_partition"]
    assert topics.mark() is None
    assert not (topics.workplace.root / ".dataflow" / "reads").exists()


def test_command_line_reads_rejects_writes_and_shows_the_watermark(
    topics: Topics, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = topics.broker.topic()
    topics.workplace.plan(
        f"""
        src:
          type: source.kafka
          connection: bus
          topic: {topics.topic}
          schema: {{id: BIGINT}}
          incremental: {{column: _offset}}
          on_bad_record: reject
        t: {{type: target.duckdb, from: src, table: t, {TABLE}}}
        told: {{type: target.kafka, connection: bus, from: src, topic: {out}, key: [id]}}
        bad: {{type: target.duckdb, from: src.rejected, table: bad, {TABLE}}}
        """
    )
    path = str(topics.workplace.root / "yaml_pipelines" / "w" / "p.yaml")
    monkeypatch.setenv("AIRFLOW_CONN_BUS", json.dumps({"conn_type": "kafka", "extra": topics.broker.extra}))
    monkeypatch.setenv("AIRFLOW__DATAFLOW__WAREHOUSE", str(topics.workplace.warehouse))
    topics.send(1, 2)
    topics.broker.send(topics.topic, "no json")
    assert main(["run", path, "--json", "--run-id", "r1"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert "DF-WRITE-020" in [one["code"] for one in answer["findings"]]
    assert topics.ids() == [1, 2]
    assert topics.workplace.sql("SELECT file, byte_offset, raw FROM bad") == [(f"{topics.topic}[0]", 2, "no json")]
    assert sorted((one.key(), one.value()) for one in topics.broker.records(out)) == [
        (b"1", b'{"id":1}'), (b"2", b'{"id":2}'),
    ]  # fmt: skip
    assert main(["watermark", "show", path, "--in", "local", "--json"]) == 0
    (mark,) = json.loads(capsys.readouterr().out)["watermarks"]
    assert (mark["column"], mark["value"]) == (f"_offset of {topics.topic}", '{"0": 3, "1": 0}')
    assert main(["watermark", "reset", path, "--in", "local", "--to", '{"0": 1}']) == 0
    assert main(["run", path, "--run-id", "r2"]) == 0
    assert topics.ids() == [1, 2, 2]
