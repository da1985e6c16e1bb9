"""Subqueries in conditions and values as joins, wherever the joined rows are exactly the same.

IN and EXISTS are semi joins, their negations anti joins (NOT IN with its NULLs); a scalar subquery is a column of a
join that meets one row at most. COUNT over no rows is 0, not NULL, so such columns get their 0 back behind the join.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from dataflow_provider.compiler.decompile.aggregates import EMPTY_IS_NULL, EMPTY_IS_ZERO, aggregates_in
from dataflow_provider.compiler.decompile.drafts import NotAGraph, Rows, fresh
from dataflow_provider.compiler.decompile.item_names import readable_name
from dataflow_provider.compiler.decompile.joins import (
    LEFT,
    RIGHT,
    Condition,
    Meeting,
    Source,
    half_join,
    join,
    join_sources,
    meet,
    read_sources,
    refuse_volatile,
    residual,
    split_where,
)
from dataflow_provider.compiler.decompile.normalise import free_columns, refuse_unqualified
from dataflow_provider.compiler.decompile.scope import (
    Scope,
    bare_column,
    content,
    holds_query,
    own_columns,
    replace_nodes,
)

_GROUPING = ("group", "having", "qualify", "distinct", "windows", "limit", "offset", "order")
_NO_MATTER_TO_EXISTS = ("distinct", "order")
_FLIPPED: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.GT: exp.LTE,
    exp.GTE: exp.LT,
    exp.LT: exp.GTE,
    exp.LTE: exp.GT,
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
}


def filter_rows(scope: Scope, conditions: Sequence[Condition]) -> None:
    """Keep the rows that meet the conditions, subqueries included."""
    residual(scope, conditions)
    rest = [one.tree for one in conditions if holds_query(one.tree)]
    others = [tree for tree in rest if not _join_by(scope, tree)]
    valued = [with_columns(scope, tree, condition=True) for tree in others]
    scope.filter([scope.bare(tree) for tree in valued], f"{scope.wanted}_filtered")


def _join_by(scope: Scope, tree: exp.Expr) -> bool:
    """Carry out a condition that is one EXISTS, IN, ANY or ALL as a join; return whether it is one."""
    anti = isinstance(tree, exp.Not)
    inner = tree.this.unnest() if anti else tree.unnest()
    if isinstance(inner, exp.Exists) and isinstance(inner.this, exp.Query):
        _exists(scope, inner.this.unnest(), [], "anti" if anti else "semi")
        return True
    if isinstance(inner, exp.In) and inner.args.get("query") is not None:
        query = inner.args["query"].unnest()
        _exists(scope, query, _members(inner.this), "anti" if anti else "semi", null_meets=anti)
        return True
    if anti or not isinstance(inner, exp.Binary) or type(inner) not in _FLIPPED:
        return False
    compared = inner.expression
    if isinstance(compared, exp.Any | exp.All):
        _compare_all(scope, inner, compared)
    return isinstance(compared, exp.Any | exp.All)


def _members(value: exp.Expr) -> list[exp.Expr]:
    return list(value.expressions) if isinstance(value, exp.Tuple) else [value]


def _compare_all(scope: Scope, tree: exp.Binary, compared: exp.Expr) -> None:
    """`x > ANY (…)` holds where one row says so; `x > ALL (…)` where no row says FALSE or NULL."""
    query = compared.this.unnest()
    if not isinstance(query, exp.Query) or free_columns(query):
        raise NotAGraph("ANY or ALL of a correlated subquery has no node")
    rows = scope.planner.query(query, scope.env, f"{scope.wanted}_compared")
    if len(rows.columns) != 1:
        raise NotAGraph("ANY or ALL compares one column")
    left = _sided(scope, tree.this)
    right = scope.spelling.column(rows.columns[0], RIGHT)
    if isinstance(compared, exp.Any):
        condition: exp.Expr = type(tree)(this=left, expression=right)
        half_join(scope, rows, "semi", Meeting([], False, [condition]), f"{scope.wanted}_any")
        return
    refuted = _FLIPPED[type(tree)](this=left.copy(), expression=right.copy())
    half_join(scope, rows, "anti", Meeting([], False, [_or_null(refuted, left, right)]), f"{scope.wanted}_all")


def _or_null(condition: exp.Expr, left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.paren(exp.or_(condition, _is_null(left), _is_null(right), copy=True), copy=False)


def _is_null(tree: exp.Expr) -> exp.Expr:
    return exp.Is(this=tree.copy(), expression=exp.null())


def _sided(scope: Scope, tree: exp.Expr) -> exp.Expr:
    """Return a value of the outer rows as a join's condition names it."""
    if holds_query(tree):
        raise NotAGraph("a subquery is compared with a subquery")
    return replace_nodes(tree, own_columns, lambda one: scope.spelling.column(_outer_name(scope, one), LEFT))


