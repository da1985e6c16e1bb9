"""Union: the rows of several inputs under each other, columns meeting by name or by position."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from dataflow_provider.compiler.columns import find_column
from dataflow_provider.compiler.compiled import Columns
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.kinds import family as kind_family
from dataflow_provider.compiler.lowering.context import Lowering, Port, Relation
from dataflow_provider.compiler.lowering.tree import alias, column, select, star, typed_null
from dataflow_provider.spec.nodes import UnionTransform

_FAMILIES = (
    ("number", r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|INT\d+|DECIMAL|NUMERIC|FLOAT\d?|DOUBLE|REAL"),
    ("text", r"VARCHAR|TEXT|CHAR|STRING|ENUM"),
    ("moment", r"DATE|TIMESTAMP.*|DATETIME"),
)


def lower_union(scope: Lowering, node: GraphNode, spec: UnionTransform, ports: Sequence[Port]) -> None:
    inputs = [scope.input(given) for given in node.inputs]
    known = [rows.columns for rows in inputs if rows.columns is not None]
    if len(known) < len(inputs):
        branches = [select([star()], rows.table()) for rows in inputs]
        body = _stack(branches, spec, by_name=spec.match == "name")
        scope.define(node.id, None, body, known[0] if spec.match == "position" and inputs[0].columns else None)
        return
    if spec.match == "position":
        branches = [select([star()], rows.table()) for rows in inputs]
        columns = known[0]
        _check_positions(scope, node, known)
    else:
        columns = _all_columns(scope, node, known)
        branches = [_by_name(scope, rows, columns) for rows in inputs]
    if not scope.has_problem(node.id):
        _check_kinds(scope, node, inputs, by_name=spec.match == "name")
    scope.define(node.id, None, _stack(branches, spec, by_name=False), columns)


def _check_kinds(scope: Lowering, node: GraphNode, inputs: Sequence[Relation], *, by_name: bool) -> None:
    """Report columns whose inferred kinds are of different families, as for types that are told."""
    first = inputs[0].kinds
    for at, rows in enumerate(inputs[1:], 1):
        for place, (name, theirs) in enumerate(rows.kinds.items()):
            real = find_column(name, first) if by_name else list(first)[place]
            ours = "" if real is None else first[real]
            if kind_family(ours) and kind_family(theirs) and kind_family(ours) != kind_family(theirs):
                _clash(scope, node, at, name, ours, theirs)


def _stack(branches: Sequence[exp.Select], spec: UnionTransform, *, by_name: bool) -> exp.Query:
    body: exp.Query = branches[0]
    for branch in branches[1:]:
        body = exp.Union(this=body, expression=branch, distinct=spec.mode == "distinct", by_name=by_name)
    if len(branches) == 1 and spec.mode == "distinct":
        return branches[0].distinct()
    return body


def _by_name(scope: Lowering, rows: Relation, columns: Columns) -> exp.Select:
    """Return the rows with every column of the union; those they lack are NULL of its type."""
    items: list[exp.Expr] = []
    for name, kind in columns.items():
        real = find_column(name, rows.columns or {})
        if real is None:
            null = typed_null(kind, scope.dialect) if _is_known(kind) else exp.null()
            items.append(alias(null, name))
        else:
            items.append(column(real) if real == name else alias(column(real), name))
    return select(items, rows.table())


def _all_columns(scope: Lowering, node: GraphNode, inputs: Sequence[Columns]) -> Columns:
    """Return the columns of all inputs in the order they first come, each with the first type known."""
    columns: dict[str, str] = {}
    for at, one in enumerate(inputs):
        for name, kind in one.items():
            real = find_column(name, columns)
            if real is None:
                columns[name] = kind
            elif not _is_known(columns[real]):
                columns[real] = kind
            else:
                _check_types(scope, node, at, name, columns[real], kind)
    return columns


def _check_positions(scope: Lowering, node: GraphNode, inputs: Sequence[Columns]) -> None:
    first = inputs[0]
    for at, one in enumerate(inputs[1:], 1):
        if len(one) != len(first):
            scope.problem(
                node.id,
                ("from", at),
                "DF-SQL-027",
                f"`{node.inputs[at].name}` has {len(one)} columns and `{node.inputs[0].name}` has {len(first)}; "
                "columns that meet by position must be as many",
                "Select the same columns from each input, or use `match: name`.",
            )
            continue
        for (name, ours), theirs in zip(first.items(), one.values(), strict=True):
            _check_types(scope, node, at, name, ours, theirs)


def _check_types(scope: Lowering, node: GraphNode, at: int, name: str, ours: str, theirs: str) -> None:
    if _family(ours) and _family(theirs) and _family(ours) != _family(theirs):
        _clash(scope, node, at, name, ours, theirs)


def _clash(scope: Lowering, node: GraphNode, at: int, name: str, ours: str, theirs: str) -> None:
    scope.problem(
        node.id,
        ("from", at),
        "DF-SQL-028",
        f"the column `{name}` is {ours} before and {theirs} in `{node.inputs[at].name}`",
        "Cast one of them in a `transform.select`.",
    )


def _is_known(kind: str) -> bool:
    """Return whether a type says something; SQLite's own tables of rows have NUM for numbers, dates and booleans."""
    return kind.strip('"') not in ("", "NULL", "NUM")


def _family(kind: str) -> str | None:
    """Return the family within which types meet without loss of meaning; None when unknown, so nothing is refused."""
    if not _is_known(kind):
        return None
    name = kind.partition("(")[0].strip().upper()
    if kind.endswith("]"):
        return kind.upper()
    return next((family for family, pattern in _FAMILIES if re.fullmatch(pattern, name)), name)
