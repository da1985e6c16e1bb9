"""TRY_CAST for engines without it: the text of a value decides whether it can be cast, so that CAST never fails.

sqlglot writes a plain CAST instead, and does not even say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from dataflow_provider.dialects.passes import UnsupportedHereError

_Kind = exp.DType
INTEGERS: Mapping[exp.DType, tuple[int, int]] = {
    _Kind.SMALLINT: (-(2**15), 2**15 - 1),
    _Kind.INT: (-(2**31), 2**31 - 1),
    _Kind.BIGINT: (-(2**63), 2**63 - 1),
}
# Without backslashes, which mean one thing or another by the engine's settings.
_DATE_PARTS = "^ *[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]) *$"
_DOUBLE = "^ *[+-]?([0-9]{1,17}([.][0-9]{0,17})?|[.][0-9]{1,17})([eE][+-]?[0-9]{1,2})? *$"


@dataclass(frozen=True)
class TryCasts:
    """How an engine tells good texts from bad ones.

    engine:   its name for people
    matches:  makes its test of a text by a regular expression
    integers: its integer types with their ranges
    digits:   most digits of a number that its exact arithmetic takes
    exact:    whether it has exact decimals and dates to cast to
    """

    engine: str
    matches: Callable[[exp.Expr, str], exp.Expr]
    integers: Mapping[exp.DType, tuple[int, int]] = field(default_factory=lambda: INTEGERS)
    digits: int = 35
    exact: bool = True

    def guard(self, tree: exp.Expr) -> exp.Expr:
        """Return the tree with each TRY_CAST as a CASE around a CAST.

        Raises:
            UnsupportedHereError: for a type whose texts nobody here can judge.
        """
        for cast in [*tree.find_all(exp.TryCast)]:
            guarded = self._guarded(cast)
            if cast is tree:
                return guarded
            cast.replace(guarded)
        return tree

    def _guarded(self, cast: exp.TryCast) -> exp.Expr:
        kind = cast.to.this
        text = exp.cast(cast.this.copy(), "TEXT")
        plain = exp.Cast(this=text.copy(), to=cast.to.copy())
        if kind in exp.DataType.TEXT_TYPES and not cast.to.expressions:
            return exp.Cast(this=cast.this.copy(), to=cast.to.copy())
        if kind in self.integers:
            whole = self.matches(text, f"^ *[+-]?[0-9]{{1,{self.digits}}} *$")
            return _when(whole, _when(_between(text, *self.integers[kind]), plain))
        if kind == _Kind.DOUBLE:
            return _when(self.matches(text, _DOUBLE), plain)
        if kind == _Kind.DECIMAL and self.exact:
            size = f"{{1,{self.digits}}}"
            number = self.matches(text, f"^ *[+-]?([0-9]{size}([.][0-9]{{0,30}})?|[.][0-9]{{1,30}}) *$")
            return _when(number, _fitting(text, cast.to, plain))
        if kind == _Kind.DATE and self.exact:
            return _when(self.matches(text, _DATE_PARTS), _when(_is_day(text), plain))
        able = "integers, DOUBLE, TEXT, DECIMAL and DATE" if self.exact else "integers, DOUBLE and TEXT"
        raise UnsupportedHereError(
            f"a cast to {cast.to.sql()} that notices every bad value", self.engine, f"Casts to {able} can."
        )


def _when(condition: exp.Expr, value: exp.Expr) -> exp.Case:
    """CASE judges its condition before the value, so a cast inside is only tried where it succeeds."""
    return exp.Case(ifs=[exp.If(this=condition, true=value)])


def _between(text: exp.Expr, low: int, high: int) -> exp.Expr:
    number = exp.cast(text.copy(), "DECIMAL(38, 0)")
    return exp.Between(this=number, low=exp.Literal.number(low), high=exp.Literal.number(high))


def _fitting(text: exp.Expr, kind: exp.DataType, plain: exp.Expr) -> exp.Expr:
    """Return the cast where the number has no more whole digits than the type; rounding is the engine's own."""
    sizes = [int(one.name) for one in kind.expressions]
    if not sizes:
        return plain
    bound = 10 ** (sizes[0] - (sizes[1] if len(sizes) > 1 else 0))
    whole = exp.Round(
        this=exp.cast(text.copy(), "DECIMAL(65, 30)"), decimals=exp.Literal.number(sizes[1] if len(sizes) > 1 else 0)
    )
    inside = exp.LT(this=exp.Abs(this=whole), expression=exp.Literal.number(bound))
    return _when(inside, plain)


def _is_day(text: exp.Expr) -> exp.Expr:
    """Return the condition that the day of a well-formed date exists in its month."""

    def part(start: int, length: int) -> exp.Expr:
        trimmed = exp.Trim(this=text.copy())
        return exp.cast(
            exp.Substring(this=trimmed, start=exp.Literal.number(start), length=exp.Literal.number(length)),
            "INT",
        )

    def divides(number: int) -> exp.Expr:
        return exp.EQ(this=exp.Mod(this=part(1, 4), expression=exp.Literal.number(number)), expression=_zero())

    leap = exp.or_(exp.and_(divides(4), exp.not_(divides(100))), divides(400))
    february = exp.Case(ifs=[exp.If(this=leap, true=exp.Literal.number(29))], default=exp.Literal.number(28))
    days = exp.Case(
        ifs=[
            exp.If(this=exp.EQ(this=part(6, 2), expression=exp.Literal.number(2)), true=february),
            exp.If(
                this=exp.In(this=part(6, 2), expressions=[exp.Literal.number(one) for one in (4, 6, 9, 11)]),
                true=exp.Literal.number(30),
            ),
        ],
        default=exp.Literal.number(31),
    )
    return exp.and_(
        exp.LTE(this=part(9, 2), expression=days),
        exp.GT(this=part(1, 4), expression=_zero()),
    )


def _zero() -> exp.Expr:
    return exp.Literal.number(0)
