"""Random graphs give the rows of the plain-Python reference on the engines that answer within the test's time.

`pytest tests/conformance/test_graphs.py --graphs 1000` tries that many, other ones each time; `--hypothesis-seed`
repeats them.
"""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from dataflow_provider.connectors.base import SqlSession
from tests.conformance.engine import Engine, normal
from tests.conformance.graphs import Graph, graphs

USUAL = 60
QUICK = [
    pytest.param(name, marks=pytest.mark.xdist_group(f"engine-{name}"))
    for name in ("duckdb", "sqlite", "postgres", "mysql")
]
_numbers = count()


@pytest.mark.parametrize("engine", QUICK, indirect=True)
def test_random_graph_gives_the_rows_of_the_reference(engine: Engine, request: pytest.FixtureRequest) -> None:
    asked: int | None = request.config.getoption("--graphs")
    with engine.session() as session:
        _try_graphs(engine, session, asked or USUAL, repeatable=asked is None)


def _try_graphs(engine: Engine, session: SqlSession, examples: int, *, repeatable: bool) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=repeatable,
        database=None,
        # Making a failing graph small takes long, and is for those who look for one.
        phases=(Phase.generate,) if repeatable else (Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(graph=graphs())
    def check(graph: Graph) -> None:
        found = engine.answer(session, f"g{next(_numbers)}", graph.nodes, graph.expected)
        for name, rows in graph.expected.items():
            assert normal(found[name]) == normal(rows), (name, graph.nodes)

    check()


@pytest.mark.parametrize("engine", QUICK, indirect=True)
def test_random_graph_leaves_its_rows_in_the_targets(engine: Engine) -> None:
    @settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(graph=graphs())
    def check(graph: Graph) -> None:
        found = engine.run(f"t{next(_numbers)}", graph.nodes, graph.expected)
        for name, rows in graph.expected.items():
            assert normal(found[name]) == normal(rows), (name, graph.nodes)

    check()
