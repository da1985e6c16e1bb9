"""Passages to ranked causes: every signature is asked, evidence weighed by where it stands, confidences calibrated."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from dataflow_provider.diagnosis.log import MAX_SEARCHED, Passage, Role, is_calm, is_retry_noise, read_passages
from dataflow_provider.diagnosis.refine import REFINEMENTS
from dataflow_provider.diagnosis.signatures import FAMILIES
from dataflow_provider.diagnosis.signatures.base import Codes, Pattern, grams
from dataflow_provider.diagnosis.taxonomy import UNKNOWN, often_confused
from dataflow_provider.diagnosis.weighing import Evidence, Weighing

_WEIGHT = {
    Role.ROOT: 1.0,
    Role.CHAINED: 0.93,
    Role.STACK: 0.95,
    Role.ERROR: 0.88,
    Role.RAW: 0.8,
    Role.PRINTED: 0.75,
    Role.WARNING: 0.72,
    Role.INFO: 0.58,
    Role.AFTER: 0.4,
}
_RETRY_WEIGHT = 0.55
_CALM_WEIGHT = 0.6
_HEAD, _TAIL = 1_500, 500
"""How much of a passage's begin and end is searched: a statement or a row in a message may be of any length."""
THRESHOLD = 0.38
"""Below this score no cause is named."""


@dataclass(frozen=True)
class Ranked:
    """A suspected cause with its probability, 0 to 1."""

    root_cause: str
    confidence: float


@dataclass(frozen=True)
class Verdict:
    """What the log supports: causes by confidence (`unknown` first when none is supported), and the lines for it."""

    ranked: tuple[Ranked, ...]
    evidence: tuple[Evidence, ...]


def judge(log: str) -> Verdict:
    """Return the causes of the failure that a log tells of; an empty log gives `unknown`."""
    passages = _loudest(read_passages(log))
    weighing = Weighing(passages, weigh(passages))
    for refine in REFINEMENTS:
        refine(weighing)
    return _rank(weighing)


_ADVICE = re.compile(
    r"this (?:can|may|could|might) (?:occur|happen|be caused)|"
    r"possible (?:causes?|reasons?)|following reasons|\b1\) .{1,200}\b2\) |"
    r"check (?:the |your )?(?:account|password|network|credentials)",
    re.IGNORECASE | re.DOTALL,
)
_ADVICE_WEIGHT = 0.6


def weigh(passages: Sequence[Passage]) -> list[Evidence]:
    """Return what the signatures find in each passage."""
    found: list[Evidence] = []
    codes, wordings = _codes(passages), _wordings(passages)
    for at, passage in enumerate(passages):
        weight = _WEIGHT[passage.role] * (_RETRY_WEIGHT if _is_demoted(passage, passages[at + 1 : at + 2]) else 1.0)
        if passage.role in (Role.INFO, Role.PRINTED, Role.AFTER) and is_calm(passage.text):
            weight *= _CALM_WEIGHT
        found += (Evidence(cause, strength * weight, passage, text) for cause, strength, text in codes[at])
        if wordings[at]:
            advice = _ADVICE.search(passage.text)
            for cause, strength, text in wordings[at]:
                # A list of what may be wrong names causes that are not; a code in it stays a code.
                is_advice = advice is not None and passage.text.find(text) >= advice.start()
                weighed = strength * weight * (_ADVICE_WEIGHT if is_advice else 1.0)
                found.append(Evidence(cause, weighed, passage, text))
    return found


_LINES = (Role.WARNING, Role.INFO, Role.PRINTED, Role.RAW, Role.ERROR)


def _is_demoted(passage: Passage, following: Sequence[Passage]) -> bool:
    """Return whether the line itself, or the next one, says that it was tried again."""
    return passage.role in _LINES and any(
        one.role in _LINES and is_retry_noise(one.text) for one in (passage, *following)
    )


def _loudest(passages: list[Passage]) -> list[Passage]:
    """Return the passages that fit the bound, the loudest and latest first, in the order of the log."""
    order = sorted(range(len(passages)), key=lambda at: (-_WEIGHT[passages[at].role], -at))
    kept: dict[int, Passage] = {}
    total = 0
    seen: set[str] = set()
    for at in order:
        passage = passages[at]
        if passage.text in seen:
            continue
        seen.add(passage.text)
        if len(passage.text) > _HEAD + _TAIL:
            passage = replace(passage, text=f"{passage.text[:_HEAD]}\n{passage.text[-_TAIL:]}")
        total += len(passage.text)
        if total > MAX_SEARCHED:
            break
        kept[at] = passage
    return [kept[at] for at in sorted(kept)]


Match = tuple[str, float, str]
"""A cause, how strongly it is told, and the text that tells it."""

_APART = "\n\x00\n"
"""Between passages in one text: one search over all of them is far cheaper than one a passage."""


