"""A model's second opinion on a failure. It sees redacted lines, names a cause of the closed list, and must cite.

It may order the causes anew; only with lines that are really in the log may it make one surer. Whatever goes wrong, the
verdict of the signatures stands and says why.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTimeError
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from dataflow_provider.ai.cache import AnswerCache, answer_key
from dataflow_provider.ai.models import UNTRUSTED, Model, Question, Reply, as_data
from dataflow_provider.diagnosis.engine import Ranked
from dataflow_provider.diagnosis.redaction import redact
from dataflow_provider.diagnosis.taxonomy import CAUSES, UNKNOWN
from dataflow_provider.errors import DataflowError

TIMEOUT_S = 30.0
_SHOWN_LINES = 120
_SHOWN_CHARACTERS = 12_000
_SUREST = 0.8
"""A model is never surer than that: it has no table of codes."""
_SHORTEST_CITED = 12


def _known_cause(name: str) -> str:
    if name not in CAUSES:
        raise ValueError(f"`{name}` is none of the causes")
    return name


CauseName = Annotated[str, AfterValidator(_known_cause), WithJsonSchema({"type": "string", "enum": list(CAUSES)})]


class Opinion(BaseModel):
    """What the model answers."""

    root_cause: CauseName = Field(description="The cause that the log supports; unknown when none is")
    confidence: float = Field(ge=0, le=1)
    evidence: list[str] = Field(description="Lines of the log, word for word, that tell the cause", max_length=5)
    explanation: str = Field(description="What happened and why, in at most three sentences", max_length=1_000)


@dataclass(frozen=True)
class ModelUse:
    """What asking a model took; `kept` is an answer of before, `cost` in US dollars None where no price is known."""

    name: str
    outcome: Literal["answered", "kept", "failed"]
    seconds: float
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = 0.0


@dataclass(frozen=True)
class Heard:
    """An opinion with the lines that are really there; `note` says what came of asking."""

    opinion: Opinion | None
    verified: tuple[str, ...]
    note: str
    use: ModelUse


def hear(model: Model, log: str, ranked: Sequence[Ranked], facts: dict[str, Any], cache: AnswerCache) -> Heard:
    """Return what the model thinks of the failure; never raises, and takes at most `TIMEOUT_S`."""
    shown = _shown(log)
    question = Question(_INSTRUCTIONS, _told(shown, ranked, facts), Opinion, TIMEOUT_S)
    key = answer_key("diagnosis", model.identity, question.instructions, question.text)
    kept = cache.find([key]).get(key)
    if kept is not None:
        use = ModelUse(model.name, "kept", 0.0)
        return _heard(Opinion.model_validate(kept), shown, f"the model `{model.name}` was asked before", use)
    begun = time.monotonic()
    try:
        reply = _ask(model, question)
    except NotInTimeError:
        return _silent(model, begun, f"the model `{model.name}` gave no answer in {TIMEOUT_S:g} s")
    except DataflowError as error:
        return _silent(model, begun, f"{error.code}: {error.message}")
    except Exception as error:  # noqa: BLE001  # a vendor's SDK may raise anything, and a diagnosis must come all the same
        return _silent(model, begun, f"the model `{model.name}` failed ({type(error).__name__})")
    cache.keep({key: reply.answer.model_dump()})
    spent = reply.spent
    use = ModelUse(
        model.name, "answered", _since(begun), spent.input_tokens, spent.output_tokens, spent.cost
    )  # fmt: skip
    return _heard(reply.answer, shown, f"the model `{model.name}` was asked", use)


def _ask(model: Model, question: Question[Opinion]) -> Reply[Opinion]:
    """Return the answer, or raise after `TIMEOUT_S` whatever the model does."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="dataflow-diagnosis")
    try:
        return pool.submit(model.ask, question).result(TIMEOUT_S)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _silent(model: Model, begun: float, why: str) -> Heard:
    return Heard(None, (), f"{why}; signatures alone", ModelUse(model.name, "failed", _since(begun), cost=None))


def _since(begun: float) -> float:
    return round(time.monotonic() - begun, 2)


def _heard(opinion: Opinion, shown: str, note: str, use: ModelUse) -> Heard:
    lines = [" ".join(line.split()) for line in shown.split("\n")]
    cited = [" ".join(one.split()) for one in opinion.evidence]
    verified = tuple(one for one in cited if len(one) >= _SHORTEST_CITED and any(one in line for line in lines))
    if len(verified) < len(cited):
        note += f"; {len(cited) - len(verified)} of its {len(cited)} cited lines are not in the log and do not count"
    return Heard(opinion, verified, note, use)


def rank_anew(ranked: Sequence[Ranked], heard: Heard) -> tuple[Ranked, ...]:
    """Return the causes in the order that both support.

    Without verified lines nothing becomes surer than it was: the model's cause goes first, others sink to it.
    """
    opinion = heard.opinion
    if opinion is None or opinion.root_cause == UNKNOWN:
        return tuple(ranked)
    before = {one.root_cause: one.confidence for one in ranked}
    mine = before.get(opinion.root_cause, 0.0)
    first = ranked[0] if ranked else Ranked(UNKNOWN, 1.0)
    if heard.verified:
        mine = max(mine, min(opinion.confidence, _SUREST))
    elif first.root_cause == UNKNOWN or not mine:
        return tuple(ranked)
    bound = 1 - mine if heard.verified else mine
    others = [
        Ranked(one.root_cause, round(min(one.confidence, mine, bound if heard.verified else one.confidence), 2))
        for one in ranked
        if one.root_cause != opinion.root_cause
    ]
    if heard.verified and first.root_cause not in (UNKNOWN, opinion.root_cause) and first.confidence > mine:
        return tuple(ranked)  # the signatures are surer, by a code that they know
    return (Ranked(opinion.root_cause, round(mine, 2)), *others)[:6]


_INSTRUCTIONS = "\n".join(
    [
        "You find the root cause of a failed data pipeline task from its log.",
        UNTRUSTED,
        "Choose one cause of this closed list; choose unknown when the log does not decide:",
        *(f"{name}: {meaning}" for name, meaning in CAUSES.items()),
        "Cite lines of the log exactly as they stand there. Values in angle brackets were hidden.",
    ]
)


def _shown(log: str) -> str:
    """Return the end of the log as the model sees it."""
    lines = log.rstrip().split("\n")[-_SHOWN_LINES:]
    return redact("\n".join(line[:1_000] for line in lines))[-_SHOWN_CHARACTERS:]


def _told(shown: str, ranked: Sequence[Ranked], facts: dict[str, Any]) -> str:
    suspected = json.dumps([vars(one) for one in ranked])
    known = redact(json.dumps(facts, default=str, ensure_ascii=False, indent=1))
    return "\n".join([f"Signatures suspect: {suspected}", as_data("facts", known), as_data("log", shown)])
