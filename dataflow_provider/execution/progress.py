"""Which stages of a run are done, so that the next try publishes only what is missing, or goes on there.

Kept in a file of the project's state folder, stage by stage. Once the whole run has succeeded the same run id does
everything anew, unless it is asked to go on from its checkpoint. Under Airflow the states of tasks say the same.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataflow_provider import __version__
from dataflow_provider.compiler.made_of import with_upstream
from dataflow_provider.compiler.plan import Plan, Stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.errors import AuthorError
from dataflow_provider.execution.results import NodeResult, StageResult
from dataflow_provider.quality.results import RuleResult
from dataflow_provider.spec.findings import Problem, Severity
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import TargetBase
from dataflow_provider.spec.project import Project

logger = logging.getLogger(__name__)


@dataclass
class Progress:
    """The stages of one run that are done; each counts only as long as nothing that it is made of was edited."""

    plan: Plan
    values: RunValues
    path: Path
    done: dict[str, Any] = field(default_factory=dict)
    ended: bool = False

    @classmethod
    def of(cls, plan: Plan, values: RunValues, project: Project) -> Progress:
        """Return what earlier tries have left; a file that cannot be read says nothing."""
        path = _path(project, plan.pipeline, values.run_id)
        done, ended = _read(path)
        return cls(plan, values, path, done, ended)

    def reusable(self, stand: Callable[[Stage, Sequence[str | None]], bool]) -> frozenset[str]:
        """Return the stages that a run from its checkpoint leaves out: all that are done and whose rows nobody misses.

        Rows are missed when a stage that is to run reads them; `stand` says whether those of some ports are there.
        """
        found: set[str] = set()
        for stage in reversed(self.plan.stages):
            if self._is_done(stage):
                ports = self._ports_to_read(stage, found)
                if not ports or stand(stage, ports):
                    found.add(stage.id)
        return frozenset(found)

    def _ports_to_read(self, stage: Stage, left_out: Container[str]) -> list[str | None]:
        """Return the ports that stages to run read; of the last stage of a part all that it keeps."""
        if isinstance(self.plan.graph.nodes[stage.id].spec, TargetBase):
            return []
        inputs = [(other.id, one.port) for other in self.plan.stages for one in other.inputs if one.stage == stage.id]
        if not inputs:
            return list(stage.ports)
        return list(dict.fromkeys(port for reader, port in inputs if reader not in left_out))

    def needless(self) -> frozenset[str]:
        """Return the stages to leave out: targets that are published, and what only they would read.

        A run that has come to its end does everything anew.
        """
        if self.ended:
            self.done, self.ended = {}, False
        found: set[str] = set()
        for stage in reversed(self.plan.stages):
            readers = [other.id for other in self.plan.stages if stage.id in other.upstream]
            is_target = isinstance(self.plan.graph.nodes[stage.id].spec, TargetBase)
            if self._is_done(stage) and (is_target or (readers and found.issuperset(readers))):
                found.add(stage.id)
        return frozenset(found)

    def result(self, stage: str) -> StageResult:
        """Return how the stage ended in the try that did it, with a remark about that."""
        kept = self.done[stage]
        remark = Problem(
            "DF-RUN-054",
            ("nodes", stage),
            f"stage `{stage}` was done by an earlier try of run `{self.values.run_id}` and was left out of this one",
            "Start it under another run id to do everything again.",
            Severity.INFO,
        )
        nodes = tuple(NodeResult(**node) for node in kept["nodes"])
        rules = tuple(RuleResult.from_json(one) for one in kept.get("quality", ()))
        return StageResult(stage, kept["state"], kept["seconds"], nodes, (remark,), quality=rules, reused=True)

    def add(self, result: StageResult) -> None:
        """The stage is done, whatever happens to the process now."""
        ended = result.to_json()
        self.done[result.stage] = {
            "digest": self._digest(self.plan.stage(result.stage)),
            **{name: ended[name] for name in ("state", "seconds", "nodes", "quality")},
        }
        self.ended = False
        self._write()

    def end(self) -> None:
        """The run has come to its end."""
        self.ended = True
        self._write()

    def _is_done(self, stage: Stage) -> bool:
        kept = self.done.get(stage.id)
        return isinstance(kept, dict) and kept.get("digest") == self._digest(stage)

    def _digest(self, stage: Stage) -> str:
        """Return a hash of what makes the stage's SQL: its nodes and those before, the run's values, the product."""
        nodes = {
            node: self.plan.graph.nodes[node].spec.model_dump(mode="json")
            for one in with_upstream(self.plan, stage)
            for node in one.nodes
        }
        values = self.values
        bound = [str(one) for one in (values.logical_date, values.interval_start, values.interval_end)]
        places = {one.id: one.connection for one in with_upstream(self.plan, stage)}
        windows = {node: window.to_json() for node, window in values.windows.items() if node in nodes}
        given = [__version__, nodes, places, bound, dict(values.params), windows]
        text = json.dumps(given, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def _write(self) -> None:
        """Written aside and renamed. Without it the next try publishes once more, which changes nothing."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside = self.path.with_name(f".{os.getpid()}.done.tmp")
            aside.write_text(json.dumps({"ended": self.ended, "stages": self.done}), "utf-8")
            os.replace(aside, self.path)
        except OSError as exc:
            logger.warning("%s cannot be written, so a retry publishes every target again: %s", self.path, exc)


def require_checkpoint(pipeline: Pipeline, project: Project, run_id: str) -> None:
    """Return when an earlier try of the run has left stages to go on from.

    Raises:
        AuthorError: DF-RUN-062 when none has.
    """
    if not _read(_path(project, pipeline, run_id))[0]:
        raise AuthorError(
            "DF-RUN-062",
            f"run `{run_id}` of `{pipeline.id}` has no checkpoint: no stage of it is done here",
            hint="Leave out `--from-checkpoint`; or name a run that `dataflow run` has begun in this project.",
        )


def _path(project: Project, pipeline: Pipeline, run_id: str) -> Path:
    return project.remembered("runs", pipeline.id) / f"{run_id}.done"


def _read(path: Path) -> tuple[dict[str, Any], bool]:
    try:
        kept = json.loads(path.read_text("utf-8"))
        return dict(kept["stages"]), bool(kept["ended"])
    except FileNotFoundError:
        return {}, False
    except (OSError, ValueError, TypeError, KeyError) as exc:
        logger.warning("%s cannot be read, so every target is published again: %s", path, exc)
        return {}, False
