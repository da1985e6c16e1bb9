"""What a stage keeps instead of fusing it: each rule on the smallest SQL that it speaks of, and in the docs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from dataflow_provider.cli.main import main
from dataflow_provider.compiler.compiled import CompiledStage
from dataflow_provider.compiler.passes.inside import RULES, Fused, find_kept
from dataflow_provider.compiler.plan import plan_pipeline
from dataflow_provider.compiler.sql import compile_stage
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.registry import get_dialect
from tests.unit.compiler.conftest import VALUES, Warehouse, make_pipeline

DUCKDB, MYSQL, POSTGRES = get_dialect("duckdb"), get_dialect("mysql"), get_dialect("postgres")


def fused(
    dialect: SqlDialect, bodies: dict[str, str], *outputs: Sequence[str], checks: Sequence[Sequence[str]] = ()
) -> Fused:
    """Return common table expressions that read each other by name, and tables that are not among them."""
    trees: dict[str, exp.Query] = {}
    reads: dict[str, list[str]] = {}
    for name, text in bodies.items():
        tree = sqlglot.parse_one(text, dialect=dialect.sqlglot)
        assert isinstance(tree, exp.Query)
        trees[name] = tree
        reads[name] = []
        for one in tree.find_all(exp.Table):
            if one.name in trees:
                one.meta["ours"] = True
                reads[name].append(one.name)
    return Fused(dialect, trees, reads, frozenset(), outputs, checks)


def rules_of(at: Fused) -> dict[str, str]:
    return {name: boundary.rule for name, boundary in find_kept(at).items()}


CHAIN = {"c0": "SELECT a FROM t"} | {f"c{n}": f"SELECT a FROM c{n - 1}" for n in range(1, 120)}
JOIN = "SELECT 1 AS a FROM " + " CROSS JOIN ".join(f"t{n}" for n in range(20))
RANKED = "SELECT a, ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) AS n FROM t"
GROUPED = "SELECT a FROM u GROUP BY a HAVING COUNT(*) > 1"
SHARED = "SELECT x.a FROM s AS x JOIN s AS y ON x.a = y.a"
CASES: dict[str, tuple[Fused, dict[str, str]]] = {
    "several_outputs": (
        fused(DUCKDB, {"s": "SELECT a FROM t WHERE a > 0", "x": "SELECT a FROM s", "y": "SELECT a FROM s"}, "x", "y"),
        {"s": "several_outputs"},
    ),
    "judged": (
        replace(
            fused(DUCKDB, {"s": "SELECT a FROM t WHERE a > 0", "x": "SELECT a FROM s"}, ["x"]), judged=frozenset({"s"})
        ),
        {"s": "judged"},
    ),
    "volatile": (
        fused(MYSQL, {"s": "SELECT RAND() AS a FROM t", "x": SHARED}, ["x"]),
        {"s": "volatile"},
    ),
    "estimates": (
        fused(
            POSTGRES,
            {
                "r": RANKED,
                "s": "SELECT a FROM r WHERE n = 1",
                "g": GROUPED,
                "x": "SELECT s.a FROM s JOIN g ON g.a = s.a",
            },
            ["x"],
        ),
        {"s": "estimates"},
    ),
    "join_tables": (
        fused(
            MYSQL,
            {"p": JOIN, "q": JOIN, "r": "SELECT p.a FROM p CROSS JOIN q", "s": JOIN, "x": "SELECT r.a FROM r, s, t, u"},
            ["x"],
        ),
        {"r": "join_tables"},
    ),
    "depth": (fused(DUCKDB, CHAIN, ["c119"]), {"c49": "depth", "c99": "depth"}),
    "statement_length": (
        fused(replace(DUCKDB, max_characters=400), {f"c{n}": CHAIN[f"c{n}"] for n in range(40)}, ["c39"]),
        {"c13": "statement_length", "c26": "statement_length"},
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_rows_are_kept_by_the_rule(rule: str) -> None:
    at, expected = CASES[rule]
    assert rules_of(at) == expected
    assert all(boundary.reason.endswith(".") for boundary in at.kept.values())


def test_every_rule_is_tested_here_and_told_in_the_docs(repo_root: Path) -> None:
    names = [rule.__name__ for rule in RULES]
    assert names == list(CASES)
    page = (repo_root / "docs" / "sql.md").read_text(encoding="utf-8")
    assert set(names) <= set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))


@pytest.mark.parametrize(
    "at",
    [
        fused(MYSQL, {"s": "SELECT a + 1 AS a FROM t", "x": SHARED}, ["x"]),
        fused(MYSQL, {"s": "SELECT RAND() AS a FROM t", "x": "SELECT a FROM s"}, ["x"]),
        fused(DUCKDB, {"s": "SELECT RANDOM() AS a FROM t", "x": SHARED}, ["x"]),
        fused(DUCKDB, {"s": "SELECT a FROM t LIMIT 5", "x": "SELECT a FROM s", "unused": "SELECT a FROM s"}, ["x"]),
        fused(DUCKDB, {"s": "SELECT a FROM t", "x": "SELECT a FROM s"}, ["x"], checks=[["s"]]),
        fused(
            POSTGRES,
            {"r": RANKED, "s": "SELECT a FROM r WHERE n = 1", "x": "SELECT s.a FROM s JOIN v USING (a)"},
            ["x"],
        ),
        fused(POSTGRES, {"r": RANKED, "g": GROUPED, "x": "SELECT r.a FROM r JOIN g USING (a)"}, ["x"]),
        fused(POSTGRES, {"g": GROUPED, "h": GROUPED, "x": "SELECT a FROM g UNION ALL SELECT a FROM h"}, ["x"]),
        fused(DUCKDB, {"g": GROUPED, "h": GROUPED, "x": "SELECT g.a FROM g JOIN h USING (a)"}, ["x"]),
    ],
    ids=[
        "settled",
        "read once",
        "MATERIALIZED keeps it",
        "second reader is not run",
        "checked but settled",
        "a table on the other side",
        "one side is all rows",
        "no join",
        "DuckDB counts while it runs",
    ],
)
def test_rows_that_need_no_table_are_fused(at: Fused) -> None:
    assert rules_of(at) == {}


@pytest.mark.parametrize(
    "changing",
    ["SELECT UUID() AS a FROM t", "SELECT a FROM t LIMIT 5", "SELECT ROW_NUMBER() OVER (ORDER BY a) AS a FROM t",
     "SELECT RANDOM() AS a FROM t", "SELECT a FROM t USING SAMPLE 10%"],
)  # fmt: skip
def test_what_a_check_judges_is_what_is_written(changing: str) -> None:
    at = fused(DUCKDB, {"s": changing, "x": "SELECT a FROM s"}, ["x"], checks=[["s"]])
    assert rules_of(at) == {"s": "volatile"}


def test_change_below_reaches_the_readers_above() -> None:
    at = fused(MYSQL, {"r": "SELECT RAND() AS a FROM t", "s": "SELECT a FROM r", "x": SHARED}, ["x"])
    assert rules_of(at) == {"s": "volatile"}


# ---------------------------------------------------------------- through the compiler

RANDOM_TWICE: dict[str, dict[str, Any]] = {
    "a": {"type": "source.duckdb", "table": "s", "schema": {"k": "INTEGER"}},
    "once": {"type": "transform.deduplicate", "from": "a", "keys": ["k"]},
    "other": {"type": "source.duckdb", "table": "o", "schema": {"k": "INTEGER", "v": "INTEGER"}},
    "j": {"type": "transform.join", "from": {"left": "once", "right": "other"}, "keys": ["k"], "expect": "one_to_one"},
    "t": {"type": "target.duckdb", "from": "j", "table": "m"},
}


def compiled(nodes: dict[str, dict[str, Any]], dialect: str = "duckdb") -> CompiledStage:
    plan = plan_pipeline(make_pipeline(nodes))
    return compile_stage(plan, replace(plan.stages[-1], dialect=dialect), VALUES)


def test_compiled_stage_builds_the_table_first_and_reads_it_everywhere() -> None:
    stage = compiled(RANDOM_TWICE)
    (kept,) = stage.kept
    assert (kept.node, kept.port, kept.rule) == ("once", None, "volatile")
    assert "an order with ties" in kept.reason
    builds = [step for step in stage.steps if step.kind == "stage" and step.node == "once"]
    assert [step.table for step in builds] == [kept.table]
    later = [step.sql for step in stage.steps if step.kind in ("stage", "check") and step not in builds]
    assert sum("ROW_NUMBER" in sql for sql in later) == 0
    assert sum(f"FROM {kept.table}" in sql for sql in later) == 3


def test_postgres_is_told_how_many_rows_a_kept_table_has() -> None:
    stage = compiled(RANDOM_TWICE, "postgres")
    (kept,) = stage.kept
    made = [step.sql for step in stage.steps if step.node == "once"]
    assert made[-1] == f"ANALYZE {kept.table}"


def test_engine_without_temporary_tables_drops_what_it_kept() -> None:
    stage = compiled(RANDOM_TWICE, "databricks")
    (kept,) = stage.kept
    assert [step.table for step in stage.steps if step.kind == "cleanup"][1:] == [kept.table]


def test_kept_rows_give_what_fused_ones_do(warehouse: Warehouse) -> None:
    warehouse.table("s", "k INTEGER", [(1,), (1,), (2,)])
    warehouse.table("o", "k INTEGER, v INTEGER", [(1, 10), (2, 20)])
    assert warehouse.run(RANDOM_TWICE)["t"].unordered == [(1, 10), (2, 20)]


def test_compile_prints_what_is_kept_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.yaml"
    document = {"apiVersion": "dataflow/v1", "kind": "Pipeline", "id": "p", "nodes": RANDOM_TWICE}
    path.write_text(json.dumps(document), encoding="utf-8")
    assert main(["compile", str(path), "--json"]) == 0
    (stage,) = json.loads(capsys.readouterr().out)["stages"]
    (kept,) = stage["kept"]
    assert (kept["node"], kept["port"], kept["rule"]) == ("once", None, "volatile")
    assert main(["compile", str(path)]) == 0
    assert f"--   keeps once (volatile): {kept['reason']}" in capsys.readouterr().out
