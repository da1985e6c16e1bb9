"""Columns that a model fills: rows go to it in batches, each distinct row once, and answers of earlier runs are kept.

A batch without a usable answer is halved until the rows at fault stand alone; those follow the node's `on_error`.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import GenericAlias
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from dataflow_provider.ai.cache import AnswerCache, answer_key
from dataflow_provider.ai.models import UNTRUSTED, Model, Price, Question, Reply, Spent, UnusableAnswerError, as_data
from dataflow_provider.errors import AuthorError, TerminalError, TransientError
from dataflow_provider.spec.nodes import AiEnrich, EnrichOutput

logger = logging.getLogger(__name__)

DEFAULT_BATCH = 20
ATTEMPTS = 4
_PAUSE_S = 1.0
_CHARACTERS_A_TOKEN = 3
"""Fewer than in any usual text, so that the estimate of a request's cost is rather too high."""
_TOKENS_A_VALUE = 12
_TYPES: Mapping[str, Any] = {"string": str, "integer": int, "number": float, "boolean": bool, "date": date}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Answered:
    """What the model said of one row: `values` by output, or the reason why there are none."""

    values: Mapping[str, Any] | None
    reason: str | None = None


@dataclass(frozen=True)
class Usage:
    """What an `ai.enrich` node took in one run; `cached` counts the rows that no question was needed for."""

    node: str
    model: str
    rows: int
    distinct: int
    cached: int
    failed: int
    spent: Spent

    def to_json(self) -> dict[str, Any]:
        cost = self.spent.cost
        return {
            "node": self.node,
            "model": self.model,
            "rows": self.rows,
            "distinct": self.distinct,
            "cached": self.cached,
            "failed": self.failed,
            "requests": self.spent.requests,
            "input_tokens": self.spent.input_tokens,
            "output_tokens": self.spent.output_tokens,
            "cost": None if cost is None else round(cost, 6),
        }


