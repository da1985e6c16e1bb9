"""Nodes in the making: a graph of drafts that know each other, ids only given at the end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ID_LIMIT = 63


class NotAGraph(Exception):
    """A part of a query that no nodes say exactly; the smallest query around it becomes one SQL node.

    `reason` completes the sentence "… stays SQL because".
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(eq=False)
class Draft:
    """One node: `fields` as they will stand in the file, `inputs` by role, or by position when roles are empty."""

    type: str
    wanted: str
    fields: dict[str, Any] = field(default_factory=dict)
    inputs: list[tuple[str, Draft]] = field(default_factory=list)

    def from_(self, ids: Mapping[int, str]) -> str | list[str] | dict[str, str] | None:
        """Return what stands in `from`; None for a source."""
        named = [(role, ids[id(draft)]) for role, draft in self.inputs]
        if not named:
            return None
        if all(not role or role == name for role, name in named):
            return named[0][1] if len(named) == 1 else [name for _, name in named]
        return dict(named)


@dataclass(frozen=True)
class Rows:
    """The rows that a node gives; names are unique without regard to case."""

    draft: Draft
    columns: tuple[str, ...]


@dataclass
class Drafts:
    """All nodes made so far, inputs before their readers."""

    nodes: list[Draft] = field(default_factory=list)

    def add(
        self, type_: str, wanted: str, fields: Mapping[str, Any], inputs: Iterable[Draft | tuple[str, Draft]] = ()
    ) -> Draft:
        """Return a new node; fields that are empty are left out."""
        kept = {key: value for key, value in fields.items() if value not in (None, (), [], {}, "")}
        roles = [one if isinstance(one, tuple) else ("", one) for one in inputs]
        draft = Draft(type_, wanted, kept, roles)
        self.nodes.append(draft)
        return draft

    def forget_after(self, mark: int) -> None:
        """Undo every node made since there were `mark` of them."""
        del self.nodes[mark:]

    def name(self, reserved: Iterable[str] = ()) -> dict[int, str]:
        """Return an id for each node by its identity: its wish, made valid and unique in the order they were made."""
        taken = set(reserved)
        return {id(draft): _unique(as_id(draft.wanted), taken) for draft in self.nodes}


def fresh(wanted: str, taken: Iterable[str]) -> str:
    """Return the name, numbered when one of `taken` is the same without regard to case.

    >>> fresh("total", ["Total", "total_2"])
    'total_3'
    """
    folded = {name.casefold() for name in taken}
    return next(name for name in _numbered(wanted) if name.casefold() not in folded)


def _numbered(wanted: str) -> Iterator[str]:
    yield wanted
    number = 1
    while True:
        number += 1
        yield f"{wanted[: ID_LIMIT - 1 - len(str(number))]}_{number}"


def as_id(wanted: str) -> str:
    """Return a valid id that reads like the wish.

    >>> as_id("Über Sales$2")
    'ber_sales_2'
    """
    name = re.sub(r"[^a-z0-9]+", "_", wanted.lower()).strip("_")[:ID_LIMIT].rstrip("_")
    return name if re.match(r"[a-z]", name) else f"n_{name}"[:ID_LIMIT].rstrip("_")


def _unique(wanted: str, taken: set[str]) -> str:
    name = next(name for name in _numbered(wanted) if name not in taken)
    taken.add(name)
    return name
