"""`overlap` and `cancel` against the running scheduler: what becomes of a second run while the first one works."""

from __future__ import annotations

import time

import pytest

from tests.e2e.product import Product, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("product")]

# The statement counts for far longer than a test may take, unless it is stopped.
PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: {id}
schedule: {{after: [never_published], overlap: {overlap}}}
params: {{rows: {{type: integer, default: 1}}}}
nodes:
  numbers:
    type: source.duckdb
    query: SELECT COUNT(*) AS n FROM range(:rows) AS a(x), range(1000000) AS b(y) WHERE (a.x * b.y) % 7 = 3
  out:
    type: target.duckdb
    from: numbers
    table: e2e.{id}
    write: {{mode: append}}
    create: {{if_missing: true}}
"""
ENDLESS = {"rows": 100_000_000}


def publish(product: Product, overlap: str) -> str:
    pipeline_id = f"overlap_{overlap}"
    product.write(pipeline_id, PIPELINE.format(id=pipeline_id, overlap=overlap))
    product.wait_for_pipeline(pipeline_id)
    product.unpause(pipeline_id)
    return pipeline_id


def trigger(product: Product, pipeline_id: str, **params: int) -> str:
    answer = product.client("engineer").post(f"/pipelines/{pipeline_id}/runs", json={"params": params})
    assert answer.status_code == 201, answer.text
    run_id: str = answer.json()["run_id"]
    return run_id


def task_states(product: Product, pipeline_id: str, run_id: str) -> dict[str, str | None]:
    answer = product.airflow_api().get(f"/dags/{pipeline_id}/dagRuns/{run_id}/taskInstances")
    return {task["task_id"]: task["state"] for task in answer.json()["task_instances"]}


def wait_until_working(product: Product, pipeline_id: str, run_id: str) -> None:
    wait_for(lambda: "running" in task_states(product, pipeline_id, run_id).values(), 90)
    time.sleep(3)  # the task runs; its statement soon does as well


def test_skip_leaves_the_second_run_out_and_cancel_ends_the_first(product: Product) -> None:
    pipeline_id = publish(product, "skip")
    first = trigger(product, pipeline_id, **ENDLESS)
    wait_until_working(product, pipeline_id, first)
    second = trigger(product, pipeline_id)
    product.wait_for_run(pipeline_id, second)
    assert set(task_states(product, pipeline_id, second).values()) == {"skipped"}
    assert "running" in task_states(product, pipeline_id, first).values()
    cancelled = product.dataflow("cancel", pipeline_id, first)
    assert cancelled.returncode == 0, cancelled.stderr
    assert product.wait_for_run(pipeline_id, first)["run"]["state"] in ("failed", "cancelled")
    # The warehouse has one writer at a time: the third run writes only when the first one's statement is gone.
    third = trigger(product, pipeline_id)
    assert product.wait_for_run(pipeline_id, third)["run"]["state"] == "success"
    assert product.query(f"SELECT COUNT(*) FROM e2e.{pipeline_id}") == [(1,)]


def test_cancel_previous_ends_the_first_run_and_runs_the_second(product: Product) -> None:
    pipeline_id = publish(product, "cancel_previous")
    first = trigger(product, pipeline_id, **ENDLESS)
    wait_until_working(product, pipeline_id, first)
    second = trigger(product, pipeline_id)
    assert product.wait_for_run(pipeline_id, second)["run"]["state"] == "success"
    assert product.wait_for_run(pipeline_id, first)["run"]["state"] in ("failed", "cancelled")
    assert product.query(f"SELECT COUNT(*) FROM e2e.{pipeline_id}") == [(1,)]


def test_queue_lets_the_second_run_wait(product: Product) -> None:
    pipeline_id = publish(product, "queue")
    first = trigger(product, pipeline_id, **ENDLESS)
    wait_until_working(product, pipeline_id, first)
    second = trigger(product, pipeline_id)
    time.sleep(6)
    document = product.client("engineer").get(f"/runs/{pipeline_id}/{second}").json()
    assert document["run"]["state"] == "queued"
    assert product.dataflow("cancel", pipeline_id, first).returncode == 0
    assert product.wait_for_run(pipeline_id, second)["run"]["state"] == "success"
