"""A query that a model proposes for an `ai.sql` node: it sees names and types, never rows, and a person approves it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel, Field

from dataflow_provider.ai.cache import AnswerCache, answer_key
from dataflow_provider.ai.models import UNTRUSTED, Model, Question, Spent, as_data
from dataflow_provider.errors import AuthorError, Place, TerminalError

Check = Callable[[str], list[str]]
"""Returns what is wrong with a query in place of the node's; nothing when it can be approved."""

_TRIES = 3


class ProposedQuery(BaseModel):
    """What the model answers."""

    query: str = Field(description="One SELECT that does what is asked, over the inputs alone")
    explanation: str = Field(description="What the query does, in one or two sentences")


@dataclass(frozen=True)
class Proposal:
    """A query that passed every check and waits for approval."""

    query: str
    explanation: str
    model: str
    spent: Spent


@dataclass(frozen=True)
class Wish:
    """What a query is wanted for: the node's prompt, the dialect, and the columns with types of each input."""

    workspace: str
    pipeline: str
    node: str
    prompt: str
    dialect: str
    inputs: Mapping[str, Mapping[str, str] | None]

    @property
    def key(self) -> str:
        return answer_key("ai.sql", asdict(self))


def propose_query(wish: Wish, model: Model, check: Check, cache: AnswerCache) -> Proposal:
    """Return a query that the checks let pass; it is kept for `approved_query`.

    Raises:
        TerminalError: `DF-AI-020` when the model's last query is wrong too.
    """
    spent = Spent()
    faults: list[str] = []
    query = ""
    for _ in range(_TRIES):
        reply = model.ask(Question(_instructions(wish), _told(wish, query, faults), ProposedQuery))
        spent += reply.spent
        query = reply.answer.query.strip().rstrip(";").strip()
        faults = check(query)
        if not faults:
            cache.keep({wish.key: {"query": query}})
            return Proposal(query, reply.answer.explanation, model.name, spent)
    raise TerminalError(
        "DF-AI-020",
        f"the model `{model.name}` proposed `{query}`, which is refused: {faults[0]}",
        place=Place(node=wish.node),
        hint="Say in `prompt` which inputs and columns to use, or write the query yourself.",
    )


def approved_query(wish: Wish, cache: AnswerCache) -> str:
    """Return the query that was last proposed for the node as it stands now.

    Raises:
        AuthorError: `DF-AI-021` when none was, or the node was changed since.
    """
    found = cache.find([wish.key]).get(wish.key)
    if found is None:
        raise AuthorError(
            "DF-AI-021",
            f"nothing was proposed yet for `{wish.node}` as it stands now",
            place=Place(node=wish.node),
            hint="See a proposal first: the same command without `--approve`.",
        )
    return str(found["query"])


def _instructions(wish: Wish) -> str:
    return "\n".join(
        [
            f"You write one SELECT in the SQL of {wish.dialect}. It may read the inputs and no other table.",
            "An input is named as given. No INSERT, UPDATE, DELETE, DDL, session setting or comment.",
            UNTRUSTED,
        ]
    )


def _told(wish: Wish, query: str, faults: list[str]) -> str:
    inputs = [json.dumps({"input": name, "columns": _shown(columns)}) for name, columns in wish.inputs.items()]
    told = [as_data("inputs", "\n".join(inputs)), f"Task: {wish.prompt}"]
    if faults:
        told.append(as_data("refused_query", query))
        told.append(as_data("reasons", "\n".join(faults[:5])))
    return "\n".join(told)


def _shown(columns: Mapping[str, str] | None) -> Any:
    return "unknown" if columns is None else {name: kind or "unknown" for name, kind in columns.items()}
