"""What stands around a failure: the node, its SQL, what it feeds, and how it went before."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.graph import Graph
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

KEPT = 500
_SQL_CHARACTERS = 4_000


@dataclass(frozen=True)
class PastFailure:
    """A diagnosis of an earlier failure, and whether people found it right (None: nobody said)."""

    at: str
    pipeline: str
    node: str | None
    root_cause: str
    confidence: float
    helped: bool | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Context:
    """The surroundings of one failure.

    targets:   nodes of this pipeline that now lack their rows
    pipelines: other pipelines that read what those targets write
    similar:   earlier failures of this pipeline with the same cause, the newest first
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

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def context_of(loaded: Loaded, node: str | None, project: Project | None, past: Sequence[PastFailure] = ()) -> Context:
    """Return what is known around the node, from files alone; what cannot be told is left out, never raised."""
    pipeline = loaded.require()
    plan = _plan(loaded)
    spec = pipeline.nodes.get(node or "")
    stage = None if plan is None else next((one for one in plan.stages if node in one.nodes), None)
    targets = () if plan is None or node is None else _targets(plan.graph, node)
    return Context(
        pipeline=pipeline.id,
        node=node,
        node_type=None if spec is None else spec.type,
        stage=None if stage is None else stage.id,
        connection=None if stage is None else stage.connection,
        sql=None if plan is None or stage is None else _sql(plan, stage.id),
        targets=targets,
        pipelines=() if project is None else _readers(project, pipeline.id, targets),
        similar=tuple(past),
    )


def _plan(loaded: Loaded) -> Plan | None:
    try:
        return plan_pipeline(loaded.require())
    except CompileError:
        return None


def _targets(graph: Graph, node: str) -> tuple[str, ...]:
    reached, waiting = {node}, [node]
    while waiting:
        new = [one for one in graph.consumers.get(waiting.pop(), ()) if one not in reached]
        reached.update(new)
        waiting += new
    return tuple(one for one in graph.nodes if one in reached and isinstance(graph.nodes[one].spec, TargetBase))


def _sql(plan: Plan, stage: str) -> str | None:
    try:
        compiled = compile_stage(plan, plan.stage(stage), RunValues("diagnosis"))
    except (CompileError, DataflowError):
        return None
    return redact("\n".join(step.sql for step in compiled.steps if step.kind == "stage"))[:_SQL_CHARACTERS]


def _readers(project: Project, pipeline: str, targets: Sequence[str]) -> tuple[str, ...]:
    try:
        edges = project_lineage(project).edges
    except (OSError, DataflowError) as exc:
        logger.warning("the project's lineage cannot be read: %s", exc)
        return ()
    found = (one.reader.pipeline for one in edges if one.writer.pipeline == pipeline and one.writer.node in targets)
    return tuple(dict.fromkeys(found))


# ---------------------------------------------------------------- earlier failures


@dataclass(frozen=True)
class PastFailures:
    """Diagnoses of a project, kept in one file of its state folder, the newest last."""

    path: Path

    @classmethod
    def of(cls, project: Project) -> PastFailures:
        return cls(project.state_folder / "diagnoses.jsonl")

    def similar(self, pipeline: str, root_cause: str, n: int = 3) -> tuple[PastFailure, ...]:
        """Return at most `n` failures of the pipeline with that cause, the newest first."""
        found = [one for one in self._read() if (one.pipeline, one.root_cause) == (pipeline, root_cause)]
        return tuple(found[::-1][:n])

    def keep(self, pipeline: str, node: str | None, root_cause: str, confidence: float) -> None:
        """The diagnosis is found from now on; when it cannot be written, one is missing later."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        kept = [*self._read(), PastFailure(now, pipeline, node, root_cause, confidence)][-KEPT:]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside = self.path.with_name(f".{os.getpid()}.{self.path.name}.tmp")
            aside.write_text("".join(json.dumps(one.to_json()) + "\n" for one in kept), "utf-8")
            os.replace(aside, self.path)
        except OSError as exc:
            logger.warning("%s cannot be written, so this failure is not remembered: %s", self.path, exc)

    def _read(self) -> list[PastFailure]:
        try:
            lines = self.path.read_text("utf-8").splitlines()
        except OSError:
            return []
        found = []
        for line in lines:
            try:
                found.append(PastFailure(**json.loads(line)))
            except (ValueError, TypeError):
                logger.warning("%s has a line that is no diagnosis", self.path)
        return found
