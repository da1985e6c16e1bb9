"""A run that takes longer than promised: in danger by its history, broken, then late and a warning."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.e2e.product import wait_for
from tests.e2e.scaled import Scaled

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("scaled")]

ALLOWED = timedelta(seconds=30)
NEARLY_OVER = 0.8  # when a run without a history is in danger
SLOW = """\
apiVersion: dataflow/v1
kind: Pipeline
id: promised
sla: {max_duration: 30s}
nodes:
  wait: {type: source.postgres, connection: shop, table: promised_wait}
  out: {type: target.postgres, connection: shop, from: wait, table: promised_out, write: {mode: overwrite}}
"""
# The run lasts until the test has opened the gate: a sequence, since a statement sees no rows that came after it began.
GATE = (
    "CREATE TABLE promised_out (id INTEGER)",
    "CREATE SEQUENCE promised_gate",
    """CREATE FUNCTION promised_pass() RETURNS INTEGER LANGUAGE plpgsql AS
       'BEGIN WHILE NOT (SELECT is_called FROM promised_gate) LOOP PERFORM pg_sleep(0.1); END LOOP; RETURN 1; END'""",
    "CREATE VIEW promised_wait AS SELECT promised_pass() AS id",
)
# Five runs took an hour each.
HISTORY = """\
INSERT INTO dataflow_run (pipeline_id, run_id, workspace, run_type, state, started_at, ended_at, duration_s, reasons,
                          source_id, source_state, recorded_at)
SELECT 'promised', 'earlier_' || n, 'e2e', 'manual', 'success', now() - interval '3 days',
       now() - interval '3 days' + interval '1 hour', 3600, '[]', -n, 'success', now()
FROM generate_series(1, 5) AS n
"""


def test_a_run_that_takes_too_long_is_at_risk_then_broken_then_late(scaled: Scaled) -> None:
    for statement in GATE:
        scaled.shop.query(statement)
    scaled.metadata.query(HISTORY)
    # The first task that a server hears of keeps it from answering for as long as a busy machine likes.
    scaled.product.client("engineer").timeout = 120
    run_id = scaled.start("promised", SLOW)
    at_risk, broken = wait_for_notice(scaled, "sla_at_risk"), wait_for_notice(scaled, "sla_breach")
    scaled.shop.query("SELECT nextval('promised_gate')")
    scaled.wait_for_state("promised", run_id, "warning", seconds=120)
    recorded = f"SELECT started_at, reasons::text FROM dataflow_run WHERE run_id = '{run_id}'"
    ((started, reasons),) = scaled.metadata.query(recorded)
    assert isinstance(started, datetime)
    assert "its `max_duration`" in str(reasons)
    assert at_risk["run_id"] == broken["run_id"] == run_id
    told_at, broken_at = (datetime.fromisoformat(one["last_seen_at"]) for one in (at_risk, broken))
    assert told_at < started + NEARLY_OVER * ALLOWED, "by then it would be in danger without a history, too"
    assert broken_at > started + ALLOWED
    wait_for_notice(scaled, "recovery")


def wait_for_notice(scaled: Scaled, kind: str) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        items = scaled.product.client("engineer").get("/notifications").json()["items"]
        return next((one for one in items if (one["pipeline_id"], one["kind"]) == ("promised", kind)), None)

    return wait_for(found, 90)