def _outer_name(scope: Scope, column: exp.Column) -> str:
    return scope.name_of(column) if column.table else column.name


# ---------------------------------------------------------------- EXISTS and IN


def _exists(scope: Scope, query: exp.Expr, members: Sequence[exp.Expr], how: str, *, null_meets: bool = False) -> None:
    wanted = f"{'in' if members else 'with'}_{_reads(query)}" if how == "semi" else f"without_{_reads(query)}"
    if not isinstance(query, exp.Query):
        raise NotAGraph("a list of values computed by the engine has no node")
    if not free_columns(query):
        rows = scope.planner.query(query, scope.env, f"{_reads(query)}_keys")
        meeting = _meet_members(scope, rows, members, null_meets=null_meets)
        half_join(scope, rows, how, meeting, wanted)
        return
    inner = _open_rows(scope, query)
    values = [(_sided(scope, one), item.unalias()) for one, item in zip(members, _items(inner, members), strict=True)]
    source = inner.source()
    meeting = meet(scope, source, [Condition(tree) for tree in inner.tied])
    for left, right in values:
        _add_member(meeting, left, _right_sided(scope, inner, right), null_meets=null_meets)
    half_join(scope, source.rows, how, meeting, wanted)


def _items(inner: Inner, members: Sequence[exp.Expr]) -> list[exp.Expr]:
    items = inner.select.expressions
    if not members:
        return []
    if len(items) != len(members):
        raise NotAGraph("IN compares as many columns as the subquery has")
    return list(items)


def _meet_members(scope: Scope, rows: Rows, members: Sequence[exp.Expr], *, null_meets: bool) -> Meeting:
    if members and len(rows.columns) != len(members):
        raise NotAGraph("IN compares as many columns as the subquery has")
    meeting = Meeting([], False, [])
    for member, name in zip(members, rows.columns, strict=False):
        _add_member(meeting, _sided(scope, member), scope.spelling.column(name, RIGHT), null_meets=null_meets)
    return meeting


def _add_member(meeting: Meeting, left: exp.Expr, right: exp.Expr, *, null_meets: bool) -> None:
    """Equate two values; in NOT IN a NULL on either side makes the answer unknown, so the row goes as well."""
    equal = exp.EQ(this=left, expression=right)
    if null_meets:
        meeting.others.append(_or_null(equal, left, right))
    elif isinstance(left, exp.Column) and isinstance(right, exp.Column) and _new_key(meeting, left.name):
        meeting.pairs.append((left.name, right.name))
    else:
        meeting.others.append(equal)


def _new_key(meeting: Meeting, ours: str) -> bool:
    return all(ours != other for other, _ in meeting.pairs) and not meeting.null_safe


def _right_sided(scope: Scope, inner: Inner, tree: exp.Expr) -> exp.Expr:
    if holds_query(tree):
        raise NotAGraph("the subquery of IN answers another subquery")
    return replace_nodes(tree, own_columns, lambda one: scope.spelling.column(inner.scope.name_of(one), RIGHT))


# ---------------------------------------------------------------- a correlated SELECT, opened


