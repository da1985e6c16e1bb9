"""The files of the web app."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dataflow_provider.api.web_app import create_web_app

SCRIPT = "\n  var theme = 'dark';\n"
INDEX = f"""<!doctype html><html><head><base href="/dataflow/app/" /><script>{SCRIPT}</script>
<script type="module" src="./assets/a-1.js"></script></head></html>
"""


@pytest.fixture
def static(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(INDEX)
    (tmp_path / "mark.svg").write_text("<svg/>")
    (tmp_path / "assets" / "a-1.js").write_text("1")
    return tmp_path


@pytest.fixture
def web(static: Path) -> TestClient:
    return TestClient(create_web_app(static))


@pytest.mark.parametrize(
    "path", ["/", "/pipelines", "/monitor/runs/usage~manual__2026-01-01T00:00:00+00:00", "/index.html"]
)
def test_every_address_of_the_app_is_the_index_and_never_cached(web: TestClient, path: str) -> None:
    response = web.get(path)
    assert (response.status_code, response.text) == (200, INDEX)
    assert response.headers["cache-control"] == "no-store"


def test_index_may_run_its_own_inline_script_and_no_other(web: TestClient) -> None:
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = web.get("/").headers["content-security-policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert scripts == f"script-src 'self' 'sha256-{digest}'"
    assert "frame-ancestors 'self'" in policy


def test_base_of_the_page_lies_below_the_path_of_the_base_url(web: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert '<base href="/dataflow/app/" />' in web.get("/pipelines").text
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://x.example/airflow/")
    assert '<base href="/airflow/dataflow/app/" />' in web.get("/pipelines").text


def test_page_in_the_repository_has_the_base_that_is_rewritten(repo_root: Path) -> None:
    page = (repo_root / "plugins" / "www" / "index.html").read_text(encoding="utf-8")
    assert page.count('<base href="/dataflow/app/"') == 1


def test_new_build_has_its_own_policy(static: Path, web: TestClient) -> None:
    before = web.get("/").headers["content-security-policy"]
    (static / "index.html").write_text(INDEX.replace("dark", "light"))
    assert web.get("/").headers["content-security-policy"] != before


def test_hashed_file_is_kept_for_ever(web: TestClient) -> None:
    response = web.get("/assets/a-1.js")
    assert (response.status_code, response.text) == (200, "1")
    assert "immutable" in response.headers["cache-control"]


def test_worker_may_load_further_scripts_of_ours(web: TestClient) -> None:
    assert web.get("/assets/a-1.js").headers["content-security-policy"].startswith("default-src 'self';")


def test_file_without_a_hash_is_asked_for_again(web: TestClient) -> None:
    assert web.get("/mark.svg").headers["cache-control"] == "no-cache"


def test_hashed_file_of_an_older_build_is_a_404_and_not_the_index(web: TestClient) -> None:
    assert web.get("/assets/old-0.js").status_code == 404


def test_file_outside_the_folder_is_not_served(web: TestClient, static: Path) -> None:
    (static.parent / "secret.txt").write_text("secret")
    assert "secret" not in web.get("/%2e%2e/secret.txt").text


def test_missing_build_says_how_to_build_it(tmp_path: Path) -> None:
    response = TestClient(create_web_app(tmp_path / "none")).get("/pipelines")
    assert response.status_code == 503
    assert "python hatch_build.py build" in response.text
