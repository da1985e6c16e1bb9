"""Bad records in whole runs, by every kind of reader: what fails, what is left out and counted, what is rejected."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.execution.rejected import RejectFile, SkippedRecords
from tests.engines.http_service import HttpService, as_json
from tests.engines.kafka import KafkaBroker
from tests.engines.sftp import SftpServer
from tests.unit.execution.conftest import Workplace

TABLE = "write: {mode: overwrite}, create: {if_missing: true}"
VALUES = (1, 40_000, "secret-x", -32_768)
"""Of a SMALLINT the second is too large and the third is none."""
OBJECTS = [{"id": value} for value in VALUES]
CDR = "{delimiter: ;, records: {types: {MOC: {id: SMALLINT}}}}"
FILES = {
    "csv": ("in.csv", "id\n" + "".join(f"{value}\n" for value in VALUES), "format: csv, schema: {id: SMALLINT}"),
    "json": ("in.json", "\n".join(map(json.dumps, OBJECTS)), "format: json, schema: {id: SMALLINT}"),
    "cdr": ("in.cdr", "".join(f"MOC;{value}\n" for value in VALUES), f"format: cdr, options: {CDR}"),
}


@dataclass
class Reader:
    """A pipeline that reads the four records, good and bad, by one kind of reader into one kind of database."""

    workplace: Workplace
    source: str
    target: str = "duckdb"
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, policy: str) -> str:
        more = f"bad: {{type: target.{self.target}, from: src.rejected, table: bad, {TABLE}}}"
        nodes = [
            f"src: {{{self.source}, on_bad_record: {policy}}}",
            f"t: {{type: target.{self.target}, from: src, table: t, {TABLE}}}",
            *([more] if policy == "reject" else []),
        ]
        if self.target == "sqlite":
            nodes = [one.replace("type: target.sqlite", "type: target.sqlite, connection: lite") for one in nodes]
        self.workplace.plan("\n".join(nodes))
        return str(self.workplace.root / "yaml_pipelines" / "w" / "p.yaml")


@pytest.fixture
def reader(request: pytest.FixtureRequest, workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> Reader:
    place, _, kind = str(request.param).partition(" ")
    environment = {"AIRFLOW__DATAFLOW__WAREHOUSE": str(workplace.warehouse)}
    lite = {"conn_type": "sqlite", "host": str(workplace.root / "lite.db")}
    environment["AIRFLOW_CONN_LITE"] = json.dumps(lite)
    if place == "http":
        service: HttpService = request.getfixturevalue("http_service")
        service.routes["/people"] = lambda query, body: as_json(OBJECTS)
        told: dict[str, Any] = {"conn_type": "http", "host": f"http://127.0.0.1:{service.port}"}
        source = "type: source.http, connection: svc, path: people, schema: {id: SMALLINT}"
    elif place == "kafka":
        broker: KafkaBroker = request.getfixturevalue("kafka_broker")
        topic = broker.topic(2)
        broker.send(topic, *map(json.dumps, OBJECTS[:2]))
        broker.send(topic, *map(json.dumps, OBJECTS[2:]), partition=1)
        told = {"conn_type": "kafka", "extra": broker.extra}
        source = f"type: source.kafka, connection: svc, topic: {topic}, schema: {{id: SMALLINT}}"
        source += ", partition: {column: _partition, count: 2}"
    else:
        name, text, more = FILES[kind]
        told = {"conn_type": "sftp"}
        if place == "sftp":
            server: SftpServer = request.getfixturevalue("sftp_server")
            spec = server.spec
            told |= {"host": spec.host, "port": spec.port, "login": spec.login, "extra": dict(spec.extra)}
            (server.files / name).write_text(text)
            more += ", connection: svc"
        else:
            (workplace.root / name).write_text(text)
        source = f"type: source.{'sftp' if place == 'sftp' else 'file'}, path: {name}, {more}"
    environment["AIRFLOW_CONN_SVC"] = json.dumps(told)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Reader(workplace, source, "sqlite" if place == "lite" else "duckdb")


READERS = ["duckdb csv", "lite csv", "file json", "file cdr", "sftp csv", "http", "kafka"]


@pytest.mark.parametrize("reader", READERS, indirect=True)
def test_bad_records_fail_the_run_or_are_counted(reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", reader.write("fail"), "--json"]) == 1
    failed = json.loads(capsys.readouterr().out)
    assert failed["error"]["node"] == "src"
    for policy in ("skip", "reject"):
        assert main(["run", reader.write(policy), "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        (counts,) = (one for one in answer["nodes"] if one["id"] == "src")
        assert (counts["rows_out"], counts["rows_rejected"]) == (2, 2)
        told = [one for one in answer["findings"] if one["code"] == "DF-READ-007"]
        assert len(told) == (policy == "skip")
        if told:
            assert told[0]["message"].startswith("2 records that cannot be read were left out of `src`")
            assert (told[0]["line"], told[0]["severity"]) == (5, "warning")
        assert "secret-x" not in json.dumps([failed, answer])


def test_parts_that_reject_side_by_side_lose_none(workplace: Workplace) -> None:
    import threading

    import pyarrow

    told = {"line": 1, "byte_offset": 0, "raw": "", "reason": ""}
    skipped = SkippedRecords()
    with RejectFile(workplace.root / "r.arrow") as rejects:

        def add(origin: str) -> None:
            for _ in range(5_000):
                rejects.add(origin=origin, **told)  # type: ignore[arg-type]  # one map for fields of several types
                skipped.add(origin=origin, **told)  # type: ignore[arg-type]  # the same

        threads = [threading.Thread(target=add, args=(str(number),)) for number in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    found = pyarrow.ipc.open_stream((workplace.root / "r.arrow").read_bytes()).read_all()
    assert [found["file"].to_pylist().count(str(number)) for number in range(4)] == [5_000] * 4
    assert (rejects.rows, skipped.rows) == (20_000, 20_000)
