"""Business days and `after` against the running scheduler: which runs it makes, and of which intervals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.product import RUN_WITHIN_S, Product, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("product")]

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: {id}
schedule: {schedule}
nodes:
  bounds: {{type: source.duckdb, query: "SELECT {columns}"}}
  out:
    type: target.duckdb
    from: bounds
    table: e2e.{id}
    write: {{mode: append}}
    create: {{if_missing: true}}
"""


INTERVAL = ":interval_start AS started, :interval_end AS ended"


def publish(product: Product, pipeline_id: str, schedule: str, columns: str = INTERVAL) -> None:
    product.write(pipeline_id, PIPELINE.format(id=pipeline_id, schedule=schedule, columns=columns))


def wait_for_success(product: Product, pipeline_id: str, run_type: str) -> dict[str, str]:
    """Return the pipeline's only run of a type, once it has succeeded."""
    product.airflow_api().timeout = 120  # a busy SQLite, which holds Airflow's metadata here, may answer late

    def done() -> dict[str, str] | None:
        runs = product.runs(pipeline_id, run_type=run_type)
        return runs[0] if [run["state"] for run in runs] == ["success"] else None

    return wait_for(done, RUN_WITHIN_S)


def test_runs_of_closed_days_are_skipped_or_put_off_and_others_come_after(product: Product) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    closed = today - timedelta(days=3)  # the day of the weekly run; the next day is open
    calendars = product.project / "yaml_pipelines" / "_calendars"
    calendars.mkdir(exist_ok=True)
    (calendars / "e2e.yaml").write_text(f"extends: every_day\nholidays: ['{closed:%Y-%m-%d}']\n", encoding="utf-8")
    weekly = f'cron: "0 0 * * {closed.isoweekday() % 7}", calendar: e2e.yaml'
    first = f"start: {today - timedelta(days=30):%Y-%m-%d}"
    publish(product, "closed_skip", f"{{{weekly}, on_holiday: skip, {first}}}")
    publish(product, "closed_next", f"{{{weekly}, on_holiday: next, {first}}}")
    publish(product, "after_both", "{after: [closed_skip, closed_next]}", "1 AS n")
    for name in ("closed_skip", "closed_next", "after_both"):
        product.wait_for_pipeline(name)
    for name in ("after_both", "closed_skip", "closed_next"):
        product.unpause(name)

    skipped = wait_for_success(product, "closed_skip", "scheduled")
    put_off = wait_for_success(product, "closed_next", "scheduled")
    week = timedelta(days=7)
    assert [moment_of(skipped, key) for key in ("data_interval_start", "data_interval_end", "run_after")] == [
        closed - 2 * week, closed - week, closed - week,
    ]  # fmt: skip
    assert [moment_of(put_off, key) for key in ("data_interval_start", "data_interval_end", "run_after")] == [
        closed - week, closed, closed + timedelta(days=1),
    ]  # fmt: skip
    rows = [product.query(f"SELECT started, ended FROM e2e.{name}") for name in ("closed_skip", "closed_next")]
    days = [[str(value)[:10] for value in row] for table in rows for row in table]
    assert days == [[f"{end - week:%Y-%m-%d}", f"{end:%Y-%m-%d}"] for end in (closed - week, closed)]
    # It waits for both, and runs once. What they publish is there shortly before their runs are marked as ended.
    waited = wait_for_success(product, "after_both", "asset_triggered")
    assert waited["start_date"] > max(skipped["start_date"], put_off["start_date"])


def moment_of(run: dict[str, str], key: str) -> datetime:
    return datetime.fromisoformat(run[key])
