"""What a run that did not come to its end has published, so that the next try publishes only what is missing.

Kept in a file of the project's state folder, stage by stage, and gone once the whole run has succeeded: the same run id
then does everything anew. Under Airflow the states of tasks say the same.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataflow_provider.compiler.plan import Plan, Stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.execution.results import NodeResult, StageResult
from dataflow_provider.quality.results import RuleResult
from dataflow_provider.spec.findings import Problem, Severity
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

    @classmethod
    def of(cls, plan: Plan, values: RunValues, project: Project) -> Progress:
        """Return what earlier tries have left; a file that cannot be read says nothing."""
        path = project.state_folder / "runs" / plan.pipeline.id / f"{values.run_id}.done.json"
        try:
            done = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            done = {}
        except (OSError, ValueError) as exc:
            logger.warning("%s cannot be read, so every target is published again: %s", path, exc)
            done = {}
        return cls(plan, values, path, done)

    def needless(self) -> frozenset[str]:
        """Return the stages to leave out: targets that are published, and what only they would read."""
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
        return StageResult(stage, kept["state"], kept["seconds"], nodes, (remark,), quality=rules)

    def add(self, result: StageResult) -> None:
        """The stage is done, whatever happens to the process now."""
        ended = result.to_json()
        self.done[result.stage] = {
            "digest": self._digest(self.plan.stage(result.stage)),
            **{name: ended[name] for name in ("state", "seconds", "nodes", "quality")},
        }
        self._write(json.dumps(self.done))

    def forget(self) -> None:
        """The run has come to its end."""
        self.path.unlink(missing_ok=True)

    def _is_done(self, stage: Stage) -> bool:
        kept = self.done.get(stage.id)
        return isinstance(kept, dict) and kept.get("digest") == self._digest(stage)

    def _digest(self, stage: Stage) -> str:
        """Return a hash of what decides the stage's rows: its nodes, those before them, and the run's values."""
        nodes = {
            node: self.plan.graph.nodes[node].spec.model_dump(mode="json")
            for one in self._with_upstream(stage)
            for node in one.nodes
        }
        values = self.values
        bound = [str(one) for one in (values.logical_date, values.interval_start, values.interval_end)]
        places = {one.id: one.connection for one in self._with_upstream(stage)}
        windows = {node: window.to_json() for node, window in values.windows.items() if node in nodes}
        text = json.dumps([nodes, places, bound, dict(values.params), windows], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def _with_upstream(self, stage: Stage) -> Iterator[Stage]:
        seen, waiting = {stage.id}, [stage]
        while waiting:
            one = waiting.pop()
            yield one
            for other in one.upstream:
                if other not in seen:
                    seen.add(other)
                    waiting.append(self.plan.stage(other))

    def _write(self, text: str) -> None:
        """Written aside and renamed. Without it the next try publishes once more, which changes nothing."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside = self.path.with_name(f".{os.getpid()}.done.tmp")
            aside.write_text(text, "utf-8")
            os.replace(aside, self.path)
        except OSError as exc:
            logger.warning("%s cannot be written, so a retry publishes every target again: %s", self.path, exc)
