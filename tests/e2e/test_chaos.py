"""Pipelines of all engines and write modes, while tasks, workers, Airflow's parts, databases and sessions die.

`CHAOS_SECONDS`, `CHAOS_PIPELINES`, `CHAOS_RUNS` and `CHAOS_SEED` make it longer or repeat it; `make chaos` is long.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from tests.e2e.chaos import Driver, Journey, Killer
from tests.e2e.chaos_pipelines import fill_source, make_pipelines, rows_of, stage_tables
from tests.e2e.product import wait_for
from tests.e2e.scaled import Scaled
from tests.engines.mariadb import MariaDBServer, start_mariadb
from tests.engines.postgres import PostgresServer, start_postgres

SECONDS = float(os.environ.get("CHAOS_SECONDS", "45"))
PIPELINES = int(os.environ.get("CHAOS_PIPELINES", "6"))
RUNS = int(os.environ.get("CHAOS_RUNS", "2"))
SEED = int(os.environ.get("CHAOS_SEED", "20260131"))
AFTERWARDS_S = 300.0 + 20 * PIPELINES * RUNS

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("scaled"),
    pytest.mark.timeout(SECONDS + AFTERWARDS_S + 600),
]


@pytest.fixture
def targets() -> Iterator[tuple[PostgresServer, MariaDBServer]]:
    with start_postgres() as postgres, start_mariadb(durable=True) as mariadb:
        yield postgres, mariadb


def make_connections(
    scaled: Scaled, folder: Path, targets: tuple[PostgresServer, MariaDBServer]
) -> dict[str, ConnectionSpec]:
    """Return the connection of each engine; Airflow has them under `chaos_<engine>`, and each has the source's rows."""
    specs = {
        "postgres": targets[0].spec,
        "mysql": targets[1].spec,
        "duckdb": ConnectionSpec("chaos_duckdb", "duckdb", host=str(folder / "chaos.duckdb")),
        "sqlite": ConnectionSpec("chaos_sqlite", "sqlite", host=str(folder / "chaos.sqlite")),
    }
    for engine, spec in specs.items():
        fields = {name: getattr(spec, name) for name in ("host", "port", "schema", "login", "password")}
        body = {"connection_id": f"chaos_{engine}", "conn_type": spec.conn_type, **fields}
        answer = scaled.product.airflow_api().post("/connections", json=body)
        assert answer.status_code == 201, answer.text
        fill_source(spec, RUNS, folder / "rows.csv")
    return specs


def test_every_target_equals_clean_runs_whatever_is_killed(
    scaled: Scaled, tmp_path: Path, targets: tuple[PostgresServer, MariaDBServer]
) -> None:
    print(f"seed={SEED} seconds={SECONDS:.0f} pipelines={PIPELINES} runs={RUNS}")
    specs = make_connections(scaled, tmp_path, targets)
    pipelines = make_pipelines(PIPELINES)
    for pipeline in pipelines:
        scaled.product.write(pipeline.id, pipeline.yaml())
    for pipeline in pipelines:
        scaled.product.wait_for_pipeline(pipeline.id, lambda item: item["state"] != "invalid")
        scaled.product.unpause(pipeline.id)
    driver = Driver(scaled, [Journey(pipeline, RUNS) for pipeline in pipelines])
    killer = Killer(scaled, *targets, random.Random(SEED))
    live_through(driver, killer)
    print(
        f"{len(killer.kills)} kills, {sum(one.again for one in driver.journeys)} runs started again",
        *killer.kills,
        sep="\n  ",
    )

    for pipeline in pipelines:
        assert rows_of(specs[pipeline.engine], pipeline.id) == pipeline.expected(RUNS), pipeline
    clean_up(scaled, list(specs))
    assert stage_tables(specs.values()) == []


def live_through(driver: Driver, killer: Killer) -> None:
    """All runs are done, after killing for `SECONDS` or as long as there are runs."""
    until = time.monotonic() + SECONDS
    while not driver.step() and time.monotonic() < until:
        killer.act_when_due()
        killer.mend()
        time.sleep(0.5)
    killer.mend()

    def is_done() -> bool:
        killer.mend()
        return driver.step()

    try:
        wait_for(is_done, AFTERWARDS_S)
    except AssertionError:
        pytest.fail(f"runs are stuck; kills: {killer.kills}\n{driver.stuck()}")


def clean_up(scaled: Scaled, engines: list[str]) -> None:
    """What tries that were killed have left is dropped by the product's own command."""
    time.sleep(2)
    chosen = [part for engine in engines for part in ("--connection", f"chaos_{engine}")]
    done = scaled.product.dataflow("clean", *chosen, "--older-than", "1s", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    print(f"{len(json.loads(done.stdout)['tables'])} stage tables were left to clean up")
