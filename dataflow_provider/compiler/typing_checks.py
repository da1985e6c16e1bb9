"""Judges one node of an expression by the kinds of its operands; how strict an engine is stands in `typing_rules`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from types import MappingProxyType

from sqlglot import exp

from dataflow_provider.compiler.kinds import MOMENT, NUMBER, family
from dataflow_provider.compiler.typed_operators import ARITHMETIC, LITERAL, branches_of
from dataflow_provider.compiler.typing_rules import Strictness, outcome, strictness_of, word
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.spec.findings import Severity

Kinds = Mapping[int, str]
Clash = tuple[str, Severity, str, str, int | None]
"""Code, severity, message, hint, offset in the author's text."""
Check = Callable[[exp.Expr, Kinds, SqlDialect, Strictness], Iterator[Clash]]

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_NUMERAL = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_PLUS_JOINS_TEXT = ("sqlserver", "sybase")
_CAST = "Cast one of them: `CAST(… AS …)`."


def check_node(tree: exp.Expr, of: Kinds, dialect: SqlDialect) -> Iterator[Clash]:
    """Yield what is wrong with a node; `of` maps the ids of its parts to their kinds."""
    check = _CHECKS.get(type(tree))
    if check is not None:
        yield from check(tree, of, dialect, strictness_of(dialect.name))


def check_condition(tree: exp.Expr, kind: str, dialect: SqlDialect) -> Iterator[Clash]:
    """Yield that an expression is no condition."""
    kin = family("VARCHAR" if kind == LITERAL else kind)
    severity = strictness_of(dialect.name).condition.get(kin)
    if severity is not None:
        message = f"{_named(tree, kind, dialect)} stands where true or false is asked for: {outcome(severity)}"
        yield "DF-TYPE-005", severity, message, "Compare it with something, such as `… <> 0`.", offset_of(tree)


def clash_of(left: str, right: str, dialect: SqlDialect) -> Severity | None:
    """Return how bad it is that values of two kinds are compared; None when they meet, or nobody knows."""
    kin = frozenset({family(left), family(right)})
    return strictness_of(dialect.name).compare.get(kin)


def offset_of(tree: exp.Expr) -> int | None:
    """Return where an expression stands in the author's text, by the first name in it that says so."""
    places = [one.meta["start"] for one in tree.find_all(exp.Identifier) if "start" in one.meta]
    return min(places) if places else None


def _named(tree: exp.Expr, kind: str, dialect: SqlDialect) -> str:
    text = tree.sql(dialect.sqlglot, comments=False)
    short = text if len(text) <= 60 else f"{text[:57]}…"
    exact = f" ({kind})" if kind and kind.isupper() else ""
    return f"`{short}` is {word(family('VARCHAR' if kind == LITERAL else kind))}{exact}"


def _compare(tree: exp.Expr, of: Kinds, dialect: SqlDialect, strict: Strictness) -> Iterator[Clash]:
    first = tree.this
    others = [tree.args.get(name) for name in ("expression", "low", "high")]
    for other in (*filter(None, others), *(tree.expressions if isinstance(tree, exp.In) else ())):
        yield from _meet(first, other, of, dialect, strict)


def _meet(left: exp.Expr, right: exp.Expr, of: Kinds, dialect: SqlDialect, strict: Strictness) -> Iterator[Clash]:
    kinds = of.get(id(left), ""), of.get(id(right), "")
    if LITERAL in kinds:
        text, other = (left, kinds[1]) if kinds[0] == LITERAL else (right, kinds[0])
        if family(other) == NUMBER and isinstance(text, exp.Literal) and not _NUMERAL.fullmatch(text.name):
            yield _clash("DF-TYPE-001", strict.literal, (left, right), kinds, dialect, "they are compared")
        return
    severity = clash_of(*kinds, dialect)
    if severity is not None:
        yield _clash("DF-TYPE-001", severity, (left, right), kinds, dialect, "they are compared")


