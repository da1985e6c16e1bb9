"""Which columns hold values of sensitive ones: those declared so, and whatever is computed of their values.

A column is followed by value, never by decision: an amount that was kept by a secret condition is no secret. What
nobody can tell is taken as sensitive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dataflow_provider.compiler.compiled import Schemas
from dataflow_provider.compiler.graph import Graph, GraphNode
from dataflow_provider.compiler.lowering.files import REJECT_COLUMNS
from dataflow_provider.lineage.model import NOTHING, Influence, Influences, Open, Origin, Rows, Subtype
from dataflow_provider.lineage.pipeline import PipelineLineage, graph_lineage
from dataflow_provider.spec.nodes import JoinTransform

_SENSITIVE = "\0sensitive"


@dataclass(frozen=True)
class SensitiveColumns:
    """The sensitive columns of a pipeline's ports."""

    lineage: PipelineLineage

    def among(self, node: str, port: str | None, columns: Iterable[str]) -> frozenset[str]:
        """Return which of a port's columns are sensitive; one of which nothing is known is when any is."""
        ports = self.lineage.nodes[node]
        rows = ports.get(port)
        if rows is None:
            return frozenset(columns) if any(_is_marked(one.everything()) for one in ports.values()) else frozenset()
        everything = rows.everything()
        return frozenset(name for name in columns if _is_marked(_of(rows, name, everything)))


def sensitive_columns(pipeline_id: str, graph: Graph, known: Schemas | None = None) -> SensitiveColumns:
    """Return the sensitive columns of the enabled nodes; `known` columns are those of `pipeline_lineage`.

    A source's column that reaches a sensitive one unchanged is sensitive from the start.
    """
    if not any(node.spec.sensitive for node in graph.nodes.values()):
        return SensitiveColumns(graph_lineage(pipeline_id, graph, known))
    first = graph_lineage(pipeline_id, graph, known, _declared)
    handed_through = {
        (one.origin.node, str(one.origin.column).casefold())
        for node in graph.nodes.values()
        for rows in first.nodes[node.id].values()
        for name in node.spec.sensitive
        for one in rows.column(name) or ()
        if one.subtype is Subtype.IDENTITY and one.origin.dataset != _SENSITIVE and one.origin.column is not None
    }

    def mark(node: GraphNode, rows: Rows) -> Rows:
        from_start = [name for one, name in handed_through if one == node.id]
        return _marked(_declared(node, rows), node.id, (*from_start, *_whole_records(rows, from_start)))

    return SensitiveColumns(graph_lineage(pipeline_id, graph, known, mark))


def _declared(node: GraphNode, rows: Rows) -> Rows:
    names = (*node.spec.sensitive, *_secret_keys(node, rows), *_whole_records(rows, node.spec.sensitive))
    return _marked(rows, node.id, names)


def _whole_records(rows: Rows, sensitive: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a source's rejected records that may hold any of its values."""
    return ("raw", "reason") if sensitive and rows.columns.keys() == REJECT_COLUMNS.keys() else ()


def _secret_keys(node: GraphNode, rows: Rows) -> tuple[str, ...]:
    """Return the keys of a join that meets a sensitive column: the other side's are its equals."""
    spec = node.spec
    met = (one for one in rows.decided if one.subtype is Subtype.JOIN)
    if not isinstance(spec, JoinTransform) or all(one.origin.dataset != _SENSITIVE for one in met):
        return ()
    keys = spec.keys
    return (*keys, *keys.values()) if isinstance(keys, Mapping) else tuple(keys or ())


def _marked(rows: Rows, node: str, names: Iterable[str]) -> Rows:
    columns, rest = dict(rows.columns), rows.rest
    for name in names:
        mark: Influences = frozenset({Influence(Origin(node, _SENSITIVE, name), Subtype.IDENTITY)})
        real = rows.find(name)
        if real is not None:
            columns[real] |= mark
        elif rows.rest:
            columns[name] = (rows.column(name) or NOTHING) | mark
            rest = tuple((*(part.except_for([name]) for part in parts), Open(mark)) for parts in rest)
    return replace(rows, columns=columns, rest=rest)


def _of(rows: Rows, name: str, everything: Influences) -> Influences:
    found = rows.column(name)
    return everything if found is None else found


def _is_marked(influences: Influences) -> bool:
    return any(one.origin.dataset == _SENSITIVE and one.subtype.type == "DIRECT" for one in influences)
