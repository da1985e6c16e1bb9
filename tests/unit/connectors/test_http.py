"""REST services: the conformance test, every kind of page, faults, and a whole pipeline, on a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.http import HttpConnector
from dataflow_provider.connectors.requests import ExtractRequest, LoadRequest
from dataflow_provider.connectors.testing import ConnectorContract, session_options
from dataflow_provider.errors import DataflowError, TerminalError, TransientError
from dataflow_provider.spec.project import Project
from dataflow_provider.spec.service_nodes import HttpSourceOptions, Pagination
from tests.engines.http_service import HttpService, as_json
from tests.engines.processes import free_port
from tests.unit.connectors.rejected import Rejected

PEOPLE = [{"id": number, "name": f"p{number}"} for number in range(1, 6)]


@pytest.fixture
def connection(http_service: HttpService) -> ConnectionSpec:
    return ConnectionSpec("svc", "http", "127.0.0.1", http_service.port, None, "ann", "s3cret")


def keep_rows(service: HttpService, path: str) -> list[Any]:
    kept: list[Any] = []

    def answer(query: dict[str, str], body: bytes) -> Any:
        kept.extend(json.loads(body) if body else [])
        return as_json([] if body else kept)

    service.routes[path] = answer
    return kept


class TestHttpContract(ConnectorContract):
    @pytest.fixture
    def connector(self) -> HttpConnector:
        return HttpConnector()

    @pytest.fixture
    def options(self, http_service: HttpService) -> Mapping[str, Any]:
        keep_rows(http_service, "/rows")
        return {"path": "rows", "schema": {"id": "BIGINT", "name": "VARCHAR", "amount": "DOUBLE"}}

    @pytest.fixture
    def broken_connection(self) -> ConnectionSpec:
        return ConnectionSpec("svc", "http", "127.0.0.1", free_port(), None, "ann", "s3cret")


class Reader:
    """Reads by the connector and keeps how long it was told to wait."""

    def __init__(self, connection: ConnectionSpec, folder: Path) -> None:
        self.connection, self.waits = connection, list[float]()
        self.project = Project(folder, "w", (folder,), folder / "w.duckdb")

    def read(self, **options: Any) -> list[dict[str, Any]]:
        asked = {name: options.pop(name) for name in ("on_bad_record", "rejects", "limit") if name in options}
        request = ExtractRequest("n", {"path": "people", **options}, **asked)
        connector = HttpConnector()
        with connector.open(self.connection, session_options(self.project)) as session:
            session.service.sleep = self.waits.append
            return [row for batch in connector.extract_data(session, request) for row in batch.to_pylist()]


@pytest.fixture
def reader(connection: ConnectionSpec, tmp_path: Path) -> Reader:
    return Reader(connection, tmp_path)


def serve(service: HttpService, *pages: Any, path: str = "/people") -> None:
    service.routes[path] = lambda query, body: as_json(pages[0])


@pytest.mark.parametrize("kind", ["page", "offset", "cursor", "link", "url"])
def test_pages_of_every_kind_give_all_records_once(http_service: HttpService, reader: Reader, kind: str) -> None:
    def answer(query: dict[str, str], body: bytes) -> Any:
        moved = int(query.get("at", 0))
        start = (moved - 1) * 2 if kind == "page" else moved
        after = start + 2 if start + 2 < len(PEOPLE) else None
        url = None if after is None else f"/people?at={after}"
        headers = {"Link": f'<{url}>; rel="next"'} if kind == "link" and url else {}
        return as_json({"data": {"items": PEOPLE[start : start + 2], "next": url if kind == "url" else after}}, headers)

    http_service.routes["/people"] = answer
    fields: Mapping[str, Mapping[str, Any]] = {
        "page": {"parameter": "at"},
        "offset": {"parameter": "at", "size": 2},
        "cursor": {"parameter": "at", "next": "data.next"},
        "link": {},
        "url": {"next": "data.next"},
    }
    pages = Pagination.model_validate({"kind": kind, **fields[kind]})
    assert reader.read(records="data.items", pagination=pages) == PEOPLE


def test_columns_are_found_with_exact_types_and_order(http_service: HttpService, reader: Reader) -> None:
    serve(http_service, [{"b": 1, "o": {"x": [1, 2.50]}}, {"a": "t", "b": 2.5, "o": None, "big": 2**70}])
    assert reader.read() == [
        {"b": 1.0, "o": '{"x":[1,2.5]}', "a": None, "big": None},
        {"b": 2.5, "o": None, "a": "t", "big": 2**70},
    ]
    assert list(reader.read(options=HttpSourceOptions(flatten=True))[0]) == ["b", "o_x", "a", "o", "big"]


def test_bad_records_fail_skip_or_are_rejected_with_their_number(http_service: HttpService, reader: Reader) -> None:
    serve(http_service, [{"id": 1}, {"id": "secret-x"}, 7])
    schema = {"id": "BIGINT"}
    with pytest.raises(TerminalError, match=r"DF-READ-001: record 2 of `people`") as caught:
        reader.read(schema=schema)
    assert "secret-x" not in str(caught.value)
    assert reader.read(schema=schema, on_bad_record="skip") == [{"id": 1}]
    rejected = Rejected()
    assert reader.read(schema=schema, on_bad_record="reject", rejects=rejected) == [{"id": 1}]
    assert [(one["line"], one["raw"]) for one in rejected] == [(2, '{"id":"secret-x"}'), (3, "7")]


def test_busy_service_is_asked_again_after_what_it_says(http_service: HttpService, reader: Reader) -> None:
    serve(http_service, PEOPLE)
    http_service.faults = [(429, {"Retry-After": "7"}, b""), (500, {}, b"")]
    assert reader.read() == PEOPLE
    assert reader.waits == [7.0, 1.0]
    http_service.faults = [(503, {}, b"")] * 5
    with pytest.raises(TransientError, match=r"connection `svc` is busy.*503 Service Unavailable.*`rate_limit`"):
        reader.read()
    http_service.faults = [(500, {}, b"")] * 5
    with pytest.raises(TransientError, match=r"GET /people answered 500 Internal.*ask those who run the service"):
        reader.read()


def test_answer_that_breaks_off_is_asked_for_again(http_service: HttpService, reader: Reader) -> None:
    serve(http_service, PEOPLE)
    http_service.faults = [(200, {"Content-Length": "9", "Connection": "close"}, b"[1")]
    http_service.routes["/people"] = lambda query, body: as_json(PEOPLE, packed=True)
    assert reader.read(options=HttpSourceOptions(timeout=timedelta(seconds=2))) == PEOPLE
    assert len(http_service.asked) == 2


def test_silence_is_told_and_may_be_tried_again(http_service: HttpService, reader: Reader) -> None:
    def answer(query: dict[str, str], body: bytes) -> Any:
        time.sleep(1.5)
        return as_json([])

    http_service.routes["/people"] = answer
    with pytest.raises(TransientError, match=r"`svc` cannot be reached.*no answer in time") as caught:
        reader.read(options=HttpSourceOptions(timeout=timedelta(seconds=1), attempts=1))
    assert "GET /people: no answer" in caught.value.message
    assert "`options.timeout`" in str(caught.value.hint)


def test_other_hosts_are_never_asked(http_service: HttpService, reader: Reader) -> None:
    http_service.faults = [(302, {"Location": "http://127.0.0.2/people"}, b"")]
    with pytest.raises(TerminalError, match=r"DF-HTTP-003.*127\.0\.0\.2"):
        reader.read()
    serve(http_service, {"items": [], "next": "https://evil.example/x"})
    with pytest.raises(TerminalError, match="DF-HTTP-003"):
        reader.read(records="items", pagination=Pagination(kind="url", next="next"))


@pytest.mark.parametrize(
    ("reply", "branch", "text"),
    [
        ((401, {}, b""), TerminalError, "DF-CONN-013.*GET /people answered 401.*Check login"),
        ((403, {}, b""), TerminalError, "DF-RUN-016.*GET /people answered 403.*Let the login"),
        ((404, {}, b""), TerminalError, "DF-RUN-014.*GET /people answered 404 Not Found.*Check `path`"),
        ((422, {}, b""), TerminalError, "DF-RUN-010.*GET /people answered 422.*Check `path`"),
        ((501, {}, b""), TerminalError, "DF-RUN-010.*GET /people answered 501.*ask those who run the service"),
        ((200, {}, b"<html>"), TerminalError, "it is no JSON"),
        ((200, {}, b"[" * 100_000), TerminalError, "nested too deeply"),
        ((200, {}, b'"x"'), TerminalError, "no list of records"),
        ((200, {}, b"[]"), TerminalError, "DF-READ-002"),
        ((200, {}, b'[{"a": 1, "A": 2}]'), DataflowError, "DF-READ-003"),
    ],
)
def test_wrong_answers_are_told(
    http_service: HttpService, reader: Reader, reply: Any, branch: type[DataflowError], text: str
) -> None:
    http_service.faults = [reply]
    with pytest.raises(branch, match=text) as caught:
        reader.read()
    assert "s3cret" not in str(caught.value)


def test_large_answers_and_endless_pages_fail(http_service: HttpService, reader: Reader) -> None:
    http_service.routes["/people"] = lambda query, body: as_json(["x" * 5000], packed=True)
    with pytest.raises(TerminalError, match="larger than 1,000 bytes"):
        reader.read(options=HttpSourceOptions(max_response_bytes=1000))
    serve(http_service, {"items": PEOPLE, "next": "same"})
    with pytest.raises(TerminalError, match="same next page twice"):
        reader.read(records="items", pagination=Pagination(kind="cursor", next="next"))
    serve(http_service, PEOPLE)
    with pytest.raises(TerminalError, match="max_pages"):
        reader.read(pagination=Pagination(kind="page", max_pages=3))


@pytest.mark.parametrize(
    ("extra", "header", "value"),
    [
        ({}, "Authorization", "Basic YW5uOnMzY3JldA=="),
        ({"auth": "bearer"}, "Authorization", "Bearer s3cret"),
        ({"auth": "api_key", "header": "X-Key"}, "X-Key", "s3cret"),
    ],
)
def test_login_goes_as_the_connection_says(
    http_service: HttpService, reader: Reader, extra: dict[str, str], header: str, value: str
) -> None:
    serve(http_service, PEOPLE)
    reader.connection = replace(reader.connection, extra=extra)
    reader.read()
    assert http_service.asked[0][2][header] == value


def test_batches_carry_the_same_key_when_they_are_sent_again(
    http_service: HttpService, connection: ConnectionSpec, tmp_path: Path
) -> None:
    keep_rows(http_service, "/rows")
    connector, project = HttpConnector(), Project(tmp_path, "w", (tmp_path,), tmp_path / "w.duckdb")
    request = LoadRequest("n", {"path": "rows"}, marker="r1", batch_rows=2)
    for _ in range(2):
        with connector.open(connection, session_options(project)) as session:
            assert connector.load_data(session, iter([pyarrow.RecordBatch.from_pylist(PEOPLE)]), request) == 5
    keys = [asked[2]["Idempotency-Key"] for asked in http_service.asked]
    assert keys[:3] == keys[3:]
    assert len(set(keys)) == 3


PIPELINE = """
apiVersion: dataflow/v1
kind: Pipeline
id: p
nodes:
  people: {type: source.http, connection: svc, path: people, on_bad_record: reject, schema: {id: BIGINT, name: VARCHAR}}
  good: {type: transform.filter, from: people, where: id > 2}
  bad: {type: target.duckdb, from: people.rejected, table: bad, create: {if_missing: true}}
  sent: {type: target.http, connection: svc, from: good, path: rows}
