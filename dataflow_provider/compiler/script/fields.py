"""The fields of a node that its SQL asks for: guesses by the kind of node, to be proved by lowering them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from dataflow_provider.compiler.decompile.spelling import Spelling
from dataflow_provider.compiler.lowering.join import LEFT, RIGHT
from dataflow_provider.compiler.script.view import Rows, conditions_of, find_rows, is_local, spell_rows
from dataflow_provider.dialects.base import SqlDialect

Fields = dict[str, Any]
Data = Mapping[str, Any]


class _NoGuess(Exception):
    """The query has not the shape of this kind of node."""


@dataclass(frozen=True)
class Reading:
    """How the texts of a query are read: its dialect, and the names of the script that it may use."""

    dialect: SqlDialect
    names: Mapping[str, Rows]

    def text(self, tree: exp.Expr) -> str:
        """Return a part of the edited SQL as it stands in YAML, names in quotes where people put them in."""
        shown = exp.Paren(this=tree.unnest().copy())
        for placeholder in [*shown.find_all(exp.Placeholder)]:
            placeholder.replace(exp.Var(this=f":{placeholder.name}"))
        return str(shown.this.sql(dialect=self.dialect.sqlglot, comments=False))

    def rows_of(self, table: exp.Expr | None) -> Rows | None:
        """Return the rows that a table of a query stands for; None for a real table."""
        if not isinstance(table, exp.Table) or table.db or is_local(table):
            return None
        return find_rows(table.name, self.names)

    def reference(self, table: exp.Expr | None) -> str:
        rows = self.rows_of(table)
        if rows is None:
            raise _NoGuess
        return spell_rows(rows)


def guess_fields(kind: str, data: Data, query: exp.Expr, reading: Reading) -> Iterator[Fields]:
    """Yield what the fields of a node of that type may be; None takes one out. `data` is the node as it is written."""
    guess = _GUESSES.get(kind.partition(".")[2] if kind.startswith("transform.") else kind.partition(".")[0])
    if guess is None:
        return
    try:
        yield from guess(query, data, reading)
    except _NoGuess:
        return


# ---------------------------------------------------------------- pieces of a query


def _select(query: exp.Expr, *clauses: str) -> exp.Select:
    """Return the query when it has a select list, FROM and those clauses alone."""
    allowed = {"expressions", "from_", *clauses}
    if not isinstance(query, exp.Select) or any(value for key, value in query.args.items() if key not in allowed):
        raise _NoGuess
    return query


def _table(query: exp.Select) -> exp.Expr | None:
    from_ = query.args.get("from_")
    return None if from_ is None else from_.this


def _clause(query: exp.Select, key: str, reading: Reading) -> str | None:
    clause = query.args.get(key)
    return None if clause is None else reading.text(clause.this)


def _is_star(item: exp.Expr) -> bool:
    return isinstance(item, exp.Star | exp.Columns) or (
        isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
    )


def _computed(query: exp.Select, reading: Reading, value: Callable[[exp.Expr], exp.Expr]) -> dict[str, str]:
    return {one.alias: reading.text(value(one.this)) for one in query.expressions if isinstance(one, exp.Alias)}


def _names(items: Sequence[exp.Expr]) -> list[str]:
    if not all(isinstance(item, exp.Column) and not _is_star(item) for item in items):
        raise _NoGuess
    return [item.name for item in items]


def _terms(order: exp.Expr | None, reading: Reading, *, mirrored: bool = False) -> list[str]:
    terms = []
    for one in order.expressions if order is not None else ():
        if not isinstance(one, exp.Ordered) or not isinstance(one.this, exp.Column):
            raise _NoGuess
        descending = bool(one.args.get("desc")) != mirrored
        nulls_first = bool(one.args.get("nulls_first")) != mirrored
        way, nulls = " DESC" if descending else "", " NULLS FIRST" if nulls_first else ""
        terms.append(f"{Spelling(reading.dialect).order_name(one.this.name)}{way}{nulls}")
    return terms


# ---------------------------------------------------------------- kinds of nodes


def _source(query: exp.Expr, data: Data, reading: Reading) -> Iterator[Fields]:
    select = _select(query, "where")
    table = _table(select)
    columns = None if all(map(_is_star, select.expressions)) else _names(select.expressions)
    fields: Fields = {"columns": columns, "where": _clause(select, "where", reading)}
    if "table" not in data:
        yield fields
    elif isinstance(table, exp.Table) and reading.rows_of(table) is None and not table.alias:
        yield fields
        yield {"table": spell_table(table), **fields}


def spell_table(table: exp.Table) -> str:
    """Return a table's name as YAML has it."""
    return ".".join(part.sql("duckdb") if part.args.get("quoted") else part.name for part in table.parts)


