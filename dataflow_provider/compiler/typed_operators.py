"""What operators and functions make of the kinds of their operands; one that is not here is unknown.

Every entry was compared with what the engines say (`tests/integration/engines/test_inferred_types.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sqlglot import exp

from dataflow_provider.compiler.kinds import INTEGERS, MOMENT, NUMBER, TEXT, family, kind_of_type, loose, merged
from dataflow_provider.dialects.base import SqlDialect

NULL, LITERAL = "null", "literal"
"""Kinds inside an expression only: a bare NULL, and a text in quotes, which may become what it meets."""

Make = Callable[[SqlDialect, exp.Expr, str, Mapping[int, str]], str]
"""Dialect, node, kind of its first operand, kinds of all operands by id → kind."""

_TRUTHS = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.And, exp.Or, exp.Not,
    exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.Exists, exp.RegexpLike, exp.StartsWith, exp.EndsWith,
    exp.Boolean,
)  # fmt: skip
_WRAPPERS = (exp.Paren, exp.Alias, exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls)
_SAME = (
    exp.Min, exp.Max, exp.AnyValue, exp.First, exp.Last, exp.FirstValue, exp.LastValue, exp.NthValue, exp.Lag, exp.Lead,
    exp.Nullif,
)  # fmt: skip
_NUMBERS = (
    exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop, exp.Sqrt, exp.Pow, exp.Exp, exp.Ln,
    exp.Log, exp.Extract, exp.Year, exp.Month, exp.Day, exp.Hour, exp.Quarter, exp.Sign, exp.StrPosition, exp.Length,
    exp.ApproxDistinct, exp.CountIf, exp.Ntile, exp.PercentRank, exp.CumeDist,
)  # fmt: skip
_COUNTS = (exp.Count, exp.RowNumber, exp.Rank, exp.DenseRank)
_TEXTS = (exp.Upper, exp.Lower, exp.Concat, exp.ConcatWs, exp.GroupConcat, exp.Initcap)
_TEXTS_OF_TEXT = (exp.Trim, exp.Substring, exp.Replace, exp.Left, exp.Right, exp.Pad, exp.Reverse, exp.Repeat)
_ROUNDED = (exp.Round, exp.Ceil, exp.Floor, exp.Abs, exp.Neg)
ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.Div)
BRANCHING = (exp.Case, exp.If, exp.Coalesce, exp.Greatest, exp.Least)
_SEEN = ("duckdb", "postgres", "mysql")


def branches_of(tree: exp.Expr) -> list[exp.Expr]:
    """Return the parts one of which is the value of CASE, IF, COALESCE, GREATEST or LEAST."""
    if isinstance(tree, exp.Case):
        return [*tree.args["ifs"], *filter(None, [tree.args.get("default")])]
    if isinstance(tree, exp.If):
        return [*filter(None, [tree.args.get("true"), tree.args.get("false")])]
    return [tree.this, *tree.expressions]


def made_kind(dialect: SqlDialect, tree: exp.Expr, of: Mapping[int, str]) -> str:
    """Return the kind of an operator's or function's result."""
    make = _MAKERS.get(type(tree))
    return "" if make is None else make(dialect, tree, of.get(id(tree.args.get("this")), ""), of)


def shown(kind: str) -> str:
    """Return a kind as a column has it: a bare NULL has none, a text literal is text."""
    return {NULL: "", LITERAL: "VARCHAR"}.get(kind, kind)


def _literal(dialect: SqlDialect, tree: exp.Expr, this: str, of: Mapping[int, str]) -> str:
    if tree.is_string:
        return LITERAL
    if not tree.name.isdigit():
        return NUMBER
    return "INTEGER" if int(tree.name) < 2**31 else "BIGINT" if int(tree.name) < 2**63 else NUMBER


def _cast(dialect: SqlDialect, tree: exp.Expr, this: str, of: Mapping[int, str]) -> str:
    kind = kind_of_type(tree.args["to"].sql(dialect.sqlglot), dialect)
    # MariaDB casts to its widest whole number whatever is asked for, and to a DATETIME.
    if dialect.name == "mysql" and family(kind) in (NUMBER, MOMENT) and kind != "DATE":
        return family(kind)
    return kind


def _sum(dialect: SqlDialect, tree: exp.Expr, this: str, of: Mapping[int, str]) -> str:
    if family(this) != NUMBER:
        return ""
    if this == "DOUBLE":
        return this
    if dialect.name == "duckdb" and this in INTEGERS:
        return "HUGEINT"
    return "BIGINT" if dialect.name == "postgres" and this in ("SMALLINT", "INTEGER") else NUMBER


def _avg(dialect: SqlDialect, tree: exp.Expr, this: str, of: Mapping[int, str]) -> str:
    if family(this) != NUMBER:
        return ""
    return "DOUBLE" if this == "DOUBLE" or dialect.name == "duckdb" else NUMBER


def _arithmetic(dialect: SqlDialect, tree: exp.Expr, this: str, of: Mapping[int, str]) -> str:
    other = of.get(id(tree.args.get("expression")), "")
    if family(this) == MOMENT and isinstance(tree.args.get("expression"), exp.Interval):
        return MOMENT
    if {family(this), family(other)} != {NUMBER}:
        return ""
    if "DOUBLE" in (this, other):
        return "DOUBLE"
    exact = dialect.name in ("duckdb", "postgres") and not isinstance(tree, exp.Div)
    return merged([this, other]) if exact and {this, other} <= {"INTEGER", "BIGINT"} else NUMBER


def _rounded(dialect: SqlDialect, tree: exp.Expr, this: str, of: Mapping[int, str]) -> str:
    exact = isinstance(tree, exp.Abs | exp.Neg) and dialect.name in ("duckdb", "postgres") and this in INTEGERS
    return this if exact else NUMBER if family(this) == NUMBER else ""


def _branches(dialect: SqlDialect, tree: exp.Expr, this: str, of: Mapping[int, str]) -> str:
    kinds = [of.get(id(one), "") for one in branches_of(tree)]
    real = [kind for kind in kinds if kind not in (NULL, LITERAL)]
    if not real:
        return LITERAL if LITERAL in kinds else NULL
    made = merged(real)
    return made if LITERAL not in kinds or family(made) == TEXT else ""


def _distinct(dialect: SqlDialect, tree: exp.Expr, this: str, of: Mapping[int, str]) -> str:
    return of[id(tree.expressions[0])] if len(tree.expressions) == 1 else ""


def _count(dialect: SqlDialect, tree: exp.Expr, this: str, of: Mapping[int, str]) -> str:
    return "BIGINT" if dialect.name in _SEEN else NUMBER


def _text_of_text(dialect: SqlDialect, tree: exp.Expr, this: str, of: Mapping[int, str]) -> str:
    return "VARCHAR" if family(shown(this)) == TEXT else ""


def _joined_text(dialect: SqlDialect, tree: exp.Expr, this: str, of: Mapping[int, str]) -> str:
    """`||` joins lists too."""
    other = of.get(id(tree.args.get("expression")), "")
    return "VARCHAR" if TEXT in (family(shown(this)), family(shown(other))) else ""


def _now(dialect: SqlDialect, tree: exp.Expr, this: str, of: Mapping[int, str]) -> str:
    return "DATE" if isinstance(tree, exp.CurrentDate) else MOMENT


def _always(kind: str) -> Make:
    return lambda dialect, tree, this, of: kind


def _of_this(*, computed: bool) -> Make:
    return lambda dialect, tree, this, of: loose(shown(this)) if computed else this


_MAKERS: Mapping[type[exp.Expr], Make] = MappingProxyType(
    {
        exp.Literal: _literal,
        exp.Null: _always(NULL),
        exp.Sum: _sum,
        exp.Avg: _avg,
        exp.Distinct: _distinct,
        exp.DPipe: _joined_text,
        **dict.fromkeys((exp.CurrentDate, exp.CurrentTimestamp), _now),
        **dict.fromkeys((exp.Cast, exp.TryCast), _cast),
        **dict.fromkeys(_TRUTHS, _always("BOOLEAN")),
        **dict.fromkeys(_WRAPPERS, _of_this(computed=False)),
        **dict.fromkeys(_SAME, _of_this(computed=True)),
        **dict.fromkeys(_NUMBERS, _always(NUMBER)),
        **dict.fromkeys(_COUNTS, _count),
        **dict.fromkeys(_TEXTS, _always("VARCHAR")),
        **dict.fromkeys(_TEXTS_OF_TEXT, _text_of_text),
        **dict.fromkeys(_ROUNDED, _rounded),
        **dict.fromkeys(ARITHMETIC, _arithmetic),
        **dict.fromkeys(BRANCHING, _branches),
    }
)
