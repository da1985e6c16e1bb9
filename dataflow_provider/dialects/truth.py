"""Truth on engines without a boolean type, and NULL as an equal of NULL on engines without an operator for it."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

# Where a condition stands; a boolean anywhere else is a value.
_CONDITIONS = (exp.Where, exp.Having, exp.Qualify, exp.And, exp.Or, exp.Not)


def spell_booleans(*, values: bool) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that writes TRUE as `1 = 1` where a condition stands and, with `values`, as 1 elsewhere."""

    def spell(tree: exp.Expr) -> exp.Expr:
        for one in [*tree.find_all(exp.Boolean)]:
            number = exp.Literal.number(1 if one.this else 0)
            if _is_condition(one):
                one.replace(exp.EQ(this=exp.Literal.number(1), expression=number))
            elif values and one is tree:
                return number
            elif values:
                one.replace(number)
        return tree

    return spell


def _is_condition(node: exp.Expr) -> bool:
    parent = node.parent
    while isinstance(parent, exp.Paren):
        node, parent = parent, parent.parent
    if isinstance(parent, exp.Join):
        return node.arg_key == "on"
    if isinstance(parent, exp.If):
        whole = parent.parent
        return node.arg_key == "this" and not (isinstance(whole, exp.Case) and whole.args.get("this") is not None)
    return isinstance(parent, _CONDITIONS)


def spell_null_safe(tree: exp.Expr) -> exp.Expr:
    """`a IS NOT DISTINCT FROM b` becomes `(a = b OR (a IS NULL AND b IS NULL))`; it is never NULL where that matters.

    Below a NOT, NULL instead of false would lose rows: there it is a CASE.
    """
    for one in [*tree.find_all(exp.NullSafeEQ, exp.NullSafeNEQ)]:
        equal = exp.or_(
            exp.EQ(this=one.this.copy(), expression=one.expression.copy()),
            exp.and_(_is_null(one.this), _is_null(one.expression)),
        )
        wanted = isinstance(one, exp.NullSafeEQ)
        if wanted and not isinstance(one.find_ancestor(exp.Not, exp.Case, exp.Query), exp.Not):
            spelled: exp.Expr = exp.Paren(this=equal)
        else:
            case = exp.Case(ifs=[exp.If(this=equal, true=exp.Literal.number(1))], default=exp.Literal.number(0))
            spelled = exp.EQ(this=case, expression=exp.Literal.number(1 if wanted else 0))
        if one is tree:
            return spelled
        one.replace(spelled)
    return tree


def _is_null(value: exp.Expr) -> exp.Expr:
    return exp.Is(this=value.copy(), expression=exp.null())
