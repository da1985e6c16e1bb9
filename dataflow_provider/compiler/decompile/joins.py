"""FROM and WHERE: sources side by side, joined by the conditions that name both, filtered by those that name one.

A condition of WHERE moves to a join or in front of one only where no row can tell: among inner joins, and in front
only when it can never fail (columns compared with literals).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from dataflow_provider.compiler.decompile.drafts import NotAGraph, Rows, fresh
from dataflow_provider.compiler.decompile.normalise import free_columns, is_volatile
from dataflow_provider.compiler.decompile.scope import Scope, conjuncts, content, holds_query, own_columns

LEFT, RIGHT = "l", "r"
TRUE = "1 = 1"
_KNOWN_PARTS = frozenset({"this", "alias", "db", "catalog", "hints", "indexed"})
_OUTER = ("right", "full")
_SAFE = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Like, exp.Is, exp.And, exp.Or, exp.Not,
    exp.Paren, exp.Column, exp.Literal, exp.Null, exp.Boolean, exp.Identifier, exp.Neg, exp.Placeholder,
)  # fmt: skip
_CONSTANT = (
    exp.Cast, exp.DataType, exp.DataTypeParam, exp.Add, exp.Sub, exp.Mul, exp.Interval, exp.Var, exp.Literal, exp.Neg,
    exp.Paren, exp.Placeholder,
)  # fmt: skip


@dataclass
class Condition:
    """One conjunct; `aliases` are the sources it names, outside subqueries."""

    tree: exp.Expr
    from_on: bool = False

    @property
    def aliases(self) -> set[str]:
        return {column.table for column in own_columns(self.tree)}

    @property
    def pair(self) -> tuple[exp.Column, exp.Column] | None:
        """The two columns of different sources that must be equal; None for every other condition."""
        tree = self.tree
        if not isinstance(tree, exp.EQ | exp.NullSafeEQ):
            return None
        left, right = tree.this.unnest(), tree.expression.unnest()
        if not isinstance(left, exp.Column) or not isinstance(right, exp.Column) or left.table == right.table:
            return None
        return left, right

    @property
    def is_safe(self) -> bool:
        """Whether it can be asked of any row without failing: columns against constants."""
        return all(isinstance(node, _SAFE) for node in self.tree.walk(prune=_is_constant) if not _is_constant(node))


def _is_constant(node: exp.Expr) -> bool:
    """Whether it fails for every row or for none: `DATE '2026-01-01' + INTERVAL '1' DAY` is a cast and a sum."""
    return all(isinstance(part, _CONSTANT) for part in node.walk())


@dataclass
class Source:
    """What one item of FROM gives; `kind` is how it is joined to what stands before it."""

    alias: str
    rows: Rows
    names: dict[str, str]
    kind: str = "inner"
    on: list[Condition] = field(default_factory=list)
    comma: bool = False


def join_sources(scope: Scope, sources: Sequence[Source], where: list[Condition]) -> list[Condition]:
    """Join everything in FROM; return the conditions that are left for a filter behind the joins."""
    if any(source.kind in _OUTER for source in sources):
        if any(source.comma for source in sources):
            raise NotAGraph("a comma stands beside a right or full join")
        _start(scope, sources[0])
        for source in sources[1:]:
            _step(scope, source, source.on)
        return where
    pending = [*where, *(one for source in sources if source.kind == "inner" for one in source.on)]
    pool: list[Source] = []
    for source in sources:
        if source.kind != "inner":
            _join_pool(scope, pool, pending)
            _step(scope, source, source.on)
            pool = []
        else:
            pool.append(source)
    _join_pool(scope, pool, pending)
    return pending


def _join_pool(scope: Scope, pool: list[Source], pending: list[Condition]) -> None:
    """Join inner sources, each as soon as a key ties it to those before it; used conditions leave `pending`."""
    waiting = list(pool)
    while waiting:
        joined = {alias for alias, _ in scope.names}
        source = next((one for one in waiting if _tied(joined, one, pending)), waiting[0]) if joined else waiting[0]
        waiting.remove(source)
        if len(pool) > 1 or scope.rows.draft.type:
            _filter_first(scope, source, pending)
        if not scope.rows.draft.type:
            _start(scope, source)
            continue
        reach = joined | {source.alias}
        usable = [
            one
            for one in pending
            if source.alias in one.aliases
            and one.aliases <= reach
            and (one.pair or one.from_on)
            and not holds_query(one.tree)
        ]
        _step(scope, source, usable)
        for one in usable:
            pending.remove(one)


def _tied(joined: set[str], source: Source, pending: Sequence[Condition]) -> bool:
    pairs = [one.pair for one in pending if one.pair]
    return any(
        {left.table, right.table} & joined and source.alias in (left.table, right.table)
        for left, right in pairs
        if {left.table, right.table} <= joined | {source.alias}
    )


def _filter_first(scope: Scope, source: Source, pending: list[Condition]) -> None:
    """Filter a source before it is joined by the conditions that name it alone and can never fail."""
    own = [one for one in pending if one.aliases == {source.alias} and one.is_safe]
    if not own:
        return
    inner = Scope(scope.planner, scope.select, scope.env, source.alias, source.rows)
    inner.names = {(source.alias, name): real for name, real in source.names.items()}
    inner.filter([inner.bare(one.tree) for one in own], f"{source.alias}_filtered")
    source.rows = inner.rows
    for one in own:
        pending.remove(one)
        scope.done.add(id(one.tree))


def _start(scope: Scope, source: Source) -> None:
    scope.rows = source.rows
    scope.names = {(source.alias, name): real for name, real in source.names.items()}


# ---------------------------------------------------------------- one join


@dataclass
class Meeting:
    """How two sides meet: pairs of columns (left, right), null-safe or not, and the text of every other condition."""

    pairs: list[tuple[str, str]]
    null_safe: bool
    others: list[exp.Expr]


def _step(scope: Scope, source: Source, conditions: Sequence[Condition]) -> None:
    if any(holds_query(one.tree) for one in conditions):
        raise NotAGraph("a subquery stands in the condition of an outer join")
    for one in conditions:
        scope.done.add(id(one.tree))
    meeting = meet(scope, source, conditions)
    if source.kind in ("semi", "anti"):
        half_join(scope, source.rows, source.kind, meeting, f"{source.kind}_{source.alias}")
        return
    if not source.rows.columns or not scope.rows.columns:
        raise NotAGraph(f"the columns of `{source.alias}` are not known; read them with `--live`")
    how = source.kind if meeting.pairs or meeting.others else ("cross" if source.kind == "inner" else source.kind)
    join(scope, source, how, meeting, f"join_{source.alias}")


def meet(scope: Scope, source: Source, conditions: Sequence[Condition]) -> Meeting:
    """Return how the source meets the rows; keys whose two values both live on stand among the other conditions."""
    pairs: list[tuple[str, str]] = []
    others: list[exp.Expr] = []
    safe = [isinstance(one.tree, exp.NullSafeEQ) for one in conditions if one.pair]
    null_safe = bool(safe) and all(safe)
    for one in conditions:
        pair = _sides(scope, source, one)
        is_key = pair is not None and isinstance(one.tree, exp.NullSafeEQ) == null_safe
        if pair is not None and is_key and _may_be_key(scope, source, pair, pairs):
            pairs.append((scope.name_of(pair[0]), source.names[pair[1].name]))
        else:
            others.append(_with_sides(scope, source, one.tree))
    return Meeting(pairs, null_safe and bool(pairs), others)


def _sides(scope: Scope, source: Source, condition: Condition) -> tuple[exp.Column, exp.Column] | None:
    if condition.pair is None:
        return None
    left, right = condition.pair
    if left.table == source.alias:
        left, right = right, left
    return (left, right) if right.table == source.alias and scope.has(left) and right.name in source.names else None


def _may_be_key(
    scope: Scope, source: Source, pair: tuple[exp.Column, exp.Column], pairs: Sequence[tuple[str, str]]
) -> bool:
    """A key of one name is one column afterwards: allowed where nobody asks for the side that goes."""
    left, right = pair
    ours, theirs = scope.name_of(left), source.names[right.name]
    if any(ours == other for other, _ in pairs):
        return False
    if ours.casefold() != theirs.casefold() or source.kind in ("semi", "anti"):
        return True
    asked = {(column.table, column.name) for column in scope.rest()}
    gone = [right] if source.kind in ("inner", "left") else [left, right]
    return not any((column.table, column.name) in asked for column in gone)


def _with_sides(scope: Scope, source: Source, tree: exp.Expr) -> exp.Expr:
    """Return the condition with its columns named `l.x` and `r.x`, as a join node has them."""
    copy = tree.copy()
    holder = exp.Paren(this=copy)
    for column in list(own_columns(holder)):
        if column.table == source.alias:
            if column.name not in source.names:
                raise NotAGraph(f"the column `{column.sql()}` is not known")
            column.replace(scope.spelling.column(source.names[column.name], RIGHT))
        else:
            column.replace(scope.spelling.column(scope.name_of(column), LEFT))
    return content(holder)


def join(scope: Scope, source: Source, how: str, meeting: Meeting, wanted: str, expect: str | None = None) -> None:
    """Join the source to the rows; its columns get the alias in front where a name is taken."""
    merged = {theirs: ours for ours, theirs in meeting.pairs if ours.casefold() == theirs.casefold()}
    left = [*scope.rows.columns]
    taken = {name.casefold() for name in left}
    colliding = [name for name in source.rows.columns if name not in merged and name.casefold() in taken]
    prefix = _prefix(source, left, colliding) if colliding else None
    renamed = {name: f"{prefix}{name}" if name in colliding else name for name in source.rows.columns}
    renamed |= merged
    fields = {
        "how": how,
        "keys": _keys(meeting.pairs),
        "condition": _condition_text(scope, meeting, how),
        "null_safe": meeting.null_safe or None,
        "expect": expect,
        "right_prefix": prefix,
    }
    inputs = [("left", scope.rows.draft), ("right", apart(scope, source.rows, source.alias).draft)]
    draft = scope.planner.drafts.add("transform.join", wanted, fields, inputs)
    new = [renamed[name] for name in source.rows.columns if name not in merged]
    scope.rows = Rows(draft, (*left, *new))
    for name, real in source.names.items():
        scope.names[(source.alias, name)] = renamed[real]


def half_join(scope: Scope, right: Rows, how: str, meeting: Meeting, wanted: str) -> None:
    """Keep the rows that a row of the right side meets (`semi`), or those that none meets (`anti`)."""
    fields = {
        "how": how,
        "keys": _keys(meeting.pairs),
        "condition": _condition_text(scope, meeting, how),
        "null_safe": meeting.null_safe or None,
    }
    inputs = [("left", scope.rows.draft), ("right", apart(scope, right, f"{wanted}_rows").draft)]
    scope.rows = Rows(scope.planner.drafts.add("transform.join", wanted, fields, inputs), scope.rows.columns)


def apart(scope: Scope, right: Rows, wanted: str) -> Rows:
    """A node names each of its inputs once: rows that meet themselves go through a node that changes nothing."""
    if right.draft is not scope.rows.draft:
        return right
    draft = scope.planner.drafts.add("transform.select", wanted, {"columns": list(right.columns)}, [right.draft])
    return Rows(draft, right.columns)


def _condition_text(scope: Scope, meeting: Meeting, how: str) -> str | None:
    if meeting.others:
        return scope.text(exp.and_(*meeting.others, copy=False))
    return TRUE if not meeting.pairs and how != "cross" else None


def _keys(pairs: Sequence[tuple[str, str]]) -> list[str] | dict[str, str]:
    if all(ours == theirs for ours, theirs in pairs):
        return [ours for ours, _ in pairs]
    return dict(pairs)


def _prefix(source: Source, left: Sequence[str], colliding: Sequence[str]) -> str:
    taken = {name.casefold() for name in [*left, *source.rows.columns]}
    number = 1
    while True:
        prefix = f"{source.alias}_" if number == 1 else f"{source.alias}{number}_"
        if not any(f"{prefix}{name}".casefold() in taken for name in colliding):
            return prefix
        number += 1


# ---------------------------------------------------------------- reading FROM and WHERE


def read_sources(scope: Scope) -> list[Source]:
    """Return the items of FROM with their rows.

    Raises:
        NotAGraph: for everything that is no table, WITH query or subquery.
    """
    from_ = scope.select.args.get("from_")
    if from_ is None:
        raise NotAGraph("it reads no table")
    sources = [_read(scope, from_.this)]
    for item in scope.select.args.get("joins") or ():
        sources.append(_read_join(scope, item))
    aliases = [source.alias for source in sources]
    if len(set(aliases)) < len(aliases):
        raise NotAGraph("two tables have one alias")
    return sources


def _read_join(scope: Scope, item: exp.Join) -> Source:
    kind, side, method = item.kind.upper(), item.side.upper(), item.method.upper()
    if method or item.args.get("using") or kind in ("STRAIGHT_JOIN", "ARRAY", "ANY", "ASOF"):
        raise NotAGraph(f"a {' '.join(filter(None, (method, side, kind)))} join has no node".replace("  ", " "))
    source = _read(scope, item.this)
    source.kind = kind.lower() if kind in ("SEMI", "ANTI") else side.lower() or "inner"
    if source.kind in ("semi", "anti") and side == "RIGHT":
        raise NotAGraph(f"a RIGHT {kind} join has no node")
    source.on = [Condition(tree, from_on=True) for tree in conjuncts(item.args.get("on"))]
    source.comma = not kind and not side and not source.on
    return source


def _read(scope: Scope, item: exp.Expr) -> Source:
    odd = [key for key, value in item.args.items() if value and key not in _KNOWN_PARTS]
    if odd and isinstance(item, exp.Table | exp.Subquery):
        raise NotAGraph(f"{odd[0].upper()} of a table has no node")
    if isinstance(item, exp.Table) and isinstance(item.this, exp.Identifier):
        return _read_table(scope, item)
    if isinstance(item, exp.Values) and item.alias and item.args["alias"].columns:
        return _read_values(scope, item)
    if isinstance(item, exp.Subquery) and isinstance(item.this, exp.Query) and item.alias:
        if isinstance(item.this, exp.Subquery) and item.this.args.get("joins"):
            raise NotAGraph("joins nested in parentheses have no node")
        if free_columns(item.this):
            raise NotAGraph("a subquery in FROM reads the tables beside it (LATERAL)")
        rows = scope.planner.query(item.this, scope.env, item.alias)
        return Source(item.alias, rows, _by_position(item.this, rows))
    raise NotAGraph(f"`{type(item).__name__.upper()}` in FROM has no node")


def _read_values(scope: Scope, item: exp.Values) -> Source:
    """Rows written in the query itself are a source without a table."""
    names = [column.name for column in item.args["alias"].columns]
    if len({name.casefold() for name in names}) < len(names) or holds_query(item):
        raise NotAGraph("VALUES with repeated names or subqueries have no node")
    text = scope.text(exp.select("*").from_(item.copy())) + "\n"
    draft = scope.planner.drafts.add(f"source.{scope.planner.connector}", item.alias, {"query": text})
    return Source(item.alias, Rows(draft, tuple(names)), dict(zip(names, names, strict=True)))


def _read_table(scope: Scope, item: exp.Table) -> Source:
    alias = item.alias_or_name
    if item.name in scope.planner.tables:
        if item.args["alias"].columns:
            raise NotAGraph("a table with renamed columns has no node")
        rows, names = scope.planner.table(item.name)
        return Source(alias, rows, names)
    cte = scope.env.get(item.name)
    if cte is None:
        raise NotAGraph(f"`{item.name}` is not known")
    if cte.rows is None or cte.rows.draft not in scope.planner.drafts.nodes:
        cte.rows = scope.planner.query(cte.query, cte.env, item.name)
    return Source(alias, cte.rows, _by_position(cte.query, cte.rows))


def _by_position(query: exp.Query, rows: Rows) -> dict[str, str]:
    names = query.named_selects
    if len(names) != len(rows.columns):
        raise NotAGraph("the columns of a subquery are not known")
    return dict(zip(names, rows.columns, strict=True))


def split_where(scope: Scope) -> list[Condition]:
    """Return the conditions of WHERE; what each branch of an OR equates stands alone as well."""
    where = scope.select.args.get("where")
    found = [Condition(tree) for tree in conjuncts(where.this if where else None)]
    return [*found, *(one for each in found for one in _implied(each.tree))]


def _implied(tree: exp.Expr) -> list[Condition]:
    """`(a AND b) OR (a AND c)` holds only where `a` does; joins need the keys among them."""
    if not isinstance(tree, exp.Or):
        return []
    branches = [conjuncts(branch) for branch in tree.flatten()]
    first = [one for one in branches[0] if Condition(one).pair is not None]
    return [Condition(one.copy()) for one in first if all(one in branch for branch in branches[1:])]


def residual(scope: Scope, conditions: Sequence[Condition]) -> None:
    """Filter the joined rows by the conditions that no join took."""
    plain = [one for one in conditions if not holds_query(one.tree)]
    wanted = fresh(f"{scope.wanted}_filtered", ())
    scope.filter([scope.bare(one.tree) for one in plain], wanted)
    for one in conditions:
        scope.done.add(id(one.tree))


def refuse_volatile(select: exp.Select) -> None:
    """Refuse a condition whose value changes each time it is asked: a join would ask more or less often."""
    for clause in ("where", "joins", "group", "having", "qualify"):
        parts = select.args.get(clause)
        for part in parts if isinstance(parts, list) else [parts]:
            if isinstance(part, exp.Expr) and is_volatile(part):
                raise NotAGraph("a random value decides which rows there are")