def _filter(query: exp.Expr, data: Data, reading: Reading) -> Iterator[Fields]:
    select = _select(query, "where")
    where = _clause(select, "where", reading)
    if where is not None:
        yield {"from": reading.reference(_table(select)), "where": where}


def _columns(query: exp.Expr, data: Data, reading: Reading) -> Iterator[Fields]:
    select = _select(query, "where")
    given = {"from": reading.reference(_table(select))}
    if any(map(_is_star, select.expressions)):
        star = select.expressions[0].find(exp.Star)
        changes = {} if star is None else star.args
        drop = [one.name for one in changes.get("except_") or ()]
        rename = {one.this.name: one.alias for one in changes.get("rename") or ()}
        yield {**given, "columns": None, "drop": drop or None, "rename": rename or None}
        return
    old = {_output(one): one for one in data.get("columns") or ()}
    columns = [_column(item, old, reading) for item in select.expressions]
    yield {**given, "columns": columns}
    yield {**given, "columns": columns, "drop": None, "rename": None}


def _output(written: Any) -> str:
    return written if isinstance(written, str) else written.get("as") or written["name"]


def _column(item: exp.Expr, old: Mapping[str, Any], reading: Reading) -> Any:
    value = item.this if isinstance(item, exp.Alias) else item
    cast = value if isinstance(value, exp.Cast) else None
    value = value.this if cast is not None else value
    if not isinstance(value, exp.Column) or _is_star(value):
        raise _NoGuess
    name, output = value.name, item.alias_or_name or value.name
    made: dict[str, Any] = {"name": name, **({"as": output} if output != name else {})}
    before = old.get(output)
    if cast is not None:
        made["cast"] = cast.args["to"].sql(dialect=reading.dialect.sqlglot)
        if isinstance(cast, exp.TryCast):
            made["on_error"] = "null"
        if isinstance(before, Mapping) and before.get("name") == name:
            return {**made, **{key: before[key] for key in ("cast", "on_error") if key in before}}
    return name if made == {"name": name} else made


def _expression(query: exp.Expr, data: Data, reading: Reading) -> Iterator[Fields]:
    select = _select(query)
    values = _computed(select, reading, lambda tree: tree)
    ordered = {name: values[name] for name in data.get("columns") or () if name in values}
    yield {"from": reading.reference(_table(select)), "columns": {**ordered, **values}}


def _window(query: exp.Expr, data: Data, reading: Reading) -> Iterator[Fields]:
    select = _select(query)
    window = select.find(exp.Window)
    if window is None:
        raise _NoGuess
    values = _computed(select, reading, _without_over)
    ordered = {name: values[name] for name in data.get("columns") or () if name in values}
    spec = next((one.args["spec"] for one in select.find_all(exp.Window) if one.args.get("spec")), None)
    fields: Fields = {
        "from": reading.reference(_table(select)),
        "partition_by": _names(window.args.get("partition_by") or ()) or None,
        "order_by": _terms(window.args.get("order"), reading) or None,
        "columns": {**ordered, **values},
    }
    yield fields
    yield {**fields, "frame": None}
    if spec is not None:
        yield {**fields, "frame": spec.sql(dialect=reading.dialect.sqlglot)}


def _without_over(tree: exp.Expr) -> exp.Expr:
    holder = exp.Paren(this=tree.copy())
    for window in [*holder.find_all(exp.Window)]:
        window.replace(window.this)
    result: exp.Expr = holder.this
    return result


def _aggregate(query: exp.Expr, data: Data, reading: Reading) -> Iterator[Fields]:
    select = _select(query, "group", "having")
    group = select.args.get("group")
    keys = _names(group.expressions) if group is not None else []
    values = _computed(select, reading, lambda tree: tree)
    yield {
        "from": reading.reference(_table(select)),
        "group_by": keys or None,
        "aggregates": values or None,
        "having": _clause(select, "having", reading),
    }


def _deduplicate(query: exp.Expr, data: Data, reading: Reading) -> Iterator[Fields]:
    select = _select(query, "qualify")
    rank = select.args["qualify"].this if select.args.get("qualify") else None
    if not isinstance(rank, exp.EQ) or not isinstance(rank.this, exp.Window):
        raise _NoGuess
    given: Fields = {
        "from": reading.reference(_table(select)),
        "keys": _names(rank.this.args.get("partition_by") or ()),
    }
    order = rank.this.args.get("order")
    keeps: tuple[Any, ...] = ("first", None) if data.get("keep") == "first" else (data.get("keep"), None)
    for keep in dict.fromkeys(keeps):
        terms = _terms(order, reading, mirrored=keep == "last")
        yield {**given, "order_by": terms or None, "keep": keep}


