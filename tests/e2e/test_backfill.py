"""`airflow dags backfill`, `dataflow backfill` and the page of backfills against the running scheduler."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.product import RUN_WITHIN_S, Product

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("product")]

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: backfilled
schedule: {cron: "0 4 * * *", timezone: Europe/Warsaw, start: 2026-01-01}
nodes:
  days:
    type: source.duckdb
    query: SELECT :interval_start AS started, :interval_end AS ended
  out:
    type: target.duckdb
    from: days
    table: e2e.backfilled
    write: {mode: append}
    create: {if_missing: true}
"""


def test_backfill_of_three_days_writes_three_intervals_once(product: Product) -> None:
    product.write("backfilled", PIPELINE)
    product.wait_for_pipeline("backfilled")
    refused = product.airflow("dags", "backfill", "backfilled", "-s", "2026-03-28", "-e", "2026-03-30")
    assert refused.returncode != 0
    assert "paused" in refused.stdout + refused.stderr
    product.unpause("backfilled")
    dates = ("-s", "2026-03-28", "-e", "2026-03-30")
    dry = product.airflow("dags", "backfill", "backfilled", *dates, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert product.runs("backfilled", run_type="backfill") == []
    done = product.airflow("dags", "backfill", "backfilled", *dates)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    # Unpaused, the schedule has made its own latest run meanwhile.
    rows = product.query("SELECT started, ended FROM e2e.backfilled WHERE started < '2026-04-01' ORDER BY started")
    # The clocks of Warsaw went forward on 2026-03-29 at 02:00: one interval lasts 23 hours.
    assert [(str(start), str(end)) for start, end in rows] == [
        ("2026-03-28 03:00:00", "2026-03-29 02:00:00"),
        ("2026-03-29 02:00:00", "2026-03-30 02:00:00"),
        ("2026-03-30 02:00:00", "2026-03-31 02:00:00"),
    ]
    again = product.dataflow(
        "backfill", "backfilled", "--start", "2026-03-28", "--end", "2026-03-30", "--dry-run", "--json"
    )
    assert again.returncode == 0, again.stderr
    assert again.stdout.count('"skip') >= 3


def test_backfill_is_planned_begun_paused_and_cancelled_on_its_page(product: Product, page: Page) -> None:
    product.write("backfilled", PIPELINE)
    product.wait_for_pipeline("backfilled")
    product.unpause("backfilled")
    page.set_default_timeout(RUN_WITHIN_S * 1000)
    product.log_in(page, "engineer", then="/dataflow/app/pipelines/backfilled/backfills")
    page.get_by_role("button", name="New backfill").click()
    page.get_by_label("First day").fill("2026-04-01")
    page.get_by_label("Last day (inclusive)").fill("2026-04-20")
    page.get_by_label("Runs at once").fill("1")
    page.get_by_role("button", name="Show the runs").click()
    expect(page.get_by_text("20 runs to do, 0 left as they are")).to_be_visible()
    expect(page.get_by_text("Will be made")).to_have_count(20)
    assert "2026-04" not in str([run["logical_date"] for run in product.runs("backfilled", run_type="backfill")])
    page.get_by_role("button", name="Start 20 runs").click()
    page.get_by_role("button", name=re.compile("^Pause backfill")).click(timeout=RUN_WITHIN_S * 1000)
    expect(page.get_by_text("Paused")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Cancel backfill")).click()
    page.get_by_role("button", name="Cancel the backfill").click()
    expect(page.get_by_text("Cancelled", exact=True).first).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Cancel backfill"))).to_have_count(0)
    page.context.clear_cookies()
    product.log_in(page, "viewer", then="/dataflow/app/pipelines/backfilled/backfills")
    expect(page.get_by_role("img", name=re.compile("of 20$"))).to_be_visible()
    expect(page.get_by_role("button", name="New backfill")).to_have_count(0)
