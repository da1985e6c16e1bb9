"""`dataflow validate` of one file as a whole process, beside a bare one that imports pydantic and PyYAML."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks.dag_fill.corpus import write_pipelines
from tests.benchmarks.figures import record

ROUNDS = [pytest.param(3, marks=pytest.mark.smoke), pytest.param(15, marks=pytest.mark.benchmark)]


def time_process(command: list[str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return time.perf_counter() - started


@pytest.mark.parametrize("rounds", ROUNDS)
def test_validate_of_one_file_as_a_whole_process(rounds: int, tmp_path: Path) -> None:
    file = write_pipelines(tmp_path, 1) / "billing" / "usage_0.yaml"
    validate = [sys.executable, "-m", "dataflow_provider.cli.main", "validate", str(file)]
    baseline = [sys.executable, "-c", "import pydantic.main, yaml"]
    pairs = [(time_process(validate), time_process(baseline)) for _ in range(rounds)]
    seconds = statistics.median(pair[0] for pair in pairs)
    ratio = statistics.median(pair[0] / pair[1] for pair in pairs)
    record("validate_process", {"seconds": round(seconds, 3), "times_bare_imports": round(ratio, 2)})
    if rounds > 3:
        assert seconds <= 0.5
