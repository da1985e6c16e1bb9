"""Which columns come out of what: names found without regard to case, checked, and inferred from queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.optimizer.scope import Scope as QueryScope
from sqlglot.optimizer.scope import traverse_scope

from dataflow_provider.compiler.compiled import Columns

# Words that engines read as a function or system column although they look like a column.
_PSEUDO_COLUMNS = frozenset(
    {
        "rowid", "user", "current_user", "session_user", "current_role", "current_schema", "current_catalog",
        "current_database", "localtime", "localtimestamp",
    }
)  # fmt: skip
_ONE_SIDED = ("SEMI", "ANTI")


def find_column(name: str, columns: Mapping[str, str]) -> str | None:
    """Return the real name of a column, found without regard to case; None when there is none.

    >>> find_column("id", {"ID": "INTEGER"})
    'ID'
    """
    if name in columns:
        return name
    folded = name.casefold()
    return next((real for real in columns if real.casefold() == folded), None)


def references(tree: exp.Expr) -> Iterator[exp.Column]:
    """Yield the columns that an expression takes from its input.

    Those of subqueries, and names that a lambda or a list comprehension binds, are left out.
    """
    bound = {
        node.name.casefold() for binder in tree.find_all(exp.Lambda, exp.Comprehension) for node in _bound_names(binder)
    }
    for column in tree.walk(prune=lambda node: isinstance(node, exp.Query | exp.Columns)):
        if not isinstance(column, exp.Column) or isinstance(column.this, exp.Star):
            continue
        if column.name.casefold() in bound or column.table.casefold() in bound:
            continue
        if not column.table and column.name.casefold() in _PSEUDO_COLUMNS:
            continue
        yield column


def _bound_names(binder: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(binder, exp.Lambda):
        yield from binder.expressions
    else:
        yield binder.args["expression"]


def missing_columns(tree: exp.Expr, sides: Mapping[str, Columns | None]) -> dict[str, exp.Column]:
    """Return the names in an expression that no side has, and a use of each; `sides` maps an alias (or "") to columns.

    A side without known columns answers for every bare name. `a.b` may also be the field `b` of a column `a`.
    """
    missing: dict[str, exp.Column] = {}
    complete = all(columns is not None for columns in sides.values())
    everything: dict[str, str] = {name: "" for columns in sides.values() for name in columns or ()}
    for column in references(tree):
        table = column.table
        side = sides.get(table) if table else None
        if table and table in sides:
            if side is not None and find_column(column.name, side) is None:
                missing.setdefault(f"{table}.{column.name}", column)
        elif complete and find_column(table or column.name, everything) is None:
            missing.setdefault(table or column.name, column)
    return missing


def ambiguous_columns(tree: exp.Expr, left: Columns, right: Columns) -> list[str]:
    """Return the bare names in an expression that both sides have."""
    return list(
        dict.fromkeys(
            column.name
            for column in references(tree)
            if not column.table and find_column(column.name, left) and find_column(column.name, right)
        )
    )


# ---------------------------------------------------------------- queries


def output_columns(query: exp.Expr, inputs: Mapping[str, Columns | None]) -> Columns | None:
    """Return the columns that a query answers, types unknown (""); None when its text does not tell.

    `inputs` maps the names of its input tables to their columns.
    """
    query = query.unnest()
    known = {**inputs}
    with_ = query.args.get("with_")
    for cte in with_.expressions if with_ else ():
        known[cte.alias] = None if cte.args["alias"].columns else output_columns(cte.this, known)
    if isinstance(query, exp.SetOperation):
        return None if query.args.get("by_name") else output_columns(query.left, known)
    if not isinstance(query, exp.Select):
        return None
    names: list[str] = []
    for projection in query.expressions:
        found = _projected(projection, query, known)
        if found is None:
            return None
        names += found
    folded = {name.casefold() for name in names}
    return dict.fromkeys(names, "") if len(folded) == len(names) else None


def _projected(projection: exp.Expr, select: exp.Select, known: Mapping[str, Columns | None]) -> list[str] | None:
    """Return the names one item of a select list gives; None when they cannot be told."""
    if isinstance(projection, exp.Alias):
        return [projection.alias]
    if isinstance(projection, exp.Star):
        return None if any(projection.args.values()) else _starred(select, known, None)
    if not isinstance(projection, exp.Column):
        return None
    if isinstance(projection.this, exp.Star):
        return None if any(projection.this.args.values()) else _starred(select, known, projection.table)
    return [projection.name]


def _starred(select: exp.Select, known: Mapping[str, Columns | None], alias: str | None) -> list[str] | None:
    from_ = select.args.get("from_")
    joins = select.args.get("joins") or []
    if from_ is None or select.args.get("laterals"):
        return None
    if alias is None and any(
        join.args.get("using") or join.method or (join.kind or "").upper() in ("SEMI", "ANTI") for join in joins
    ):
        return None
    names: list[str] = []
    for source in (from_.this, *(join.this for join in joins)):
        if alias is not None and source.alias_or_name.casefold() != alias.casefold():
            continue
        columns = _columns_of_source(source, known)
        if columns is None:
            return None
        names += columns
    return names


def _columns_of_source(source: exp.Expr, known: Mapping[str, Columns | None]) -> Columns | None:
    alias = source.args.get("alias")
    if alias is not None and alias.columns:
        return None
    if isinstance(source, exp.Subquery):
        return output_columns(source.this, known)
    if isinstance(source, exp.Table) and not source.db:
        return next((columns for name, columns in known.items() if name.casefold() == source.name.casefold()), None)
    return None


@dataclass(frozen=True)
class Misnamed:
    """A name in a query that is none, or several, of its sources'; `used` is where, `known` what there is instead."""

    name: str
    known: Sequence[str]
    used: exp.Column