"""


def test_pipeline_runs_from_a_service_to_a_service(
    http_service: HttpService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(http_service, [*PEOPLE, "bad"])
    kept = keep_rows(http_service, "/rows")
    monkeypatch.setenv(
        "AIRFLOW_CONN_SVC", json.dumps({"conn_type": "http", "host": f"http://127.0.0.1:{http_service.port}"})
    )
    path = tmp_path / "yaml_pipelines" / "w" / "p.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(PIPELINE)
    assert main(["run", str(path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    counts = {node["id"]: (node["rows_out"], node["rows_rejected"]) for node in answer["nodes"]}
    assert counts["people"] == (5, 1)
    assert kept == PEOPLE[2:]
    assert "DF-WRITE-020" in json.dumps(answer)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("path: people", "path: //evil.example/x", "DF-HTTP-002"),
        ("path: people", "path: people, pagination: {kind: link, size: 3}", "DF-HTTP-001"),
        ("path: people", "path: people, pagination: {kind: cursor}", "DF-HTTP-001"),
        ("path: people", "path: people, options: {headers: {Authorization: x}}", "DF-HTTP-002"),
        ("path: rows", "path: rows, write: {mode: overwrite}", "DF-MODE-005"),
    ],
)
def test_mistakes_are_found_before_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, code: str
) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(PIPELINE.replace(old, new))
    assert main(["validate", str(path)]) == 1
    assert code in capsys.readouterr().out
