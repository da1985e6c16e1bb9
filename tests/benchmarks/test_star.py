"""The star job on DuckDB and PostgreSQL: our pipeline, publish included, beside SQL by hand, steps and pandas.

All write the same table, in one transaction. Rounds are interleaved, and the median of each way counts: of the seconds
of CPU that this process and the server took, as elapsed time drifts by up to two on a shared machine, told too.
The promise: at most 1.15 times the best by hand.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.spec.project import Project
from tests.benchmarks.figures import record
from tests.benchmarks.star import Engine, warehouse
from tests.engines.postgres import PostgresServer

MOST = 1.15
FULL = 5_000_000
SIZES = [pytest.param(3_000, 1, marks=pytest.mark.smoke), pytest.param(FULL, 3, marks=pytest.mark.benchmark)]
WORK_MEMORY = "128MB"


class OneConnection:
    """The connections of a run: one, whatever its id."""

    def __init__(self, spec: ConnectionSpec) -> None:
        self.spec = spec

    def get(self, conn_id: str) -> ConnectionSpec:
        assert conn_id == self.spec.conn_id
        return self.spec


def run_ours(engine: Engine, folder: Path) -> None:
    project = Project(folder, "w", (folder,), folder / "unused.duckdb")
    result = run_pipeline(engine.plan(), RunValues("manual__star"), OneConnection(engine.spec), project)
    for error in result.errors.values():
        raise error


def compare(engine: Engine, calls: int, rounds: int, folder: Path) -> None:
    """Run every way in turn (the slow ones once), see that all write the same, and tell the medians."""
    engine.fill(calls)
    ways: dict[str, Callable[[], Any]] = {
        "ours": partial(run_ours, engine, folder),
        **{name: partial(engine.run, statements) for name, statements in engine.by_hand().items()},
        "stepwise": partial(engine.run, engine.stepwise()),
        "pandas": engine.by_pandas,
    }
    once = {"stepwise", "pandas"}
    elapsed: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    written = []
    for round_ in range(rounds):
        for name, run in ways.items():
            if round_ and name in once:
                continue
            started, spent = time.monotonic(), engine.cpu_seconds()
            run()
            elapsed[name].append(time.monotonic() - started)
            cpu[name].append(engine.cpu_seconds() - spent)
            written.append((name, engine.rows()))
    assert {name for name, rows in written if rows != written[0][1]} == set()
    assert written[0][1]
    middle = {name: statistics.median(seconds) for name, seconds in cpu.items()}
    ratio = middle["ours"] / min(seconds for name, seconds in middle.items() if name.startswith("hand_"))
    figures = {f"{name}_cpu_s": round(seconds, 2) for name, seconds in middle.items()}
    figures |= {f"{name}_s": round(statistics.median(seconds), 2) for name, seconds in elapsed.items()}
    record(f"star_{engine.name}", {"rows": calls, **figures, "times_best_by_hand": round(ratio, 3)})
    if calls >= FULL:
        assert ratio <= MOST


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("calls", "rounds"), SIZES)
def test_star_job_on_duckdb(calls: int, rounds: int, tmp_path: Path) -> None:
    compare(warehouse(tmp_path), calls, rounds, tmp_path)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("calls", "rounds"), SIZES)
def test_star_job_on_postgres(calls: int, rounds: int, tmp_path: Path, postgres_server: PostgresServer) -> None:
    database = f"star_{calls}"
    postgres_server.query(f"CREATE DATABASE {database}")
    # For everybody alike: the tests' server is small on purpose.
    postgres_server.query(f"ALTER DATABASE {database} SET work_mem = '{WORK_MEMORY}'")
    try:
        compare(Engine("postgres", postgres_server.with_schema(database).spec), calls, rounds, tmp_path)
    finally:
        postgres_server.query(f"DROP DATABASE {database} WITH (FORCE)")
