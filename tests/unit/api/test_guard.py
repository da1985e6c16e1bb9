"""Writes from elsewhere, headers, problems."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.unit.api.conftest import HOST, Project

COOKIE = {"Cookie": "_token=engineer"}
PATH = "/dataflow/api/v1/pipelines/usage"
JSON = {"Content-Type": "application/json"}


def patch(server: TestClient, headers: dict[str, str], content: bytes = b'{"is_paused": true}') -> tuple[int, str]:
    response = server.patch(PATH, content=content, headers=headers)
    return response.status_code, response.json().get("code", "")


@pytest.mark.parametrize("origin", [HOST, HOST.upper(), "https://data.example"])
def test_write_with_the_cookie_from_our_own_page_is_taken(
    server: TestClient, project: Project, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://data.example/airflow")
    project.publish("usage")
    assert patch(server, {**COOKIE, **JSON, "Origin": origin}) == (200, "")


@pytest.mark.parametrize("origin", ["http://evil.example", "http://testserver.evil.example", "null", ""])
def test_write_with_the_cookie_from_a_foreign_page_is_refused(server: TestClient, origin: str) -> None:
    assert patch(server, {**COOKIE, **JSON, "Origin": origin}) == (403, "DF-API-007")


def test_write_with_the_cookie_and_no_origin_is_refused(server: TestClient) -> None:
    assert patch(server, {**COOKIE, **JSON}) == (403, "DF-API-007")


def test_write_with_a_token_needs_no_origin(server: TestClient, project: Project) -> None:
    project.publish("usage")
    assert patch(server, {**JSON, "Authorization": "Bearer engineer"}) == (200, "")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"])
def test_body_that_a_form_could_send_is_refused(server: TestClient, kind: str) -> None:
    headers = {**COOKIE, "Origin": HOST, "Content-Type": kind}
    assert patch(server, headers, b'{"is_paused": true}') == (415, "DF-API-415")


def test_json_with_a_charset_is_taken(server: TestClient, project: Project) -> None:
    project.publish("usage")
    headers = {"Authorization": "Bearer engineer", "Content-Type": "application/json; charset=utf-8"}
    assert patch(server, headers) == (200, "")


def test_body_that_is_no_json_is_a_422(server: TestClient, project: Project) -> None:
    project.publish("usage")
    assert patch(server, {**JSON, "Authorization": "Bearer engineer"}, b"{") == (422, "DF-API-422")


def test_answers_are_not_cached_not_sniffed_and_framed_by_us_alone(server: TestClient) -> None:
    headers = server.get("/dataflow/api/v1/me", headers=COOKIE).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]


def test_unknown_address_of_the_api_is_a_problem(server: TestClient) -> None:
    response = server.get("/dataflow/api/v1/nothing")
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
    assert response.json()["code"] == "DF-API-404"


def test_unexpected_error_tells_nothing_of_the_inside(
    server: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_rights: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("dataflow_provider.api.routes.me.persona_of", broken)
    response = server.get("/dataflow/api/v1/me", headers=COOKIE)
    assert (response.status_code, response.json()["code"]) == (500, "DF-API-500")
    assert "secret" not in response.text
    assert "secret detail" in caplog.text
