"""The evidence of one log while it is weighed."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from dataflow_provider.diagnosis.log import Passage


@dataclass(frozen=True)
class Evidence:
    """A signature's match: the cause it speaks for, how strongly (0 to 1), and where it stands."""

    cause: str
    score: float
    passage: Passage
    matched: str


@dataclass
class Weighing:
    """Passages and evidence; refinements change the evidence, never the passages."""

    passages: Sequence[Passage]
    evidence: list[Evidence]

    def best(self, cause: str) -> float:
        return max((one.score for one in self.evidence if one.cause == cause), default=0.0)

    def has(self, cause: str) -> bool:
        return any(one.cause == cause for one in self.evidence)

    def scale(self, factor: float, *, cause: str | None = None, lines: Set[int] | None = None) -> None:
        """The evidence for the cause (any when None) in the passages at `lines` (all when None) counts that much."""
        self.evidence = [
            replace(one, score=min(1.0, one.score * factor))
            if cause in (None, one.cause) and (lines is None or one.passage.line in lines)
            else one
            for one in self.evidence
        ]

    def add(self, cause: str, score: float, passage: Passage, matched: str) -> None:
        self.evidence.append(Evidence(cause, score, passage, matched))
