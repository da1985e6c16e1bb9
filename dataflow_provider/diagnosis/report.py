"""A log, and its pipeline when known, to a diagnosis: what happened, why, and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

from dataflow_provider.ai.cache import AnswerCache
from dataflow_provider.ai.models import Model
from dataflow_provider.diagnosis.advice import ADVICE, Advice
from dataflow_provider.diagnosis.context import Attempt, Context, History, Past, PastFailures, context_of
from dataflow_provider.diagnosis.engine import Ranked, Verdict, judge, quote
from dataflow_provider.diagnosis.log import MAX_LINE
from dataflow_provider.diagnosis.opinion import Heard, ModelUse, hear, rank_anew
from dataflow_provider.diagnosis.patches import Patch, patch_of
from dataflow_provider.diagnosis.taxonomy import CAUSES, UNKNOWN
from dataflow_provider.spec.loader import Loaded
from dataflow_provider.spec.project import Project

_SAME_TEXT = 80
_OWN_CLASS = re.compile(r"^[\w.]*(?:Error|Exception): (?=DF-[A-Z]+-\d{3}: )")
_NODE_NAMED = re.compile(r"\bnode[= :`']+(?P<node>[a-z][a-z0-9_]{0,62})")


@dataclass(frozen=True)
class Action:
    """Something to do; `confidence` is that it helps, `patch` the diff that `change` makes of the YAML, or None."""

    title: str
    confidence: float
    kind: str
    effort: str
    risk: str
    patch: str | None
    change: Patch

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "change"}


@dataclass(frozen=True)
class Diagnosis:
    """The answer to "why did it fail": `evidence` are lines of the log as they stand there.

    explanation: a model's words, where one was asked and has cited lines that are there
    by:          who named the cause
    notes:       what came of asking the model
    model:       which model was asked and what it took, None when none was
    """

    summary: str
    root_cause: str
    confidence: float
    evidence: tuple[str, ...]
    actions: tuple[Action, ...]
    ranked: tuple[Ranked, ...]
    node: str | None
    context: Context | None = None
    explanation: str | None = None
    by: Literal["signatures", "model"] = "signatures"
    notes: tuple[str, ...] = ()
    model: ModelUse | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "summary": self.summary,
            "root_cause": self.root_cause,
            "confidence": self.confidence,
            "node": self.node,
            "evidence": list(self.evidence),
            "actions": [action.to_json() for action in self.actions],
            "ranked": [vars(one) for one in self.ranked],
            "context": None if self.context is None else self.context.to_json(),
            "explanation": self.explanation,
            "by": self.by,
            "notes": list(self.notes),
            "model": None if self.model is None else vars(self.model),
        }


@dataclass(frozen=True)
class Adviser:
    """A model to ask, and where its answers are kept."""

    model: Model
    cache: AnswerCache


def diagnose(
    log: str,
    loaded: Loaded | None = None,
    node: str | None = None,
    *,
    project: Project | None = None,
    attempt: Attempt | None = None,
    adviser: Adviser | None = None,
    past: Past | None = None,
    history: History | None = None,
) -> Diagnosis:
    """Return the diagnosis of a log; with the pipeline's file, actions may be patches of it.

    Without `node` the log is searched for the node's name. With `project` the diagnosis tells what the failure leaves
    undone elsewhere and what happened before `attempt`; `past` knows that instead of the project's own files, and
    `history` is told of earlier runs. A model of `adviser` gives a second opinion. Nothing is written but a model's
    answer: to `remember` is the caller's.
    """
    verdict = judge(log)
    node = node or find_node(log, loaded)
    ranked = verdict.ranked or (Ranked(UNKNOWN, 0.5),)
    past = past or _past(loaded, project)
    context = None if loaded is None or loaded.pipeline is None else context_of(loaded, node, project)
    context = None if context is None else replace(context, history=history)
    context = _with_similar(context, past, ranked, attempt)
    heard = None
    if adviser is not None:
        facts = {} if context is None else context.to_json()
        heard = hear(adviser.model, log, ranked, facts, adviser.cache)
        ranked = rank_anew(ranked, heard)
    found = _told(log, loaded, node, verdict, ranked, heard)
    return replace(found, context=_with_similar(context, past, ranked, attempt))


def remember(found: Diagnosis, loaded: Loaded | None, project: Project | None, attempt: Attempt) -> None:
    """Later failures of the pipeline are told of this one; without a pipeline there is nobody to tell."""
    past = _past(loaded, project)
    if past is not None:
        past.keep(attempt, found.node, found.root_cause, found.confidence)


def _past(loaded: Loaded | None, project: Project | None) -> PastFailures | None:
    if project is None or loaded is None or loaded.pipeline is None:
        return None
    return PastFailures.of(project, loaded.pipeline.id)


def _with_similar(
    context: Context | None, past: Past | None, ranked: tuple[Ranked, ...], attempt: Attempt | None
) -> Context | None:
    if context is None or past is None:
        return context
    return replace(context, similar=past.similar(ranked[0].root_cause, attempt))


def _told(
    log: str,
    loaded: Loaded | None,
    node: str | None,
    verdict: Verdict,
    ranked: tuple[Ranked, ...],
    heard: Heard | None,
) -> Diagnosis:
    first = ranked[0]
    by_signatures = bool(verdict.ranked) and verdict.ranked[0].root_cause == first.root_cause
    cited = verdict.evidence[0].passage.text if verdict.evidence and by_signatures else ""
    evidence = _lines(log, verdict) if by_signatures and first.root_cause != UNKNOWN else ()
    explanation = None
    if heard is not None and heard.opinion is not None and heard.opinion.root_cause == first.root_cause:
        explanation = heard.opinion.explanation if heard.verified else None
        evidence = evidence or heard.verified
    return Diagnosis(
        summary=_summary(verdict if by_signatures else None, first, node),
        root_cause=first.root_cause,
        confidence=first.confidence,
        evidence=evidence,
        actions=tuple(_action(advice, first, loaded, node, cited) for advice in ADVICE[first.root_cause]),
        ranked=ranked,
        node=node,
        explanation=explanation,
        by="signatures" if by_signatures else "model",
        notes=() if heard is None else (heard.note,),
        model=None if heard is None else heard.use,
    )


def _summary(verdict: Verdict | None, first: Ranked, node: str | None) -> str:
    where = f"Node `{node}`: " if node else ""
    if first.root_cause == UNKNOWN:
        return f"{where}the log does not say why it failed."
    quoted = quote(verdict.evidence[0]) if verdict is not None and verdict.evidence else ""
    quoted = _OWN_CLASS.sub("", quoted)
    return f"{where}{CAUSES[first.root_cause]} {quoted}".strip()


def _lines(log: str, verdict: Verdict) -> tuple[str, ...]:
    """Return the cited lines; one that only says the same again, as a wrapper's or the logger's, is left out."""
    rows = log.split("\n")
    told: dict[str, str] = {}
    for one in verdict.evidence:
        at = max(one.passage.text.find(one.matched), 0)
        told.setdefault(one.passage.text[at : at + _SAME_TEXT], rows[one.passage.line - 1].rstrip("\r")[:MAX_LINE])
    return tuple(told.values())


def find_node(log: str, loaded: Loaded | None) -> str | None:
    """Return the last node of the pipeline that the log names."""
    if loaded is None or loaded.pipeline is None:
        return None
    named = [match["node"] for match in _NODE_NAMED.finditer(log) if match["node"] in loaded.pipeline.nodes]
    return named[-1] if named else None


def _action(advice: Advice, first: Ranked, loaded: Loaded | None, node: str | None, cited: str) -> Action:
    change = Patch(advice.kind, first.root_cause, node, cited)
    patch = patch_of(change, loaded) if loaded is not None and first.root_cause != UNKNOWN else None
    return Action(
        title=advice.title,
        confidence=round(advice.confidence * first.confidence, 2),
        kind=advice.kind,
        effort=advice.effort,
        risk=advice.risk,
        patch=patch,
        change=change,
    )
