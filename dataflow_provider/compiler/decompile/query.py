"""Any query as nodes: WITH queries shared by their readers, set operations, SELECTs; what has no nodes stays SQL."""

from __future__ import annotations

from sqlglot import exp

from dataflow_provider.compiler.decompile.drafts import Draft, NotAGraph, Rows, as_id, fresh
from dataflow_provider.compiler.decompile.joins import Meeting, half_join
from dataflow_provider.compiler.decompile.normalise import Normal, free_columns
from dataflow_provider.compiler.decompile.output import sort
from dataflow_provider.compiler.decompile.scope import Cte, Env, Kept, Planner, Scope
from dataflow_provider.compiler.decompile.select import plan_select
from dataflow_provider.compiler.lowering.query import is_cte

_PARTS = ("when", "version", "system_time", "partition", "changes", "only")
_FAMILIES = (
    ("exact", exp.DataType.INTEGER_TYPES | {exp.DataType.Type.DECIMAL}),
    ("float", exp.DataType.FLOAT_TYPES),
    ("text", exp.DataType.TEXT_TYPES),
)


def plan_query(planner: Planner, query: exp.Query, env: Env, wanted: str) -> Rows:
    """Return the rows of an uncorrelated query; a part without nodes stays one SQL node, noted in `planner.kept`.

    Raises:
        NotAGraph: when it is correlated, so that it cannot stand alone.
    """
    query = _unwrapped(query)
    inside = _with_ctes(query, env)
    mark, kept = len(planner.drafts.nodes), len(planner.kept)
    try:
        rows = _plan(planner, query, inside, wanted)
    except NotAGraph as refused:
        if free_columns(query):
            raise
        planner.drafts.forget_after(mark)
        del planner.kept[kept:]
        rows = _keep(planner, query, inside, wanted, refused.reason)
    if rows.draft in planner.drafts.nodes[mark:]:
        rows.draft.wanted = wanted
    return rows


def _unwrapped(query: exp.Query) -> exp.Query:
    """Parentheses around a query mean nothing, unless they end the reach of an ORDER BY or LIMIT outside."""
    while isinstance(query, exp.Subquery) and isinstance(query.this, exp.Query):
        if any(value for key, value in query.args.items() if key not in ("this", "alias")):
            break
        query = query.this
    return query


def _with_ctes(query: exp.Query, env: Env) -> Env:
    with_ = query.args.get("with_")
    if not isinstance(with_, exp.With):
        return env
    inside = dict(env)
    for cte in with_.expressions:
        columns = tuple(column.name for column in cte.args["alias"].columns)
        recursive = any(
            isinstance(one.this, exp.Identifier) and one.name == cte.alias and not one.db and is_cte(one)
            for one in cte.this.find_all(exp.Table)
        ) and bool(with_.recursive)
        made = Cte(cte.this, dict(inside), recursive, columns)
        inside[cte.alias] = made
        if recursive:
            made.env[cte.alias] = made
    return inside


def _plan(planner: Planner, query: exp.Query, env: Env, wanted: str) -> Rows:
    if any(cte.query is query and cte.recursive for cte in env.values()):
        raise NotAGraph("it reads itself (WITH RECURSIVE)")
    if isinstance(query, exp.SetOperation):
        return _plan_set(planner, query, env, wanted)
    if isinstance(query, exp.Select):
        return plan_select(planner, query, env, wanted)
    if isinstance(query, exp.Subquery) and isinstance(query.this, exp.Query):
        return _plan_wrapped(planner, query, env, wanted)
    raise NotAGraph(f"`{type(query).__name__.upper()}` has no node")


def _plan_wrapped(planner: Planner, query: exp.Subquery, env: Env, wanted: str) -> Rows:
    """A query in parentheses with an ORDER BY or LIMIT of its own behind them."""
    odd = [key for key, value in query.args.items() if value and key not in ("this", "order", "limit", "offset")]
    if odd:
        raise NotAGraph(f"{odd[0].upper()} behind a query in parentheses has no node")
    rows = planner.query(query.this, env, f"{wanted}_rows")
    return _sorted(planner, query, rows, wanted)


# ---------------------------------------------------------------- UNION, INTERSECT, EXCEPT


