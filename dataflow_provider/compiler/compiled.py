"""A stage as statements: what the execution room runs and `dataflow compile` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from dataflow_provider.compiler.plan import Stage
from dataflow_provider.dialects.steps import Step
from dataflow_provider.spec.nodes import SqlTarget

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


class Probe(Protocol):
    """A look into the database before the stage runs; the connectors' sessions offer it."""

    def columns_of_query(self, sql: str) -> dict[str, str]:
        """Return column name → type of what a query would answer, without running it."""

    def fetch_rows(self, sql: str, limit: int | None = None) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Return the column names and at most `limit` rows."""


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
class Kept:
    """Rows that a stage keeps for itself in `table` (a quoted name), by which rule and why."""

    node: str
    port: str | None
    table: str
    rule: str
    reason: str


@dataclass(frozen=True)
class CompiledStage:
    """Steps in running order: read, stage, measure, check; a file target's publish; cleanup.

    The publish of a table is made by the write modes once the rows stand in the stage table and the target is known.
    Several measures of one figure of a node add up. `target` is a table's target with the run's values bound.
    `kept` are rows inside the stage that are not fused.
    `columns` are those of each node (`node`) and other port (`node.port`) that are known, of earlier stages too.
    """

    stage: Stage
    dialect: str
    target: SqlTarget | None
    steps: tuple[Step, ...]
    outputs: tuple[Output, ...]
    columns: Schemas = field(default_factory=dict)
    kept: tuple[Kept, ...] = ()
