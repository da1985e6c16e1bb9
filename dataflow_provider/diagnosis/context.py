"""What stands around a failure: the node, its SQL, what it feeds, and how it went before."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.feeding import targets_fed_by
from dataflow_provider.compiler.plan import Plan, plan_pipeline
from dataflow_provider.compiler.sql import compile_stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.diagnosis.redaction import redact
from dataflow_provider.errors import DataflowError
from dataflow_provider.lineage.project import project_lineage
from dataflow_provider.spec.loader import Loaded
from dataflow_provider.spec.nodes import TargetBase
from dataflow_provider.spec.project import Project

logger = logging.getLogger(__name__)

KEPT = 100
_SQL_CHARACTERS = 4_000


@dataclass(frozen=True)
class Attempt:
    """The try that failed, by which one failure is told from another, however often it is looked at."""

    run: str
    stage: str
    number: int = 1

    @classmethod
    def of_log(cls, text: str, stage: str | None) -> Attempt:
        """Return what stands for the try of a log that comes without its run: the log itself."""
        return cls(f"log-{hashlib.sha256(text.encode()).hexdigest()[:16]}", stage or "")


@dataclass(frozen=True)
class PastFailure:
    """A diagnosis of an earlier failure; `fixed_by` is what mended it, where somebody or the next try has told."""

    at: str
    attempt: Attempt
    node: str | None
    root_cause: str
    confidence: float
    fixed_by: str | None = None

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> PastFailure:
        return cls(**{**document, "attempt": Attempt(**document["attempt"])})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class RowsThen:
    """Rows that a node let out in the failed run and in the last run that finished."""

    node: str
    before: int
    now: int


@dataclass(frozen=True)
class History:
    """How the pipeline went before the failure.

    last_success:   the last run that finished before it, None when none ever has
    failures_since: runs that failed between that one and this one
    change:         unified diff of the pipeline's text from that run to this one, empty when nothing changed, None
                    when either text is lost
    rows:           nodes whose rows differ by more than half
    """

    last_success: str | None
    last_success_at: str | None
    failures_since: int
    change: str | None = None
    rows: tuple[RowsThen, ...] = ()


@dataclass(frozen=True)
class Context:
    """The surroundings of one failure.

    targets:   nodes of this pipeline that now lack their rows
    pipelines: other pipelines that read what those targets write
    similar:   earlier failures of this pipeline with the same cause, the newest first
    history:   earlier runs, None where nobody keeps records of them
    """

    pipeline: str
    node: str | None
    node_type: str | None
    stage: str | None
    connection: str | None
    sql: str | None
    targets: tuple[str, ...]
    pipelines: tuple[str, ...]
    similar: tuple[PastFailure, ...] = ()
    history: History | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def context_of(loaded: Loaded, node: str | None, project: Project | None) -> Context:
    """Return what is known around the node, from files alone; what cannot be told is left out, never raised.

    Earlier failures are not among it: which are similar, the cause decides.
    """
    pipeline = loaded.require()
    plan = _plan(loaded)
    spec = pipeline.nodes.get(node or "")
    stage = None if plan is None else next((one for one in plan.stages if node in one.nodes), None)
    targets = () if plan is None or node is None else _targets(plan, node)
    return Context(
        pipeline=pipeline.id,
        node=node,
        node_type=None if spec is None else spec.type,
        stage=None if stage is None else stage.id,
        connection=None if stage is None else stage.connection,
        sql=None if plan is None or stage is None else _sql(plan, stage.id),
        targets=targets,
        pipelines=() if project is None else _readers(project, pipeline.id, targets),
    )


def _plan(loaded: Loaded) -> Plan | None:
    try:
        return plan_pipeline(loaded.require())
    except CompileError:
        return None


def _targets(plan: Plan, node: str) -> tuple[str, ...]:
    known = plan.graph.nodes.get(node)
    own = (node,) if known is not None and isinstance(known.spec, TargetBase) else ()
    return own if known is None else (*own, *targets_fed_by(plan, node))


def _sql(plan: Plan, stage: str) -> str | None:
    try:
        compiled = compile_stage(plan, plan.stage(stage), RunValues("diagnosis"))
    except (CompileError, DataflowError):
        return None
    return redact("\n".join(step.sql for step in compiled.steps if step.kind == "stage"))[:_SQL_CHARACTERS]


def _readers(project: Project, pipeline: str, targets: Sequence[str]) -> tuple[str, ...]:
    if not targets:
        return ()
    try:
        edges = project_lineage(project).edges
    except (OSError, DataflowError) as exc:
        logger.warning("the project's lineage cannot be read: %s", exc)
        return ()
    found = (one.reader.pipeline for one in edges if one.writer.pipeline == pipeline and one.writer.node in targets)
    return tuple(dict.fromkeys(found))


# ---------------------------------------------------------------- earlier failures


class Past(Protocol):
    """Who knows the earlier failures of one pipeline."""

    def similar(self, root_cause: str, attempt: Attempt | None, n: int = 3) -> tuple[PastFailure, ...]:
        """Return at most `n` failures with that cause, the newest first; none from `attempt` itself on."""


@dataclass(frozen=True)
class PastFailures:
    """Diagnoses of one pipeline's failures, kept in a file of the project's state folder, the newest last."""

    path: Path

    @classmethod
    def of(cls, project: Project, pipeline_id: str) -> PastFailures:
        return cls(project.remembered("diagnoses", pipeline_id) / "failures.jsonl")

    def similar(self, root_cause: str, attempt: Attempt | None, n: int = 3) -> tuple[PastFailure, ...]:
        """Return at most `n` failures with that cause, the newest first; none from `attempt` itself on."""
        kept = self._read()
        known = [one.attempt for one in kept]
        earlier = kept[: known.index(attempt)] if attempt in known else kept
        return tuple([one for one in earlier if one.root_cause == root_cause][::-1][:n])

    def keep(self, attempt: Attempt, node: str | None, root_cause: str, confidence: float) -> None:
        """The diagnosis is found from now on, in place of the attempt's last; one that cannot be written is missing."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        kept = {one.attempt: one for one in self._read()}
        at = kept[attempt].at if attempt in kept else now
        new = PastFailure(at, attempt, node, root_cause, confidence)
        if kept.get(attempt) == new:
            return
        kept[attempt] = new  # where the last one stood
        lines = "".join(json.dumps(asdict(one)) + "\n" for one in list(kept.values())[-KEPT:])
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside = self.path.with_name(f".{os.getpid()}.{self.path.name}.tmp")
            aside.write_text(lines, "utf-8")
            os.replace(aside, self.path)
        except OSError as exc:
            logger.warning("%s cannot be written, so this failure is not remembered: %s", self.path, exc)

    def _read(self) -> list[PastFailure]:
        try:
            lines = self.path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        except OSError as exc:
            logger.warning("%s cannot be read, so no earlier failure is known: %s", self.path, exc)
            return []
        found = []
        for line in lines:
            try:
                found.append(PastFailure.from_json(json.loads(line)))
            except (ValueError, TypeError, KeyError):
                logger.warning("%s has a line that is no diagnosis", self.path)
        return found
