"""The state of taking one query apart: the nodes made so far, and where each column of the query now stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlglot import exp

from dataflow_provider.compiler.decompile.drafts import Draft, Drafts, NotAGraph, Rows, fresh
from dataflow_provider.compiler.decompile.normalise import BaseTable
from dataflow_provider.compiler.decompile.spelling import Spelling


@dataclass
class Cte:
    """A WITH query: planned when it is first read, then shared by all its readers."""

    query: exp.Query
    env: Env
    recursive: bool
    columns: tuple[str, ...] = ()
    rows: Rows | None = None


Env = dict[str, Cte]
Node = TypeVar("Node", bound=exp.Expr)


@dataclass(frozen=True)
class Kept:
    """A query that stays SQL, and why."""

    draft: Draft
    reason: str


PlanQuery = Callable[["Planner", exp.Query, Env, str], Rows]


@dataclass
class Planner:
    """What all queries of one text share. `plan` takes a query apart; it is handed in to break a circle of modules."""

    spelling: Spelling
    connector: str
    tables: Mapping[str, BaseTable]
    plan: PlanQuery
    drafts: Drafts = field(default_factory=Drafts)
    kept: list[Kept] = field(default_factory=list)
    _sources: dict[str, Rows] = field(default_factory=dict)

    def query(self, query: exp.Query, env: Env, wanted: str) -> Rows:
        """Return the rows of an uncorrelated query; they have exactly its columns in its order."""
        return self.plan(self, query, env, wanted)

    def table(self, key: str) -> tuple[Rows, dict[str, str]]:
        """Return the rows of a real table and, by the query's name, the real names of the columns it reads."""
        table = self.tables[key]
        known = tuple(table.known or ())
        if key not in self._sources or self._sources[key].draft not in self.drafts.nodes:
            wanted = None if table.columns is None else tuple(table.columns.values()) or known[:1]
            fields = {"table": ".".join(self._part(part) for part in table.parts), "columns": wanted and list(wanted)}
            draft = self.drafts.add(f"source.{self.connector}", table.parts[-1], fields)
            self._sources[key] = Rows(draft, known if wanted is None else wanted)
        names = {name: name for name in known} if table.columns is None else dict(table.columns)
        return self._sources[key], names

    def _part(self, name: str) -> str:
        """Return a part of a table's name as a YAML has it: quoted where the engine would read it otherwise."""
        plain = re.fullmatch(r"[A-Za-z_]\w*", name) and self.spelling.dialect.publish.fold(name) == name
        return name if plain else '"' + name.replace('"', '""') + '"'


@dataclass
class Scope:
    """One SELECT being taken apart. `names` tells what its column (alias, name) is called in `rows` now."""

    planner: Planner
    select: exp.Select
    env: Env
    wanted: str
    rows: Rows = field(default_factory=lambda: Rows(Draft("", ""), ()))
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    grouped: bool = False
    items: list[tuple[str, exp.Expr]] = field(default_factory=list)
    order: list[exp.Ordered] = field(default_factory=list)

    @property
    def spelling(self) -> Spelling:
        return self.planner.spelling

    # ------------------------------------------------------------ names

    def has(self, column: exp.Column) -> bool:
        return (column.table, column.name) in self.names

    def name_of(self, column: exp.Column) -> str:
        """Return what the column is called in the rows now.

        Raises:
            NotAGraph: for a column that is not among them.
        """
        found = self.names.get((column.table, column.name))
        if found is None:
            raise NotAGraph(f"the column `{column.sql()}` is not in reach of this part")
        return found

    def bare(self, tree: exp.Expr) -> exp.Expr:
        """Return a copy whose columns are named as in the rows now; subqueries inside are left as they are."""
        return replace_nodes(tree, own_columns, lambda one: bare_column(self.name_of(one)) if one.table else one.copy())

    def text(self, tree: exp.Expr) -> str:
        return self.spelling.text(tree)

    def fresh(self, wanted: str) -> str:
        return fresh(wanted, self.rows.columns)

    # ------------------------------------------------------------ nodes

    def add(self, type_: str, wanted: str, fields: Mapping[str, object], columns: Sequence[str] | None = None) -> None:
        """Let the rows go through a new node; `columns` are those it gives, the same when omitted."""
        draft = self.planner.drafts.add(type_, wanted, fields, [self.rows.draft])
        self.rows = Rows(draft, self.rows.columns if columns is None else tuple(columns))

    def filter(self, conditions: Sequence[exp.Expr], wanted: str) -> None:
        """Keep the rows that meet all conditions, whose columns are bare already."""
        if conditions:
            self.add("transform.filter", wanted, {"where": self.text(all_of(conditions))})

    def compute(self, columns: Mapping[str, exp.Expr], wanted: str) -> None:
        """Add columns, or replace those of the same name; all are computed from the rows as they are."""
        if not columns:
            return
        new = [name for name in columns if name not in self.rows.columns]
        self.add(
            "transform.expression",
            wanted,
            {"columns": {name: self.text(tree) for name, tree in columns.items()}},
            [*self.rows.columns, *new],
        )

    def as_columns(self, trees: Iterable[exp.Expr], wanted: Callable[[exp.Expr], str]) -> list[str]:
        """Return a column for each bare tree: its own name when it is one, else that of a new computed column."""
        trees = list(trees)
        new: dict[str, exp.Expr] = {}
        names: list[str] = []
        for tree in trees:
            if isinstance(tree, exp.Column):
                names.append(tree.name)
                continue
            known = next((name for name, other in new.items() if other == tree), None)
            name = known or fresh(wanted(tree), [*self.rows.columns, *new])
            new[name] = tree
            names.append(name)
        self.compute(new, f"{self.wanted}_keys")
        return names

    def rest(self) -> Iterator[exp.Column]:
        """Yield the columns of the query that are not yet dealt with."""
        for column in self.select.walk(prune=lambda node: id(node) in self.done):
            if isinstance(column, exp.Column) and id(column) not in self.done:
                yield column


# ---------------------------------------------------------------- trees


def bare_column(name: str) -> exp.Column:
    """Return a column of the rows, told from an alias of the select list by its mark."""
    result = exp.Column(this=exp.Identifier(this=name, quoted=False))
    result.meta["row"] = True
    return result


def own_columns(tree: exp.Expr) -> Iterator[exp.Column]:
    """Yield the columns of a tree that do not stand in a subquery."""
    for node in tree.walk(prune=lambda node: isinstance(node, exp.Query)):
        if isinstance(node, exp.Column):
            yield node


def replace_nodes(
    tree: exp.Expr, find: Callable[[exp.Expr], Iterable[Node]], change: Callable[[Node], exp.Expr]
) -> exp.Expr:
    """Return a copy of the tree in which each node found is changed; the nodes may include the tree itself."""
    holder = exp.Paren(this=tree.copy())
    for node in list(find(holder)):
        node.replace(change(node))
    return content(holder)


def content(holder: exp.Paren) -> exp.Expr:
    """Return what the holder holds, in which every node could be replaced, the outermost too."""
    inner: exp.Expr = holder.this
    return inner


def conjuncts(tree: exp.Expr | None) -> list[exp.Expr]:
    """Return the conditions that AND joins; none for no tree."""
    if tree is None:
        return []
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if isinstance(tree, exp.And):
        return [*conjuncts(tree.left), *conjuncts(tree.right)]
    return [tree]


def all_of(conditions: Sequence[exp.Expr]) -> exp.Expr:
    return exp.and_(*(one.copy() for one in conditions), copy=False)


def holds_query(tree: exp.Expr) -> bool:
    return tree.find(exp.Query) is not None
