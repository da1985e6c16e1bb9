"""Every check with every severity on every engine that runs here, with NULLs, duplicates, no rows, and thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.execution.pipeline import run_pipeline
from dataflow_provider.execution.results import RunResult
from dataflow_provider.quality.results import QualityError
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project
from tests.conformance.engine import OneConnection
from tests.engines.live import LiveEngine

ROWS = (
    "(1, 'ab', 1, '2026-01-01 10:00:00')",
    "(1, 'AB', 10, '2026-01-01 12:00:00')",
    "(2, 'abc ', 11, NULL)",
    "(NULL, NULL, NULL, NULL)",
    "(5, 'x''y', -3, '2025-12-31 00:00:00')",
)
FIRST = RunValues("r1")
CHECKS: dict[str, tuple[dict[str, Any], set[int | None]]] = {
    "not-null": ({"column": "id", "check": "not_null"}, {None}),
    "unique": ({"column": "id", "check": "unique"}, {1}),
    "in": ({"column": "v", "check": "in", "values": ["ab", "x'y", None]}, {1, 2}),
    "in-numbers": ({"column": "n", "check": "in", "values": [1, 10, -3]}, {2}),
    "range": ({"column": "n", "check": "range", "min": 1, "max": 10}, {2, 5}),
    "range-of-moments": ({"column": "at", "check": "range", "min": datetime(2026, 1, 1)}, {5}),
    "regex": ({"column": "v", "check": "regex", "pattern": "^[a-z]+"}, {1}),
    "length": ({"column": "v", "check": "length", "max": 3}, {2}),
}
FAILING = {
    "not-null": 1, "unique": 2, "in": 2, "in-numbers": 1, "range": 2, "range-of-moments": 1, "regex": 1, "length": 1,
}  # fmt: skip


@dataclass
class Shop:
    """An engine with the tables `s` and `keys`; pipelines write `good` and `bad`."""

    engine: LiveEngine
    folder: Path

    def table(self, name: str) -> str:
        return f"{self.engine.schema}.{name}" if self.engine.schema else name

    def sql(self, *statements: str) -> None:
        with self.engine.open() as session:
            for statement in statements:
                session.execute(statement)

    def rows(self, name: str, columns: str = "*") -> list[tuple[Any, ...]] | None:
        table = self.engine.table(name)
        with self.engine.open() as session:
            if session.columns_of(table) is None:
                return None
            return sorted(session.fetch_rows(f"SELECT {columns} FROM {table}")[1], key=repr)

    def run(self, quality: Mapping[str, Any], values: RunValues = FIRST, **more: Any) -> RunResult:
        kind, source = self.engine.name, {"type": f"source.{self.engine.name}", "table": self.table("s")}
        nodes: dict[str, Any] = {"src": source, "q": {"from": "src", **quality}, **more}
        for name, given in {
            "good": "q",
            **({"bad": "q.rejected"} if quality["severity"] == "quarantine" else {}),
        }.items():
            nodes[name] = {
                "type": f"target.{kind}", "from": given, "table": self.table(name), "write": {"mode": "overwrite"},
                "create": {"if_missing": True},
            }  # fmt: skip
        document = {
            "apiVersion": "dataflow/v1", "kind": "Pipeline", "id": "p", "nodes": nodes,
            "defaults": {"connection": self.engine.spec.conn_id},
        }  # fmt: skip
        project = Project(self.folder, "w", (self.folder,), self.folder / "unused.duckdb")
        plan = plan_pipeline(Pipeline.model_validate(document))
        return run_pipeline(plan, values, OneConnection(self.engine.spec), project)


@pytest.fixture
def shop(live_engine: LiveEngine, tmp_path: Path) -> Shop:
    made = Shop(live_engine, tmp_path)
    text = "VARCHAR(20) COLLATE utf8mb4_nopad_bin" if live_engine.name == "mysql" else "VARCHAR(20)"
    moment = "DATETIME" if live_engine.name == "mysql" else "TIMESTAMP"
    q = get_dialect(live_engine.name).publish.quote
    made.sql(
        f"CREATE TABLE {live_engine.table('s')} "
        f"({q('id')} INTEGER, {q('v')} {text}, {q('n')} INTEGER, {q('at')} {moment})",
        f"INSERT INTO {live_engine.table('s')} VALUES {', '.join(ROWS)}",
        f"CREATE TABLE {live_engine.table('keys')} ({q('k')} INTEGER, {q('m')} INTEGER)",
        f"INSERT INTO {live_engine.table('keys')} VALUES (1, 1), (1, 10), (5, 0), (NULL, -3)",
    )
    return made


def rules(*names: str, **more: Any) -> dict[str, Any]:
    return {"type": "quality.column_rules", "rules": [{**CHECKS[name][0], **more} for name in names]}


def test_every_check_counts_and_sends_away_the_same_rows(shop: Shop) -> None:
    names = list(CHECKS)
    warned = shop.run({**rules(*names), "severity": "warn"})
    assert warned.errors == {}
    assert warned.state == "warning"
    assert [one.failed for one in warned.quality] == [FAILING[name] for name in names]
    assert {one.checked for one in warned.quality} == {5}
    samples = {name: {row["id"] for row in one.samples} for name, one in zip(names, warned.quality, strict=True)}
    assert samples == {name: ids for name, (_, ids) in CHECKS.items()}
    sent = shop.run({**rules(*names), "severity": "quarantine"}, RunValues("r2"))
    assert sent.errors == {}
    assert [one.failed for one in sent.quality] == [FAILING[name] for name in names]
    assert shop.rows("good", "v") == []
    reasons = {
        "ab": "id unique",
        "AB": "id unique; v in; v regex",
        "abc ": "v in; n in; n range; v length",
        None: "id not_null",
        "x'y": "n range; at range",
    }
    assert dict(shop.rows("bad", "v, _reject_reason") or []) == reasons


def test_block_leaves_the_target_as_it_was(shop: Shop) -> None:
    good = shop.run({**rules("range", threshold=2), "severity": "block"})
    assert (good.state, len(shop.rows("good") or [])) == ("success", 5)
    shop.sql(f"DELETE FROM {shop.engine.table('s')} WHERE n = 1")
    bad = shop.run({**rules("range", threshold=1), "severity": "block"}, RunValues("r2"))
    assert isinstance(bad.errors["q"], QualityError)
    assert len(shop.rows("good") or []) == 5


@pytest.mark.parametrize("severity", ["warn", "block", "quarantine"])
def test_no_rows_hold_every_rule(shop: Shop, severity: str) -> None:
    shop.sql(f"DELETE FROM {shop.engine.table('s')}")
    result = shop.run({**rules(*CHECKS), "severity": severity})
    assert result.errors == {}
    assert result.state == "success"
    assert {(one.failed, one.share, one.passed) for one in result.quality} == {(0, 0.0, True)}


def test_row_rule_fails_where_it_is_not_true(shop: Shop) -> None:
    rule = {"type": "quality.row_rule", "where": "n > 0 OR id = 5", "severity": "quarantine", "threshold": "20%"}
    result = shop.run(rule)
    assert result.errors == {}
    assert [(one.failed, one.passed) for one in result.quality] == [(1, True)]
    assert result.state == "warning"
    assert shop.rows("bad", "_reject_reason") == [("where n > 0 OR id = 5",)]


def test_reference_misses_keys_but_not_null_ones(shop: Shop) -> None:
    one = {"table": shop.table("keys"), "columns": ["k"]}
    result = shop.run({"type": "quality.reference", "columns": ["id"], "reference": one, "severity": "quarantine"})
    assert result.errors == {}
    assert shop.rows("bad", "id") == [(2,)]
    two = {"table": shop.table("keys"), "columns": ["k", "m"]}
    result = shop.run(
        {"type": "quality.reference", "columns": ["id", "n"], "reference": two, "severity": "warn"}, RunValues("r2")
    )
    assert [found.failed for found in result.quality] == [2]
    assert {row["id"] for row in result.quality[0].samples} == {2, 5}


def test_freshness_is_measured_to_the_end_of_the_interval(shop: Shop) -> None:
    def run(hour: int, **more: Any) -> list[bool]:
        end = datetime(2026, 1, 2, hour, tzinfo=UTC)
        values = RunValues(f"r{hour}", end, datetime(2026, 1, 1, tzinfo=UTC), end)
        result = shop.run({"type": "quality.freshness", "severity": "warn", **more}, values)
        assert result.errors == {}
        return [one.passed for one in result.quality]

    assert run(12, column="at", max_age="1d") == [True]
    assert run(13, column="at", max_age="1d", min_rows=5, max_rows=5) == [False, True]
    assert run(12, min_rows=6) == [False]
    shop.sql(f"DELETE FROM {shop.engine.table('s')}")
    assert run(12, column="at", max_age="1d", min_rows=0) == [False, True]


def test_runs_are_compared_with_earlier_ones(shop: Shop) -> None:
    quality = {"type": "quality.freshness", "compare_runs": {"n": 2, "tolerance": "20%"}, "severity": "block"}
    first = shop.run(quality)
    assert (first.state, "no earlier run" in first.quality[0].message) == ("success", True)
    shop.sql(f"DELETE FROM {shop.engine.table('s')} WHERE n = 1")
    assert shop.run(quality, RunValues("r2")).state == "success"
    shop.sql(f"DELETE FROM {shop.engine.table('s')} WHERE n = 10")
    third = shop.run(quality, RunValues("r3"))
    assert (third.state, "4.5 on average of the last 2 runs" in third.quality[0].message) == ("failed", True)


def test_reconcile_compares_measures_with_a_node_and_with_a_query(shop: Shop) -> None:
    kind = shop.engine.name
    measures = {"rows": "COUNT(*)", "total": "SUM(n)"}
    other = {"type": "transform.filter", "from": "src", "where": "n <> 1"}
    node = {"type": "quality.reconcile", "against": "other", "measures": measures, "severity": "warn"}
    result = shop.run({**node, "tolerance": 2}, other=other)
    assert result.errors == {}
    assert [(one.rule, one.passed) for one in result.quality] == [("rows", True), ("total", True)]
    result = shop.run({**node, "tolerance": "5%"}, RunValues("r2"), other=other)
    assert [one.passed for one in result.quality] == [False, False]
    query = {"connection": shop.engine.spec.conn_id, "query": f"SELECT * FROM {shop.engine.table('s')} WHERE n = 10"}
    result = shop.run({**node, "against": query, "tolerance": 4}, RunValues("r3"))
    assert [one.passed for one in result.quality] == [True, False], kind


def test_rows_of_another_connection_are_refused_before_anything_runs(shop: Shop) -> None:
    there = {"connection": "elsewhere", "table": "keys", "columns": ["k"]}
    with pytest.raises(CompileError, match=r"DF-PLAN-001.*rows of `elsewhere`"):
        shop.run({"type": "quality.reference", "columns": ["id"], "reference": there, "severity": "warn"})
    query = {"connection": "elsewhere", "query": "SELECT 1 AS n"}
    with pytest.raises(CompileError, match=r"DF-PLAN-001.*rows of `elsewhere`"):
        shop.run({"type": "quality.reconcile", "against": query, "measures": {"n": "SUM(n)"}, "severity": "warn"})
