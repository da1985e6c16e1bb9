"""A log, and its pipeline when known, to a diagnosis: what happened, why, and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from dataflow_provider.diagnosis.advice import ADVICE, Advice
from dataflow_provider.diagnosis.engine import Ranked, Verdict, judge, quote
from dataflow_provider.diagnosis.patches import patch_of
from dataflow_provider.diagnosis.taxonomy import CAUSES, UNKNOWN
from dataflow_provider.spec.loader import Loaded

_NODE_NAMED = re.compile(r"\bnode[= :`']+(?P<node>[a-z][a-z0-9_]{0,62})")


@dataclass(frozen=True)
class Action:
    """Something to do; `confidence` is that it helps, `patch` a unified diff of the YAML or None."""

    title: str
    confidence: float
    kind: str
    effort: str
    risk: str
    patch: str | None

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Diagnosis:
    """The answer to "why did it fail": `evidence` are lines of the log as they stand there."""

    summary: str
    root_cause: str
    confidence: float
    evidence: tuple[str, ...]
    actions: tuple[Action, ...]
    ranked: tuple[Ranked, ...]
    node: str | None

    def to_json(self) -> dict[str, Any]:
        return {
            "summary": self.summary,
            "root_cause": self.root_cause,
            "confidence": self.confidence,
            "node": self.node,
            "evidence": list(self.evidence),
            "actions": [action.to_json() for action in self.actions],
            "ranked": [vars(one) for one in self.ranked],
        }


def diagnose(log: str, loaded: Loaded | None = None, node: str | None = None) -> Diagnosis:
    """Return the diagnosis of a log; with the pipeline's file, actions may be patches of it.

    Without `node` the log is searched for the node's name.
    """
    verdict = judge(log)
    first = verdict.ranked[0] if verdict.ranked else Ranked(UNKNOWN, 0.5)
    node = node or _find_node(log, loaded)
    cited = verdict.evidence[0].passage.text if verdict.evidence and first.root_cause != UNKNOWN else ""
    return Diagnosis(
        summary=_summary(verdict, first, node),
        root_cause=first.root_cause,
        confidence=first.confidence,
        evidence=_lines(log, verdict) if first.root_cause != UNKNOWN else (),
        actions=tuple(_action(advice, first, loaded, node, cited) for advice in ADVICE[first.root_cause]),
        ranked=verdict.ranked or (first,),
        node=node,
    )


def _summary(verdict: Verdict, first: Ranked, node: str | None) -> str:
    where = f"Node `{node}`: " if node else ""
    if first.root_cause == UNKNOWN:
        return f"{where}the log does not say why it failed."
    return f"{where}{CAUSES[first.root_cause]} {quote(verdict.evidence[0])}".strip()


def _lines(log: str, verdict: Verdict) -> tuple[str, ...]:
    rows = log.split("\n")
    return tuple(rows[one.passage.line - 1].rstrip("\r") for one in verdict.evidence)


def _find_node(log: str, loaded: Loaded | None) -> str | None:
    """Return the last node of the pipeline that the log names."""
    if loaded is None or loaded.pipeline is None:
        return None
    named = [match["node"] for match in _NODE_NAMED.finditer(log) if match["node"] in loaded.pipeline.nodes]
    return named[-1] if named else None


def _action(advice: Advice, first: Ranked, loaded: Loaded | None, node: str | None, cited: str) -> Action:
    patch = None
    if loaded is not None and first.root_cause != UNKNOWN:
        patch = patch_of(advice.kind, first.root_cause, loaded, node, cited)
    return Action(
        title=advice.title,
        confidence=round(advice.confidence * first.confidence, 2),
        kind=advice.kind,
        effort=advice.effort,
        risk=advice.risk,
        patch=patch,
    )
