"""TRY_CAST for engines without it: a value is judged first, so that CAST never fails and never makes something up.

sqlglot writes a plain CAST instead, and does not even say so. Numbers are judged by their size, all else by its text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from dataflow_provider.dialects.base import CAST_SOURCE, NUMBERS
from dataflow_provider.dialects.passes import UnsupportedHereError

_Kind = exp.DType
INTEGERS: Mapping[exp.DType, tuple[int, int]] = {
    _Kind.TINYINT: (-(2**7), 2**7 - 1),
    _Kind.SMALLINT: (-(2**15), 2**15 - 1),
    _Kind.INT: (-(2**31), 2**31 - 1),
    _Kind.BIGINT: (-(2**63), 2**63 - 1),
}
MOMENTS = frozenset({_Kind.TIMESTAMP, _Kind.TIMESTAMPNTZ, _Kind.DATETIME, _Kind.TIMESTAMPTZ})
# Without backslashes, which mean one thing or another by the engine's settings.
_DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
_ZONE = "([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?"
_DIGITS = "([0-9]{1,200}([.][0-9]{0,200})?|[.][0-9]{1,200})"
_FEW_DIGITS = "([0-9]{1,8}([.][0-9]{0,8})?|[.][0-9]{1,8})"
# No number of this shape is too large or too small for 64 bits: 200 digits with two of exponent, 8 with up to 299.
_DOUBLE = f"^ *[+-]?({_DIGITS}([eE][+-]?[0-9]{{1,2}})?|{_FEW_DIGITS}[eE][+-]?[0-2]?[0-9]{{1,2}}) *$"
# Nor has one of this more whole digits than DECIMAL(65, 30).
DECIMAL_TEXT = "^ *[+-]?([0-9]{1,35}([.][0-9]{0,200})?|[.][0-9]{1,200}|[0-9]{1,9}([.][0-9]{0,9})?[eE][+-]?[0-9]) *$"
_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


@dataclass(frozen=True)
class TryCasts:
    """How an engine tells good values from bad ones.

    engine:   its name for people
    matches:  makes its test of a text by a regular expression
    integers: its integer types with their ranges
    digits:   most digits of a number that its exact arithmetic takes
    exact:    whether it has exact decimals, dates and times to cast to
    zones:    whether it casts a time with a zone behind it; like DuckDB, it leaves the zone out
    lenient:  whether CAST itself makes something up instead of failing, so that those of a `transform.select` which
              must not fail are judged as well: a check counts what they could not make
    """

    engine: str
    matches: Callable[[exp.Expr, str], exp.Expr]
    integers: Mapping[exp.DType, tuple[int, int]] = field(default_factory=lambda: INTEGERS)
    digits: int = 35
    exact: bool = True
    zones: bool = False
    lenient: bool = False

    def guard(self, tree: exp.Expr) -> exp.Expr:
        """Return the tree with each TRY_CAST as a CASE around a CAST.

        Raises:
            UnsupportedHereError: for types between which nobody here can judge a cast.
        """
        # The innermost first: a guard holds copies of what is cast.
        for cast in reversed([*tree.find_all(exp.Cast)]):
            if not isinstance(cast, exp.TryCast) and not (self.lenient and CAST_SOURCE in cast.meta):
                continue
            guarded = self._guarded(cast)
            if cast is tree:
                return guarded
            cast.replace(guarded)
        return tree

    def _guarded(self, cast: exp.Cast) -> exp.Expr:
        source = str(cast.meta.get(CAST_SOURCE, ""))
        if cast.to.this in exp.DataType.TEXT_TYPES:
            return _short_enough(cast)
        if source.startswith(NUMBERS):
            return self.number(cast)
        if source == "BOOLEAN":
            return plain(cast)
        return self.text(cast)

    def number(self, cast: exp.Cast) -> exp.Expr:
        """Return the guarded cast of a number."""
        value, kind = cast.this, cast.to.this
        if kind in self.integers:
            low, high = self.integers[kind]
            # What rounds to a number of the type is one; written without bounds that themselves round away.
            inside = exp.and_(
                exp.GT(this=value.copy(), expression=_number(f"{low}.5")),
                exp.LT(this=value.copy(), expression=_number(f"{high}.5")),
            )
            return when(inside, plain(cast))
        if kind == _Kind.DOUBLE:
            if str(cast.meta.get(CAST_SOURCE)) in ("FLOAT", "DOUBLE"):
                return plain(cast)
            return when(exp.LT(this=exp.Abs(this=value.copy()), expression=_number("1e308")), plain(cast))
        if kind == _Kind.DECIMAL and self.exact:
            return _fitting(cast, value)
        if kind == _Kind.BOOLEAN:
            return is_not_zero(value)
        raise self._refused(cast, "a number")

    def text(self, cast: exp.Cast) -> exp.Expr:
        """Return the guarded cast of a text, or of what can be told by its text."""
        kind, text = cast.to.this, exp.cast(cast.this.copy(), "TEXT")
        if kind in self.integers:
            whole = self.matches(text, f"^ *[+-]?[0-9]{{1,{self.digits}}} *$")
            return when(whole, when(_between(text, *self.integers[kind]), plain(cast, text)))
        if kind == _Kind.DOUBLE:
            return when(self.matches(text, _DOUBLE), plain(cast, text))
        if kind == _Kind.BOOLEAN:
            return truth_of(text)
        if kind == _Kind.DECIMAL and self.exact:
            return when(self.matches(text, DECIMAL_TEXT), _fitting(exp.Cast(this=text, to=cast.to.copy()), None))
        if kind == _Kind.DATE and self.exact:
            return when(self.is_moment(text), plain(cast, text))
        if kind in MOMENTS and self.exact:
            return when(self.is_moment(text), plain(cast, text))
        raise self._refused(cast, "a text")

    def is_moment(self, text: exp.Expr) -> exp.Expr:
        """Return the condition that the text is a date, or a date and a time, that exists."""
        zone = _ZONE if self.zones else ""
        shape = self.matches(text, f"^ *{_DAY}([ T]{_CLOCK}{zone})? *$")
        return exp.and_(shape, _is_day(text))

    def _refused(self, cast: exp.Cast, what: str) -> UnsupportedHereError:
        able = "integers, DOUBLE, BOOLEAN, TEXT" + (", DECIMAL, DATE and TIMESTAMP" if self.exact else "")
        return UnsupportedHereError(
            f"a cast of {what} to {cast.to.sql()} that notices every bad value", self.engine, f"Casts to {able} can."
        )


def plain(cast: exp.Cast, value: exp.Expr | None = None) -> exp.Cast:
    """Return the bare cast, of another value when given."""
    bare = exp.Cast(this=(cast.this if value is None else value).copy(), to=cast.to.copy())
    bare.meta.update(cast.meta)
    return bare


def when(condition: exp.Expr, value: exp.Expr) -> exp.Case:
    """CASE judges its condition before the value, so a cast inside is only tried where it succeeds."""
    if isinstance(condition, exp.And) and isinstance(condition.this, exp.Expr):
        return when(condition.this, when(condition.expression, value))
    return exp.Case(ifs=[exp.If(this=condition, true=value)])


def _between(text: exp.Expr, low: int, high: int) -> exp.Expr:
    number = exp.cast(text.copy(), "DECIMAL(38, 0)")
    return exp.Between(this=number, low=exp.Literal.number(low), high=exp.Literal.number(high))


def _fitting(cast: exp.Cast, number: exp.Expr | None) -> exp.Expr:
    """Return the cast where the value has no more whole digits than the type; rounding is the engine's own.

    `number` is the value when it is a number, which may be too large for exact arithmetic; texts were judged before.
    """
    sizes = [int(one.name) for one in cast.to.expressions]
    if not sizes:
        return plain(cast)
    scale = sizes[1] if len(sizes) > 1 else 0
    bound = _number(str(10 ** (sizes[0] - scale)))
    exact = exp.cast(cast.this.copy(), "DECIMAL(65, 30)")
    rounded = exp.Round(this=exact, decimals=exp.Literal.number(scale))
    whole = when(exp.LT(this=exp.Abs(this=rounded), expression=bound), plain(cast))
    if number is None:
        return whole
    return when(exp.LT(this=exp.Abs(this=number.copy()), expression=bound.copy()), whole)


def _short_enough(cast: exp.Cast) -> exp.Expr:
    """A text longer than its type is not cut in silence; every value has a text."""
    if not cast.to.expressions:
        return plain(cast)
    text = exp.cast(cast.this.copy(), "TEXT")
    most = exp.Literal.number(cast.to.expressions[0].name)
    return when(exp.LTE(this=exp.Length(this=text), expression=most), plain(cast))


def is_not_zero(number: exp.Expr) -> exp.Case:
    """Return the truth of a number; NULL of NULL."""
    is_zero, is_other = (kind(this=number.copy(), expression=_zero()) for kind in (exp.EQ, exp.NEQ))
    return exp.Case(ifs=[exp.If(this=is_zero, true=exp.false()), exp.If(this=is_other, true=exp.true())])


def truth_of(text: exp.Expr) -> exp.Expr:
    def among(words: tuple[str, ...]) -> exp.Expr:
        return exp.In(this=exp.Lower(this=text.copy()), expressions=[exp.Literal.string(word) for word in words])

    return exp.Case(ifs=[exp.If(this=among(_TRUE), true=exp.true()), exp.If(this=among(_FALSE), true=exp.false())])


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
    # Not an AND, whose sides `when` takes apart and an engine may swap.
    year_and_day = exp.Case(ifs=[exp.If(this=exp.GT(this=part(1, 4), expression=_zero()), true=days)])
    return exp.LTE(this=part(9, 2), expression=year_and_day)


def _number(text: str) -> exp.Expr:
    return exp.Literal.number(text)


def _zero() -> exp.Expr:
    return exp.Literal.number(0)
