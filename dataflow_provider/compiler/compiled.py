"""A stage as statements: what the execution room runs and `dataflow compile` prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from dataflow_provider.compiler.plan import Stage
from dataflow_provider.dialects.steps import Step
from dataflow_provider.spec.nodes import QualitySeverity, SqlTarget, Threshold

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


RuleKind = Literal["rows", "age", "volume", "history", "measure", "schema"]


@dataclass(frozen=True)
class Rule:
    """One rule of a quality node, and how many values of its gate's answer are its own.

    kind:
        rows     one value: the failing rows; `threshold` says how many are allowed
        age      one value: the newest moment; `limits` has `max_age`
        volume   no value: the number of rows lies between the `limits` `min_rows` and `max_rows`
        history  no value: the number of rows is near that of the last `n` runs, by `threshold`
        measure  two values: of the rows and of what they are reconciled with; `threshold` is the tolerance
        schema   no value: `limits` has what differs from the contract, known when the stage is compiled
    sample: makes the query of failing rows; None where a rule judges all rows together.
    """

    name: str
    check: str
    columns: tuple[str, ...]
    kind: RuleKind = "rows"
    threshold: Threshold = 0
    limits: Mapping[str, Any] = field(default_factory=dict)
    sample: Callable[[], str] | None = field(default=None, compare=False, repr=False)

    @property
    def values(self) -> int:
        """How many columns of the answer are the rule's."""
        return {"rows": 1, "age": 1, "measure": 2}.get(self.kind, 0)


@dataclass(frozen=True)
class Gate:
    """A quality node: `sql` answers one row, the number of rows, of those that break a rule, then each rule's values.

    Only quarantine asks how many rows break any rule; elsewhere that is NULL. Values of columns in `masked` are hidden.
    """

    node: str
    severity: QualitySeverity
    sql: str
    rules: tuple[Rule, ...]
    masked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CompiledStage:
    """Steps in running order: read, stage, measure, rules, check; a file target's publish; cleanup.

    The publish of a table is made by the write modes once the rows stand in the stage table and the target is known.
    Several measures of one figure of a node add up. `target` is a table's target with the run's values bound.
    `kept` are rows inside the stage that are not fused; `gates` its quality nodes, each with a step `rules`.
    `columns` are those of each node (`node`) and other port (`node.port`) that are known, of earlier stages too.
    """

    stage: Stage
    dialect: str
    target: SqlTarget | None
    steps: tuple[Step, ...]
    outputs: tuple[Output, ...]
    columns: Schemas = field(default_factory=dict)
    kept: tuple[Kept, ...] = ()
    gates: tuple[Gate, ...] = ()
