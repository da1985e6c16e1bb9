"""Cancelling a run, and a timeout, end the statement in the database itself: it is asked what it still does."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.e2e.product import wait_for
from tests.e2e.scaled import Scaled

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("scaled")]

GONE_WITHIN_S = 20.0
LONG = """\
apiVersion: dataflow/v1
kind: Pipeline
id: {id}
defaults: {{connection: shop}}
nodes:
  slow:
    type: source.postgres
    table: nap_{id}
    {extra}
  out: {{type: target.postgres, from: slow, table: t_{id}, write: {{mode: overwrite}}}}
"""


def begin(scaled: Scaled, pipeline_id: str, extra: str = "") -> str:
    """Return the id of a run whose statement is at work."""
    scaled.shop.query(f"CREATE TABLE t_{pipeline_id} AS SELECT 1 AS id")
    scaled.shop.query(f"CREATE VIEW nap_{pipeline_id} AS SELECT 2 AS id FROM (SELECT pg_sleep(600)) AS nap")
    run_id = scaled.start(pipeline_id, LONG.format(id=pipeline_id, extra=extra))
    wait_for(lambda: scaled.statements(f"nap_{pipeline_id}") > 0, 90)
    return run_id


def check_nothing_is_left(scaled: Scaled, pipeline_id: str) -> None:
    assert scaled.shop.query(f"SELECT id FROM t_{pipeline_id}") == [(1,)]
    tables = scaled.shop.query(f"SELECT table_name FROM _dataflow.stage_tables WHERE pipeline = '{pipeline_id}'")
    assert tables == []


def cancel_by_api(scaled: Scaled, pipeline_id: str, run_id: str) -> None:
    answer = scaled.product.client("operator").post(f"/runs/{pipeline_id}/{run_id}/cancel")
    assert answer.status_code in (200, 204), answer.text


def cancel_by_command(scaled: Scaled, pipeline_id: str, run_id: str) -> None:
    done = scaled.product.dataflow("cancel", pipeline_id, run_id)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("pipeline_id", "cancel"), [("stopped_by_api", cancel_by_api), ("stopped_by_command", cancel_by_command)]
)
def test_a_cancelled_run_ends_its_statement(
    scaled: Scaled, pipeline_id: str, cancel: Callable[[Scaled, str, str], None]
) -> None:
    run_id = begin(scaled, pipeline_id)
    cancel(scaled, pipeline_id, run_id)
    began = time.monotonic()
    wait_for(lambda: scaled.statements(f"nap_{pipeline_id}") == 0, GONE_WITHIN_S)
    print(f"the statement was gone after {time.monotonic() - began:.1f} s")
    scaled.wait_for_state(pipeline_id, run_id, "cancelled")
    check_nothing_is_left(scaled, pipeline_id)


def test_a_node_that_takes_too_long_ends_its_statement(scaled: Scaled) -> None:
    run_id = begin(scaled, "too_long", "timeout: 3s")
    document = scaled.wait_for_state("too_long", run_id, "failed")
    assert scaled.statements("nap_too_long") == 0
    assert {stage["state"] for stage in document["stages"]} <= {"failed", "upstream_failed"}
    check_nothing_is_left(scaled, "too_long")