def missing_in_query(query: exp.Query, inputs: Mapping[str, Columns | None]) -> list[Misnamed]:
    """Return the columns a query asks for that its inputs do not have, each with the names there are.

    Only what can be told for certain: sources with known columns, outside correlated subqueries.
    """
    found: dict[str, Misnamed] = {}
    for scope in traverse_scope(query):
        if scope.is_subquery or scope.is_udtf:
            continue
        sources = {name: columns_of_scope_source(source, inputs) for name, source in scope.sources.items()}
        if not scope.expression.args.get("from_"):
            continue
        aliases = {one.alias: "" for one in scope.expression.expressions if isinstance(one, exp.Alias)}
        names = [column for columns in sources.values() for column in columns or ()]
        for used in _missing_in_scope(scope, sources, aliases):
            name = f"{used.table}.{used.name}" if used.table else used.name
            found.setdefault(name, Misnamed(name, names, used))
    return list(found.values())


def ambiguous_in_query(query: exp.Query, inputs: Mapping[str, Columns | None]) -> list[Misnamed]:
    """Return the bare names that several sources of one SELECT have, each with those sources.

    Names that USING merges, that a select list gives anew, and those inside subqueries are left alone.
    """
    found: dict[str, Misnamed] = {}
    for scope in traverse_scope(query):
        select = scope.expression
        joins = select.args.get("joins") or []
        if scope.is_subquery or scope.is_udtf or not isinstance(select, exp.Select) or select.args.get("laterals"):
            continue
        if not joins or any(join.args.get("using") or join.method or (join.kind or "") in _ONE_SIDED for join in joins):
            continue
        sources = {name: columns_of_scope_source(source, inputs) for name, source in scope.sources.items()}
        aliases = {one.alias.casefold(): "" for one in select.expressions if isinstance(one, exp.Alias)}
        for column in _own_columns(select):
            if column.table or find_column(column.name, aliases) or column.name.casefold() in _PSEUDO_COLUMNS:
                continue
            holders = [name for name, known in sources.items() if known and find_column(column.name, known)]
            if len(holders) > 1:
                found.setdefault(column.name, Misnamed(column.name, holders, column))
    return list(found.values())


def _missing_in_scope(
    scope: QueryScope, sources: Mapping[str, Columns | None], aliases: Mapping[str, str]
) -> Iterator[exp.Column]:
    for column in _own_columns(scope.expression):
        if not column.table and column.name.casefold() in _PSEUDO_COLUMNS:
            continue
        if column.table:
            side = next((name for name in sources if name.casefold() == column.table.casefold()), None)
            known = sources.get(side) if side is not None else None
            if known is not None and find_column(column.name, known) is None:
                yield column
        elif sources and all(known is not None for known in sources.values()):
            everything = {name: "" for known in sources.values() for name in known or ()}
            if find_column(column.name, everything) is None and find_column(column.name, aliases) is None:
                yield column


def _own_columns(query: exp.Expr) -> Iterator[exp.Column]:
    """Yield the columns a query names itself; a bare name of a subquery may belong to either side."""
    closed = (exp.Query, exp.Lambda, exp.Comprehension, exp.Columns)
    for node in query.walk(prune=lambda node: node is not query and isinstance(node, closed)):
        if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
            yield node


def columns_of_scope_source(source: object, inputs: Mapping[str, Columns | None]) -> Columns | None:
    """Return the columns of a source of a scope; None when they are not known."""
    if isinstance(source, exp.Table):
        return _columns_of_source(source, inputs)
    if isinstance(source, QueryScope) and isinstance(source.expression, exp.Query):
        names = {
            name: columns_of_scope_source(inner, inputs)
            for name, inner in source.sources.items()
            if inner is not source
        }
        return output_columns(source.expression, {**inputs, **names})
    return None
