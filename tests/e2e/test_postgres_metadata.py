"""Airflow with its metadata in PostgreSQL: samples run, records arrive whoever dies, runs go on where they failed."""

from __future__ import annotations

import os
import signal

import pytest

from tests.e2e.product import wait_for
from tests.e2e.scaled import Scaled

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("scaled")]

# The first stage is done when the second one fails: the rule finds the row that the test takes away later.
RESUMED = """\
apiVersion: dataflow/v1
kind: Pipeline
id: resumed
defaults: {connection: shop}
nodes:
  orders: {type: source.postgres, table: orders}
  kept: {type: transform.select, from: orders, columns: [id, amount], checkpoint: true}
  out:
    type: target.postgres
    from: kept
    table: paid
    write: {mode: append}
    pre_sql: ["INSERT INTO gate SELECT id FROM closed"]
"""


@pytest.mark.parametrize("sample", ["hello_world", "voice_daily_usage", "flights_star"])
def test_a_sample_runs_and_its_record_arrives(scaled: Scaled, sample: str) -> None:
    document = scaled.product.finished_run(sample)
    assert document["run"]["state"] in ("success", "warning"), document
    run_id = document["run"]["run_id"]
    found = wait_for(
        lambda: scaled.metadata.query(
            f"SELECT state, rows_written FROM dataflow_run WHERE pipeline_id = '{sample}' AND run_id = '{run_id}'"
            " AND ended_at IS NOT NULL"
        ),
        60,
    )
    assert found[0][0] == document["run"]["state"]
    assert int(str(found[0][1])) > 0


def test_a_new_server_writes_the_records_that_a_killed_one_has_missed(scaled: Scaled) -> None:
    lease = "SELECT holder, term FROM dataflow_lease WHERE name = 'runs'"
    holder = wait_for(lambda: scaled.metadata.query(lease), 60)[0]
    run_id = scaled.trigger("hello_world")
    os.kill(int(str(holder[0]).split(":")[1]), signal.SIGKILL)
    wait_for(scaled.airflow.revive, 30)
    # Without a server its task may fail; the record must tell what became of it, whatever that is.
    ended = f"SELECT state FROM dag_run WHERE run_id = '{run_id}' AND state IN ('success', 'failed')"
    recorded = f"SELECT state FROM dataflow_run WHERE run_id = '{run_id}' AND ended_at IS NOT NULL"
    assert wait_for(lambda: scaled.metadata.query(recorded), 180) == scaled.metadata.query(ended)
    after = scaled.metadata.query(lease)[0]
    assert after[0] != holder[0]
    assert int(str(after[1])) > int(str(holder[1]))


def test_a_failed_run_goes_on_from_its_checkpoint(scaled: Scaled) -> None:
    for statement in (
        "CREATE TABLE orders AS SELECT n AS id, n * 10 AS amount FROM generate_series(1, 100) AS n",
        "CREATE TABLE paid (id INTEGER, amount INTEGER)",
        "CREATE TABLE gate (id INTEGER CHECK (id <> 1))",
        "CREATE TABLE closed AS SELECT 1 AS id",
    ):
        scaled.shop.query(statement)
    run_id = scaled.start("resumed", RESUMED)
    failed = scaled.wait_for_state("resumed", run_id, "failed")
    assert {stage["id"]: stage["state"] for stage in failed["stages"]} == {"kept": "success", "out": "failed"}
    assert scaled.shop.query("SELECT COUNT(*) FROM paid") == [(0,)]
    # The source has changed since: rows that are there afterwards came from the checkpoint.
    for statement in ("DELETE FROM closed", "DELETE FROM orders"):
        scaled.shop.query(statement)
    answer = scaled.product.client("operator").post(f"/runs/resumed/{run_id}/resume", json={})
    assert answer.status_code == 200, answer.text
    done = scaled.wait_for_state("resumed", run_id, "success")
    assert {stage["id"]: stage["try_number"] for stage in done["stages"]} == {"kept": 1, "out": 2}
    assert scaled.shop.query("SELECT COUNT(*), SUM(amount) FROM paid") == [(100, 50500)]