@dataclass
class Inner:
    """A correlated SELECT whose own rows are planned; `tied` are the conditions that name the outer rows."""

    select: exp.Select
    scope: Scope
    tied: list[exp.Expr]

    def source(self) -> Source:
        """Return its rows as one source; its columns are called by alias and name, as the ties call them."""
        alias = "_inner"
        names = {f"{table}.{name}": real for (table, name), real in self.scope.names.items()}
        self.tied = [_under(tree, alias, self.scope) for tree in self.tied]
        return Source(alias, self.scope.rows, names, "semi")


def _under(tree: exp.Expr, alias: str, scope: Scope) -> exp.Expr:
    def rename(column: exp.Column) -> exp.Expr:
        if not scope.has(column):
            return column.copy()
        return exp.Column(this=exp.to_identifier(f"{column.table}.{column.name}"), table=exp.to_identifier(alias))

    return replace_nodes(tree, own_columns, rename)


def _open_rows(scope: Scope, query: exp.Query) -> Inner:
    """Open a correlated SELECT that is asked for its rows, not for one value of them."""
    if any(aggregates_in(item) or item.find(exp.Window) for item in query.selects):
        raise NotAGraph("a correlated IN or EXISTS over an aggregate has no node")
    return _open(scope, query, allowed=_NO_MATTER_TO_EXISTS, wanted=_reads(query))


def _open(scope: Scope, query: exp.Expr, *, allowed: Sequence[str], wanted: str) -> Inner:
    """Plan the rows of a correlated SELECT without the conditions that tie it to the outer rows.

    Raises:
        NotAGraph: when anything but a condition of its WHERE names the outer rows, or grouping depends on them.
    """
    if not isinstance(query, exp.Select) or query.args.get("with_"):
        raise NotAGraph("a correlated subquery with WITH, UNION or the like has no node")
    odd = [key for key in _GROUPING if query.args.get(key) and key not in allowed]
    if odd:
        raise NotAGraph(f"{odd[0].upper()} stands in a correlated subquery")
    refuse_unqualified(query)
    refuse_volatile(query)
    inner = Scope(scope.planner, query, scope.env, wanted)
    outer = {id(column) for column in free_columns(query)}
    where = split_where(inner)
    tied = [one.tree for one in where if any(id(column) in outer for column in one.tree.find_all(exp.Column))]
    inside = {id(column) for tree in tied for column in tree.find_all(exp.Column)}
    loose = [column for column in free_columns(query) if id(column) not in inside]
    projected = {id(column) for item in query.expressions for column in item.find_all(exp.Column)}
    if any(id(column) not in projected for column in loose) or any(holds_query(tree) for tree in tied):
        raise NotAGraph("a correlated subquery names the outer rows in more than a condition of its WHERE")
    own = [one for one in where if all(one.tree is not tree for tree in tied)]
    filter_rows(inner, join_sources(inner, read_sources(inner), own))
    return Inner(query, inner, tied)


# ---------------------------------------------------------------- values


def with_columns(scope: Scope, tree: exp.Expr, *, condition: bool = False) -> exp.Expr:
    """Return the tree with each subquery replaced by a column that a join has added to the rows.

    With `condition` the tree decides as WHERE does, so that an unknown IN may count as false below AND and OR.
    """
    if not holds_query(tree):
        return tree
    holder = exp.Paren(this=tree.copy())
    original = _outermost(tree)
    for node, source in zip(_outermost(holder.this), original, strict=True):
        node.replace(_value(scope, source, decides=condition and _only_decides(node, holder)))
    return content(holder)


def _outermost(tree: exp.Expr) -> list[exp.Expr]:
    """Return the subqueries of a tree with the predicate around each, none inside another."""
    found: list[exp.Expr] = []
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Any | exp.All) and holds_query(node):
            raise NotAGraph("ANY or ALL with a subquery stands below OR or NOT, or is used as a value")
        if isinstance(node, exp.Exists | exp.Query) or (isinstance(node, exp.In) and node.args.get("query")):
            found.append(node)
        else:
            stack += list(node.iter_expressions())
    return found


