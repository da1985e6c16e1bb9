"""Pipelines become scripts and come back to the byte, on every engine; the scripts give the rows of the reference."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dataflow_provider.compiler.script.read import split_script
from dataflow_provider.dialects.registry import DIALECTS
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.findings import has_errors
from dataflow_provider.spec.loader import parse_pipeline
from tests.conformance.cases import CASES, Case
from tests.conformance.engine import normal
from tests.conformance.graphs import Graph, graphs
from tests.conformance.scripts import Warehouse, file_of, pipeline_text, script_of, with_emptied


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    made = Warehouse.filled()
    yield made
    made.raw.close()


def _all_cases() -> tuple[dict[str, Any], list[str]]:
    """Return the nodes and outputs of every case over one table, told apart by a number in front of their ids."""
    nodes: dict[str, Any] = {}
    outputs = []
    for number, (_, case) in enumerate(CASES[: len(CASES) // 2]):
        nodes |= {f"c{number}_{name}": _renamed(node, case, number) for name, node in case.nodes.items()}
        outputs += [f"c{number}_{output}" for output in case.expected]
    return nodes, outputs


def _renamed(node: Mapping[str, Any], case: Case, number: int) -> dict[str, Any]:
    def one(given: str) -> str:
        return f"c{number}_{given}" if given.partition(".")[0] in case.nodes else given

    given = node["from"]
    if isinstance(given, str):
        return {**node, "from": one(given)}
    if isinstance(given, Mapping):
        return {**node, "from": {role: one(name) for role, name in given.items()}}
    return {**node, "from": [one(name) for name in given]}


@pytest.mark.parametrize("engine", DIALECTS)
def test_every_transform_becomes_a_script_and_comes_back_to_the_byte(engine: str) -> None:
    nodes, outputs = _all_cases()
    text = pipeline_text(engine, nodes, outputs, declared=engine != "duckdb")
    script = script_of(text)
    assert split_script(script).file == text
    assert file_of(script) == text


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_script_gives_the_rows_of_the_reference(name: str, case: Case, warehouse: Warehouse) -> None:
    text = pipeline_text("duckdb", case.nodes, case.expected, declared="join" in name)
    found = warehouse.rows_of_script(script_of(text))
    for rows, (output, expected) in zip(found, case.expected.items(), strict=True):
        assert normal(rows) == normal(expected), output


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(graph=graphs())
def test_random_graph_becomes_a_script_of_its_rows_and_comes_back(warehouse: Warehouse, graph: Graph) -> None:
    text = pipeline_text("duckdb", graph.nodes, graph.expected, declared=True)
    # A join of a node with itself is no valid file, though its rows are known.
    assume(not has_errors(parse_pipeline(text, "conformance.yaml").findings))
    script = script_of(text)
    assert file_of(script) == text
    for rows, (output, expected) in zip(warehouse.rows_of_script(script), graph.expected.items(), strict=False):
        assert normal(rows) == normal(expected), output


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(graph=graphs(), data=st.data())
def test_edited_script_and_its_pipeline_give_the_same_rows(
    warehouse: Warehouse, graph: Graph, data: st.DataObject
) -> None:
    text = pipeline_text("duckdb", graph.nodes, graph.expected, declared=True)
    assume(not has_errors(parse_pipeline(text, "conformance.yaml").findings))
    script = script_of(text)
    marks = sorted(set(re.findall(r"/\* node:(\S+) \*/", script)))
    edited = with_emptied(script, data.draw(st.sampled_from(marks)))
    try:
        made = file_of(edited)
    except AuthorError as refusal:
        # A node with ports keeps its kind.
        if refusal.code != "DF-CONV-022":
            raise
        assume(False)
    ours, theirs = warehouse.rows_of_script(script_of(made)), warehouse.rows_of_script(edited)
    for at, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        assert normal(one) == normal(other), at
