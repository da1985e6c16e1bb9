"""Run values and parameters as typed literals in a tree; nothing is ever spliced into text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime

from sqlglot import exp

from dataflow_provider.compiler.values import RunValues, naive_utc
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.render import render
from dataflow_provider.spec.models import RUN_VALUES, Param, ParamType, Pipeline
from dataflow_provider.spec.nodes import Scalar

SQL_TYPES: dict[ParamType, str] = {
    "string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE",
    "timestamp": "TIMESTAMP",
}  # fmt: skip


class UnboundError(Exception):
    """A `:name` that is declared has no value in this run."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name
        self.reason = reason


def known_names(pipeline: Pipeline) -> tuple[str, ...]:
    """Return every name that `:name` may stand for: run values first, then parameters."""
    return (*RUN_VALUES, *pipeline.params)


def bind_values(tree: exp.Expr, pipeline: Pipeline, values: RunValues) -> exp.Expr:
    """Return the tree with every placeholder replaced by a literal; the names are known to be declared.

    Raises:
        UnboundError: when this run has no value for a name.
    """
    for placeholder in list(tree.find_all(exp.Placeholder)):
        literal = _literal_of(placeholder.name, pipeline, values)
        if placeholder is tree:
            return literal
        placeholder.replace(literal)
    return tree


def bind_text(
    text: str, places: Iterable[tuple[str, int]], pipeline: Pipeline, values: RunValues, dialect: SqlDialect
) -> str:
    """Return a statement of any kind with a literal at each place of a `:name`; the rest stays as written.

    The places come from the engine's own tokens, so none lies in a string, a quoted name or a comment.

    Raises:
        UnboundError: when this run has no value for a name.
    """
    pieces, last = [], 0
    for name, offset in places:
        literal = render(_literal_of(name, pipeline, values), dialect, pretty=False)
        pieces += [text[last:offset], literal]
        last = offset + 1 + len(name)
    return "".join([*pieces, text[last:]])


def _literal_of(name: str, pipeline: Pipeline, values: RunValues) -> exp.Expr:
    if name == "run_id":
        return exp.Literal.string(values.run_id)
    if name in RUN_VALUES:
        moment = getattr(values, name)
        if moment is None:
            raise UnboundError(name, f"this run has no `{name}`; give it an interval or the pipeline a schedule")
        return typed_literal("timestamp", moment)
    param = pipeline.params[name]
    return typed_literal(param.type, _value_of(name, param, values))


def _value_of(name: str, param: Param, values: RunValues) -> Scalar:
    if name in values.params:
        return values.params[name]
    if param.default is None:
        raise UnboundError(name, f"the parameter `{name}` has no default and this run gives it no value")
    return param.default


def typed_literal(kind: ParamType, value: Scalar) -> exp.Expr:
    """Return the value as a literal of the declared type; None is a typed NULL.

    >>> typed_literal("string", "it's").sql("duckdb")
    "'it''s'"
    """
    if value is None:
        return exp.cast(exp.null(), SQL_TYPES[kind])
    if kind == "string":
        return exp.Literal.string(str(value))
    if kind == "integer":
        return number_literal(int(str(value)))
    if kind == "number":
        return exp.cast(_float_literal(float(str(value))), "DOUBLE")
    if kind == "boolean":
        return exp.Boolean(this=bool(value))
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if kind == "date":
        day = moment.date() if isinstance(moment, datetime) else moment
        return exp.cast(exp.Literal.string(str(day)), "DATE")
    return exp.cast(exp.Literal.string(_timestamp_text(moment)), "TIMESTAMP")


def number_literal(number: int | float) -> exp.Expr:
    """Return a number; a negative one in parentheses, so that `a -:b` cannot become a comment."""
    if isinstance(number, float):
        return _float_literal(number)
    return exp.Literal.number(number) if number >= 0 else exp.paren(exp.Neg(this=exp.Literal.number(-number)))


def scalar_literal(value: Scalar) -> exp.Expr:
    """Return a value of the YAML as a literal of its own type."""
    if value is None:
        return exp.null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int | float):
        return number_literal(value)
    if isinstance(value, datetime):
        return typed_literal("timestamp", value)
    return typed_literal("date", value) if isinstance(value, date) else exp.Literal.string(value)


def undeclared(names: Iterable[tuple[str, int]], pipeline: Pipeline) -> list[tuple[str, int]]:
    """Return the names, with their offsets, that nothing declares."""
    known = set(known_names(pipeline))
    return [(name, offset) for name, offset in names if name not in known]


def _float_literal(number: float) -> exp.Expr:
    if not math.isfinite(number):
        return exp.Literal.string(str(number))
    text = repr(abs(number))
    return exp.Literal.number(text) if number >= 0 else exp.paren(exp.Neg(this=exp.Literal.number(text)))


def _timestamp_text(moment: Scalar) -> str:
    if isinstance(moment, datetime):
        return naive_utc(moment).isoformat(sep=" ")
    return f"{moment} 00:00:00"