def _only_decides(node: exp.Expr, top: exp.Expr) -> bool:
    parent = node.parent
    while parent is not None and parent is not top:
        if not isinstance(parent, exp.And | exp.Or | exp.Paren):
            return False
        parent = parent.parent
    return True


def _value(scope: Scope, node: exp.Expr, *, decides: bool) -> exp.Expr:
    if isinstance(node, exp.Exists):
        return _flag(scope, node.this.unnest(), [])
    if isinstance(node, exp.In):
        query, members = node.args["query"].unnest(), _members(node.this)
        return _flag(scope, query, members) if decides else _in_value(scope, query, members)
    query = node.unnest()
    if not isinstance(query, exp.Query):
        raise NotAGraph("a part of a subquery has no node")
    return _scalar_tied(scope, query) if free_columns(query) else _scalar_alone(scope, query)


def _flag(scope: Scope, query: exp.Expr, members: Sequence[exp.Expr]) -> exp.Expr:
    """Mark the rows that the subquery has a row for: its distinct keys are joined, with a column that says so."""
    if not isinstance(query, exp.Query):
        raise NotAGraph("a list of values computed by the engine has no node")
    reads = _reads(query)
    if free_columns(query):
        inner = _open_rows(scope, query)
        pairs = [_tie(scope, inner, tree) for tree in inner.tied]
        for member, item in zip(members, _items(inner, members), strict=True):
            pairs.append((_outer_column(scope, member), _inner_name(inner, item.unalias())))
        at = inner.scope
    elif members:
        rows = scope.planner.query(query, scope.env, f"{reads}_keys")
        if len(rows.columns) != len(members):
            raise NotAGraph("IN compares as many columns as the subquery has")
        pairs = [(_outer_column(scope, one), name) for one, name in zip(members, rows.columns, strict=True)]
        at = Scope(scope.planner, exp.Select(), scope.env, reads, rows)
    else:
        return _any_row(scope, query)
    return _mark(scope, at, pairs, reads)


def _mark(scope: Scope, at: Scope, pairs: list[tuple[str, str]], reads: str) -> exp.Expr:
    keys = list(dict.fromkeys(name for _, name in pairs))
    if not keys:
        raise NotAGraph("a correlated subquery has no key that ties it")
    at.add("transform.aggregate", f"{reads}_keys", {"group_by": keys}, keys)
    flag = fresh(f"in_{reads}", [*scope.rows.columns, *keys])
    at.compute({flag: exp.Literal.number(1)}, f"{reads}_marked")
    name = _join_columns(scope, at, pairs, {flag: flag}, f"mark_{reads}")[flag]
    return exp.paren(exp.Not(this=_is_null(bare_column(name))), copy=False)


def _in_value(scope: Scope, query: exp.Expr, members: Sequence[exp.Expr]) -> exp.Expr:
    """IN as a value of three: what no key meets is unknown, not false, beside a NULL, and false where there is no row.

    How many rows and how many values there are stands beside every row; `CASE … END = 1` is unknown or false.
    """
    if len(members) != 1 or not isinstance(query, exp.Query) or free_columns(query):
        raise NotAGraph("an IN with a correlated subquery is used as a value, where unknown differs from false")
    reads = _reads(query)
    rows = scope.planner.query(query, scope.env, f"{reads}_keys")
    if len(rows.columns) != 1:
        raise NotAGraph("IN compares as many columns as the subquery has")
    ours, key = _outer_column(scope, members[0]), rows.columns[0]
    counted = Scope(scope.planner, exp.Select(), scope.env, reads, rows)
    every = fresh(f"{reads}_rows", scope.rows.columns)
    known = fresh(f"{reads}_values", [*scope.rows.columns, every])
    texts = {every: "COUNT(*)", known: scope.text(exp.Count(this=bare_column(key)))}
    counted.add("transform.aggregate", f"{reads}_counts", {"aggregates": texts}, [every, known])
    counts = _join_columns(scope, counted, [], {name: name for name in texts}, f"count_{reads}", how="cross")
    at = Scope(scope.planner, exp.Select(), scope.env, reads, rows)
    met = _mark(scope, at, [(ours, key)], reads)
    n, n_known = bare_column(counts[every]), bare_column(counts[known])
    sure = exp.and_(exp.Not(this=_is_null(bare_column(ours))), exp.EQ(this=n_known, expression=n.copy()), copy=False)
    unmet = exp.EQ(this=exp.Case().when(sure, "0"), expression=exp.Literal.number(1))
    some = exp.GT(this=n, expression=exp.Literal.number(0))
    return exp.paren(exp.and_(some, exp.paren(exp.or_(met, unmet, copy=False), copy=False), copy=False), copy=False)


