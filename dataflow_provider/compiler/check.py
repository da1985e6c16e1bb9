"""What can be said of a pipeline's SQL without a database: syntax, names, columns, types; for `dataflow validate`."""

from __future__ import annotations

from dataflow_provider.compiler.compiled import Schemas
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.graph import build_graph
from dataflow_provider.compiler.inference import infer_schemas
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.models import Pipeline


def check_pipeline(pipeline: Pipeline, schemas: Schemas | None = None) -> list[Problem]:
    """Return every problem found in the SQL of the enabled nodes, in the order of the file; never raises.

    Nodes of engines whose SQL we cannot read yet are left out; so are their columns. The edges are taken to be sound:
    a graph that cannot be built gives its own problems alone. `schemas` as in `infer_schemas`.
    """
    try:
        graph = build_graph(pipeline)
    except CompileError as exc:
        return list(exc.problems)
    order = list(pipeline.nodes)
    return sorted(
        infer_schemas(pipeline, graph, schemas).problems, key=lambda problem: order.index(str(problem.path[1]))
    )