def _plan_set(planner: Planner, query: exp.SetOperation, env: Env, wanted: str) -> Rows:
    distinct = query.args.get("distinct") is not False
    odd = [key for key in ("by_name", "side", "kind", "on") if query.args.get(key)]
    if odd:
        raise NotAGraph("a set operation that matches columns by name has no node")
    if isinstance(query, exp.Union):
        rows = _union(planner, query, env, wanted, distinct=distinct)
    elif distinct:
        rows = _by_rows(planner, query, env, wanted)
    else:
        raise NotAGraph("INTERSECT ALL and EXCEPT ALL count equal rows")
    return _sorted(planner, query, rows, wanted)


def _sorted(planner: Planner, query: exp.Query, rows: Rows, wanted: str) -> Rows:
    scope = Scope(planner, exp.Select(), {}, wanted, rows)
    names = dict(zip(query.named_selects, rows.columns, strict=False))
    order = query.args.get("order")
    terms = []
    for one in order.expressions if order else []:
        if not isinstance(one.this, exp.Column) or one.this.name not in names:
            raise NotAGraph("a set operation is ordered by a computed value")
        terms.append(scope.spelling.order_term(names[one.this.name], one))
    sort(scope, query, terms)
    return scope.rows


def _union(planner: Planner, query: exp.Union, env: Env, wanted: str, *, distinct: bool) -> Rows:
    branches = _branches(query, distinct)
    parts = [planner.query(branch, env, f"{wanted}_{at}") for at, branch in enumerate(branches, 1)]
    counts = {len(part.columns) for part in parts}
    if len(counts) != 1:
        raise NotAGraph("the parts of a UNION differ in their columns")
    apart = [_apart(planner, part, parts[:at], f"{wanted}_{at + 1}") for at, part in enumerate(parts)]
    fields = {"mode": "distinct" if distinct else None, "match": "position"}
    draft = planner.drafts.add("transform.union", wanted, fields, [part.draft for part in apart])
    return Rows(draft, parts[0].columns)


def _branches(query: exp.Query, distinct: bool) -> list[exp.Query]:
    """Return the parts of a chain of like UNIONs; parentheses, ORDER BY and LIMIT end it."""
    same = isinstance(query, exp.Union) and (query.args.get("distinct") is not False) == distinct
    if not isinstance(query, exp.Union) or not same or query.args.get("by_name"):
        return [query]
    left = query.left
    ends = any(left.args.get(key) for key in ("order", "limit", "offset", "with_"))
    return [*([left] if ends else _branches(left, distinct)), query.right]


def _apart(planner: Planner, part: Rows, before: list[Rows], wanted: str) -> Rows:
    """A node names each of its inputs once: rows that come twice go through a node that changes nothing."""
    if all(part.draft is not other.draft for other in before):
        return part
    draft = planner.drafts.add("transform.select", wanted, {"columns": list(part.columns)}, [part.draft])
    return Rows(draft, part.columns)


def _by_rows(planner: Planner, query: exp.SetOperation, env: Env, wanted: str) -> Rows:
    """INTERSECT and EXCEPT: distinct left rows that the right side has, or lacks; NULLs are equal to each other."""
    left_query, right_query = query.left, query.right
    _refuse_other_types(left_query, right_query)
    left = planner.query(left_query, env, f"{wanted}_left")
    right = planner.query(right_query, env, f"{wanted}_right")
    if len(left.columns) != len(right.columns):
        raise NotAGraph("the parts of a set operation differ in their columns")
    scope = Scope(planner, exp.Select(), env, wanted, left)
    scope.add("transform.deduplicate", f"{wanted}_distinct", {"keys": list(left.columns)})
    how = "semi" if isinstance(query, exp.Intersect) else "anti"
    half_join(scope, right, how, Meeting(list(zip(left.columns, right.columns, strict=True)), True, []), wanted)
    return scope.rows


def _refuse_other_types(left: exp.Query, right: exp.Query) -> None:
    """A set operation converts both sides to one type, a join compares them as they are."""
    for one, other in zip(left.selects, right.selects, strict=False):
        families = _family(one), _family(other)
        if families[0] is None or families[0] != families[1]:
            raise NotAGraph(f"the types of `{one.alias_or_name}` in a set operation are not known to be the same")


def _family(tree: exp.Expr) -> str | None:
    kind = tree.type.this if isinstance(tree.type, exp.DataType) else exp.DataType.Type.UNKNOWN
    if kind in (exp.DataType.Type.UNKNOWN, exp.DataType.Type.NULL, exp.DataType.Type.USERDEFINED):
        return None
    return next((name for name, kinds in _FAMILIES if kind in kinds), str(kind))


