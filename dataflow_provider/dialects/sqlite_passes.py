"""Rewrites that only SQLite needs: each value has a type of its own there, and a name that nobody knows is a text."""

from __future__ import annotations

from sqlglot import exp

from dataflow_provider.dialects.passes import UnsupportedHereError
from dataflow_provider.dialects.try_cast import DECIMAL_TEXT, MOMENTS, TryCasts, is_not_zero, plain, truth_of, when

_Kind = exp.DType
_LARGEST = 2**63 - 1
_SIGNED = "[+-]?"
_EXACT_DIGITS = 15


class SqliteCasts(TryCasts):
    """CAST makes 0 of a text, 2 of 2.7 and 2026 of a date, so the type that each value is stored with decides.

    Integers have 64 bits whatever they are called; dates and times are texts of one shape; a decimal is a REAL.
    """

    def text(self, cast: exp.Cast) -> exp.Expr:
        kind, value = cast.to.this, cast.this
        if kind in self.integers:
            return _by_type(value, value, self._rounded(value), self._whole(value))
        if kind in (_Kind.DOUBLE, _Kind.BOOLEAN):
            number = plain(cast) if kind == _Kind.DOUBLE else is_not_zero(value)
            text = super().text(cast) if kind == _Kind.DOUBLE else truth_of(value)
            return _by_type(value, number, number.copy(), text)
        if kind == _Kind.DECIMAL:
            return self._decimal(cast)
        if kind == _Kind.DATE:
            return when(self.is_moment(value), _start_of(value, 10))
        if kind in MOMENTS:
            return when(self.is_moment(value), _moment(value))
        return super().text(cast)

    def _decimal(self, cast: exp.Cast) -> exp.Expr:
        sizes = [int(one.name) for one in cast.to.expressions]
        if not sizes or sizes[0] > _EXACT_DIGITS:
            raise UnsupportedHereError(
                f"a cast to {cast.to.sql()} that keeps every digit",
                self.engine,
                f"A number holds {_EXACT_DIGITS} there: cast to DECIMAL({_EXACT_DIGITS}, …) or less, or to TEXT.",
            )
        scale = sizes[1] if len(sizes) > 1 else 0
        bound = exp.Literal.number(str(10 ** (sizes[0] - scale)))

        def fitted(number: exp.Expr) -> exp.Expr:
            rounded = exp.Round(this=number.copy(), decimals=exp.Literal.number(scale))
            return when(exp.LT(this=exp.Abs(this=rounded), expression=bound.copy()), rounded.copy())

        text = when(self.matches(cast.this, DECIMAL_TEXT), fitted(exp.cast(cast.this.copy(), "DOUBLE")))
        return _by_type(cast.this, fitted(cast.this), fitted(cast.this), text)

    def _rounded(self, value: exp.Expr) -> exp.Expr:
        inside = exp.LT(this=exp.Abs(this=value.copy()), expression=exp.Literal.number(f"{_LARGEST}.0"))
        return when(inside, exp.cast(exp.Round(this=value.copy()), "INT"))

    def _whole(self, text: exp.Expr) -> exp.Expr:
        """Return the integer that the text is; digits are compared as texts, since no number here holds more."""
        trimmed = exp.Trim(this=text.copy())
        unsigned = exp.Anonymous(this="LTRIM", expressions=[trimmed, exp.Literal.string("+-0")])
        digits = exp.Length(this=unsigned)
        negative = exp.EQ(this=_start_of(text, 1), expression=exp.Literal.string("-"))
        largest = exp.Case(
            ifs=[exp.If(this=negative, true=exp.Literal.string(str(_LARGEST + 1)))],
            default=exp.Literal.string(str(_LARGEST)),
        )
        most = exp.Literal.number(len(str(_LARGEST)))
        fits = exp.or_(
            exp.LT(this=digits, expression=most),
            exp.and_(
                exp.EQ(this=digits.copy(), expression=most.copy()),
                exp.LTE(this=unsigned.copy(), expression=largest),
            ),
        )
        return when(self.matches(text, f"^ *{_SIGNED}[0-9]+ *$"), when(fits, exp.cast(text.copy(), "INT")))


def _by_type(value: exp.Expr, integer: exp.Expr, real: exp.Expr, text: exp.Expr) -> exp.Case:
    """Return what is made of a value by the type it is stored with; NULL of NULL and of bytes."""
    kinds = {"integer": integer, "real": real, "text": text}
    return exp.Case(
        this=exp.Anonymous(this="TYPEOF", expressions=[value.copy()]),
        ifs=[exp.If(this=exp.Literal.string(name), true=made.copy()) for name, made in kinds.items()],
    )


def _start_of(text: exp.Expr, length: int) -> exp.Expr:
    return exp.Substring(
        this=exp.Trim(this=text.copy()), start=exp.Literal.number(1), length=exp.Literal.number(length)
    )


def _moment(text: exp.Expr) -> exp.Expr:
    """Return the text as `2026-01-31 10:20:30`, what is missing of the time as zeros."""
    spaced = exp.Anonymous(
        this="REPLACE",
        expressions=[exp.Trim(this=text.copy()), exp.Literal.string("T"), exp.Literal.string(" ")],
    )
    after = exp.Add(this=exp.Length(this=exp.Trim(this=text.copy())), expression=exp.Literal.number(1))
    rest = exp.Substring(this=exp.Literal.string("0000-00-00 00:00:00"), start=after)
    return exp.DPipe(this=spaced, expression=rest)


def spell_moments_as_texts(tree: exp.Expr) -> exp.Expr:
    """`CAST('2026-01-01 00:00:00.5' AS TIMESTAMP)` is the text itself; DATETIME() would leave the fraction out."""
    for cast in [*tree.find_all(exp.Cast)]:
        if cast.this.is_string and (cast.to.this in MOMENTS or cast.to.this == _Kind.DATE):
            text = exp.Literal.string(cast.this.name)
            if cast is tree:
                return text
            cast.replace(text)
    return tree


def join_texts(tree: exp.Expr) -> exp.Expr:
    """CONCAT_WS, which SQLite has since 3.44 only, becomes `||`: a NULL part adds nothing, not even the separator."""
    for call in [one for one in tree.find_all(exp.Anonymous) if str(one.this).upper() == "CONCAT_WS"]:
        separator, *parts = call.expressions
        pieces = [
            exp.Coalesce(
                this=exp.paren(exp.DPipe(this=separator.copy(), expression=part.copy())),
                expressions=[exp.Literal.string("")],
            )
            for part in parts
        ]
        whole: exp.Expr = pieces[0]
        for piece in pieces[1:]:
            whole = exp.DPipe(this=whole, expression=piece)
        start = exp.Literal.number(len(separator.name) + 1)
        call.replace(exp.Substring(this=exp.paren(whole), start=start))
    return tree


def quote_by_backticks(tree: exp.Expr) -> exp.Expr:
    """Names stand between backticks; between double quotes SQLite takes one that it does not know for a text."""
    for one in [*tree.find_all(exp.Identifier)]:
        name = exp.Var(this="`" + one.name.replace("`", "``") + "`")
        name.comments = one.comments
        if one is tree:
            return name
        one.replace(name)
    return tree
