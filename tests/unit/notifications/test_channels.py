"""Messages as the channels receive them: a real SMTP server and HTTP receivers on this machine, Airflow's own hooks."""

from __future__ import annotations

import json
import ssl
import sys
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from dataflow_provider.errors import AuthorError, TransientError
from dataflow_provider.notifications.channels import send
from dataflow_provider.notifications.message import Message
from tests.engines.certificates import write_certificate
from tests.engines.processes import free_port

MESSAGE = Message(
    kind="failure",
    title="usage failed",
    pipeline_id="usage",
    key="dataflow/usage",
    run_id="manual__1",
    node="calls",
    line='DF-CONN-031: <no> answer & "more"',
    diagnosis="The database refused the connection.",
    link="https://x.example/dataflow/app/monitor/runs/usage~manual__1",
)


class Mailbox:
    def __init__(self) -> None:
        self.got: list[tuple[list[str], EmailMessage]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.got.append((list(envelope.rcpt_tos), parsed))
        return "250 OK"


class Web:
    """A receiver of JSON; `answer` is the status and body of its answers. With a certificate it speaks HTTPS."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.got: list[tuple[str, Any, dict[str, str]]] = []
        self.answer: tuple[int, str] = (200, "ok")
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                web.got.append((self.path, json.loads(body), dict(self.headers)))
                status, text = web.answer
                self.send_response(status)
                self.send_header("Content-Type", "application/json" if text.startswith("{") else "text/plain")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def web() -> Iterator[Web]:
    receiver = Web()
    yield receiver
    receiver.close()


@pytest.fixture
def safe_web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """As `web`, by HTTPS; PagerDuty's client takes nothing else."""
    key, certificate = tmp_path / "key.pem", tmp_path / "own.pem"
    write_certificate(key, certificate)
    certificate.write_bytes(key.read_bytes() + certificate.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    receiver = Web(certificate)
    yield receiver
    receiver.close()


def connection(monkeypatch: pytest.MonkeyPatch, conn_id: str, **values: Any) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(values))


def test_mail_reaches_everybody_and_nothing_in_it_is_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = Mailbox()
    port = free_port()
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        extra = {"from_email": "dataflow@example.com", "disable_tls": True, "disable_ssl": True, "retry_limit": 0}
        connection(monkeypatch, "smtp_default", conn_type="smtp", host="127.0.0.1", port=port, extra=extra)
        send("email", MESSAGE, None, ["a@example.com", "b@example.com"])
    finally:
        server.stop()
    [(to, mail)] = mailbox.got
    assert (to, mail["Subject"], mail["From"]) == (
        ["a@example.com", "b@example.com"], "[Failed] usage failed", "dataflow@example.com",
    )  # fmt: skip
    body = mail.get_body(("html",))
    assert body is not None
    html = body.get_content()
    assert "&lt;no&gt; answer &amp; &quot;more&quot;" in html
    assert f'<a href="{MESSAGE.link}">' in html
    assert "The database refused the connection." in html


def test_slack_webhook_gets_the_text(monkeypatch: pytest.MonkeyPatch, web: Web) -> None:
    connection(monkeypatch, "hook", conn_type="slackwebhook", password=f"{web.url}/services/T/B/secret")
    send("slack", MESSAGE, "hook", [])
    [(path, body, _headers)] = web.got
    assert path == "/services/T/B/secret"
    assert body["text"].splitlines() == [
        "*[Failed] usage failed*", "Pipeline: usage", "Run: manual__1", "Node: calls",
        'Error: DF-CONN-031: &lt;no&gt; answer &amp; "more"', "Diagnosis: The database refused the connection.",
        f"<{MESSAGE.link}|Open the run>",
    ]  # fmt: skip


def test_slack_connection_posts_to_each_channel(monkeypatch: pytest.MonkeyPatch, web: Web) -> None:
    web.answer = (200, '{"ok": true}')
    connection(monkeypatch, "bot", conn_type="slack", password="xoxb-1", extra={"base_url": f"{web.url}/api/"})
    send("slack", MESSAGE, "bot", ["#dwh", "#ops"])
    assert [(path, body["channel"]) for path, body, _ in web.got] == [
        ("/api/chat.postMessage", "#dwh"), ("/api/chat.postMessage", "#ops"),
    ]  # fmt: skip
    assert web.got[0][2]["Authorization"] == "Bearer xoxb-1"


def test_slack_connection_without_a_channel_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    connection(monkeypatch, "bot", conn_type="slack", password="xoxb-1")
    with pytest.raises(AuthorError, match="DF-NOTIFY-007"):
        send("slack", MESSAGE, "bot", [])


@pytest.mark.parametrize(
    ("kind", "action", "severity"), [("failure", "trigger", "error"), ("recovery", "resolve", "info")]
)
def test_pagerduty_opens_an_incident_and_resolves_the_same(
    monkeypatch: pytest.MonkeyPatch, safe_web: Web, kind: str, action: str, severity: str
) -> None:
    web = safe_web
    web.answer = (202, '{"status": "success", "dedup_key": "dataflow/usage"}')
    connection(monkeypatch, "pager", conn_type="pagerduty_events", password="key-1", extra={"base_url": web.url})
    send("pagerduty", Message(**{**vars(MESSAGE), "kind": kind}), "pager", [])
    [(path, body, _headers)] = web.got
    assert (path, body["event_action"], body["dedup_key"], body["routing_key"]) == (
        "/v2/enqueue", action, "dataflow/usage", "key-1",
    )  # fmt: skip
    if action == "trigger":
        assert body["payload"]["severity"] == severity
        assert body["payload"]["custom_details"]["Node"] == "calls"
        assert body["links"][0]["href"] == MESSAGE.link


def test_refusal_of_a_channel_is_worth_another_try(monkeypatch: pytest.MonkeyPatch, web: Web) -> None:
    web.answer = (500, "no_service")
    connection(monkeypatch, "hook", conn_type="slackwebhook", password=f"{web.url}/services/T/B/secret")
    with pytest.raises(TransientError, match="DF-NOTIFY-005") as caught:
        send("slack", MESSAGE, "hook", [])
    assert "secret" not in str(caught.value)


def test_missing_provider_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "airflow.providers.smtp.hooks.smtp", None)
    with pytest.raises(AuthorError, match="DF-NOTIFY-003") as caught:
        send("email", MESSAGE, None, ["a@example.com"])
    assert "pip install 'dataflow-ai[notify]'" in str(caught.value)


def test_missing_connection_is_named() -> None:
    with pytest.raises(AuthorError, match="DF-NOTIFY-006") as caught:
        send("pagerduty", MESSAGE, "nowhere", [])
    assert "`nowhere`" in str(caught.value)


def test_subject_is_one_line() -> None:
    assert Message(**{**vars(MESSAGE), "title": "a\r\nBcc: x@y.z"}).subject == "[Failed] a Bcc: x@y.z"