def _clash(
    code: str,
    severity: Severity,
    pair: tuple[exp.Expr, exp.Expr],
    kinds: tuple[str, str],
    dialect: SqlDialect,
    where: str,
) -> Clash:
    said = " and ".join(_named(tree, kind, dialect) for tree, kind in zip(pair, kinds, strict=True))
    message = f"{said}, and {where}: {outcome(severity)}"
    places = [place for place in map(offset_of, pair) if place is not None]
    return code, severity, message, _CAST, min(places, default=None)


def _arithmetic(tree: exp.Expr, of: Kinds, dialect: SqlDialect, strict: Strictness) -> Iterator[Clash]:
    """Only beside a number or another text: intervals, dates and lists have sums of their own."""
    operands = [one for one in (tree.this, tree.args.get("expression")) if isinstance(one, exp.Expr)]
    families = [family(of.get(id(one), "")) for one in operands]
    joins_text = isinstance(tree, exp.Add) and dialect.name in _PLUS_JOINS_TEXT
    if not all(families) or MOMENT in families or joins_text:
        return
    for operand, kin in zip(operands, families, strict=True):
        severity = strict.arithmetic.get(kin)
        if severity is not None:
            message = f"{_named(operand, of[id(operand)], dialect)}, and it is reckoned with: {outcome(severity)}"
            yield "DF-TYPE-002", severity, message, "Cast it to a number first.", offset_of(operand)


def _aggregate(tree: exp.Expr, of: Kinds, dialect: SqlDialect, strict: Strictness) -> Iterator[Clash]:
    operand = tree.this
    kind = of.get(id(operand), "")
    rules = strict.total if isinstance(tree, exp.Sum) else strict.mean
    severity = rules.get(family(kind))
    if severity is not None:
        message = f"{_named(operand, kind, dialect)}, and `{tree.key.upper()}` takes numbers: {outcome(severity)}"
        yield "DF-TYPE-003", severity, message, "Cast it to a number first, or count it.", offset_of(operand)


def _branches(tree: exp.Expr, of: Kinds, dialect: SqlDialect, strict: Strictness) -> Iterator[Clash]:
    if isinstance(tree, exp.If):
        case = tree.parent if isinstance(tree.parent, exp.Case) else None
        if case is None or case.this is None:
            yield from check_condition(tree.this, of.get(id(tree.this), ""), dialect)
        if case is not None:
            return
    for left, right in combinations(branches_of(tree), 2):
        kinds = of.get(id(left), ""), of.get(id(right), "")
        severity = strict.branches.get(frozenset(map(family, kinds)))
        if severity is not None:
            shown = tuple(one.args["true"] if isinstance(one, exp.If) else one for one in (left, right))
            yield _clash(
                "DF-TYPE-004", severity, (shown[0], shown[1]), kinds, dialect, "both are results of one column"
            )
            return


def _connected(tree: exp.Expr, of: Kinds, dialect: SqlDialect, strict: Strictness) -> Iterator[Clash]:
    for one in (tree.this, tree.args.get("expression")):
        if isinstance(one, exp.Expr):
            yield from check_condition(one, of.get(id(one), ""), dialect)


def _text_call(tree: exp.Expr, of: Kinds, dialect: SqlDialect, strict: Strictness) -> Iterator[Clash]:
    kind = of.get(id(tree.this), "")
    severity = strict.text_call.get(family(kind))
    if severity is not None:
        message = f"{_named(tree.this, kind, dialect)}, and `{tree.key.upper()}` takes text: {outcome(severity)}"
        yield "DF-TYPE-006", severity, message, "Cast it to text first.", offset_of(tree.this)


_CHECKS: Mapping[type[exp.Expr], Check] = MappingProxyType(
    {
        **dict.fromkeys((*_COMPARISONS, exp.In, exp.Between), _compare),
        **dict.fromkeys((*ARITHMETIC, exp.Neg), _arithmetic),
        **dict.fromkeys((exp.Sum, exp.Avg), _aggregate),
        **dict.fromkeys((exp.Case, exp.If, exp.Coalesce), _branches),
        **dict.fromkeys((exp.And, exp.Or, exp.Not), _connected),
        **dict.fromkeys((exp.Upper, exp.Lower, exp.Trim, exp.Length), _text_call),
    }
)
