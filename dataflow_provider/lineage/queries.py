"""What a query takes from the rows it reads: an author's SELECT, by its text alone.

A query that cannot be followed (a PIVOT, `COLUMNS(…)`) gives rows of which only the inputs are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from dataflow_provider.lineage.expressions import influences_of, sides_of
from dataflow_provider.lineage.model import (
    NOTHING,
    Influences,
    Open,
    Resolve,
    Rows,
    Subtype,
    merged,
    opaque,
    through,
)

ReadTable = Callable[[exp.Table], Rows | None]
"""Returns the rows of a table that the query names; None when it may not read it."""

_RECURSIONS = 3
_UNNAMED = "\x00"
"""Begins the name of an output without one, which keeps its place in a UNION and may get a name from an alias."""


@dataclass(frozen=True)
class _Names:
    """What the names in a query mean: tables, WITH queries and, for a correlated subquery, the columns around it."""

    read: ReadTable
    ctes: Mapping[str, Rows] = field(default_factory=dict)
    outer: Resolve | None = None

    def table(self, table: exp.Table) -> Rows:
        if not table.db and table.name.casefold() in self.ctes:
            return self.ctes[table.name.casefold()]
        return self.read(table) or Rows({})

    def and_cte(self, name: str, rows: Rows) -> _Names:
        return _Names(self.read, {**self.ctes, name.casefold(): rows}, self.outer)

    def inside(self, outer: Resolve) -> _Names:
        return _Names(self.read, self.ctes, outer)


def rows_of_query(query: exp.Query, read: ReadTable) -> Rows:
    """Return the columns that the query gives and what makes and decides them."""
    rows = _query(query, _Names(read))
    unnamed = [name for name in rows.columns if name.startswith(_UNNAMED)]
    if not unnamed:
        return rows
    # Each engine has its own name for an expression without one.
    nameless = tuple((Open(rows.columns[name]),) for name in unnamed)
    named = {name: made for name, made in rows.columns.items() if name not in unnamed}
    return Rows(named, (*rows.rest, *nameless), rows.latent, rows.decided)


def _query(query: exp.Expr, names: _Names) -> Rows:
    names = _with_queries(query, names)
    if isinstance(query, exp.Subquery):
        rows = _renamed(_query(query.this, names), query)
    elif isinstance(query, exp.SetOperation):
        rows = _set_operation(query, names)
    elif isinstance(query, exp.Select):
        return _select(query, names)
    else:
        return Rows({})
    order = query.args.get("order")
    return rows if order is None else rows.decided_by(Subtype.SORT, _taken(order, {"": rows}, names, Subtype.SORT))


def _with_queries(query: exp.Expr, names: _Names) -> _Names:
    with_ = query.args.get("with_")
    if not isinstance(with_, exp.With):
        return names
    for cte in with_.expressions:
        if with_.recursive and isinstance(cte.this, exp.SetOperation):
            # What the first part gives, fed back until columns that move from one place to the next have settled.
            rows = _renamed(_query(cte.this.left, names), cte)
            for _ in range(_RECURSIONS):
                rows = _renamed(_query(cte.this, names.and_cte(cte.alias, rows)), cte)
        else:
            rows = _renamed(_query(cte.this, names), cte)
        names = names.and_cte(cte.alias, rows)
    return names


def _renamed(rows: Rows, aliased: exp.Expr) -> Rows:
    """Return the rows under the column names of an alias such as `AS t(a, b)`."""
    alias = aliased.args.get("alias")
    columns = [one.name for one in alias.columns] if isinstance(alias, exp.TableAlias) else []
    if not columns:
        return rows
    if rows.rest:
        return rows.with_columns({name: opaque([rows]).everything() for name in columns})
    made = list(rows.columns.values())
    old = list(rows.columns)
    given = {name: made[at] if at < len(made) else NOTHING for at, name in enumerate(columns)}
    return rows.with_columns({**given, **{name: rows.columns[name] for name in old[len(columns) :]}})


# ---------------------------------------------------------------- set operations


def _set_operation(query: exp.SetOperation, names: _Names) -> Rows:
    left, right = _query(query.left, names), _query(query.right, names)
    if query.args.get("by_name"):
        rows = union_by_name([left, right])
    else:
        rows = union_by_position([left, right])
    if not isinstance(query, exp.Union):
        # EXCEPT and INTERSECT give rows of the left side; the right one decides which.
        return Rows(left.columns, left.rest, left.latent, rows.decided).decided_by(Subtype.FILTER, rows.everything())
    return rows.decided_by(Subtype.GROUP_BY, rows.everything()) if query.args.get("distinct") else rows


def union_by_position(inputs: Iterable[Rows]) -> Rows:
    """Return the rows of all inputs under the names of the first."""
    given = list(inputs)
    if any(rows.rest for rows in given):
        return given[0] if len(given) == 1 else opaque(given)
    places = [list(rows.columns.values()) for rows in given]
    columns = {
        name: merged(place[at] for place in places if at < len(place)) for at, name in enumerate(given[0].columns)
    }
    return Rows(columns, decided=merged(rows.decided for rows in given))


def union_by_name(inputs: Iterable[Rows]) -> Rows:
    """Return the rows of all inputs; columns of one name become one."""
    given = list(inputs)
    named: dict[str, str] = {}
    for rows in given:
        for name in rows.columns:
            named.setdefault(name.casefold(), name)
    columns = {name: merged(rows.column(name) or NOTHING for rows in given) for name in named.values()}
    parts = [alternative for rows in given for alternative in rows.rest]
    rest: tuple[tuple[Open, ...], ...] = ()
    if parts and all(len(rows.rest) < 2 for rows in given):
        rest = (tuple(one.except_for(named) for alternative in parts for one in alternative),)
    elif parts:
        rest = tuple(tuple(one.except_for(named) for one in alternative) for alternative in parts)
    return Rows(columns, rest, decided=merged(rows.decided for rows in given))


# ---------------------------------------------------------------- select


def _select(select: exp.Select, names: _Names) -> Rows:
    sources, joined = _sources(select, names)
    if any(rows is None for rows in sources.values()) or select.find(exp.Columns):
        return opaque([rows or Rows({}) for rows in sources.values()], joined)
    known = {alias: rows for alias, rows in sources.items() if rows is not None}
    scope = _Select(select, known, names)
    columns, rest = scope.outputs()
    decided = joined | merged(rows.decided for rows in known.values()) | scope.decisions()
    rows = Rows(columns, rest, decided=decided)
    if select.args.get("distinct"):
        rows = rows.decided_by(Subtype.GROUP_BY, rows.everything())
    return rows


@dataclass(frozen=True)
class _Select:
    """One SELECT and the rows it reads, by alias."""

    select: exp.Select
    sources: Mapping[str, Rows]
    names: _Names

    def resolve(self, side: str, name: str) -> Influences | None:
        found = sides_of(self.sources)(side, name)
        return self.names.outer(side, name) if found is None and self.names.outer is not None else found

    def influences(self, tree: exp.Expr, subtype: Subtype) -> Influences:
        inside = self.names.inside(self.resolve)
        return influences_of(tree, self.resolve, subtype, lambda query: _query(query, inside))

    # ------------------------------------------------------------ columns

    def outputs(self) -> tuple[dict[str, Influences], tuple[tuple[Open, ...], ...]]:
        columns: dict[str, Influences] = {}
        rest: list[tuple[Open, ...]] = []
        for at, item in enumerate(self.select.expressions):
            if item.is_star:
                rows = self._starred(item)
                for name, made in rows.columns.items():
                    columns.setdefault(name, made)
                rest += rows.rest
            else:
                name = item.output_name if isinstance(item, exp.Alias | exp.Column) else f"{_UNNAMED}{at}"
                columns.setdefault(name, self.influences(item, Subtype.IDENTITY))
        return columns, tuple(tuple(one.except_for(columns) for one in parts) for parts in rest)

    def _starred(self, item: exp.Expr) -> Rows:
        star = item.this if isinstance(item, exp.Column) else item
        side = item.table if isinstance(item, exp.Column) else ""
        rows = beside(rows for alias, rows in self.sources.items() if not side or alias.casefold() == side.casefold())
        replaced = {one.alias: self.influences(one, Subtype.IDENTITY) for one in star.args.get("replace") or ()}
        renamed = {one.this.name: one.alias for one in star.args.get("rename") or ()}
        made = {new: rows.column(old) or NOTHING for old, new in renamed.items()}
        rows = rows.hiding([*(one.name for one in star.args.get("except_") or ()), *replaced, *renamed])
        return Rows({**rows.columns, **replaced, **made}, rows.rest, rows.latent, rows.decided)

    # ------------------------------------------------------------ rows

    def decisions(self) -> Influences:
        """Return what decides which rows there are, and their order."""
        found = NOTHING
        for key, subtype in (("where", Subtype.FILTER), ("having", Subtype.FILTER), ("qualify", Subtype.FILTER)):
            tree = self.select.args.get(key)
            if tree is not None:
                found |= self._all(self._unaliased([tree.this]), subtype)
        found |= self._all(self._group_keys(), Subtype.GROUP_BY)
        order = self.select.args.get("order")
        if order is not None:
            found |= self._all(self._unaliased([one.this for one in order.expressions]), Subtype.SORT)
        on = self.select.args.get("distinct")
        if isinstance(on, exp.Distinct) and on.args.get("on") is not None:
            found |= self.influences(on.args["on"], Subtype.GROUP_BY)
        return found

    def _all(self, trees: Iterable[exp.Expr], subtype: Subtype) -> Influences:
        return merged(self.influences(tree, subtype) for tree in trees)

    def _group_keys(self) -> Iterator[exp.Expr]:
        group = self.select.args.get("group")
        if group is None:
            return
        if group.args.get("all"):
            yield from (item for item in self.select.expressions if not item.find(exp.AggFunc))
        keys = [
            *group.expressions,
            *(one for kind in ("grouping_sets", "cube", "rollup") for one in group.args.get(kind) or ()),
        ]
        yield from self._unaliased(keys)

    def _unaliased(self, trees: Iterable[exp.Expr]) -> Iterator[exp.Expr]:
        """Yield the trees, with a place in the select list (`2`) or an output name replaced by what it stands for."""
        items = self.select.expressions
        aliases = {one.alias.casefold(): one.this for one in items if isinstance(one, exp.Alias)}
        for tree in trees:
            at = int(tree.name) - 1 if isinstance(tree, exp.Literal) and tree.is_int else -1
            if 0 <= at < len(items):
                yield items[at]
                continue
            yield tree
            for column in tree.find_all(exp.Column):
                named = aliases.get(column.name.casefold()) if not column.table else None
                if named is not None and sides_of(self.sources)("", column.name) is None:
                    yield named


def beside(inputs: Iterable[Rows]) -> Rows:
    """Return rows with the columns of all inputs, the first of each name."""
    given = list(inputs)
    columns: dict[str, Influences] = {}
    for rows in given:
        for name, made in rows.columns.items():
            columns.setdefault(name, made)
    return Rows(
        columns,
        tuple(parts for rows in given for parts in rows.rest),
        {name: made for rows in given for name, made in rows.latent.items()},
        merged(rows.decided for rows in given),
    )


# ---------------------------------------------------------------- from


def _sources(select: exp.Select, names: _Names) -> tuple[dict[str, Rows | None], Influences]:
    """Return the rows read, by alias (None when they cannot be followed), and the columns that joins meet on."""
    sources: dict[str, Rows | None] = {}
    joined = NOTHING
    from_ = select.args.get("from_")
    joins = [*(from_.this.args.get("joins") or () if from_ is not None else ()), *(select.args.get("joins") or ())]
    for tree in [*([from_.this] if from_ is not None else []), *(select.args.get("laterals") or ())]:
        _add_source(sources, tree, names)
    for join in joins:
        before = {alias: rows for alias, rows in sources.items() if rows is not None}
        added = _add_source(sources, join.this, names)
        known = {alias: rows for alias, rows in sources.items() if rows is not None}
        on = join.args.get("on")
        if on is not None:
            joined |= _taken(on, known, names, Subtype.JOIN)
        for key in _shared_keys(join, before, sources[added]):
            rows = [sides_of(before)("", key) or NOTHING, sides_of(known)(added, key) or NOTHING]
            joined |= through(Subtype.JOIN, merged(rows))
        if (join.kind or "").upper() in ("SEMI", "ANTI") or (join.side or "").upper() in ("SEMI", "ANTI"):
            sources.pop(added, None)
    return sources, joined


def _shared_keys(join: exp.Join, before: Mapping[str, Rows], added: Rows | None) -> Iterator[str]:
    """Yield the columns of USING, and those that a NATURAL join finds on both sides."""
    yield from (key.name for key in join.args.get("using") or ())
    if join.method.upper() == "NATURAL" and added is not None:
        yield from (name for name in added.columns if any(rows.find(name) for rows in before.values()))


def _add_source(sources: dict[str, Rows | None], tree: exp.Expr, names: _Names) -> str:
    alias = tree.alias_or_name or f"_{len(sources)}"
    known = {name: rows for name, rows in sources.items() if rows is not None}
    sources[alias] = _source(tree, names, known)
    return alias


def _source(tree: exp.Expr, names: _Names, before: Mapping[str, Rows]) -> Rows | None:
    if tree.args.get("pivots"):
        return None
    if isinstance(tree, exp.Table) and not isinstance(tree.this, exp.Func):
        return _renamed(names.table(tree), tree)
    inside = names.inside(sides_of(before))
    if isinstance(tree, exp.Subquery):
        return _query(tree, inside)
    if isinstance(tree, exp.Lateral) and isinstance(tree.this, exp.Subquery):
        return _renamed(_query(tree.this, inside), tree)
    made = through(Subtype.TRANSFORMATION, influences_of(tree, sides_of(before)))
    alias = tree.args.get("alias")
    columns = [one.name for one in alias.columns] if isinstance(alias, exp.TableAlias) else []
    if isinstance(tree, exp.Values) or columns:
        return Rows(dict.fromkeys(columns, made))
    return Rows({}, ((Open(made),),))


def _taken(tree: exp.Expr, sides: Mapping[str, Rows], names: _Names, subtype: Subtype) -> Influences:
    resolve = sides_of(sides)
    inside = names.inside(resolve)
    return influences_of(tree, resolve, subtype, lambda query: _query(query, inside))
