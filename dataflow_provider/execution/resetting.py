"""What is known of watermarks in each place that keeps some, and setting them anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dataflow_provider.compiler.plan import Plan
from dataflow_provider.compiler.windows import Watermark, bound_text, read_bound
from dataflow_provider.connectors.connections import Connections
from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.execution.example_values import example_values
from dataflow_provider.execution.incremental import RUNS, kind_of_source, read_by, watermark_of
from dataflow_provider.execution.watermarks import WATERMARK, WatermarkPlace
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import Incremental, SourceBase
from dataflow_provider.spec.project import Project

Places = Mapping[str, WatermarkPlace]
"""Where watermarks are kept, by the word that people know the place by."""


@dataclass(frozen=True)
class KeptMark:
    """What one place keeps of one source; without a place, that none does."""

    node: str
    column: str | None
    kept_in: str | None = None
    mark: Watermark | None = None
    frozen_runs: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "node": self.node,
            "column": self.column,
            "kind": None if self.mark is None else self.mark.kind,
            "value": None if self.mark is None else bound_text(self.mark.value),
            "kept_in": self.kept_in,
            "frozen_runs": self.frozen_runs,
        }


def written_incremental(pipeline: Pipeline, node: str) -> Incremental | None:
    """Return how a node is read incrementally, None when it is not (any more)."""
    spec = pipeline.nodes.get(node)
    return spec.incremental if isinstance(spec, SourceBase) else None


def find_marks(pipeline: Pipeline, places: Places, node: str | None = None) -> list[KeptMark]:
    """Return what is kept of each incremental source, and of nodes that were some once; of one node when named.

    Raises:
        AuthorError: DF-RUN-088 when the node is none of them.
    """
    kept = {place: store.nodes() for place, store in places.items()}
    sources = [one for one in pipeline.nodes if written_incremental(pipeline, one) is not None]
    known = list(dict.fromkeys([*sources, *(one for nodes in kept.values() for one in nodes)]))
    if node is not None and node not in known:
        listed = ", ".join(f"`{one}`" for one in known) or "none"
        raise AuthorError(
            "DF-RUN-088",
            f"`{node}` of `{pipeline.id}` has no watermark; read incrementally: {listed}",
            place=Place(node=node),
            hint="Name one of those, or give the source `incremental`.",
        )
    return [mark for one in ([node] if node else known) for mark in _marks_of(pipeline, one, places, kept)]


def _marks_of(
    pipeline: Pipeline, node: str, places: Places, kept: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> Iterable[KeptMark]:
    wanted = written_incremental(pipeline, node)
    spec = pipeline.nodes.get(node)
    column = read_by(spec) if wanted is not None and isinstance(spec, SourceBase) else None
    found = [place for place, nodes in kept.items() if nodes.get(node)]
    if not found:
        return [KeptMark(node, column)]
    return [
        KeptMark(
            node,
            column if mark is None else mark.column,
            place,
            mark,
            len(kept[place][node].get(RUNS) or ()),
        )
        for place in found
        for mark in (watermark_of(places[place], node),)
    ]


def watermark_to(
    plan: Plan, node: str, text: str, known: Watermark | None, connections: Connections, project: Project
) -> Watermark:
    """Return the watermark that a person has written, as a value of the source's column.

    The kind of its values is that of the watermark known before; else the database is asked.

    Raises:
        AuthorError: DF-RUN-088 when the node is no incremental source of the pipeline, DF-RUN-083 when the text is no
            value of its column.
        DataflowError: when the database cannot tell.
    """
    wanted = written_incremental(plan.pipeline, node)
    if wanted is None or node not in plan.graph.nodes:
        raise AuthorError(
            "DF-RUN-088",
            f"`{node}` of `{plan.pipeline.id}` is not read incrementally, so it can have no watermark",
            place=Place(node=node),
            hint="Leave out `--to`: what is kept of it is then forgotten.",
        )
    spec = plan.graph.nodes[node].spec
    column = read_by(spec) if isinstance(spec, SourceBase) else wanted.column
    if known is not None and known.column.casefold() == column.casefold():
        kind = known.kind
    else:
        values = example_values(plan.pipeline, project)
        kind = kind_of_source(plan, node, values, connections, project) or "string"
    try:
        return Watermark(column, kind, read_bound(kind, text))
    except ValueError as exc:
        raise AuthorError(
            "DF-RUN-083",
            f"`--to` of `{node}`: {exc}, as the values of `{column}` are",
            place=Place(node=node),
            hint="Write a value of the column, times in UTC.",
        ) from exc


def reset_mark(store: WatermarkPlace, node: str, to: Watermark | None) -> None:
    """The source has this watermark, or none, and no run has read anything of it."""
    store.replace(node, {} if to is None else {WATERMARK: to.to_json()})
