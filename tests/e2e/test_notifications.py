"""A pipeline that fails, breaks its promise and is well again: what people get, by mail, by Slack and in the app."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import Page, expect

from tests.e2e.product import RUN_WITHIN_S, Product, wait_for
from tests.engines.processes import free_port
from tests.unit.notifications.test_channels import Mailbox, Web

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("product")]

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: told
schedule: {{cron: "0 0 * * *"}}
sla: {{finish_by: "{finish_by}"}}
notify:
  on_failure: [{{via: email, to: dwh@example.com}}, {{via: slack, connection: e2e_slack}}]
  on_sla: [{{via: email, to: dwh@example.com}}, {{via: slack, connection: e2e_slack}}]
  on_recovery: [{{via: email, to: dwh@example.com}}, {{via: slack, connection: e2e_slack}}]
nodes:
  calls: {{type: source.duckdb, table: e2e.told_source}}
  out: {{type: target.duckdb, from: calls, table: e2e.told, write: {{mode: overwrite}}, create: {{if_missing: true}}}}
"""
MAKER = """\
apiVersion: dataflow/v1
kind: Pipeline
id: told_maker
nodes:
  one: {type: source.duckdb, query: SELECT 1 AS n}
  out: {type: target.duckdb, from: one, table: e2e.told_source, write: {mode: overwrite}, create: {if_missing: true}}
"""


@dataclass
class Receivers:
    """A mail server and a Slack webhook on this machine."""

    mailbox: Mailbox
    web: Web

    def mails(self, head: str) -> list[str]:
        """Return the texts of the mails whose subject begins with the head."""
        found = [mail for _to, mail in self.mailbox.got if str(mail["Subject"]).startswith(f"[{head}]")]
        bodies = [mail.get_body(("html",)) for mail in found]
        return [body.get_content() for body in bodies if body is not None]

    def posts(self, head: str) -> list[str]:
        return [body["text"] for _path, body, _headers in self.web.got if body["text"].startswith(f"*[{head}]")]

    def wait(self, head: str) -> tuple[str, str]:
        """Return the first mail and post of a kind, once both are there."""
        wait_for(lambda: self.mails(head) and self.posts(head), RUN_WITHIN_S)
        return self.mails(head)[0], self.posts(head)[0]


@pytest.fixture
def receivers(product: Product) -> Iterator[Receivers]:
    found = Receivers(Mailbox(), Web())
    port = free_port()
    server = Controller(found.mailbox, hostname="127.0.0.1", port=port)
    server.start()
    extra = '{"from_email": "df@example.com", "disable_tls": true, "disable_ssl": true, "retry_limit": 0}'
    connections = (
        {"connection_id": "smtp_default", "conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra},
        {"connection_id": "e2e_slack", "conn_type": "slackwebhook", "password": f"{found.web.url}/services/T/B/x"},
    )
    for body in connections:
        answer = product.airflow_api().post("/connections", json=body)
        assert answer.status_code == 201, answer.text
    yield found
    for body in connections:
        product.airflow_api().delete(f"/connections/{body['connection_id']}")
    server.stop()
    found.web.close()


def test_trouble_is_told_once_by_mail_and_slack_and_so_is_its_end(
    product: Product, receivers: Receivers, page: Page
) -> None:
    product.write("told_maker", MAKER)
    # The next full minute: nobody was watching before the server began, and no run will have finished by then.
    product.write("told", PIPELINE.format(finish_by=f"{datetime.now(UTC) + timedelta(minutes=1):%H:%M}"))
    product.wait_for_pipeline("told")
    product.unpause("told")  # its scheduled run fails
    mail, post = receivers.wait("Failed")
    for text in (mail, post):
        assert all(label in text for label in ("Pipeline", "Run", "Node", "Error")), text
        assert "told_source" in text
        assert f"{product.url}/dataflow/app/monitor/runs/told~scheduled__" in text
    assert product.run("told")["run"]["state"] == "failed"
    mail, post = receivers.wait("SLA broken")
    assert "told has not finished by" in mail
    assert "/dataflow/app/" in post

    product.wait_for_pipeline("told_maker")
    assert product.run("told_maker")["run"]["state"] == "success"
    assert product.run("told")["run"]["state"] == "success"
    receivers.wait("Recovered")
    assert {head: (len(receivers.mails(head)), len(receivers.posts(head))) for head in ("Failed", "SLA broken")} == {
        "Failed": (1, 1), "SLA broken": (1, 1),
    }  # fmt: skip

    items = product.client("engineer").get("/notifications").json()["items"]
    found = {item["kind"]: item for item in items if item["pipeline_id"] == "told"}
    assert set(found) == {"failure", "sla_breach", "recovery"}
    assert found["failure"]["occurrences"] == 2
    assert {each["state"] for item in found.values() for each in item["deliveries"]} == {"sent"}
    product.log_in(page, "engineer", then="/dataflow/app/pipelines/told")
    page.get_by_role("button", name=re.compile("notification", re.IGNORECASE)).click()
    expect(page.get_by_text("told runs again")).to_be_visible()
