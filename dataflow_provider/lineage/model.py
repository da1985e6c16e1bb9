"""Where columns come from, in OpenLineage's words: rows of a node as influences of source columns.

What nobody knows offline stays open: an influence of a whole dataset, never an invented column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Subtype(StrEnum):
    """How a source column reaches a column, after OpenLineage's columnLineage facet (version 1-2-0)."""

    IDENTITY = "IDENTITY"
    TRANSFORMATION = "TRANSFORMATION"
    AGGREGATION = "AGGREGATION"
    JOIN = "JOIN"
    GROUP_BY = "GROUP_BY"
    FILTER = "FILTER"
    SORT = "SORT"
    WINDOW = "WINDOW"
    CONDITIONAL = "CONDITIONAL"

    @property
    def type(self) -> str:
        """DIRECT when the value itself comes from the source, INDIRECT when the source only decides about it."""
        return "DIRECT" if self in _DIRECT else "INDIRECT"


_DIRECT = {Subtype.IDENTITY: 0, Subtype.TRANSFORMATION: 1, Subtype.AGGREGATION: 2}


def chained(outer: Subtype, inner: Subtype) -> Subtype:
    """Return how a source reaches the far end of two steps; `inner` is the step nearer to the source.

    >>> chained(Subtype.IDENTITY, Subtype.AGGREGATION), chained(Subtype.FILTER, Subtype.AGGREGATION)
    (<Subtype.AGGREGATION: 'AGGREGATION'>, <Subtype.FILTER: 'FILTER'>)
    """
    if outer not in _DIRECT:
        return outer
    if inner not in _DIRECT:
        return inner
    return max(outer, inner, key=_DIRECT.__getitem__)


class Origin(NamedTuple):
    """A column of a dataset that a source node reads; `column` None: one or more that nobody knows offline."""

    node: str
    dataset: str
    column: str | None


class Influence(NamedTuple):
    """One source of a column, and how it reaches it."""

    origin: Origin
    subtype: Subtype


Influences = frozenset[Influence]
NOTHING: Influences = frozenset()


def through(subtype: Subtype, influences: Iterable[Influence]) -> Influences:
    """Return the influences one step further on."""
    return frozenset(Influence(one.origin, chained(subtype, one.subtype)) for one in influences)


@dataclass(frozen=True)
class Open:
    """Columns that exist but that nobody can name offline.

    With `named` they keep the names they have in their origins, so that a column asked for by name is known; `hidden`
    (case folded) are names that are not among them.
    """

    influences: Influences
    named: bool = False
    hidden: frozenset[str] = frozenset()

    def column(self, name: str) -> Influences:
        """Return the influences of one of these columns."""
        if not self.named:
            return self.influences
        return frozenset(
            Influence(one.origin._replace(column=name) if one.origin.column is None else one.origin, one.subtype)
            for one in self.influences
        )

    def except_for(self, names: Iterable[str]) -> Open:
        """Return the same columns but those."""
        return Open(self.influences, self.named, self.hidden | {name.casefold() for name in names})


@dataclass(frozen=True)
class Rows:
    """Rows of a node (or of a query inside it).

    columns: known columns in order → what makes each of them, beside what decides about the rows
    rest:    columns unknown by name, as alternatives: a name not found in `columns` belongs to one of them, and there
             to all its parts
    latent:  columns that may exist and have an odd name, found by it but not listed
    decided: what decides which rows there are and in which order; holds for every column
    """

    columns: Mapping[str, Influences]
    rest: tuple[tuple[Open, ...], ...] = ()
    latent: Mapping[str, Influences] = field(default_factory=lambda: MappingProxyType({}))
    decided: Influences = NOTHING

    def find(self, name: str) -> str | None:
        """Return the real name of a known column, found without regard to case."""
        return _find(name, self.columns)

    def column(self, name: str) -> Influences | None:
        """Return what makes the column; None when there is no such column."""
        real = self.find(name)
        if real is not None:
            return self.columns[real]
        latent = _find(name, self.latent)
        if latent is not None:
            return self.latent[latent]
        possible = [parts for parts in self.rest if any(name.casefold() not in one.hidden for one in parts)]
        if not possible:
            return None
        parts = [one for alternative in possible for one in alternative if name.casefold() not in one.hidden]
        return merged(one.column(name) if len(possible) == 1 else one.influences for one in parts)

    def everything(self) -> Influences:
        """Return what makes any of the columns, known or not."""
        return merged([*self.columns.values(), *(one.influences for parts in self.rest for one in parts)])

    def with_columns(self, columns: Mapping[str, Influences]) -> Rows:
        """Return the same rows with exactly these columns."""
        return Rows(columns, decided=self.decided)

    def decided_by(self, subtype: Subtype, influences: Iterable[Influence]) -> Rows:
        """Return the rows after a step that keeps or orders them by these columns."""
        return Rows(self.columns, self.rest, self.latent, self.decided | through(subtype, influences))

    def hiding(self, names: Iterable[str]) -> Rows:
        """Return the rows without the named columns."""
        gone = frozenset(name.casefold() for name in names)
        return Rows(
            {name: one for name, one in self.columns.items() if name.casefold() not in gone},
            tuple(tuple(one.except_for(gone) for one in parts) for parts in self.rest),
            {name: one for name, one in self.latent.items() if name.casefold() not in gone},
            self.decided,
        )

    def named_only(self, names: Iterable[str]) -> Rows:
        """Return the rows with the columns that a database or a schema knows them to have."""
        return self.with_columns({name: self.column(name) or NOTHING for name in names})


def _find(name: str, columns: Iterable[str]) -> str | None:
    folded = name.casefold()
    return next((real for real in columns if real == name), None) or next(
        (real for real in columns if real.casefold() == folded), None
    )


def merged(many: Iterable[Influences]) -> Influences:
    return frozenset(one for influences in many for one in influences)


def opaque(inputs: Iterable[Rows], extra: Influences = NOTHING) -> Rows:
    """Return rows of which is only known what they are made from."""
    given = list(inputs)
    made = through(Subtype.TRANSFORMATION, _whole(merged(rows.everything() for rows in given))) | extra
    return Rows({}, ((Open(made),),), decided=merged(rows.decided for rows in given))


def _whole(influences: Influences) -> Iterator[Influence]:
    for one in influences:
        yield Influence(one.origin._replace(column=None), one.subtype)


def source_rows(node: str, dataset: str, columns: Iterable[str] | None) -> Rows:
    """Return the rows of a dataset; `columns` None when unknown."""
    if columns is None:
        return Rows({}, ((Open(frozenset({Influence(Origin(node, dataset, None), Subtype.IDENTITY)}), named=True),),))
    return Rows({name: frozenset({Influence(Origin(node, dataset, name), Subtype.IDENTITY)}) for name in columns})


Resolve = Callable[[str, str], Influences | None]
"""`(side, column)` → what makes the column, None when there is none; `side` is "" for a bare name."""
