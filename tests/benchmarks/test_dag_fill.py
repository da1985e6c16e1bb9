"""CPU time to fill a DagBag: our stubs beside dag-factory 1.1.0 and a hand-written loop, all with six tasks a Dag.

Gates are ratios, and 10 ms for the one Dag that a worker loads; 2 ms a Dag is the aim, recorded.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

import pytest

from dataflow_provider.dag_factory.bundles import write_stubs
from tests.benchmarks.dag_fill import corpus
from tests.benchmarks.figures import record

MEASURE = Path(__file__).parent / "dag_fill" / "measure.py"
ROUNDS = 5
SIZES = [
    pytest.param(5, marks=pytest.mark.smoke),
    pytest.param(500, marks=pytest.mark.benchmark),
    pytest.param(2000, marks=pytest.mark.benchmark),
]


class Fill(TypedDict):
    dags: int
    tasks: list[int]
    cpu_s: float


def fill(folder: Path, warm_up: Path, single: Path | None = None) -> Fill:
    """Fill one DagBag in a fresh process and return what it measured."""
    arguments = [str(folder), str(warm_up), *([str(single)] if single else [])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"}
    done = subprocess.run(
        [sys.executable, str(MEASURE), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    measured: Fill = json.loads(done.stdout.splitlines()[-1])
    return measured


def write_corpora(folder: Path, count: int) -> dict[str, Path]:
    pipelines = corpus.write_pipelines(folder / "ours", count)
    stubs = folder / "stubs"
    write_stubs(pipelines, stubs)
    return {
        "dataflow": stubs,
        "dag_factory": corpus.write_dag_factory(folder / "factory", count),
        "hand_written": corpus.write_hand_written(folder / "hand", count),
    }


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("count", SIZES)
def test_dag_fill_of_all_corpora_loads_every_dag(count: int, tmp_path: Path) -> None:
    corpora = write_corpora(tmp_path / "full", count)
    warm_ups = write_corpora(tmp_path / "warm", 1)
    # Interleaved, and the best round of each counts: a shared machine's speed drifts by up to two within seconds.
    rounds = [
        {name: fill(corpora[name], warm_ups[name]) for name in corpora} for _ in range(ROUNDS if count > 100 else 1)
    ]
    assert all(one["dags"] == count and one["tasks"] == [6] for measured in rounds for one in measured.values())
    best = {name: min(one[name]["cpu_s"] for one in rounds) for name in corpora}
    faster_than_factory = best["dag_factory"] / best["dataflow"]
    against_hand_written = best["dataflow"] / best["hand_written"]
    record(
        f"dag_fill_{count}",
        {f"{name}_ms_per_dag": round(1000 * best[name] / count, 2) for name in corpora}
        | {
            "times_faster_than_dag_factory": round(faster_than_factory, 2),
            "times_hand_written": round(against_hand_written, 2),
        },
    )
    if count > 100:
        assert faster_than_factory >= 2.5
        assert against_hand_written <= 1.5


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "count", [pytest.param(5, marks=pytest.mark.smoke), pytest.param(2000, marks=pytest.mark.benchmark)]
)
def test_worker_load_of_one_dag_does_not_grow_with_the_number_of_pipelines(count: int, tmp_path: Path) -> None:
    corpora = write_corpora(tmp_path / "full", count)
    warm_up = write_corpora(tmp_path / "warm", 1)["dataflow"]
    single = next(iter(sorted(corpora["dataflow"].rglob(f"usage_{count - 1}.py"))))
    rounds = [fill(corpora["dataflow"], warm_up, single) for _ in range(ROUNDS)]
    assert all(measured["dags"] == 1 for measured in rounds)
    milliseconds = 1000 * statistics.median(measured["cpu_s"] for measured in rounds)
    record(f"worker_load_{count}", {"one_dag_ms": round(milliseconds, 2)})
    if count > 100:
        assert milliseconds <= 10.0
