"""Joins: two inputs side by side, called `l` and `r`; NULL keys meet nothing unless the node says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from dataflow_provider.compiler.columns import ambiguous_columns, find_column
from dataflow_provider.compiler.compiled import Columns
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.context import Check, Lowering, Port, Relation
from dataflow_provider.compiler.lowering.tree import (
    alias,
    column,
    conjunction,
    equals,
    identifier,
    select,
    star,
    star_or_columns,
)
from dataflow_provider.compiler.typing_checks import clash_of
from dataflow_provider.compiler.typing_rules import outcome
from dataflow_provider.dialects.steps import ROWS
from dataflow_provider.spec.nodes import JoinTransform
from dataflow_provider.spec.suggestions import listed

LEFT, RIGHT = "l", "r"
_ROW = "_df_row"


@dataclass(frozen=True)
class _Join:
    """One join with its names resolved; `keys` are pairs left, right."""

    left: Relation
    right: Relation
    keys: tuple[tuple[str, str], ...]
    on: exp.Expr | None
    only_keys: bool


def lower_join(scope: Lowering, node: GraphNode, spec: JoinTransform, ports: Sequence[Port]) -> None:
    join = _resolve(scope, node, spec)
    if join.on is None and spec.how != "cross":
        scope.problem(
            node.id, (), "DF-SQL-018", f"a `{spec.how}` join needs `keys` or a `condition`", "Or set `how: cross`."
        )
    if join.on is not None and spec.how == "cross":
        scope.problem(
            node.id, ("how",), "DF-SQL-018", "a `cross` join has neither `keys` nor a `condition`", "Use `how: inner`."
        )
    if spec.how in ("semi", "anti"):
        _define_half_join(scope, node, spec, join)
        return
    items, columns = _output(scope, node, spec, join)
    if spec.how == "full" and not _joins_full(scope, spec):
        scope.define(node.id, None, _full_in_two(items, join), columns)
    else:
        body = select(items, join.left.table(LEFT))
        body = body.join(join.right.table(RIGHT), on=join.on, join_type=spec.how, copy=False)
        scope.define(node.id, None, body, columns)
    scope.checks.extend(_checks(node, spec, join))


def _joins_full(scope: Lowering, spec: JoinTransform) -> bool:
    """Return whether the engine carries out this FULL JOIN as it is."""
    if scope.dialect.full_join == "equality":
        return spec.condition is None and not spec.null_safe
    return scope.dialect.full_join == "any"


def _full_in_two(items: Sequence[exp.Expr], join: _Join) -> exp.Query:
    """Return a full join as the left one and, below it, the right rows that no left row meets."""
    on = join.on or exp.true()
    first = select([item.copy() for item in items], join.left.table(LEFT))
    first = first.join(join.right.table(RIGHT), on=on.copy(), join_type="left", copy=False)
    # Inside EXISTS `l` is the real left side; outside it is one without rows, so that its columns are NULL.
    met = select([exp.Literal.number(1)], join.left.table(LEFT)).where(on.copy(), copy=False)
    second = select([item.copy() for item in items], join.right.table(RIGHT))
    second = second.join(join.left.table(LEFT), on=exp.false(), join_type="left", copy=False)
    second = second.where(exp.Not(this=exp.Exists(this=met)), copy=False)
    return exp.Union(this=first, expression=second, distinct=False)


def _resolve(scope: Lowering, node: GraphNode, spec: JoinTransform) -> _Join:
    inputs = {given.role: given for given in node.inputs}
    left, right = scope.input(inputs["left"]), scope.input(inputs["right"])
    written = spec.keys or ()
    pairs = tuple(written.items()) if isinstance(written, dict) else tuple((key, key) for key in written)
    where = {role: f"in the {role} input `{given.name}`" for role, given in inputs.items()}
    keys = tuple(
        (
            scope.real_name(node.id, ("keys",), ours, left.columns, where["left"]),
            scope.real_name(node.id, ("keys",), theirs, right.columns, where["right"]),
        )
        for ours, theirs in pairs
    )
    _check_kinds(scope, node, keys, left, right)
    conditions = [equals(column(ours, LEFT), column(theirs, RIGHT), null_safe=spec.null_safe) for ours, theirs in keys]
    if spec.condition is not None:
        conditions.append(_condition(scope, node, spec.condition, left, right))
    on = conjunction(conditions) if conditions else None
    return _Join(left, right, keys, on, only_keys=spec.condition is None)


def _check_kinds(
    scope: Lowering, node: GraphNode, keys: Sequence[tuple[str, str]], left: Relation, right: Relation
) -> None:
    """Report keys whose values cannot meet, or only by a conversion that nobody asked for."""
    for ours, theirs in keys:
        kinds = left.kinds.get(ours, ""), right.kinds.get(theirs, "")
        severity = clash_of(*kinds, scope.dialect)
        if severity is not None:
            message = f"the key `{ours}` of the left input is {kinds[0]}, and `{theirs}` of the right one is {kinds[1]}"
            hint = "Cast one of them in a `transform.select`."
            scope.problem(node.id, ("keys",), "DF-TYPE-001", f"{message}: {outcome(severity)}", hint, severity=severity)


def _condition(scope: Lowering, node: GraphNode, text: str, left: Relation, right: Relation) -> exp.Expr:
    tree = scope.expression(node.id, ("condition",), text, {LEFT: left.columns, RIGHT: right.columns})
    if left.columns is not None and right.columns is not None:
        for name in ambiguous_columns(tree, left.columns, right.columns):
            scope.problem(
                node.id,
                ("condition",),
                "DF-SQL-019",
                f"both inputs have a column `{name}`",
                f"Write `{LEFT}.{name}` for the left input or `{RIGHT}.{name}` for the right one.",
            )
    return tree


def _define_half_join(scope: Lowering, node: GraphNode, spec: JoinTransform, join: _Join) -> None:
    """Semi and anti keep left rows by whether a right row meets them; as EXISTS, which every engine has."""
    inner = select([exp.Literal.number(1)], join.right.table(RIGHT)).where(join.on or exp.true(), copy=False)
    met: exp.Expr = exp.Exists(this=inner)
    body = select(star_or_columns(join.left.columns, LEFT), join.left.table(LEFT))
    body = body.where(met if spec.how == "semi" else exp.Not(this=met), copy=False)
    scope.define(node.id, None, body, join.left.columns)


# ---------------------------------------------------------------- output columns


def _output(
    scope: Lowering, node: GraphNode, spec: JoinTransform, join: _Join
) -> tuple[list[exp.Expr], Columns | None]:
    """Return the select list: left columns, then right ones; keys of one name are one column."""
    shared = {ours: theirs for ours, theirs in join.keys if ours.casefold() == theirs.casefold()}
    merged = {
        ours: exp.Coalesce(this=column(ours, LEFT), expressions=[column(theirs, RIGHT)])
        for ours, theirs in shared.items()
        if spec.how in ("right", "full")
    }
    left, right = join.left.columns, join.right.columns
    if left is None or right is None:
        items = [star(side=LEFT, replace=merged.items()), star(side=RIGHT, drop=shared.values())]
        return items, None
    items = [alias(merged[name], name) if name in merged else column(name, LEFT) for name in left]
    columns = dict(left)
    collisions = []
    for name, kind in right.items():
        if name in shared.values():
            continue
        output = name
        if find_column(name, columns) is not None:
            output = f"{spec.right_prefix or ''}{name}"
            if find_column(output, columns) is not None:
                collisions.append(output)
        items.append(column(name, RIGHT) if output == name else alias(column(name, RIGHT), output))
        columns[output] = kind
    if collisions:
        scope.problem(
            node.id,
            ("right_prefix",) if spec.right_prefix else (),
            "DF-SQL-013",
            f"both inputs have the columns {listed(collisions)}",
            "Set another `right_prefix`." if spec.right_prefix else "Set `right_prefix`, which renames the right ones.",
        )
    return items, columns


# ---------------------------------------------------------------- expected cardinality


def _checks(node: GraphNode, spec: JoinTransform, join: _Join) -> list[Check]:
    """Return the checks of `expect`: that no row of one side meets several rows of the other."""
    if spec.expect is None or spec.expect == "many_to_many" or join.on is None:
        return []
    checks = []
    if spec.expect in ("many_to_one", "one_to_one"):
        checks.append(_check(node, spec, join, LEFT, RIGHT))
    if spec.expect in ("one_to_many", "one_to_one"):
        checks.append(_check(node, spec, join, RIGHT, LEFT))
    return checks


def _check(node: GraphNode, spec: JoinTransform, join: _Join, many: str, one: str) -> Check:
    names = {LEFT: "left", RIGHT: "right"}
    offenders = _repeated_keys(join, many, one) if join.only_keys else _repeated_rows(join, many, one)
    query = select([alias(exp.Count(this=exp.Star()), "offenders")], _derived(offenders, "d"))
    unit = "keys" if join.only_keys else f"{names[many]} rows"
    return Check(
        node.id,
        query,
        f"`{node.id}` expects `{spec.expect}`, but {ROWS} {unit} meet more than one {names[one]} row",
    )


def _repeated_keys(join: _Join, many: str, one: str) -> exp.Select:
    """Return the keys that several rows of the side `one` share and that the other side has."""
    sides = {LEFT: join.left, RIGHT: join.right}
    keys = [column(pair[0] if one == LEFT else pair[1], one) for pair in join.keys]
    inner = select([exp.Literal.number(1)], sides[many].table(many)).where((join.on or exp.true()).copy(), copy=False)
    body = select(keys, sides[one].table(one)).where(exp.Exists(this=inner), copy=False)
    return body.group_by(*(key.copy() for key in keys), copy=False).having(_several(), copy=False)


def _repeated_rows(join: _Join, many: str, one: str) -> exp.Select:
    """Return the rows of the side `many` that meet several rows of the other one."""
    sides = {LEFT: join.left, RIGHT: join.right}
    number = alias(exp.Window(this=exp.RowNumber()), _ROW)
    numbered = _derived(select([star(), number], sides[many].table()), many)
    row = column(_ROW, many)
    body = select([row], numbered).join(
        sides[one].table(one), on=(join.on or exp.true()).copy(), join_type="inner", copy=False
    )
    return body.group_by(row.copy(), copy=False).having(_several(), copy=False)


def _several() -> exp.Expr:
    return exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1))


def _derived(query: exp.Select, name: str) -> exp.Subquery:
    return exp.Subquery(this=query, alias=exp.TableAlias(this=identifier(name)))