def _sort(query: exp.Expr, data: Data, reading: Reading) -> Iterator[Fields]:
    select = _select(query, "order", "limit", "offset")
    yield {
        "from": reading.reference(_table(select)),
        "order_by": _terms(select.args.get("order"), reading) or None,
        "limit": _number(select.args.get("limit")),
        "offset": _number(select.args.get("offset")),
    }


def _number(clause: exp.Expr | None) -> int | None:
    if clause is None:
        return None
    count = clause.args.get("expression") or clause.args.get("count")
    if not isinstance(count, exp.Literal) or not count.name.isdigit():
        raise _NoGuess
    return int(count.name)


def _union(query: exp.Expr, data: Data, reading: Reading) -> Iterator[Fields]:
    branches: list[exp.Expr] = []
    distinct: set[bool] = set()
    while isinstance(query, exp.Union):
        branches.insert(0, query.expression)
        distinct.add(bool(query.args.get("distinct")))
        query = query.this
    branches.insert(0, query)
    if len(distinct) != 1:
        raise _NoGuess
    inputs = [reading.reference(_table(_select(one))) for one in branches]
    mode = "distinct" if distinct.pop() else None if "mode" not in data else "all"
    for match in dict.fromkeys((data.get("match"), "position", None)):
        yield {"from": inputs, "mode": mode, "match": match}


def _join(query: exp.Expr, data: Data, reading: Reading) -> Iterator[Fields]:
    select = _select(query, "joins", "where")
    joins = select.args.get("joins") or []
    if not joins:
        yield from _half_join(select, data, reading)
        return
    join = joins[0]
    if len(joins) != 1 or select.args.get("where") or join.args.get("using") or join.method:
        raise _NoGuess
    given = {"from": {"left": reading.reference(_table(select)), "right": reading.reference(join.this)}}
    how = join.side.lower() or ("cross" if join.kind == "CROSS" else "inner")
    yield from _joined({**given, "how": _how(how, data)}, join.args.get("on"), data, reading)


def _how(how: str, data: Data) -> str | None:
    return None if how == "inner" and "how" not in data else how


def _half_join(select: exp.Select, data: Data, reading: Reading) -> Iterator[Fields]:
    where = select.args["where"].this if select.args.get("where") else None
    met = where.this if isinstance(where, exp.Not) else where
    inner = met.this if isinstance(met, exp.Exists) else None
    if not isinstance(inner, exp.Select) or not inner.args.get("where"):
        raise _NoGuess
    given = {"from": {"left": reading.reference(_table(select)), "right": reading.reference(_table(inner))}}
    how = "anti" if isinstance(where, exp.Not) else "semi"
    yield from _joined({**given, "how": how}, inner.args["where"].this, data, reading)


def _joined(given: Fields, on: exp.Expr | None, data: Data, reading: Reading) -> Iterator[Fields]:
    """The keys that the node has stay keys; other equal columns are part of the condition, or keys in a second try."""
    written = data.get("keys") or []
    had = dict(written) if isinstance(written, Mapping) else {key: key for key in written}
    parts = conditions_of(on)
    for only_known in (True, False):
        keys: dict[str, str] = {}
        rest: list[exp.Expr] = []
        for part in parts:
            pair = _pair(part, null_safe=bool(data.get("null_safe")))
            if pair is None or pair[0] in keys or (only_known and had.get(pair[0]) != pair[1]):
                rest.append(part)
            else:
                keys[pair[0]] = pair[1]
        condition = reading.text(exp.and_(*rest, copy=True)) if rest else None
        yield {**given, "keys": _as_keys(keys, written), "condition": condition}


def _as_keys(keys: Mapping[str, str], written: Any) -> Any:
    if isinstance(written, Mapping) or any(ours != theirs for ours, theirs in keys.items()):
        return dict(keys) or None
    return list(keys) or None


def _pair(tree: exp.Expr, *, null_safe: bool) -> tuple[str, str] | None:
    """Return the columns left, right of `l.a = r.b`."""
    if not isinstance(tree, exp.NullSafeEQ if null_safe else exp.EQ):
        return None
    sides = {one.table: one.name for one in (tree.this, tree.expression) if isinstance(one, exp.Column)}
    return (sides[LEFT], sides[RIGHT]) if set(sides) == {LEFT, RIGHT} else None


_GUESSES: Mapping[str, Callable[[exp.Expr, Data, Reading], Iterator[Fields]]] = {
    "source": _source, "filter": _filter, "select": _columns, "expression": _expression, "window": _window,
    "aggregate": _aggregate, "deduplicate": _deduplicate, "sort": _sort, "union": _union, "join": _join,
}  # fmt: skip
