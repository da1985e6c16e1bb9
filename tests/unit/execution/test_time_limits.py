"""Time limits of stages and runs without an Airflow: the statement at work is stopped, and nothing is left behind."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from dataflow_provider.errors import DataflowError
from dataflow_provider.execution.results import RunResult
from tests.unit.execution.conftest import Workplace

ENDLESS = """\
%s
nodes:
  ids: {type: source.duckdb, query: SELECT 1 AS n}
  q: {type: target.duckdb, from: ids, table: quick, create: {if_missing: true}, write: {mode: overwrite}}
  src: {type: source.duckdb, query: "SELECT COUNT(*) AS n FROM range(1000000000) a, range(1000000) b"%s}
  t: {type: target.duckdb, from: src, table: t, write: {mode: overwrite}}
  z: {type: target.duckdb, from: ids, table: z, after: [t], create: {if_missing: true}, write: {mode: overwrite}}
  other: {type: target.duckdb, from: ids, table: o, after: [q], create: {if_missing: true}, write: {mode: overwrite}}
"""


@pytest.fixture
def target(workplace: Workplace) -> Workplace:
    workplace.sql("CREATE TABLE t AS SELECT 7 AS n")
    return workplace


@pytest.mark.parametrize(
    ("top", "own", "code", "said", "skipped"),
    [
        ("", ", timeout: 1s", "DF-RUN-056", "stage `t` timed out after 1s", {"z"}),
        ("run_timeout: 4s", "", "DF-RUN-057", "the run timed out after 4s, in stage `t`", {"z", "other"}),
        ("run_timeout: 0s", "", "DF-RUN-057", "the run timed out after 0s, in stage `ids`", {"q", "t", "z", "other"}),
    ],
)
def test_statement_is_stopped_when_its_time_is_over(
    target: Workplace, top: str, own: str, code: str, said: str, skipped: set[str]
) -> None:
    clock = signal.getitimer(signal.ITIMER_REAL)[0]
    began = time.monotonic()
    result = target.run(target.plan(ENDLESS % (top, own)))
    assert time.monotonic() - began < 20
    assert (signal.getitimer(signal.ITIMER_REAL)[0] > 0) == (clock > 0)
    assert result.state == "failed"
    (error,) = result.errors.values()
    assert (error.code, error.message) == (code, said)
    assert set(result.skipped) == skipped
    assert target.sql("FROM t") == [(7,)]


def test_run_within_its_time_is_left_alone(target: Workplace) -> None:
    text = "run_timeout: 1h\ndefaults: {timeout: 30m}\nnodes:\n  a: {type: source.duckdb, query: SELECT 1 AS n}\n"
    target.run_ok(target.plan(text + "  t: {type: target.duckdb, from: a, table: t, write: {mode: overwrite}}\n"))
    assert target.sql("FROM t") == [(1,)]


def test_other_threads_run_without_a_limit(target: Workplace) -> None:
    text = "run_timeout: 1h\nnodes:\n  a: {type: source.duckdb, query: SELECT 1 AS n}\n"
    plan = target.plan(text + "  t: {type: target.duckdb, from: a, table: t, write: {mode: overwrite}}\n")
    results: list[RunResult | DataflowError] = []
    thread = threading.Thread(target=lambda: results.append(target.run(plan)))
    thread.start()
    thread.join()
    (result,) = results
    assert isinstance(result, RunResult)
    assert result.state == "success"
