"""Who may do what, asked of the running server: anonymous 401, missing right 403."""

from __future__ import annotations

import httpx
import pytest

from tests.e2e.product import Product

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("product")]

MAY_RUN = {"admin": True, "engineer": True, "analyst": True, "steward": False, "operator": True, "viewer": False}
MAY_READ_LOGS = {"admin": True, "engineer": True, "analyst": True, "steward": True, "operator": True, "viewer": False}


@pytest.mark.parametrize("path", ["/me", "/pipelines", "/pipelines/hello_world", "/pipelines/hello_world/runs"])
def test_api_without_login_answers_401(product: Product, path: str) -> None:
    assert product.anonymous().get(path).status_code == 401


@pytest.mark.parametrize(("user", "allowed"), MAY_RUN.items())
def test_running_a_pipeline_needs_the_right(product: Product, user: str, *, allowed: bool) -> None:
    product.finished_run("hello_world")  # unpaused by then
    answer = product.client(user).post("/pipelines/hello_world/runs", json={})
    assert answer.status_code == (201 if allowed else 403), answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("user", MAY_RUN)
def test_every_role_sees_the_pipelines(product: Product, user: str) -> None:
    answer = product.client(user).get("/pipelines")
    assert answer.status_code == 200
    assert "hello_world" in {item["id"] for item in answer.json()["items"]}


@pytest.mark.parametrize(("user", "allowed"), MAY_READ_LOGS.items())
def test_reading_a_log_needs_the_right(product: Product, user: str, *, allowed: bool) -> None:
    document = product.finished_run("hello_world")
    run_id, stage = document["run"]["run_id"], document["stages"][0]["id"]
    answer = product.client(user).get(f"/runs/hello_world/{run_id}/stages/{stage}/log")
    assert answer.status_code == (200 if allowed else 403), answer.text


def test_a_write_with_the_session_cookie_needs_our_own_origin(product: Product) -> None:
    product.finished_run("hello_world")
    cookie = {"Cookie": f"_token={product.token('engineer')}"}
    url = f"{product.url}/dataflow/api/v1/pipelines/hello_world/runs"
    for origin, status in ((None, 403), ("https://elsewhere.example", 403), (product.url, 201)):
        headers = cookie | ({"Origin": origin} if origin else {})
        assert httpx.post(url, json={}, headers=headers, timeout=30).status_code == status, origin