# ---------------------------------------------------------------- what stays SQL


def keep_whole(planner: Planner, query: exp.Query, wanted: str, reason: str, *, as_written: bool = False) -> Rows:
    """Keep a whole statement, its WITH queries included, as one SQL node over its tables.

    `as_written`: its names are not yet what the engine makes of them, so none may be quoted.
    """
    text = query.copy()
    inputs: dict[str, Draft] = {}
    for table in _real_tables(text):
        _read_as_input(planner, table, planner.table(table.name)[0], planner.tables[table.name].alias.lower(), inputs)
    return _add_kept(planner, text, inputs, wanted, reason, as_written=as_written)


def reads_part_of_table(query: exp.Query) -> bool:
    """Return whether a table is read as it was, in part or without its heirs: that is said where it is read."""
    return any(table.args.get(key) for table in query.find_all(exp.Table) for key in _PARTS)


def keep_written(planner: Planner, text: str, normal: Normal, wanted: str) -> Rows:
    """Keep a statement as the query of one source, so that every table in it is read in its own way."""
    fields = {"query": text.strip().rstrip(";").rstrip() + "\n"}
    draft = planner.drafts.add(f"source.{planner.connector}", wanted, fields)
    planner.kept.append(Kept(draft, "it reads a table as it was, in part, or ONLY itself"))
    return Rows(draft, normal.outputs)


def _real_tables(text: exp.Query) -> list[exp.Table]:
    return [one for one in text.find_all(exp.Table) if isinstance(one.this, exp.Identifier) and not is_cte(one)]


def _read_as_input(planner: Planner, table: exp.Table, rows: Rows, wish: str, inputs: dict[str, Draft]) -> None:
    """Let a table name stand for the input with its rows; each node is one input, whatever its aliases in the text."""
    role = next((role for role, draft in inputs.items() if draft is rows.draft), None) or fresh(as_id(wish), inputs)
    inputs[role] = rows.draft
    table.set("this", planner.spelling.identifier(role))


def _keep(planner: Planner, query: exp.Query, env: Env, wanted: str, reason: str) -> Rows:
    """Keep a query as one SQL node over the nodes of what it reads."""
    text = query.copy()
    text.set("with_", None)
    own = next((cte for cte in env.values() if cte.query is query and cte.recursive), None)
    inputs: dict[str, Draft] = {}
    for table in _real_tables(text):
        name = table.name
        if own is not None and env.get(name) is own:
            continue
        if name in planner.tables:
            rows, wish = planner.table(name)[0], planner.tables[name].alias.lower()
        else:
            rows, wish = _cte_rows(planner, env[name], name), name
        _read_as_input(planner, table, rows, wish, inputs)
    if own is not None:
        text = _as_recursive(text, wanted, own)
    return _add_kept(planner, text, inputs, wanted, reason, query)


def _add_kept(
    planner: Planner,
    text: exp.Query,
    inputs: dict[str, Draft],
    wanted: str,
    reason: str,
    query: exp.Query | None = None,
    *,
    as_written: bool = False,
) -> Rows:
    columns = tuple(one.alias_or_name for one in (query or text).selects)
    written = planner.spelling.text(text, pretty=True, as_written=as_written) + "\n"
    if inputs:
        draft = planner.drafts.add("transform.sql", wanted, {"query": written}, inputs.items())
    else:
        draft = planner.drafts.add(f"source.{planner.connector}", wanted, {"query": written})
    planner.kept.append(Kept(draft, reason))
    return Rows(draft, columns)


def _cte_rows(planner: Planner, cte: Cte, name: str) -> Rows:
    if cte.rows is None or cte.rows.draft not in planner.drafts.nodes:
        cte.rows = planner.query(cte.query, cte.env, name)
    return cte.rows


def _as_recursive(query: exp.Query, name: str, cte: Cte) -> exp.Query:
    columns = [exp.to_identifier(column) for column in cte.columns]
    alias = exp.TableAlias(this=exp.to_identifier(name), columns=columns)
    with_ = exp.With(recursive=True, expressions=[exp.CTE(this=query, alias=alias)])
    result = exp.select("*").from_(exp.to_identifier(name))
    result.set("with_", with_)
    return result
