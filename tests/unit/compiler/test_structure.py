"""The rules that end a stage: each one by its name, on the smallest graph that it speaks of, and in the docs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dataflow_provider.compiler.graph import build_graph
from dataflow_provider.compiler.passes.structure import RULES, find_boundaries
from tests.unit.compiler.conftest import make_pipeline

SOURCE: dict[str, Any] = {"type": "source.duckdb", "table": "s.t"}
KEEP: dict[str, Any] = {"type": "transform.filter", "from": "a", "where": "x > 0"}
TARGET: dict[str, Any] = {"type": "target.duckdb", "from": "b", "table": "m.t"}
ENRICH: dict[str, Any] = {
    "type": "ai.enrich", "from": "b", "connection": "llm", "prompt": "Classify", "inputs": ["x"],
    "outputs": {"kind": {"type": "string"}},
}  # fmt: skip
QUALITY: dict[str, Any] = {"type": "quality.row_rule", "from": "a", "where": "x > 0"}

# The rule, nodes `a` → `b` → …, where `b` is the place that the rule speaks of unless named.
CASES: dict[str, tuple[dict[str, dict[str, Any]], str, str]] = {
    "target": ({"b": KEEP, "t": TARGET}, "t", "published in one step"),
    "connector": (
        {"a": {"type": "source.http", "connection": "api", "path": "x"}, "b": KEEP, "t": TARGET},
        "a",
        "read by its connector",
    ),
    "checkpoint": ({"b": {**KEEP, "checkpoint": True}, "t": TARGET}, "b", "asks for a checkpoint"),
    "quality_gate": ({"b": QUALITY, "t": TARGET}, "b", "before it has passed"),
    "ai_node": ({"b": KEEP, "e": ENRICH, "t": {**TARGET, "from": "e"}}, "b", "`e` asks a model"),
    "connection": ({"b": KEEP, "t": {**TARGET, "connection": "y"}}, "b", "`t` runs on `y`"),
    "own_task": ({"b": KEEP, "t": {**TARGET, "retries": 3}}, "b", "`t` has its own `retries`"),
    "fan_out": ({"b": KEEP, "t": TARGET, "u": TARGET}, "b", "`b` feeds the stages `t`, `u`"),
    "awaited": (
        {"b": KEEP, "t": TARGET, "z": {**SOURCE, "after": ["b"]}, "u": {**TARGET, "from": "z"}},
        "b",
        "`z` waits for `b`",
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_stage_ends_by_the_rule_and_says_why(rule: str) -> None:
    nodes, place, sentence = CASES[rule]
    graph = build_graph(make_pipeline({"a": SOURCE, **nodes}, defaults={"connection": "x"}))
    boundaries, owners = find_boundaries(graph)
    assert boundaries[place].rule == rule
    assert sentence in boundaries[place].reason
    assert owners[place] == (place,)


def test_both_sides_of_a_model_are_boundaries() -> None:
    nodes = {"a": SOURCE, "b": KEEP, "e": ENRICH, "t": {**TARGET, "from": "e"}}
    boundaries, _ = find_boundaries(build_graph(make_pipeline(nodes, defaults={"connection": "x"})))
    assert {place: one.rule for place, one in boundaries.items()} == {"b": "ai_node", "e": "ai_node", "t": "target"}


def test_quality_that_only_warns_stays_in_its_stage() -> None:
    nodes = {"a": SOURCE, "b": {**QUALITY, "severity": "warn"}, "t": TARGET}
    boundaries, _ = find_boundaries(build_graph(make_pipeline(nodes)))
    assert list(boundaries) == ["t"]


def test_every_rule_is_tested_here_and_told_in_the_docs(repo_root: Path) -> None:
    names = [rule.__name__ for rule in RULES]
    assert names == list(CASES)
    page = (repo_root / "docs" / "sql.md").read_text(encoding="utf-8")
    assert set(names) <= set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
