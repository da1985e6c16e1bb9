"""`overlap` and `cancel` against the running scheduler: what becomes of a second run while the first one works.

The first runs work for as long as the test holds the warehouse: they stand in line for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector
from tests.e2e.product import Product, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("product")]

PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: overlap_{overlap}
schedule: {{after: [never_published], overlap: {overlap}}}
nodes:
  numbers: {{type: source.duckdb, query: SELECT 1 AS n}}
  out:
    type: target.duckdb
    from: numbers
    table: e2e.overlap_{overlap}
    write: {{mode: append}}
    create: {{if_missing: true}}
"""


@contextmanager
def busy_warehouse(product: Product) -> Iterator[None]:
    options = SessionOptions(Holder("test", "keep it busy"))
    with get_connector("duckdb").open(product.airflow_process.folders.warehouse, options):
        yield


def publish(product: Product, overlap: str) -> None:
    for client in (product.client("engineer"), product.airflow_api()):
        client.timeout = 120  # a busy SQLite, which holds Airflow's metadata here, may answer late
    product.write(f"overlap_{overlap}", PIPELINE.format(overlap=overlap))
    product.wait_for_pipeline(f"overlap_{overlap}")
    product.unpause(f"overlap_{overlap}")


def trigger(product: Product, overlap: str) -> str:
    answer = product.client("engineer").post(f"/pipelines/overlap_{overlap}/runs", json={})
    assert answer.status_code == 201, answer.text
    run_id: str = answer.json()["run_id"]
    return run_id


def tasks_of(product: Product, overlap: str, run_id: str) -> dict[str, str | None]:
    answer = product.airflow_api().get(f"/dags/overlap_{overlap}/dagRuns/{run_id}/taskInstances")
    return {task["task_id"]: task["state"] for task in answer.json()["task_instances"]}


def wait_until_it_works(product: Product, overlap: str, run_id: str) -> None:
    wait_for(lambda: tasks_of(product, overlap, run_id)["out"] == "running", 120)


def run_of(product: Product, overlap: str, run_id: str) -> dict[str, Any]:
    run: dict[str, Any] = product.airflow_api().get(f"/dags/overlap_{overlap}/dagRuns/{run_id}").json()
    return run


def end_of(product: Product, overlap: str, run_id: str) -> str:
    def finished() -> str | None:
        state: str = run_of(product, overlap, run_id)["state"]
        return state if state in ("success", "failed") else None

    return wait_for(finished, 120)


def rows_of(product: Product, overlap: str) -> int:
    return int(product.query(f"SELECT COUNT(*) FROM e2e.overlap_{overlap}")[0][0])


def test_queue_starts_the_second_run_when_the_first_has_ended(product: Product) -> None:
    publish(product, "queue")
    with busy_warehouse(product):
        first = trigger(product, "queue")
        wait_until_it_works(product, "queue", first)
        second = trigger(product, "queue")
        assert run_of(product, "queue", second)["state"] == "queued"
    assert end_of(product, "queue", first) == end_of(product, "queue", second) == "success"
    assert run_of(product, "queue", first)["end_date"] <= run_of(product, "queue", second)["start_date"]
    assert rows_of(product, "queue") == 2


def test_skip_leaves_the_second_run_out_and_cancel_ends_the_first(product: Product) -> None:
    publish(product, "skip")
    with busy_warehouse(product):
        first = trigger(product, "skip")
        wait_until_it_works(product, "skip", first)
        second = trigger(product, "skip")
        assert end_of(product, "skip", second) == "success"
        assert set(tasks_of(product, "skip", second).values()) == {"skipped"}
        assert tasks_of(product, "skip", first)["out"] == "running"
        cancelled = product.dataflow("cancel", "overlap_skip", first)
        assert cancelled.returncode == 0, cancelled.stderr
        assert run_of(product, "skip", first)["state"] == "failed"
    # Nothing runs any more, so the next run is not skipped.
    third = trigger(product, "skip")
    assert end_of(product, "skip", third) == "success"
    assert set(tasks_of(product, "skip", third).values()) == {"success"}


def test_cancel_previous_ends_the_first_run_and_runs_the_second(product: Product) -> None:
    publish(product, "cancel_previous")
    with busy_warehouse(product):
        first = trigger(product, "cancel_previous")
        wait_until_it_works(product, "cancel_previous", first)
        second = trigger(product, "cancel_previous")
        assert end_of(product, "cancel_previous", first) == "failed"
    assert end_of(product, "cancel_previous", second) == "success"


def test_allow_runs_both_side_by_side(product: Product) -> None:
    publish(product, "allow")
    with busy_warehouse(product):
        both = [trigger(product, "allow"), trigger(product, "allow")]
        for run_id in both:
            wait_until_it_works(product, "allow", run_id)
    assert [end_of(product, "allow", run_id) for run_id in both] == ["success", "success"]
    assert rows_of(product, "allow") == 2
