"""`overlap` and `cancel` against the running scheduler: what becomes of a second run while the first one works.

The first runs work for as long as the test holds the warehouse: they stand in line for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dataflow_provider.connectors.base import SessionOptions
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector
from tests.e2e.product import Product, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("product")]

OVERLAPS = ("queue", "skip", "cancel_previous", "allow")
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


def trigger(product: Product, overlap: str) -> str:
    answer = product.client("engineer").post(f"/pipelines/overlap_{overlap}/runs", json={})
    assert answer.status_code == 201, answer.text
    run_id: str = answer.json()["run_id"]
    return run_id


def tasks_of(product: Product, overlap: str, run_id: str) -> dict[str, str | None]:
    answer = product.airflow_api().get(f"/dags/overlap_{overlap}/dagRuns/{run_id}/taskInstances")
    return {task["task_id"]: task["state"] for task in answer.json()["task_instances"]}


def state_of(product: Product, overlap: str, run_id: str) -> str:
    state: str = product.airflow_api().get(f"/dags/overlap_{overlap}/dagRuns/{run_id}").json()["state"]
    return state


def works(product: Product, overlap: str, run_id: str) -> bool:
    return tasks_of(product, overlap, run_id)["out"] == "running"


def ends(product: Product, overlap: str, run_id: str) -> str:
    return wait_for(
        lambda: state if (state := state_of(product, overlap, run_id)) in ("success", "failed") else None, 120
    )


def test_second_run_waits_is_skipped_cancels_the_first_or_runs_beside_it(product: Product) -> None:
    for overlap in OVERLAPS:
        product.write(f"overlap_{overlap}", PIPELINE.format(overlap=overlap))
    for overlap in OVERLAPS:
        product.wait_for_pipeline(f"overlap_{overlap}")
        product.unpause(f"overlap_{overlap}")
    with busy_warehouse(product):
        first = {overlap: trigger(product, overlap) for overlap in OVERLAPS}
        wait_for(lambda: all(works(product, overlap, run_id) for overlap, run_id in first.items()), 150)
        second = {overlap: trigger(product, overlap) for overlap in OVERLAPS}
        assert ends(product, "skip", second["skip"]) == "success"
        assert set(tasks_of(product, "skip", second["skip"]).values()) == {"skipped"}
        assert ends(product, "cancel_previous", first["cancel_previous"]) == "failed"
        wait_for(lambda: works(product, "allow", second["allow"]), 120)
        assert {overlap: state_of(product, overlap, first[overlap]) for overlap in ("queue", "skip", "allow")} == {
            "queue": "running", "skip": "running", "allow": "running",
        }  # fmt: skip
        assert state_of(product, "queue", second["queue"]) == "queued"
        cancelled = product.dataflow("cancel", "overlap_queue", first["queue"])
        assert cancelled.returncode == 0, cancelled.stderr
        assert state_of(product, "queue", first["queue"]) == "failed"
    for overlap in ("queue", "cancel_previous", "allow"):
        assert ends(product, overlap, second[overlap]) == "success"
    assert ends(product, "skip", first["skip"]) == ends(product, "allow", first["allow"]) == "success"
    rows = {overlap: product.query(f"SELECT COUNT(*) FROM e2e.overlap_{overlap}")[0][0] for overlap in OVERLAPS}
    assert rows == {"queue": 1, "skip": 1, "cancel_previous": 1, "allow": 2}
