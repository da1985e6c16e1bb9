"""One running product for all end-to-end tests: Airflow with FAB and our plugin, complete, and a browser.

The tests work on a copy of the sample pipelines, so they may edit, break and delete them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.product import CHROMIUM_FLAGS, Product, find_chromium, start_product
from tests.e2e.scaled import Scaled, start_scaled

# Airflow and its tasks work on the same cores as the browser.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory, repo_root: Path) -> Iterator[Product]:
    """The product on a free port, started once; about 30 s on two cores."""
    project = tmp_path_factory.mktemp("product")
    for folder in ("yaml_pipelines", "dags/examples"):
        shutil.copytree(repo_root / folder, project / folder)
    with start_product(project) as running:
        yield running


@pytest.fixture(scope="session")
def scaled(tmp_path_factory: pytest.TempPathFactory, repo_root: Path) -> Iterator[Scaled]:
    """The product with its metadata in PostgreSQL, for tests of the group `scaled`; about 30 s on two cores."""
    project = tmp_path_factory.mktemp("scaled")
    shutil.copytree(repo_root / "yaml_pipelines", project / "yaml_pipelines")
    with start_scaled(project) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless; while Playwright is open, `asyncio.run` fails in this process."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a new browser profile."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()
