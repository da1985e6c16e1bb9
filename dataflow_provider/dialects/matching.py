"""The search for a pattern, and the length of a text, in the words of engines that have others for them.

Only what the product itself writes is rewritten; an author's text is in the engine's own words already.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from dataflow_provider.dialects.allowed import AUTHOR
from dataflow_provider.dialects.passes import UnsupportedHereError

Spell = Callable[[exp.Expr, str], exp.Expr]


def spell_searches(spell: Spell) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that writes each search of ours by `spell`, which takes the text and the pattern."""

    def search(tree: exp.Expr) -> exp.Expr:
        for one in [*tree.find_all(exp.RegexpLike)]:
            if AUTHOR in one.meta or not one.expression.is_string:
                continue
            spelled = exp.paren(spell(one.this, one.expression.name), copy=False)
            if one is tree:
                return spelled
            one.replace(spelled)
        return tree

    return search


def by_place(text: exp.Expr, pattern: str) -> exp.Expr:
    """The place of the first match is not 0; where the engine's own test wants the whole text to match."""
    place = exp.Anonymous(this="REGEXP_INSTR", expressions=[text.copy(), exp.Literal.string(pattern)])
    return exp.GT(this=place, expression=exp.Literal.number(0))


def by_case(text: exp.Expr, pattern: str) -> exp.Expr:
    """As `by_place`, minding capitals also where the column's collation does not."""
    return by_place(text, f"(?-i){pattern}")


def refuse_searches(engine: str) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass for an engine without regular expressions."""

    def refuse(text: exp.Expr, pattern: str) -> exp.Expr:
        raise UnsupportedHereError(
            f"the pattern `{pattern}`",
            engine,
            "Write the rule with LIKE in a `quality.row_rule`, or check the rows on another connection.",
        )

    return spell_searches(refuse)


def count_characters(tree: exp.Expr) -> exp.Expr:
    """LEN leaves blanks at the end out; with a mark behind them all are counted."""
    for one in [*tree.find_all(exp.Length)]:
        if AUTHOR in one.meta:
            continue
        marked = exp.Length(this=exp.Add(this=one.this.copy(), expression=exp.Literal.string("|")))
        spelled = exp.paren(exp.Sub(this=marked, expression=exp.Literal.number(1)), copy=False)
        if one is tree:
            return spelled
        one.replace(spelled)
    return tree


def spell_lengths(function: str) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that counts characters by the engine's own function."""

    def spell(tree: exp.Expr) -> exp.Expr:
        for one in [*tree.find_all(exp.Length)]:
            if AUTHOR in one.meta:
                continue
            spelled = exp.Anonymous(this=function, expressions=[one.this.copy()])
            if one is tree:
                return spelled
            one.replace(spelled)
        return tree

    return spell
