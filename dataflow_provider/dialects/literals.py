"""Types and literals as an engine spells them, where sqlglot's own spelling is another type or hangs on a setting."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from sqlglot import exp

from dataflow_provider.dialects.base import CAST_SOURCE, NUMBERS

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


def try_cast_texts(tree: exp.Expr) -> exp.Expr:
    """TRY_CAST reads texts only, so every value becomes one first; a cast to a text never fails."""
    return _each_try_cast(tree, lambda cast, text: exp.TryCast(this=text, to=cast.to.copy()))


def try_cast_filled(tree: exp.Expr) -> exp.Expr:
    """TRY_CAST leaves out empty texts, which the engine takes for 0 or 1900-01-01; a cast to a text never fails."""

    def filled(cast: exp.TryCast, text: exp.Expr) -> exp.Expr:
        return _if_filled(text, cast.copy())

    return _each_try_cast(tree, filled)


def try_cast_filled_texts(tree: exp.Expr) -> exp.Expr:
    """Both: the value becomes a text, and an empty one is not cast."""

    def filled(cast: exp.TryCast, text: exp.Expr) -> exp.Expr:
        return _if_filled(text, exp.TryCast(this=text.copy(), to=cast.to.copy()))

    return _each_try_cast(tree, filled)


def _each_try_cast(tree: exp.Expr, change: Callable[[exp.TryCast, exp.Expr], exp.Expr]) -> exp.Expr:
    for cast in [*tree.find_all(exp.TryCast)]:
        if cast.to.this in exp.DataType.TEXT_TYPES or _is_number_to_truth(cast):
            changed: exp.Expr = exp.Cast(this=cast.this.copy(), to=cast.to.copy())
        else:
            text = exp.Cast(this=cast.this.copy(), to=exp.DataType(this=exp.DataType.Type.TEXT))
            changed = change(cast, text)
        if cast is tree:
            return changed
        cast.replace(changed)
    return tree


def _is_number_to_truth(cast: exp.TryCast) -> bool:
    """Every number has a truth, but not every text of a number: `-7` is none."""
    source = str(cast.meta.get(CAST_SOURCE, ""))
    return cast.to.this == exp.DataType.Type.BOOLEAN and source.startswith(NUMBERS)


def _if_filled(text: exp.Expr, value: exp.Expr) -> exp.Case:
    filled = exp.NEQ(this=exp.Trim(this=text), expression=exp.Literal.string(""))
    return exp.Case(ifs=[exp.If(this=filled, true=value)])


def try_cast_by_default(tree: exp.Expr) -> exp.Expr:
    """TRY_CAST becomes `CAST(… DEFAULT NULL ON CONVERSION ERROR)`; a cast to a text never fails."""

    def with_default(cast: exp.TryCast, _: exp.Expr) -> exp.Expr:
        to = cast.to.copy()
        if to.this == exp.DataType.Type.DOUBLE:
            # The default is for the engine's own types, and DOUBLE PRECISION is a decimal one of the standard.
            to = exp.DataType(this=exp.DataType.Type.USERDEFINED, kind="BINARY_DOUBLE")
        return exp.Cast(this=cast.this.copy(), to=to, default=exp.null())

    return _each_try_cast(tree, with_default)


def widen_first_texts(suffix: str) -> Callable[[exp.Expr], exp.Expr]:
    """Return the pass for engines whose set operations have the types of their first SELECT and cut longer texts.

    Texts written in them are as wide as the longest of the same set operation; `suffix` follows the type.
    """

    def widen(tree: exp.Expr) -> exp.Expr:
        for union in [one for one in tree.find_all(exp.SetOperation) if not isinstance(one.parent, exp.SetOperation)]:
            texts = [*_texts_of(union)]
            longest = max((len(one.name) for one in texts), default=1)
            for one in texts:
                kind = exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=f"VARCHAR({max(longest, 1)}){suffix}")
                one.replace(exp.Cast(this=one.copy(), to=kind))
        return tree

    return widen


def _texts_of(query: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the texts that are whole columns of the branches of a set operation."""
    if isinstance(query, exp.SetOperation):
        yield from _texts_of(query.left)
        yield from _texts_of(query.right)
    elif isinstance(query, exp.Select):
        yield from (one for one in (item.unalias() for item in query.expressions) if one.is_string)
