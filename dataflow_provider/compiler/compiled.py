"""A stage as statements: what the execution room runs and `dataflow compile` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dataflow_provider.compiler.plan import Stage
from dataflow_provider.dialects.steps import Step

Columns = Mapping[str, str]
"""Column name to SQL type, in the table's order."""

Schemas = Mapping[str, Columns]
"""What reflection found: source node id, `node` or `node.port` of a stage input, or target node id → columns."""


@dataclass(frozen=True)
class StagePaths:
    """Where the files of a stage lie; offline both are empty and the paths as written are printed.

    reads:  source node id → the absolute paths its pattern stands for, checked against the allowed roots
    writes: target node id → the temporary file that COPY writes; the execution room renames it into place
    """

    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    writes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Output:
    """Rows a stage keeps: for a later stage, or the rows its target publishes. `columns` is None when unknown offline.

    `table` is the quoted name, ready for SQL.
    """

    node: str
    port: str | None
    table: str
    columns: tuple[str, ...] | None


@dataclass(frozen=True)
class CompiledStage:
    """Steps in running order: read, stage, measure, check, then (targets) hooks and publish, then cleanup."""

    stage: Stage
    dialect: str
    steps: tuple[Step, ...]
    outputs: tuple[Output, ...]
