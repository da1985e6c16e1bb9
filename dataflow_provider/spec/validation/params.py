"""Parameters: names that SQL can bind, and defaults of the declared type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime

from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.models import RUN_VALUES, Param, ParamType
from dataflow_provider.spec.suggestions import listed
from dataflow_provider.spec.validation.subject import Subject
from dataflow_provider.spec.values import parse_moment

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_EXAMPLES: dict[ParamType, str] = {
    "string": '`"text"`', "integer": "`5`", "number": "`0.5`", "boolean": "`true`", "date": "`2026-01-31`",
    "timestamp": "`2026-01-31T06:30:00`",
}  # fmt: skip


def validate_params(subject: Subject) -> Iterator[Problem]:
    for name, param in subject.pipeline.params.items():
        if name in RUN_VALUES:
            message = f"`{name}` is a value every run has; a parameter cannot take its name ({listed(RUN_VALUES)})."
            yield Problem("DF-PARAM-002", ("params", name), message, f"Call it `my_{name}`.", on_key=True)
        elif not _NAME.fullmatch(name):
            message = (
                f"`{name}` cannot be bound as `:{name}`; a name has letters, digits and `_`, a letter or `_` first."
            )
            likely = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
            hint = f"Write `{likely}`." if _NAME.fullmatch(likely) else None
            yield Problem("DF-PARAM-003", ("params", name), message, hint, on_key=True)
        if param.default is not None and not _has_type(param):
            message = f"The default `{param.default}` is no {param.type}; one looks like {_EXAMPLES[param.type]}."
            yield Problem("DF-PARAM-001", ("params", name, "default"), message, _hint(param))


def _has_type(param: Param) -> bool:
    value = param.default
    if param.type == "string":
        return isinstance(value, str)
    if param.type == "boolean":
        return isinstance(value, bool)
    if param.type in ("integer", "number"):
        return not isinstance(value, bool) and isinstance(value, int if param.type == "integer" else int | float)
    if isinstance(value, str):
        try:
            value = parse_moment(value)
        except ValueError:
            return False
    return isinstance(value, date) and (param.type == "timestamp" or not isinstance(value, datetime))


def _hint(param: Param) -> str | None:
    value = param.default
    if param.type == "string":
        return f'Put it in quotes: `"{value}"`.'
    if isinstance(value, str) and re.fullmatch(r"[0-9.]+|true|false", value):
        return f"Write `{value}` without quotes."
    return None
