"""What rules look at: the pipeline, its file, its edges and the places whose shape is wrong already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath

from dataflow_provider.spec.edges import InputRef, inputs_of
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import NodeBase

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Subject:
    """One pipeline under validation. `file` may be any name; its stem is the pipeline's id."""

    pipeline: Pipeline
    file: str
    damaged: frozenset[Path] = field(default_factory=frozenset)

    @cached_property
    def stem(self) -> str:
        return PurePath(self.file).stem

    @cached_property
    def inputs(self) -> dict[str, tuple[InputRef, ...]]:
        """The inputs of every node, as written."""
        return {node_id: inputs_of(node) for node_id, node in self.pipeline.nodes.items()}

    def is_damaged(self, path: Path, *, inside: bool = True) -> bool:
        """Return whether the shape at `path` or around it is wrong; `inside` asks for places below it as well."""
        if not self.damaged:
            return False
        above = {path[:length] for length in range(1, len(path) + 1)}
        return bool(above & self.damaged) or (inside and any(spot[: len(path)] == path for spot in self.damaged))

    def sound_nodes(self) -> Iterator[tuple[str, NodeBase]]:
        """Yield the nodes whose fields can all be trusted."""
        for node_id, node in self.pipeline.nodes.items():
            if not self.is_damaged(("nodes", node_id)):
                yield node_id, node
