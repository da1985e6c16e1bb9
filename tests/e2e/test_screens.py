"""The screens as people use them, in Chromium, inside Airflow and on their own."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.e2e.product import RUN_WITHIN_S, Product

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("product")]

APP = "/dataflow/app"


def plugin_frame(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def test_engineer_runs_hello_world_and_sees_it_turn_green_without_reload(product: Product, page: Page) -> None:
    product.wait_for_pipeline("hello_world")
    product.log_in(page, "engineer", then="/plugin/dataflow")
    frame = plugin_frame(page)
    frame.get_by_role("link", name="Hello World", exact=True).click()
    expect(page).to_have_url(re.compile("/plugin/dataflow/dataflow/app/pipelines/hello_world"))
    expect(frame.get_by_role("heading", name="Hello World", exact=True)).to_be_visible()
    page.evaluate("window.neverReloaded = true")
    frame.get_by_role("button", name="Run", exact=True).click()
    frame.get_by_role("dialog").get_by_role("button", name=re.compile("run$", re.IGNORECASE)).click()
    expect(frame.get_by_role("heading", name="hello_world")).to_be_visible()
    expect(frame.get_by_text("1 of 1 stages")).to_be_visible(timeout=RUN_WITHIN_S * 1000)
    expect(frame.get_by_role("button", name="Run again")).to_be_visible()
    assert page.evaluate("window.neverReloaded") is True


def test_viewer_sees_pipelines_but_no_way_to_run_them(product: Product, page: Page) -> None:
    product.wait_for_pipeline("hello_world")
    product.log_in(page, "viewer", then=f"{APP}/pipelines/hello_world")
    expect(page.get_by_role("heading", name="Hello World", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=True)).to_have_count(0)
    page.goto(f"{product.url}{APP}/pipelines")
    expect(page.get_by_role("link", name="Hello World", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Run "))).to_have_count(0)


def test_search_is_kept_in_the_address(product: Product, page: Page) -> None:
    product.wait_for_pipeline("hello_world")
    product.log_in(page, "analyst", then=f"{APP}/pipelines")
    page.get_by_placeholder("Search name, id, description").fill("hello")
    expect(page).to_have_url(re.compile("search=hello"))
    expect(page.get_by_role("link", name="Hello World", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Flights"))).to_have_count(0)
    page.reload()
    expect(page.get_by_placeholder("Search name, id, description")).to_have_value("hello")


def test_a_finished_run_shows_rows_and_log(product: Product, page: Page) -> None:
    run_id = product.finished_run("hello_world")["run"]["run_id"]
    product.log_in(page, "engineer", then=f"{APP}/monitor/runs/hello_world~{run_id}")
    expect(page.get_by_text("1 of 1 stages")).to_be_visible()
    expect(page.get_by_text(re.compile("rows")).first).to_be_visible()


def test_anonymous_is_asked_to_sign_in(product: Product, page: Page) -> None:
    page.goto(f"{product.url}{APP}/pipelines")
    expect(page.get_by_text("Sign in to see your pipelines")).to_be_visible()
    expect(page.get_by_role("link", name="Hello World", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/auth/login"))
