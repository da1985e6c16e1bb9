"""Quality nodes under a run: what each severity does with rows, targets and the state of the run."""

from __future__ import annotations

import pytest

from dataflow_provider.execution.results import RunResult
from dataflow_provider.quality.results import QualityError
from tests.unit.execution.conftest import Workplace

PIPELINE = """
src: {type: source.duckdb, table: s}
q:
  type: quality.column_rules
  from: src
  severity: %s
  sensitive: [secret]
  rules:
    - {column: id, check: not_null}
    - {column: id, check: unique}
    - {column: v, check: in, values: [a, b]}
    - {column: n, check: range, min: 1, max: 10, threshold: %s}
    - {column: v, check: regex, pattern: "^[a-z]$"}
    - {column: v, check: length, max: 1}
out: {type: target.duckdb, from: q, table: o, write: {mode: overwrite}, create: {if_missing: true}}
"""
REJECTS = """
bad: {type: target.duckdb, from: q.rejected, table: bad, write: {mode: overwrite}, create: {if_missing: true}}
"""
FAILING = {
    "id not_null": 1, "id unique": 2, "v in": 2, "n range": 2, "v regex": 2, "v length": 1,
}  # fmt: skip


@pytest.fixture
def fed(workplace: Workplace) -> Workplace:
    workplace.sql(
        "CREATE TABLE s AS SELECT * FROM (VALUES (1, 'a', 1, 'x'), (1, 'b', 10, 'y'), (2, 'cc', 0, 'z'), "
        "(NULL, NULL, NULL, NULL), (3, 'C', 11, 'w')) AS x(id, v, n, secret)"
    )
    return workplace


def failing(result: RunResult) -> dict[str, int | None]:
    return {one.rule: one.failed for one in result.quality}


def test_block_stops_before_the_target_and_tells_every_rule(fed: Workplace) -> None:
    fed.sql("CREATE TABLE o AS SELECT 1 AS kept")
    result = fed.run(fed.plan(PIPELINE % ("block", 0)))
    assert (result.state, result.skipped) == ("failed", ("out",))
    error = result.errors["q"]
    assert isinstance(error, QualityError)
    assert error.code == "DF-QUAL-020"
    assert "`id unique`: 2 of 5 rows fail (40 %)" in error.message
    assert failing(result) == FAILING
    assert fed.sql("FROM o") == [(1,)]
    assert fed.sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_name LIKE 'df_%'") == [(0,)]
    node = next(one for one in result.to_json()["nodes"] if one["id"] == "q")
    assert (node["rows_in"], node["rows_out"]) == (5, 0)
    assert [one["failed"] for one in node["quality"]] == list(FAILING.values())


def test_warn_publishes_and_ends_as_warning(fed: Workplace) -> None:
    result = fed.run_ok(fed.plan(PIPELINE % ("warn", 0)))
    assert result.state == "warning"
    assert failing(result) == FAILING
    assert fed.sql("SELECT COUNT(*) FROM o") == [(5,)]


def test_samples_are_failing_rows_with_sensitive_columns_masked(fed: Workplace) -> None:
    result = fed.run_ok(fed.plan(PIPELINE % ("warn", 0)))
    samples = {one.rule: [dict(row) for row in one.samples] for one in result.quality}
    assert samples["v length"] == [{"id": 2, "v": "cc", "n": 0, "secret": "***"}]
    assert sorted(str(row["v"]) for row in samples["id unique"]) == ["a", "b"]
    assert samples["id not_null"] == [{"id": None, "v": None, "n": None, "secret": None}]


def test_quarantine_sends_failing_rows_away_with_their_reasons(fed: Workplace) -> None:
    result = fed.run_ok(fed.plan(PIPELINE % ("quarantine", 0) + REJECTS))
    assert result.state == "warning"
    assert fed.sql("SELECT * FROM o") == []
    assert fed.sql("SELECT v, _reject_reason FROM bad ORDER BY v NULLS LAST") == [
        ("C", "v in; n range; v regex"),
        ("a", "id unique"),
        ("b", "id unique"),
        ("cc", "v in; n range; v regex; v length"),
        (None, "id not_null"),
    ]
    node = next(one for one in result.nodes if one.id == "q")
    assert (node.rows_in, node.rows_out, node.rows_rejected) == (5, 0, 5)


@pytest.mark.parametrize("severity", ["warn", "block", "quarantine"])
def test_no_rows_hold_every_rule(fed: Workplace, severity: str) -> None:
    fed.sql("DELETE FROM s")
    result = fed.run_ok(fed.plan(PIPELINE % (severity, 0) + (REJECTS if severity == "quarantine" else "")))
    assert result.state == "success"
    assert set(failing(result).values()) == {0}


@pytest.mark.parametrize(
    ("threshold", "passed"),
    [(2, True), (1, False), ('"40%"', True), ('"39.9%"', False), (0.4, True), (0.39, False), (0, False)],
)
def test_thresholds_are_inclusive(fed: Workplace, threshold: object, passed: bool) -> None:
    result = fed.run_ok(fed.plan(PIPELINE % ("warn", threshold)))
    assert {one.rule: one.passed for one in result.quality}["n range"] is passed
