"""A task that is killed tells nobody; its run says by itself, without anybody asking, why it failed."""

from __future__ import annotations

from functools import partial
from typing import Any

import psutil
import pytest

from tests.e2e.chaos import WORKER_TITLE
from tests.e2e.product import wait_for
from tests.e2e.scaled import Scaled

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("scaled")]

SLEEPING = """\
apiVersion: dataflow/v1
kind: Pipeline
id: {id}
defaults: {{connection: shop, retries: 0}}
nodes:
  slow: {{type: source.postgres, table: nap_{id}}}
  out: {{type: target.postgres, from: slow, table: t_{id}, write: {{mode: overwrite}}}}
"""


def begin(scaled: Scaled, pipeline_id: str) -> tuple[str, psutil.Process]:
    """Return a run at work, and the worker that supervises its task."""
    scaled.shop.query(f"CREATE TABLE t_{pipeline_id} AS SELECT 1 AS id")
    scaled.shop.query(f"CREATE VIEW nap_{pipeline_id} AS SELECT 2 AS id FROM (SELECT pg_sleep(600)) AS nap")
    before = {one.pid for one in busy_workers(scaled)}
    run_id = scaled.start(pipeline_id, SLEEPING.format(id=pipeline_id))
    wait_for(lambda: scaled.statements(f"nap_{pipeline_id}") > 0, 90)
    (worker,) = [one for one in busy_workers(scaled) if one.pid not in before]
    return run_id, worker


def busy_workers(scaled: Scaled) -> list[psutil.Process]:
    titles = [(one, " ".join(one.cmdline())) for one in scaled.airflow.processes() if one.is_running()]
    return [one for one, title in titles if title.startswith(WORKER_TITLE) and "<idle>" not in title]


def kept_diagnosis(scaled: Scaled, pipeline_id: str, run_id: str) -> dict[str, Any] | None:
    answer = scaled.product.client("engineer").get(f"/runs/{pipeline_id}/{run_id}/stages/out/diagnosis")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document if document["made_at"] is not None and document["root_cause"] != "unknown" else None


def test_killed_tasks_are_diagnosed_by_themselves(scaled: Scaled) -> None:
    killed, killed_supervisor = begin(scaled, "killed")
    orphaned, orphaned_supervisor = begin(scaled, "orphaned")
    (task,) = killed_supervisor.children()
    task.kill()
    for process in (orphaned_supervisor, *orphaned_supervisor.children(recursive=True)):
        process.kill()
    for pipeline_id, run_id, cause in (
        ("killed", killed, "out_of_memory"),
        ("orphaned", orphaned, "airflow_heartbeat_lost"),
    ):
        scaled.wait_for_state(pipeline_id, run_id, "failed", seconds=120)
        found = wait_for(partial(kept_diagnosis, scaled, pipeline_id, run_id), 90)
        assert (pipeline_id, found["root_cause"]) == (pipeline_id, cause)
        assert found["evidence"]
