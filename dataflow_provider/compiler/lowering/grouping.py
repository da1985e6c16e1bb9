"""Aggregate, deduplicate and pivot: fewer rows, by groups of equal keys. NULL keys are equal to each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from sqlglot import exp

from dataflow_provider.compiler.bind import scalar_literal
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.context import Lowering, Port, Relation
from dataflow_provider.compiler.lowering.projection import refuse_repeated
from dataflow_provider.compiler.lowering.tree import (
    alias,
    column,
    equals,
    identifier,
    order_parts,
    ordered,
    select,
    star,
    star_or_columns,
)
from dataflow_provider.dialects.allowed import AUTHOR
from dataflow_provider.spec.nodes import AggregateTransform, DeduplicateTransform, PivotTransform, Scalar


def lower_aggregate(scope: Lowering, node: GraphNode, spec: AggregateTransform, ports: Sequence[Port]) -> None:
    rows = scope.input(node.inputs[0])
    keys = scope.columns(node.id, ("group_by",), spec.group_by, rows.columns)
    values = {
        name: scope.expression(node.id, ("aggregates", name), text, {"": rows.columns})
        for name, text in spec.aggregates.items()
    }
    names = [key.name for key in keys] + list(values)
    refuse_repeated(scope, node, names)
    if not names:
        scope.problem(node.id, (), "DF-SQL-016", "an aggregate needs `group_by` or `aggregates`; both are empty here")
    body = select([*keys, *(alias(value, name) for name, value in values.items())], rows.table())
    if keys:
        body = body.group_by(*(key.copy() for key in keys), copy=False)
    if spec.having is not None:
        known = None if rows.columns is None else {**rows.columns, **dict.fromkeys(values, "")}
        body = body.having(scope.expression(node.id, ("having",), spec.having, {"": known}), copy=False)
    scope.define(node.id, None, body, dict.fromkeys(names, ""))


def lower_deduplicate(scope: Lowering, node: GraphNode, spec: DeduplicateTransform, ports: Sequence[Port]) -> None:
    rows = scope.input(node.inputs[0])
    keys = scope.columns(node.id, ("keys",), spec.keys, rows.columns)
    rank = exp.Window(
        this=exp.RowNumber(),
        partition_by=[*keys],
        order=_order(scope, node, spec, rows),
    )
    body = select(star_or_columns(rows.columns), rows.table())
    body.set("qualify", exp.Qualify(this=exp.EQ(this=rank, expression=exp.Literal.number(1))))
    scope.define(node.id, None, body, rows.columns)


def _order(scope: Lowering, node: GraphNode, spec: DeduplicateTransform, rows: Relation) -> exp.Order | None:
    """Return the order whose first row stays: that of the node, or its mirror image for `keep: last`."""
    terms = []
    for at, term in enumerate(spec.order_by):
        name, descending, nulls_first = order_parts(term)
        name = scope.real_name(node.id, ("order_by", at), name, rows.columns)
        mirrored = spec.keep == "last"
        terms.append(ordered(name, descending=descending != mirrored, nulls_first=nulls_first != mirrored))
    return exp.Order(expressions=terms) if terms else None


# ---------------------------------------------------------------- pivot


def lower_pivot(scope: Lowering, node: GraphNode, spec: PivotTransform, ports: Sequence[Port]) -> None:
    if spec.kind == "pivot":
        _lower_pivot(scope, node, spec)
    else:
        _lower_unpivot(scope, node, spec)


def column_name_of(value: Scalar) -> str:
    """Return the column that a value of `values` becomes.

    >>> column_name_of(True), column_name_of(None), column_name_of(2026)
    ('true', 'null', '2026')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def _lower_pivot(scope: Lowering, node: GraphNode, spec: PivotTransform) -> None:
    rows = scope.input(node.inputs[0])
    keys = scope.columns(node.id, ("keys",), spec.keys, rows.columns)
    of = scope.real_name(node.id, ("column",), spec.column, rows.columns)
    value = scope.real_name(node.id, ("value",), spec.value, rows.columns)
    aggregate = (spec.aggregate or "").strip().upper()
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", aggregate):
        scope.problem(
            node.id,
            ("aggregate",) if spec.aggregate else (),
            "DF-SQL-017",
            f"`aggregate` of a pivot is the name of one aggregate such as `SUM` or `MAX`, not `{spec.aggregate or ''}`",
        )
        aggregate = "MAX"
    names = [column_name_of(one) for one in spec.values]
    refuse_repeated(scope, node, [*(key.name for key in keys), *names])
    items = [alias(_pivoted(aggregate, of, one, value), name) for one, name in zip(spec.values, names, strict=True)]
    body = select([*keys, *items], rows.table()).group_by(*(key.copy() for key in keys), copy=False)
    scope.define(node.id, None, body, dict.fromkeys([*(key.name for key in keys), *names], ""))


def _pivoted(aggregate: str, of: str, one: Scalar, value: str) -> exp.Expr:
    """Return the aggregate over the rows of one value; NULL where a group has none, for COUNT too."""
    here = exp.Is(this=column(of), expression=exp.null()) if one is None else equals(column(of), scalar_literal(one))
    taken = exp.Case(ifs=[exp.If(this=here, true=column(value))])
    result: exp.Expr = exp.Anonymous(this=aggregate, expressions=[taken])
    result.meta[AUTHOR] = True
    if aggregate.startswith(("COUNT", "APPROX_COUNT")):
        present = exp.Count(this=exp.Case(ifs=[exp.If(this=here.copy(), true=exp.Literal.number(1))]))
        some = exp.GT(this=present, expression=exp.Literal.number(0))
        result = exp.Case(ifs=[exp.If(this=some, true=result)])
    return result


def _lower_unpivot(scope: Lowering, node: GraphNode, spec: PivotTransform) -> None:
    """One scan: each row meets the list of names, and a CASE takes the value of that name."""
    rows = scope.input(node.inputs[0])
    keys = scope.columns(node.id, ("keys",), spec.keys, rows.columns)
    names = [
        scope.real_name(node.id, ("values", at), column_name_of(one), rows.columns)
        for at, one in enumerate(spec.values)
    ]
    output = [*(key.name for key in keys), spec.column, spec.value]
    refuse_repeated(scope, node, output)
    for key in keys:
        key.set("table", identifier("l"))
    branches = [
        exp.If(this=exp.Literal.string(column_name_of(one)), true=column(name, "l"))
        for one, name in zip(spec.values, names, strict=True)
    ]
    value = exp.Case(this=column(spec.column, "n"), ifs=branches)
    body = select([*keys, column(spec.column, "n"), alias(value, spec.value)], rows.table("l"))
    body = body.join(_names_query(spec), join_type="cross", copy=False)
    if not spec.keep_nulls:
        inner = exp.Subquery(this=body, alias=exp.TableAlias(this=identifier("u")))
        present = exp.Not(this=exp.Is(this=column(spec.value), expression=exp.null()))
        body = select([star()], inner).where(present, copy=False)
    scope.define(node.id, None, body, dict.fromkeys(output, ""))


def _names_query(spec: PivotTransform) -> exp.Subquery:
    """Return the static list of names as rows; aliased `n`."""
    selects = [
        exp.Select(expressions=[alias(exp.Literal.string(column_name_of(one)), spec.column)]) for one in spec.values
    ]
    query: exp.Query = selects[0]
    for one in selects[1:]:
        query = exp.Union(this=query, expression=one, distinct=False)
    return exp.Subquery(this=query, alias=exp.TableAlias(this=identifier("n")))
