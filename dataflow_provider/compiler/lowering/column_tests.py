"""Rules on one column as conditions that are true for failing rows; NULL passes all of them but `not_null`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from dataflow_provider.compiler.bind import scalar_literal
from dataflow_provider.compiler.compiled import Rule
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.context import Lowering, Relation, Test
from dataflow_provider.compiler.lowering.tree import alias, column, conjunction, identifier, select
from dataflow_provider.spec.nodes import ColumnRule

KEY = "_df_key"
"""Columns of joined keys begin with it, so that bare names of the judged rows stay unique."""


def column_tests(scope: Lowering, node: GraphNode, rules: Sequence[ColumnRule], rows: Relation) -> list[Test]:
    """Return the rules in their order."""
    tests = []
    for at, rule in enumerate(rules):
        name = scope.real_name(node.id, ("rules", at, "column"), rule.column, rows.columns)
        made = Rule(f"{rule.column} {rule.check}", rule.check, (name,), threshold=rule.threshold)
        if rule.check == "unique":
            tests.append(_unique(made, name, rows, at))
        else:
            tests.append(Test(made, condition=_condition(rule, name)))
    return tests


def _condition(rule: ColumnRule, name: str) -> exp.Expr:
    if rule.check == "not_null":
        return is_null(column(name))
    if rule.check == "in":
        return _outside(rule, name)
    if rule.check == "regex":
        found = exp.RegexpLike(this=column(name), expression=exp.Literal.string(rule.pattern or ""))
        return exp.Not(this=found)
    value = exp.Length(this=column(name)) if rule.check == "length" else column(name)
    bounds: list[exp.Expr] = []
    if rule.min is not None:
        bounds.append(exp.LT(this=value, expression=scalar_literal(rule.min)))
    if rule.max is not None:
        bounds.append(exp.GT(this=value.copy(), expression=scalar_literal(rule.max)))
    return exp.or_(*bounds, copy=False)


def _outside(rule: ColumnRule, name: str) -> exp.Expr:
    """NULL passes whether it is listed or not; inside NOT IN it would let every row pass."""
    values = [scalar_literal(value) for value in rule.values or () if value is not None]
    if not values:
        return exp.Not(this=is_null(column(name)))
    return exp.Not(this=exp.In(this=column(name), expressions=values))


def is_null(value: exp.Expr) -> exp.Expr:
    return exp.Is(this=value, expression=exp.null())


def _unique(rule: Rule, name: str, rows: Relation, at: int) -> Test:
    """Counting is cheaper by groups alone; which rows fail is told by a join with the groups of several rows."""
    key, side = f"{KEY}{at}", f"d{at}"
    counted = _groups(rows, name, alias(exp.Count(this=exp.Star()), "n"))
    groups = exp.Subquery(this=counted, alias=exp.TableAlias(this=identifier("g")))
    total = exp.Coalesce(this=exp.Sum(this=column("n", "g")), expressions=[exp.Literal.number(0)])
    repeated = exp.Subquery(
        this=_groups(rows, name, alias(column(name), key)), alias=exp.TableAlias(this=identifier(side))
    )
    on = exp.EQ(this=column(name, "t"), expression=column(key, side))
    return Test(
        rule,
        condition=exp.Not(this=is_null(column(key, side))),
        join=exp.Join(this=repeated, side="LEFT", on=on),
        counted=select([alias(total, "failing")], groups),
    )


def _groups(rows: Relation, name: str, item: exp.Expr) -> exp.Select:
    several = exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1))
    query = select([item], rows.table()).where(exp.Not(this=is_null(column(name))), copy=False)
    return query.group_by(column(name), copy=False).having(several, copy=False)


def all_known(names: Sequence[str], side: str | None = None) -> exp.Expr:
    """Return the condition that none of the columns is NULL."""
    return conjunction(exp.Not(this=is_null(column(name, side))) for name in names)