def _any_row(scope: Scope, query: exp.Query) -> exp.Expr:
    """An uncorrelated EXISTS: one row that counts, beside every row."""
    rows = scope.planner.query(query, scope.env, f"{_reads(query)}_rows")
    at = Scope(scope.planner, exp.Select(), scope.env, _reads(query), rows)
    name = fresh(f"{_reads(query)}_count", scope.rows.columns)
    at.add("transform.aggregate", name, {"aggregates": {name: "COUNT(*)"}}, [name])
    found = _join_columns(scope, at, [], {name: name}, f"count_{_reads(query)}", how="cross")[name]
    return exp.paren(exp.GT(this=bare_column(found), expression=exp.Literal.number(0)), copy=False)


def _scalar_alone(scope: Scope, query: exp.Query) -> exp.Expr:
    rows = scope.planner.query(query, scope.env, f"{scope.wanted}_value")
    if len(rows.columns) != 1:
        raise NotAGraph("a scalar subquery answers more than one column")
    at = Scope(scope.planner, exp.Select(), scope.env, f"{scope.wanted}_value", rows)
    how, expect = ("cross", None) if _is_one_row(query) else ("left", "many_to_one")
    if expect:
        _refuse_silent_first(scope)
    name = rows.columns[0]
    found = _join_columns(scope, at, [], {name: name}, f"with_{name}", how=how, expect=expect)
    return bare_column(found[name])


def _is_one_row(query: exp.Query) -> bool:
    """An aggregate without groups gives one row, whatever it reads."""
    odd = ("group", "having", "qualify", "limit", "offset")
    return (
        isinstance(query, exp.Select)
        and not any(query.args.get(key) for key in odd)
        and any(aggregates_in(item) for item in query.expressions)
    )


def _refuse_silent_first(scope: Scope) -> None:
    if scope.spelling.dialect.name == "sqlite":
        raise NotAGraph("SQLite takes the first of several rows of a scalar subquery in silence")


def _scalar_tied(scope: Scope, query: exp.Query) -> exp.Expr:
    inner = _open(scope, query, allowed=(), wanted=_reads(query))
    if len(inner.select.expressions) != 1:
        raise NotAGraph("a scalar subquery answers more than one column")
    value = inner.select.expressions[0].unalias()
    pairs = [_tie(scope, inner, tree) for tree in inner.tied]
    keys = list(dict.fromkeys(name for _, name in pairs))
    found = aggregates_in(value)
    if holds_query(value) or value.find(exp.Window):
        raise NotAGraph("a correlated subquery answers more than columns and aggregates")
    if not found:
        return _single_value(scope, inner, pairs, value)
    for one in found:
        if not isinstance(_function(one), EMPTY_IS_NULL + EMPTY_IS_ZERO):
            raise NotAGraph(f"it is not known what `{one.sql()}` is without rows")
    names: dict[int, str] = {}
    for one in found:
        names[id(one)] = fresh(readable_name(one), [*keys, *names.values(), *scope.rows.columns])
    texts = {names[id(one)]: scope.text(inner.scope.bare(one)) for one in found}
    inner.scope.add(
        "transform.aggregate", f"{inner.scope.wanted}_by_key", {"group_by": keys, "aggregates": texts}, [*keys, *texts]
    )
    joined = _join_columns(
        scope, inner.scope, pairs, {name: name for name in texts}, f"join_{inner.scope.wanted}_value"
    )

    def column_of(one: exp.Expr) -> exp.Expr:
        result: exp.Expr = bare_column(joined[names_by_place[id(one)]])
        zero = isinstance(_function(one), EMPTY_IS_ZERO)
        return exp.Coalesce(this=result, expressions=[exp.Literal.number(0)]) if zero else result

    holder = exp.Paren(this=value.copy())
    places = aggregates_in(holder)
    names_by_place = {id(place): names[id(one)] for place, one in zip(places, found, strict=True)}
    for place in places:
        place.replace(column_of(place))
    result = scope.bare(holder.this)
    return result if isinstance(result, exp.Column | exp.Func) else exp.paren(result, copy=False)


