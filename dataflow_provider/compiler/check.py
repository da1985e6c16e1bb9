"""What can be said of a pipeline's SQL without a database: syntax, names, columns. Used by `dataflow validate`."""

from __future__ import annotations

from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.graph import build_graph
from dataflow_provider.compiler.lowering.context import Lowering
from dataflow_provider.compiler.lowering.targets import bind_target
from dataflow_provider.compiler.sql import lower_nodes
from dataflow_provider.dialects.registry import DIALECTS
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import SqlTarget


def check_pipeline(pipeline: Pipeline) -> list[Problem]:
    """Return every problem found in the SQL of the enabled nodes, in the order of the file; never raises.

    Nodes of engines whose SQL we cannot read yet are left out; so are their columns. The edges are taken to be sound:
    a graph that cannot be built gives its own problems alone.
    """
    try:
        graph = build_graph(pipeline)
    except CompileError as exc:
        return list(exc.problems)
    problems: list[Problem] = []
    for name, dialect in DIALECTS.items():
        nodes = [node for node in graph.nodes.values() if node.dialect == name]
        scope = Lowering(pipeline, graph, dialect)
        lower_nodes(scope, nodes)
        for node in nodes:
            if isinstance(node.spec, SqlTarget) and node.inputs:
                bind_target(scope, node, node.spec)
        problems += scope.problems
    order = list(pipeline.nodes)
    return sorted(problems, key=lambda problem: order.index(str(problem.path[1])))