@dataclass
class Enricher:
    """Asks one model for the outputs of one node. `sleep` and `clock` are the machine's unless a test gives its own."""

    node: str
    spec: AiEnrich
    model: Model
    cache: AnswerCache
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    spent: Spent = field(default_factory=Spent)
    _last: float | None = None

    def __post_init__(self) -> None:
        self._price = self._required_price() if self.spec.max_cost is not None else None
        self._answer = answer_model(self.spec.outputs)

    def fill(self, rows: Iterable[Row]) -> tuple[list[Answered], Usage]:
        """Return one answer a row, in the rows' order, and what they took.

        Raises:
            TerminalError: `DF-AI-015` when a row has no answer and `on_error` is `fail`, `DF-AI-011` when `max_cost`
                would be passed; what was answered until then is kept for the next try.
            TransientError: `DF-AI-012` when the model stays busy or away.
        """
        keys: list[str] = []
        distinct: dict[str, Row] = {}
        for row in rows:
            key = answer_key(self.model.identity, self.spec.prompt, _shape(self.spec), row)
            keys.append(key)
            distinct.setdefault(key, row)
        known = {key: Answered(values) for key, values in self.cache.find(distinct).items()}
        waiting = [(key, row) for key, row in distinct.items() if key not in known]
        hits = sum(key in known for key in keys)
        size = self.spec.batch_size or DEFAULT_BATCH
        for start in range(0, len(waiting), size):
            known |= self._ask(waiting[start : start + size])
        answers = [known[key] for key in keys]
        failed = sum(one.values is None for one in answers)
        return answers, Usage(self.node, self.model.name, len(keys), len(distinct), hits, failed, self.spent)

    # ------------------------------------------------------------ one batch

    def _ask(self, batch: Sequence[tuple[str, Row]]) -> dict[str, Answered]:
        question = Question(self._instructions(), _told(batch), self._answer)
        self._keep_to_cost(question, len(batch))
        try:
            reply = self._ask_patiently(question)
        except UnusableAnswerError as error:
            self.spent += error.spent
            return self._asked_in_halves(batch, error)
        self.spent += reply.spent
        return self._sorted_out(batch, reply.answer)

    def _sorted_out(self, batch: Sequence[tuple[str, Row]], answer: AnsweredRows) -> dict[str, Answered]:
        """Return the answers by key; rows that the model has left out are asked for once more."""
        said: dict[int, Answered] = {}
        for one in answer.rows:
            said.setdefault(one.row, Answered(one.values.model_dump(mode="json")))
        found = {key: said[number] for number, (key, _) in enumerate(batch, 1) if number in said}
        self.cache.keep({key: one.values for key, one in found.items()})
        left = [pair for pair in batch if pair[0] not in found]
        if not left:
            return found
        missing = UnusableAnswerError(self.model.name, f"{len(left)} of {len(batch)} rows are left out", Spent())
        again = self._asked_in_halves(left, missing) if len(left) == len(batch) else self._ask(left)
        return found | again

    def _asked_in_halves(self, batch: Sequence[tuple[str, Row]], error: UnusableAnswerError) -> dict[str, Answered]:
        if len(batch) > 1:
            middle = len(batch) // 2
            return self._ask(batch[:middle]) | self._ask(batch[middle:])
        if self.spec.on_error == "fail":
            raise TerminalError(
                "DF-AI-015",
                f"a row got no answer, and `on_error` is `fail`: {error.message}",
                hint="Use `on_error: null` or `reject`, or describe the outputs better.",
            ) from error
        return {batch[0][0]: Answered(None, error.message[:200])}

    def _ask_patiently(self, question: Question[Any]) -> Reply[Any]:
        """Ask again when the model is busy or away, each time after twice the pause."""
        for attempt in range(1, ATTEMPTS + 1):
            self._keep_to_rate()
            try:
                return self.model.ask(question)
            except TransientError as error:
                if attempt == ATTEMPTS:
                    raise
                logger.warning("node=%s asks again attempt=%d: %s", self.node, attempt, error.code)
                self.sleep(_PAUSE_S * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")

    def _keep_to_rate(self) -> None:
        now = self.clock()
        if self.spec.rate_limit is not None and self._last is not None:
            pause = self._last + 1 / self.spec.rate_limit - now
            if pause > 0:
                self.sleep(pause)
                now += pause
        self._last = now

    # ------------------------------------------------------------ money

    def _required_price(self) -> Price:
        price = self.model.price
        if price is None:
            raise AuthorError(
                "DF-AI-016",
                f"`max_cost` cannot be kept: nobody knows what the model `{self.model.name}` costs",
                hint="Write US dollars per million tokens into the connection's extra: "
                '{"price": {"input": 0.15, "output": 0.6}}.',
            )
        return price

    def _keep_to_cost(self, question: Question[Any], rows: int) -> None:
        if self._price is None or self.spec.max_cost is None:
            return
        asked = (len(question.instructions) + len(question.text)) // _CHARACTERS_A_TOKEN
        coming = self._price.of(asked, rows * (1 + len(self.spec.outputs)) * _TOKENS_A_VALUE)
        so_far = self.spent.cost or 0.0
        if so_far + coming > self.spec.max_cost:
            raise TerminalError(
                "DF-AI-011",
                f"the next question may cost ${coming:.6f}, ${so_far:.6f} are spent, and `max_cost` is "
                f"${self.spec.max_cost:g}",
                hint="Raise `max_cost`, or send fewer rows; answers until here are kept for a re-run.",
            )

    def _instructions(self) -> str:
        told = [
            "You fill columns of a table, row by row. Answer every row once, by its number.",
            UNTRUSTED,
            f"Task: {self.spec.prompt}",
        ]
        for name, output in self.spec.outputs.items():
            allowed = f", one of {json.dumps(output.enum, default=str)}" if output.enum else ""
            told.append(f"Column {name}: {output.type}{allowed}. {output.description or ''}".rstrip())
        return "\n".join(told)


def _told(batch: Sequence[tuple[str, Row]]) -> str:
    rows = ({"row": number, "values": row} for number, (_, row) in enumerate(batch, 1))
    return as_data("rows", "\n".join(json.dumps(one, default=str, ensure_ascii=False) for one in rows))


def _shape(spec: AiEnrich) -> dict[str, Any]:
    return {name: output.model_dump(mode="json") for name, output in spec.outputs.items()}


class AnsweredRows(BaseModel):
    """The answer to a batch; its subclasses say what a row holds."""

    rows: list[Any]


def answer_model(outputs: Mapping[str, EnrichOutput]) -> type[AnsweredRows]:
    """Return the model of a batch's answer: of every row its number, and a typed value or null for each output."""
    fields: dict[str, Any] = {}
    for number, (name, output) in enumerate(outputs.items()):
        kind: Any = _TYPES[output.type]
        if output.enum:
            kind = Literal[tuple(str(one) if output.type == "date" else one for one in output.enum)]
        fields[f"output_{number}"] = (kind | None, Field(description=output.description or name, alias=name))
    values = create_model("Values", __config__=ConfigDict(extra="forbid", serialize_by_alias=True), **fields)
    row = create_model("AnsweredRow", row=(int, Field(description="The row's number")), values=(values, ...))
    rows: Any = (GenericAlias(list, (row,)), ...)
    return create_model("Answers", __base__=AnsweredRows, rows=rows)
