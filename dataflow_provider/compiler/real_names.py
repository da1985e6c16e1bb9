"""Names in an author's text as the database knows them, since every name leaves quoted.

An engine folds a name without quotes to upper or lower case. Here it becomes the column that there is, found without
regard to case, and else what the engine would make of it. Words that only look like columns stay bare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp
from sqlglot.optimizer.scope import Scope as QueryScope
from sqlglot.optimizer.scope import traverse_scope

from dataflow_provider.compiler.columns import columns_of_scope_source, find_column, references
from dataflow_provider.compiler.compiled import Columns
from dataflow_provider.dialects.base import SqlDialect

_AFTER_THE_SELECT_LIST = (exp.Order, exp.Group, exp.Having, exp.Qualify)


def name_expression(tree: exp.Expr, sides: Mapping[str, Columns | None], dialect: SqlDialect) -> exp.Expr:
    """Return the expression with real names; `sides` maps each alias (or "") to the columns it has."""
    everything: dict[str, str] = {name: "" for columns in sides.values() for name in columns or ()}
    tree = _bare_words(tree, dialect, everything)
    if dialect.publish.folding == "none":
        return tree
    taken = list(references(tree))
    loose = _fold_all(tree, dialect)
    for column in taken:
        side = next((name for name in sides if name and name.casefold() == column.table.casefold()), None)
        if side is not None and id(column.args["table"]) in loose:
            column.args["table"].set("this", side)
        if id(column.this) in loose:
            known = everything if side is None else sides[side]
            _set_real(column, [] if known is None else [known])
    return tree


def name_query(query: exp.Expr, inputs: Mapping[str, Columns | None], dialect: SqlDialect) -> exp.Expr:
    """Return the query with real names; `inputs` maps the names of its input tables to their columns."""
    query = _bare_words(query, dialect, {name: "" for columns in inputs.values() for name in columns or ()})
    if dialect.publish.folding == "none":
        return query
    loose = _fold_all(query, dialect)
    # Inner queries come first, so that what they answer is settled when those around them look.
    for scope in traverse_scope(query):
        sources = _sources_of(scope, inputs)
        aliases = {one.alias for one in scope.expression.expressions if isinstance(one, exp.Alias)}
        for column in _columns_in(scope.expression):
            if id(column.this) not in loose or _means_alias(column, aliases):
                continue
            if column.table:
                _set_real(column, [sources[column.table] or {}] if column.table in sources else [])
            else:
                _set_real(column, [known for known in sources.values() if known is not None])
    return query


def _sources_of(scope: QueryScope, inputs: Mapping[str, Columns | None]) -> dict[str, Columns | None]:
    """Return the columns of each source in reach; those around a subquery come last."""
    found: dict[str, Columns | None] = {}
    here: QueryScope | None = scope
    while here is not None:
        for name, source in here.sources.items():
            found.setdefault(name, columns_of_scope_source(source, inputs))
        here = here.parent if here.is_subquery else None
    return found


def _columns_in(query: exp.Expr) -> Iterator[exp.Column]:
    """Yield the columns that a query names itself."""
    for node in query.walk(prune=lambda node: node is not query and isinstance(node, exp.Query)):
        if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
            yield node


def _means_alias(column: exp.Column, aliases: set[str]) -> bool:
    return not column.table and column.name in aliases and column.find_ancestor(*_AFTER_THE_SELECT_LIST) is not None


def _set_real(column: exp.Column, known: Sequence[Mapping[str, str]]) -> None:
    """Let the column be the one there is; a name as the engine folds it goes before one that differs in case."""
    for columns in known:
        if column.name in columns:
            return
    for columns in known:
        real = find_column(column.name, columns)
        if real is not None:
            column.this.set("this", real)
            return


def _fold_all(tree: exp.Expr, dialect: SqlDialect) -> set[int]:
    """Fold every name without quotes and quote it; return the ids of those identifiers."""
    loose: set[int] = set()
    for one in tree.find_all(exp.Identifier):
        if not one.quoted and one.find_ancestor(exp.DataType) is None:
            one.set("this", dialect.publish.fold(one.name))
            one.set("quoted", True)
            loose.add(id(one))
    return loose


def _bare_words(tree: exp.Expr, dialect: SqlDialect, known: Mapping[str, str]) -> exp.Expr:
    """`ROWNUM` and the like must not be quoted; a column of that name goes before."""
    if not dialect.pseudo_columns:
        return tree
    for column in [*tree.find_all(exp.Column)]:
        name = column.name.lower()
        if column.table or name not in dialect.pseudo_columns or column.this.args.get("quoted"):
            continue
        if find_column(name, known) is not None:
            continue
        word = exp.Var(this=column.name.upper())
        if column is tree:
            return word
        column.replace(word)
    return tree