def _single_value(scope: Scope, inner: Inner, pairs: list[tuple[str, str]], value: exp.Expr) -> exp.Expr:
    """A value of the one row that the keys tell; more than one row fails the run, as it fails the query."""
    _refuse_silent_first(scope)
    if not isinstance(value, exp.Column) or not inner.scope.has(value):
        raise NotAGraph("a correlated subquery computes a value of rows that may be missing")
    name = inner.scope.name_of(value)
    found = _join_columns(scope, inner.scope, pairs, {name: name}, f"join_{inner.scope.wanted}", expect="many_to_one")
    return bare_column(found[name])


def _function(tree: exp.Expr) -> exp.Expr:
    while isinstance(tree, exp.Filter):
        tree = tree.this
    return tree


def _join_columns(
    scope: Scope,
    right: Scope,
    pairs: list[tuple[str, str]],
    asked: dict[str, str],
    wanted: str,
    how: str = "left",
    expect: str | None = None,
) -> dict[str, str]:
    """Join rows that meet each outer row once at most; return the names that the columns asked for have now.

    Keys are compared as conditions where merging two columns of one name could lose the one asked for.
    """
    alias = fresh(f"_{right.wanted}", {alias for alias, _ in scope.names})
    keys: list[tuple[str, str]] = []
    others: list[exp.Expr] = []
    for ours, theirs in pairs:
        clash = ours.casefold() == theirs.casefold() and theirs in asked
        if clash or any(ours == other for other, _ in keys):
            equal = exp.EQ(this=scope.spelling.column(ours, LEFT), expression=scope.spelling.column(theirs, RIGHT))
            others.append(equal)
        else:
            keys.append((ours, theirs))
    source = Source(right.wanted, right.rows, asked, how)
    before = dict(scope.names)
    join(scope, source, how, Meeting(keys, False, others), wanted, expect)
    found = {name: scope.names[(right.wanted, name)] for name in asked}
    scope.names = {**before, **{(alias, name): real for name, real in found.items()}}
    return found


def _tie(scope: Scope, inner: Inner, tree: exp.Expr) -> tuple[str, str]:
    """Return the outer and the inner column that a tie equates.

    Raises:
        NotAGraph: for every other tie.
    """
    if isinstance(tree, exp.EQ):
        left, right = tree.this.unnest(), tree.expression.unnest()
        if isinstance(left, exp.Column) and isinstance(right, exp.Column):
            if inner.scope.has(left):
                left, right = right, left
            if scope.has(left) and inner.scope.has(right) and not inner.scope.has(left):
                return scope.name_of(left), inner.scope.name_of(right)
    raise NotAGraph("a subquery that gives a value is tied to the outer rows by more than equal columns")


def _outer_column(scope: Scope, tree: exp.Expr) -> str:
    bare = scope.bare(tree)
    if isinstance(bare, exp.Column):
        return bare.name
    return scope.as_columns([bare], lambda _: f"{scope.wanted}_key")[0]


def _inner_name(inner: Inner, tree: exp.Expr) -> str:
    if isinstance(tree, exp.Column) and inner.scope.has(tree):
        return inner.scope.name_of(tree)
    raise NotAGraph("the subquery of IN answers a computed value")


def _reads(query: exp.Expr) -> str:
    """Return a word for what a subquery reads."""
    table = query.find(exp.Table)
    return table.alias_or_name if table is not None else "rows"
