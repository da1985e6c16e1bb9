"""CeleryExecutor and Redis: a worker that is killed in the middle of a stage, and the retry on another one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.product import wait_for
from tests.e2e.scaled import Scaled
from tests.engines.processes import Server, answers, free_port, require_program

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("scaled")]

WORKER = ("celery", "worker", "--concurrency", "2", "--skip-serve-logs", "--without-gossip", "--without-mingle")
PIPELINE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: moved_on
defaults: {connection: shop, retries: 3, retry_delay: 1s}
nodes:
  slow: {type: source.postgres, table: celery_nap}
  out: {type: target.postgres, from: slow, table: celery_target, write: {mode: append}}
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    require_program("redis-server", "redis-server")
    port = free_port()
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
    # By its own name: the file is a link, and the program behind it looks at what it was called.
    server = Server(("redis-server", *options), tmp_path / "redis.log")
    try:
        server.wait_until(lambda: answers(port))
        yield f"redis://127.0.0.1:{port}"
    finally:
        server.stop()


def test_a_stage_whose_celery_worker_is_killed_is_done_by_another(scaled: Scaled, broker: str) -> None:
    for statement in (
        "CREATE TABLE celery_rows AS SELECT n AS id FROM generate_series(1, 100) AS n",
        "CREATE TABLE celery_target (id INTEGER, _run_id TEXT)",
        "CREATE TABLE celery_seconds AS SELECT 600 AS n",
        "CREATE VIEW celery_nap AS SELECT id FROM celery_rows, (SELECT pg_sleep(n) FROM celery_seconds) AS nap",
    ):
        scaled.shop.query(statement)
    settings = {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CELERY__BROKER_URL": f"{broker}/0",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"{broker}/1",
    }
    with scaled.airflow.scheduler_with(settings):
        scaled.airflow.start_beside("worker", *WORKER)
        run_id = scaled.start("moved_on", PIPELINE)
        wait_for(lambda: scaled.statements("celery_nap") > 0, 120)
        scaled.airflow.kill("worker")
        scaled.shop.query("UPDATE celery_seconds SET n = 0")
        wait_for(lambda: scaled.statements("celery_nap") == 0, 20)
        scaled.airflow.start_beside("another worker", *WORKER)
        document = scaled.wait_for_state("moved_on", run_id, "success", seconds=180)
    assert {stage["id"]: stage["try_number"] for stage in document["stages"]} == {"out": 2}
    assert scaled.shop.query("SELECT COUNT(*), COUNT(DISTINCT id) FROM celery_target") == [(100, 100)]
