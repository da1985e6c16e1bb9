"""Types and literals as an engine spells them, where sqlglot's own spelling is another type or hangs on a setting."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sqlglot import exp

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TIMESTAMPS = frozenset({exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ})


def spell_types(spelled: Mapping[exp.DType, str]) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass that writes types without a length or a precision as the engine calls them."""

    def spell(tree: exp.Expr) -> exp.Expr:
        for kind in [*tree.find_all(exp.DataType)]:
            text = spelled.get(kind.this)
            if text is not None and not kind.expressions:
                kind.replace(exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=text))
        return tree

    return spell


def spell_moments(tree: exp.Expr) -> exp.Expr:
    """`CAST('2026-01-01 00:00:00' AS TIMESTAMP)` is written `TIMESTAMP '…'`: a cast reads texts by session settings."""
    for cast in [*tree.find_all(exp.Cast)]:
        word = _word(cast)
        if word is None:
            continue
        literal = exp.Introducer(this=exp.Var(this=word), expression=cast.this.copy())
        if cast is tree:
            return literal
        cast.replace(literal)
    return tree


def _word(cast: exp.Cast) -> str | None:
    if isinstance(cast, exp.TryCast) or not cast.this.is_string or cast.to.expressions:
        return None
    if cast.to.this in _TIMESTAMPS and _MOMENT.fullmatch(cast.this.name):
        return "TIMESTAMP"
    return "DATE" if cast.to.this == exp.DataType.Type.DATE and _DAY.fullmatch(cast.this.name) else None


def national_texts(tree: exp.Expr) -> exp.Expr:
    """Texts beyond ASCII are written `N'…'`; without it the database's code page turns them into `?`."""
    for one in [*tree.find_all(exp.Literal)]:
        if one.is_string and not one.name.isascii():
            one.replace(exp.National(this=one.name))
    return tree


def try_cast_texts(*, as_text: bool) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass for engines whose TRY_CAST takes an empty text for 0 or 1900-01-01: nothing is cast then.

    With `as_text` it reads texts only, so the value becomes one first. A cast to a text never fails.
    """

    def guard(tree: exp.Expr) -> exp.Expr:
        for cast in [*tree.find_all(exp.TryCast)]:
            guarded = _guarded(cast, as_text=as_text)
            if cast is tree:
                return guarded
            cast.replace(guarded)
        return tree

    return guard


def _guarded(cast: exp.TryCast, *, as_text: bool) -> exp.Expr:
    if cast.to.this in exp.DataType.TEXT_TYPES:
        return exp.Cast(this=cast.this.copy(), to=cast.to.copy())
    text = exp.Cast(this=cast.this.copy(), to=exp.DataType(this=exp.DataType.Type.TEXT))
    filled = exp.NEQ(this=exp.Trim(this=text), expression=exp.Literal.string(""))
    value = exp.TryCast(this=text.copy() if as_text else cast.this.copy(), to=cast.to.copy())
    return exp.Case(ifs=[exp.If(this=filled, true=value)])


def try_cast_by_default(tree: exp.Expr) -> exp.Expr:
    """TRY_CAST becomes `CAST(… DEFAULT NULL ON CONVERSION ERROR)`; a cast to a text never fails."""
    for cast in [*tree.find_all(exp.TryCast)]:
        plain = exp.Cast(this=cast.this.copy(), to=cast.to.copy())
        if cast.to.this not in exp.DataType.TEXT_TYPES:
            plain.set("default", exp.null())
        if cast is tree:
            return plain
        cast.replace(plain)
    return tree
