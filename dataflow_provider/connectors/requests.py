"""What a connector is asked for: rows to read, rows to write, a look at what there is. Data only, no driver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, Protocol

from dataflow_provider.spec.project import Project

Value = str | int | float | bool | Decimal | date | datetime
Comparison = Literal["=", "<>", "<", "<=", ">", ">=", "in", "is null", "is not null"]


@dataclass(frozen=True)
class Predicate:
    """A comparison that every wanted row meets; `in` has several `values`, the null tests none, the others one."""

    column: str
    comparison: Comparison
    values: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Partition:
    """One of `count` parts of a read, numbered from 0; together they hold every row once.

    `lower` is inclusive and None in the first part, `upper` exclusive and None in the last; a `hashed` part has neither
    but the values of one bucket. Rows without a value of `column` belong to the first.
    """

    column: str
    index: int
    count: int
    lower: Value | None = None
    upper: Value | None = None
    hashed: bool = False


@dataclass(frozen=True)
class Span:
    """A read with both ends fixed, so that it gives the same rows again; `start` inclusive, `end` exclusive.

    `of` is what is read, such as a topic; the positions are plain JSON that only their connector understands.
    """

    of: str
    start: Mapping[str, Any]
    end: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {"of": self.of, "start": dict(self.start), "end": dict(self.end)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Span:
        """Return what `to_json` has written.

        Raises:
            KeyError, TypeError, ValueError: when it is something else.
        """
        return cls(str(stored["of"]), dict(stored["start"]), dict(stored["end"]))


class Rejects(Protocol):
    """Takes the records that could not be read, where a node goes on without them: keeps or counts them."""

    def add(self, *, origin: str, line: int | None, byte_offset: int | None, raw: str, reason: str) -> None:
        """Keep one record; lines count from 1, bytes from 0, both None where they mean nothing."""


@dataclass(frozen=True)
class ExtractRequest:
    """Rows that a source node reads.

    node:          its id, for messages
    options:       its own fields as in YAML, such as `path` or `topic`, and `schema` when it is declared
    columns:       those to read, in that order; None means all. Only given to a connector with `column_projection`
    predicates:    all of them hold for the rows wanted; only given with `predicate_pushdown`
    limit:         most rows wanted, for a preview; None means all
    partition:     the part to read; only given with `partitioned_read`
    span:          where the read begins and ends; only given with `frozen_read`, None reads all there is now
    batch_rows:    about how many rows a batch holds
    on_bad_record: what a record does that cannot be read
    rejects:       takes such records unless `on_bad_record` is `fail`; None where nobody asks for them
    project:       where relative paths start and what may be touched
    """

    node: str
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    columns: tuple[str, ...] | None = None
    predicates: tuple[Predicate, ...] = ()
    limit: int | None = None
    partition: Partition | None = None
    span: Span | None = None
    batch_rows: int = 10_000
    on_bad_record: Literal["fail", "skip", "reject"] = "fail"
    rejects: Rejects | None = None
    project: Project | None = None


@dataclass(frozen=True)
class LoadRequest:
    """Rows that a target node writes.

    mode:   append, or overwrite, which replaces all that was there at once and only when every row has come
    marker: the same for every try of one run of one node: what an earlier try of it has written is not to be doubled
    """

    node: str
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    mode: Literal["append", "overwrite"] = "append"
    marker: str = ""
    batch_rows: int = 10_000
    project: Project | None = None


# ---------------------------------------------------------------- what there is


@dataclass(frozen=True)
class SchemaRequest:
    """A look into a connection: schemas when nothing is named, else tables of `schema`, else columns of `table`.

    `search` is part of a name, case does not count. `offset` and `limit` cut a page out of the answer.
    """

    catalog: str | None = None
    schema: str | None = None
    table: str | None = None
    search: str = ""
    offset: int = 0
    limit: int = 200


@dataclass(frozen=True)
class SchemaEntry:
    """One thing found.

    kind:     catalog, schema, table, view or column; native connectors may say topic, file or endpoint
    path:     the names that lead to it, its own last
    type:     (column) its type as the database writes it
    nullable: (column) None when it is not told
    key:      (column) its place in the primary key, counted from 1; None outside of it
    rows:     (table) about how many rows it has; None when it is not told
    """

    kind: str
    name: str
    path: tuple[str, ...]
    type: str | None = None
    nullable: bool | None = None
    key: int | None = None
    rows: int | None = None
    comment: str | None = None


@dataclass(frozen=True)
class SchemaPage:
    """A page of entries in name order, columns in the order of their table; `more` says that others follow."""

    entries: tuple[SchemaEntry, ...]
    more: bool = False
