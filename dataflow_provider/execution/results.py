"""What running gives back: rows and seconds per node, the state of each stage and of the whole run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from dataflow_provider.ai.enrich import Usage
from dataflow_provider.compiler.compiled import CompiledStage
from dataflow_provider.errors import DataflowError
from dataflow_provider.quality.results import QualityError, RuleResult
from dataflow_provider.spec.findings import Problem

StageState = Literal["success", "warning"]
RunState = Literal["success", "warning", "failed"]
MAX_SQL = 40_000
"""Characters of SQL that a task leaves."""


@dataclass(frozen=True)
class NodeResult:
    """One node in one stage; counts are None for a node that was fused into others and not measured."""

    id: str
    rows_in: int | None = None
    rows_out: int | None = None
    rows_rejected: int | None = None
    seconds: float = 0.0
    bytes: int | None = None
    """What its rows took on the way from another connection; None when none came that way."""

    def counts(self) -> str:
        """Return the known counts as `key=value` for the log; empty when nothing was measured."""
        figures = {
            "rows_in": self.rows_in, "rows_out": self.rows_out, "rows_rejected": self.rows_rejected, "bytes": self.bytes
        }  # fmt: skip
        return " ".join(f"{name}={count}" for name, count in figures.items() if count is not None)


@dataclass(frozen=True)
class Transfer:
    """Rows of a node (of its port, where one is told) that came from one connection to another."""

    node: str
    port: str | None
    source: str
    target: str
    rows: int
    size_bytes: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        return {
            "node": self.node,
            "port": self.port,
            "from": self.source,
            "to": self.target,
            "rows": self.rows,
            "bytes": self.size_bytes,
            "seconds": self.seconds,
            "rows_per_second": round(self.rows / max(self.seconds, 0.001)),
        }


@dataclass(frozen=True)
class StageResult:
    """One stage that succeeded; a failed one raises instead. `problems` are warnings met on the way.

    `quality` has a result for each rule of its quality nodes, `ai` what each model took. `reused` says that an earlier
    try has done it.

    `compiled` is what it ran, for lineage; it stays in the process, but for its statements.
    """

    stage: str
    state: StageState
    seconds: float
    nodes: tuple[NodeResult, ...]
    problems: tuple[Problem, ...] = ()
    compiled: CompiledStage | None = field(default=None, compare=False, repr=False)
    quality: tuple[RuleResult, ...] = ()
    ai: tuple[Usage, ...] = ()
    reused: bool = False
    transfers: tuple[Transfer, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the shape that tasks leave in XCom and the run page reads."""
        return {
            "stage": self.stage,
            "state": self.state,
            "seconds": self.seconds,
            "nodes": [asdict(node) for node in self.nodes],
            "findings": [
                {
                    "code": problem.code,
                    "severity": problem.severity.value,
                    "node": problem.node,
                    "message": problem.message,
                    "hint": problem.hint,
                }
                for problem in self.problems
            ],
            "quality": [one.to_json() for one in self.quality],
            **({"ai": [one.to_json() for one in self.ai]} if self.ai else {}),
            **({"transfers": [one.to_json() for one in self.transfers]} if self.transfers else {}),
            **({"sql": self._statements()} if self.compiled else {}),
        }

    def _statements(self) -> list[str]:
        """Return the statements that read, built and checked the rows, as far as the limit goes."""
        told: list[str] = []
        for step in self.compiled.steps if self.compiled else ():
            if sum(map(len, told)) + len(step.sql) > MAX_SQL:
                return [*told, "-- more than is kept"]
            told.append(step.sql)
        return told


@dataclass(frozen=True)
class RunResult:
    """A whole run. `errors` holds one error per failed stage; `skipped` the stages that could not start for it."""

    run_id: str
    state: RunState
    seconds: float
    stages: tuple[StageResult, ...]
    errors: dict[str, DataflowError] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()

    @property
    def nodes(self) -> tuple[NodeResult, ...]:
        """Each node once: one computed in several stages has its known counts and the sum of its seconds."""
        merged: dict[str, NodeResult] = {}
        for stage in self.stages:
            for node in stage.nodes:
                merged[node.id] = merge_nodes(merged[node.id], node) if node.id in merged else node
        for one in self.quality:
            # A node that blocked has counted its rows, and none went on.
            merged.setdefault(one.node, NodeResult(one.node, rows_in=one.checked, rows_out=0))
        return tuple(merged.values())

    @property
    def quality(self) -> tuple[RuleResult, ...]:
        """What every rule found, also those of a stage that they have stopped."""
        blocked = [error.results for error in self.errors.values() if isinstance(error, QualityError)]
        return tuple(one for results in (*(stage.quality for stage in self.stages), *blocked) for one in results)

    def _node_json(self, node: NodeResult) -> dict[str, Any]:
        rules = [one.to_json() for one in self.quality if one.node == node.id]
        asked = [one.to_json() for stage in self.stages for one in stage.ai if one.node == node.id]
        return {**asdict(node), **({"quality": rules} if rules else {}), **({"ai": asked[0]} if asked else {})}

    def to_json(self) -> dict[str, Any]:
        """Return the answer of `dataflow run --json`, without its findings, which need the file's text."""
        first = next(iter(self.errors.items()), None)
        return {
            "run_id": self.run_id,
            "state": self.state,
            "seconds": self.seconds,
            "nodes": [self._node_json(node) for node in self.nodes],
            "stages": [
                *map(_stage_json, self.stages),
                *({"id": stage, "state": "failed", "error": error_json(error)} for stage, error in self.errors.items()),
                *({"id": stage, "state": "skipped"} for stage in self.skipped),
            ],
            "error": None if first is None else error_json(first[1]),
        }


def _stage_json(stage: StageResult) -> dict[str, Any]:
    moved = {"transfers": [one.to_json() for one in stage.transfers]} if stage.transfers else {}
    return {"id": stage.stage, "state": stage.state, "seconds": stage.seconds, "reused": stage.reused, **moved}


def merge_nodes(first: NodeResult, second: NodeResult) -> NodeResult:
    """Return one result for a node that ran twice; the first known count stands."""
    return replace(
        first,
        rows_in=second.rows_in if first.rows_in is None else first.rows_in,
        rows_out=second.rows_out if first.rows_out is None else first.rows_out,
        rows_rejected=second.rows_rejected if first.rows_rejected is None else first.rows_rejected,
        seconds=round(first.seconds + second.seconds, 3),
        bytes=second.bytes if first.bytes is None else first.bytes,
    )


def error_json(error: DataflowError) -> dict[str, Any]:
    """Return the error as JSON answers carry it."""
    place = error.place
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "node": place.node,
    }
