"""Random graphs give the rows of the plain-Python reference on every engine that runs in or beside the test."""

from __future__ import annotations

from itertools import count

from hypothesis import HealthCheck, given, settings

from tests.conformance.engine import Engine, normal
from tests.conformance.graphs import Graph, graphs

_numbers = count()


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(graph=graphs())
def test_random_graph_gives_the_rows_of_the_reference(engine: Engine, graph: Graph) -> None:
    found = engine.run(f"g{next(_numbers)}", graph.nodes, graph.expected)
    for name, rows in graph.expected.items():
        assert normal(found[name]) == normal(rows), name
