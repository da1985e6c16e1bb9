"""One running product for all end-to-end tests: Airflow with FAB and our plugin, complete, and a browser.

The tests work on a copy of the sample pipelines, so they may edit, break and delete them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.product import CHROMIUM_FLAGS, Product, find_chromium, start_product


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory, repo_root: Path) -> Iterator[Product]:
    """The product on a free port, started once; about 30 s on two cores."""
    project = tmp_path_factory.mktemp("product")
    for folder in ("yaml_pipelines", "dags/examples"):
        shutil.copytree(repo_root / folder, project / folder)
    with start_product(project) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless; while Playwright is open, `asyncio.run` fails in this process."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a new browser profile; a failing test leaves its picture in test-results/."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    yield page
    if os.environ.get("DATAFLOW_SCREENSHOTS"):
        folder = Path(os.environ["DATAFLOW_SCREENSHOTS"])
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(folder / f"{request.node.name}.png"))
    context.close()
