"""Which function lowers which node; a node type without one passes its input through or is refused by the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.context import Lowering, Port
from dataflow_provider.compiler.lowering.enrich import lower_enrich
from dataflow_provider.compiler.lowering.files import lower_file_source
from dataflow_provider.compiler.lowering.filtering import lower_filter, lower_router
from dataflow_provider.compiler.lowering.grouping import lower_aggregate, lower_deduplicate, lower_pivot
from dataflow_provider.compiler.lowering.join import lower_join
from dataflow_provider.compiler.lowering.natives import lower_native_source
from dataflow_provider.compiler.lowering.ordering import lower_sort, lower_window
from dataflow_provider.compiler.lowering.projection import lower_expression, lower_select
from dataflow_provider.compiler.lowering.quality import lower_quality
from dataflow_provider.compiler.lowering.query import lower_sql
from dataflow_provider.compiler.lowering.sources import lower_sql_source
from dataflow_provider.compiler.lowering.union import lower_union
from dataflow_provider.connectors.manifests import reads_or_writes_itself
from dataflow_provider.spec.node_types import of_model
from dataflow_provider.spec.nodes import (
    AggregateTransform,
    AiEnrich,
    AiSql,
    DeduplicateTransform,
    ExpressionTransform,
    FileSource,
    FilterTransform,
    JoinTransform,
    NativeSource,
    NodeBase,
    PivotTransform,
    QualityBase,
    RouterTransform,
    SelectTransform,
    SortTransform,
    SourceBase,
    SqlSource,
    SqlTransform,
    UnionTransform,
    WindowTransform,
)

# The second argument is the spec of the class that the function is registered for.
Lower = Callable[[Lowering, GraphNode, Any, Sequence[Port]], None]

LOWERERS: Mapping[type[NodeBase], Lower] = MappingProxyType(
    {
        SqlSource: lower_sql_source,
        FileSource: lower_file_source,
        NativeSource: lower_native_source,
        SqlTransform: lower_sql,
        AiSql: lower_sql,
        AiEnrich: lower_enrich,
        FilterTransform: lower_filter,
        SelectTransform: lower_select,
        ExpressionTransform: lower_expression,
        AggregateTransform: lower_aggregate,
        JoinTransform: lower_join,
        UnionTransform: lower_union,
        DeduplicateTransform: lower_deduplicate,
        WindowTransform: lower_window,
        SortTransform: lower_sort,
        PivotTransform: lower_pivot,
        RouterTransform: lower_router,
        QualityBase: lower_quality,
    }
)


def lower_of(spec: NodeBase) -> Lower | None:
    """Return the function that lowers a node; None for one that passes its input through."""
    if isinstance(spec, SourceBase) and reads_or_writes_itself(spec):
        return lower_native_source
    return of_model(LOWERERS, spec)
