"""The kinds of a query's columns, and the places where kinds do not meet.

One pass over a tree from its leaves up. What an author wrote is told by the mark that `Lowering` puts on it; the
compiler's own parts are typed and never blamed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.optimizer.scope import Scope as QueryScope
from sqlglot.optimizer.scope import traverse_scope

from dataflow_provider.compiler.columns import find_column
from dataflow_provider.compiler.kinds import merged
from dataflow_provider.compiler.typed_operators import made_kind, shown
from dataflow_provider.compiler.typing_checks import Clash, check_condition, check_node
from dataflow_provider.dialects.base import SqlDialect

Kinds = Mapping[str, str]
"""Column name → kind; a column that is not there is unknown."""

MARK = "field"
"""Meta of the root of an author's text: the path of its field."""


@dataclass
class Typist:
    """One query under inspection; `tables` maps the names of our relations to their kinds."""

    dialect: SqlDialect
    tables: Mapping[str, Kinds]
    params: Kinds
    clashes: list[tuple[tuple[str | int, ...], Clash]] = field(default_factory=list)
    _answers: dict[int, dict[str, str]] = field(default_factory=dict)

    def answer(self, query: exp.Expr) -> Kinds:
        """Return the kinds of the columns a query answers; clashes are noted on the way."""
        query = query.unnest()
        for scope in traverse_scope(query):
            self._type_scope(scope)
        return self._answers.get(id(query), {})

    def kind(self, tree: exp.Expr, kinds: Kinds, mark: tuple[str | int, ...] | None = None) -> str:
        """Return the kind of an expression over the columns of one input; clashes are noted at the mark."""
        return shown(self._kind(tree, _Reach((("", kinds),)), mark))

    # ------------------------------------------------------------ queries

    def _type_scope(self, scope: QueryScope) -> None:
        query = scope.expression
        if isinstance(query, exp.SetOperation):
            self._answers[id(query)] = self._together(query)
            return
        if not isinstance(query, exp.Select):
            return
        reach = self._reach(scope)
        mark = query.meta.get(MARK) or _mark_around(query)
        answer: dict[str, str] = {}
        for item in query.expressions:
            if item.is_star:
                answer |= _starred(item, reach)
                continue
            answer[item.alias_or_name] = shown(self._kind(item, reach, mark))
        aliases = _Reach((*reach.sources, ("", answer)), reach.around)
        for name in ("joins", "where", "group", "having", "qualify", "order"):
            part = query.args.get(name)
            for one in part if isinstance(part, list) else [part] if part is not None else []:
                self._visit(one, reach if name in ("joins", "where") else aliases, mark)
        self._answers[id(query)] = answer

    def _reach(self, scope: QueryScope) -> _Reach:
        sources = tuple((name, self._source(source)) for name, source in scope.sources.items())
        around = self._reach(scope.parent) if scope.is_subquery and scope.parent is not None else None
        return _Reach(sources, around)

    def _source(self, source: object) -> Kinds | None:
        if isinstance(source, exp.Table):
            return self.tables.get(source.name) if source.meta.get("ours") else None
        if isinstance(source, QueryScope):
            return self._answers.get(id(source.expression))
        return None

    def _together(self, query: exp.SetOperation) -> dict[str, str]:
        sides = [self._answers.get(id(side.unnest()), {}) for side in (query.left, query.right)]
        left, right = sides
        if query.args.get("by_name") or len(left) != len(right):
            return {}
        return {name: merged([ours, theirs]) for (name, ours), theirs in zip(left.items(), right.values(), strict=True)}

    # ------------------------------------------------------------ expressions

    def _visit(self, part: exp.Expr, reach: _Reach, mark: tuple[str | int, ...] | None) -> None:
        """Type what stands in a clause; the clause itself has no kind, but may ask for true or false."""
        mark = part.meta.get(MARK, mark)
        for child in part.iter_expressions():
            if isinstance(child, exp.Query) or (isinstance(part, exp.Join) and child is part.this):
                continue
            kind = self._kind(child, reach, mark)
            mine = child.meta.get(MARK, mark)
            if mine is not None and isinstance(part, exp.Where | exp.Having | exp.Qualify | exp.Join):
                self._note(mine, check_condition(child, kind, self.dialect))

    def _kind(self, tree: exp.Expr, reach: _Reach, mark: tuple[str | int, ...] | None) -> str:
        mark = tree.meta.get(MARK, mark)
        if isinstance(tree, exp.Column):
            return reach.find(tree)
        if isinstance(tree, exp.Query):
            answer = self._answers.get(id(tree.unnest()), {})
            return next(iter(answer.values())) if len(answer) == 1 else ""
        if isinstance(tree, exp.DataType | exp.Identifier | exp.Interval):
            return ""
        if isinstance(tree, exp.Lambda | exp.Comprehension):
            return ""
        children = [*tree.iter_expressions()]
        of = {id(child): self._kind(child, reach, mark) for child in children}
        if mark is not None:
            self._note(mark, check_node(tree, of, self.dialect))
        return (
            self.params.get(tree.name, "") if isinstance(tree, exp.Placeholder) else made_kind(self.dialect, tree, of)
        )

    def _note(self, mark: tuple[str | int, ...], clashes: Iterable[Clash]) -> None:
        self.clashes += [(mark, clash) for clash in clashes]


@dataclass(frozen=True)
class _Reach:
    """Sources by name whose columns an expression may take; `around` those of the query that a subquery stands in."""

    sources: tuple[tuple[str, Kinds | None], ...]
    around: _Reach | None = None

    def find(self, column: exp.Column) -> str:
        name, side = column.name, column.table.casefold()
        found = [
            (kinds, real)
            for source, kinds in self.sources
            if kinds is not None and (not side or source.casefold() == side)
            for real in [find_column(name, kinds)]
            if real is not None
        ]
        if not found and self.around is not None:
            return self.around.find(column)
        known = {kinds[real] for kinds, real in found}
        # A bare name may belong to a source that nobody knows.
        sure = bool(side) or all(kinds is not None for _, kinds in self.sources)
        return known.pop() if len(known) == 1 and sure else ""


def _mark_around(query: exp.Expr) -> tuple[str | int, ...] | None:
    """Return the mark of the author's text that a query is part of."""
    parent = query.parent
    while parent is not None:
        mark: tuple[str | int, ...] | None = parent.meta.get(MARK)
        if mark is not None:
            return mark
        parent = parent.parent
    return None


def _starred(item: exp.Expr, reach: _Reach) -> dict[str, str]:
    star = item.this if isinstance(item, exp.Column) else item
    side = item.table.casefold() if isinstance(item, exp.Column) else ""
    dropped = {one.name.casefold() for one in star.args.get("except_") or ()}
    renamed = {one.this.name.casefold(): one.alias for one in star.args.get("rename") or ()}
    replaced = {one.alias.casefold() for one in star.args.get("replace") or ()}
    return {
        renamed.get(name.casefold(), name): "" if name.casefold() in replaced else kind
        for source, kinds in reach.sources
        if kinds is not None and (not side or source.casefold() == side)
        for name, kind in kinds.items()
        if name.casefold() not in dropped
    }