def _codes(passages: Sequence[Passage]) -> list[list[Match]]:
    """Return the codes with a meaning in each passage."""
    text = _APART.join(passage.text for passage in passages)
    held = grams(text.lower())
    starts = _starts([len(passage.text) for passage in passages])
    found: list[list[Match]] = [[] for _ in passages]
    for family in FAMILIES:
        for codes in family.codes:
            if not codes.may_match(held):
                continue
            hit: Iterable[int] = range(len(passages))
            if not codes.is_anchored:
                hit = {bisect_right(starts, match.start()) - 1 for match in codes.grammar.finditer(text)}
            for at in hit:
                found[at] += _meanings(codes, passages[at].text)
    return found


def _meanings(codes: Codes, text: str) -> Iterable[Match]:
    for match in codes.grammar.finditer(text):
        code = next((group for group in match.groups() if group), None)
        meaning = codes.meaning(code) if code else None
        if meaning is not None:
            yield (*meaning, match[0])


def _wordings(passages: Sequence[Passage]) -> list[list[Match]]:
    """Return what the first fitting wording of each signature matches in each passage."""
    lowered = [passage.text.lower() for passage in passages]
    text, starts = _APART.join(lowered), _starts([len(one) for one in lowered])
    held = grams(text)
    found: list[list[Match]] = [[] for _ in passages]
    for family in FAMILIES:
        for words in family.words:
            told: set[int] = set()
            for pattern in words.patterns:
                if not pattern.may_match(held):
                    continue
                for at in _passages_with(pattern, text, starts) - told:
                    matched = pattern.search(passages[at].text, lowered[at])
                    if matched is not None:
                        told.add(at)
                        found[at].append((words.cause, words.strength, matched))
    return found


def _starts(lengths: Iterable[int]) -> list[int]:
    return [0, *accumulate(length + len(_APART) for length in lengths)][:-1]


def _passages_with(pattern: Pattern, text: str, starts: Sequence[int]) -> set[int]:
    """Return which passages, from 0, hold what the pattern needs first; all of them where it needs nothing."""
    if not pattern.needs:
        return set(range(len(starts)))
    found: set[int] = set()
    for needed in pattern.needs[0]:
        at = text.find(needed)
        while at >= 0:
            index = bisect_right(starts, at) - 1
            found.add(index)
            if index + 1 == len(starts):
                break
            at = text.find(needed, starts[index + 1])
    return found


# ---------------------------------------------------------------- ranking


def _rank(weighing: Weighing) -> Verdict:
    scores = _scores(weighing.evidence)
    order = sorted(scores, key=lambda cause: -scores[cause])
    best = order[0] if order else None
    ranked = _confidences(order, scores)
    if best is None or scores[best] < THRESHOLD:
        ranked = [Ranked(UNKNOWN, round(1 - (scores[best] if best else 0.0), 2)), *ranked]
    cited = sorted(
        (one for one in weighing.evidence if one.cause == best), key=lambda one: (-one.score, one.passage.line)
    )
    return Verdict(tuple(ranked[:6]), tuple(_distinct(cited)[:5]))


def _scores(evidence: Iterable[Evidence]) -> dict[str, float]:
    """Return a score a cause: its best evidence, and a little for each further passage that agrees."""
    by_cause: dict[str, list[float]] = defaultdict(list)
    for one in evidence:
        by_cause[one.cause].append(one.score)
    scores = {}
    for cause, given in by_cause.items():
        given.sort(reverse=True)
        further = sum(score * 0.06 for score in given[1:4])
        scores[cause] = min(1.0, given[0] + further)
    return scores


def _confidences(order: Sequence[str], scores: dict[str, float]) -> list[Ranked]:
    """Return confidences by the score and by how far it leads; calibrated on the cases of `tests/evals`."""
    if not order:
        return []
    best = scores[order[0]]
    lead = best - (scores[order[1]] if len(order) > 1 else 0.0)
    top = 0.5 + 0.3 * min(1.0, best) + 0.17 * min(1.0, lead / 0.3)
    if best < THRESHOLD:
        top = best * 0.8
    rest = min(1 - top, 2 * top)  # a further suspicion is never likelier than the first
    ranked = [Ranked(order[0], round(min(0.98, top), 2))]
    others = list(order[1:4]) + [one for one in often_confused(order[0]) if one not in order[:4]]
    for number, cause in enumerate(others[:4]):
        ranked.append(Ranked(cause, round(max(0.01, rest * 0.5 ** (number + 1)), 2)))
    return ranked


def _distinct(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Return the first evidence of each line."""
    by_line: dict[int, Evidence] = {}
    for one in evidence:
        by_line.setdefault(one.passage.line, one)
    return list(by_line.values())


_BLANKS = re.compile(r"\s+")


def quote(evidence: Evidence, length: int = 300) -> str:
    """Return the cited passage on one line, shortened between two words around what matched."""
    text = _BLANKS.sub(" ", evidence.passage.text).strip()
    if len(text) <= length:
        return text
    at = text.find(_BLANKS.sub(" ", evidence.matched).strip())
    start = at - length // 2 if at > length // 2 else 0
    first = text.find(" ", start, max(at, 0)) + 1 if start else 0
    end = text.rfind(" ", first, first + length) if len(text) > first + length else len(text)
    shown = text[first : end if end > max(at, first) else first + length]
    return f"{'…' if first else ''}{shown}{'…' if first + len(shown) < len(text) else ''}"
