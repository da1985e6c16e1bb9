"""The REST client, against a real server on loopback: logs in once, escapes ids, tells what the server refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dataflow_provider.demo.rest import TRIES, AirflowRest, RestError, path_of
from dataflow_provider.errors import TransientError


class Handler(BaseHTTPRequestHandler):
    """Gives out a token, echoes what it is sent, and refuses `/refused`; `/busy` fails as often as `failures` says."""

    seen: list[tuple[str, str, str | None]]
    failures = 0

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        type(self).seen.append((self.command, self.path, self.headers.get("Authorization")))
        status, content = 200, {"path": self.path, "body": json.loads(body) if body else None}
        if self.path == "/auth/token":
            content = {"access_token": "the-token"}
        elif self.path == "/refused":
            status, content = 403, {"detail": "no right"}
        elif self.path == "/busy" and type(self).failures:
            type(self).failures -= 1
            status, content = 500, {"detail": "database is locked"}
        text = b"" if self.path == "/empty" else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = answer

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Handler.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def rest(server: ThreadingHTTPServer) -> AirflowRest:
    return AirflowRest(f"http://127.0.0.1:{server.server_port}", "engineer", "secret")


def test_calls_log_in_once_and_carry_the_token(rest: AirflowRest) -> None:
    rest.get("/one")
    rest.patch("/two", {"is_paused": False})
    assert Handler.seen == [
        ("POST", "/auth/token", None), ("GET", "/one", "Bearer the-token"), ("PATCH", "/two", "Bearer the-token"),
    ]  # fmt: skip


def test_post_sends_json_and_returns_the_decoded_answer(rest: AirflowRest) -> None:
    assert rest.post("/echo", {"conf": {"a": "ż"}}) == {"path": "/echo", "body": {"conf": {"a": "ż"}}}


def test_empty_answer_is_none(rest: AirflowRest) -> None:
    assert rest.get("/empty") is None


def test_anonymous_call_carries_no_token(rest: AirflowRest) -> None:
    rest.call_anonymous("GET", "/health")
    assert Handler.seen == [("GET", "/health", None)]


def test_refusal_tells_status_and_answer(rest: AirflowRest) -> None:
    with pytest.raises(RestError, match=r"DF-DEMO-020.*`GET /refused`.*`403`.*no right") as caught:
        rest.get("/refused")
    assert caught.value.status == 403


def test_what_may_be_repeated_is_when_the_server_fails(rest: AirflowRest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataflow_provider.demo.rest.PAUSE_S", 0.0)
    for method, is_repeatable in (("GET", False), ("PATCH", False), ("POST", True)):
        Handler.failures = TRIES - 1
        assert rest.call(method, "/busy", is_repeatable=is_repeatable)["path"] == "/busy"
        Handler.failures = TRIES
        with pytest.raises(RestError, match="database is locked"):
            rest.call(method, "/busy", is_repeatable=is_repeatable)


def test_what_would_happen_twice_is_sent_once(rest: AirflowRest) -> None:
    Handler.failures = 1
    with pytest.raises(RestError, match="database is locked"):
        rest.post("/busy", {"a": 1})
    assert rest.get("/busy")["path"] == "/busy"


def test_nobody_there_is_transient(server: ThreadingHTTPServer) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(TransientError, match="DF-DEMO-021"):
        AirflowRest(f"http://127.0.0.1:{server.server_port}", "a", "b").get("/one")


def test_path_of_escapes_run_ids() -> None:
    path = path_of("dags", "hello", "dagRuns", "manual__2026-01-01T00:00:00+00:00/x")
    assert path == "/api/v2/dags/hello/dagRuns/manual__2026-01-01T00%3A00%3A00%2B00%3A00%2Fx"
