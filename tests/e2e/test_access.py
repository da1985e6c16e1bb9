"""Who may do what, asked of the running server: anonymous 401, missing right 403."""

from __future__ import annotations

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
    run = product.finished_run("hello_world")
    stage = run["stages"][0]["id"]
    answer = product.client(user).get(f"/runs/hello_world/{run['run_id']}/stages/{stage}/log")
    assert answer.status_code == (200 if allowed else 403), answer.text


def test_a_write_from_a_foreign_origin_is_refused(product: Product) -> None:
    client = product.client("engineer")
    answer = client.post("/pipelines/hello_world/runs", json={}, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403
