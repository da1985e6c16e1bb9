"""Suggestions from a profile for people to accept: quality rules, and which column goes where. Nothing is changed.

The suggester counts and compares, and needs no model; a model may add to it, and is checked against the same profile.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from pydantic import BaseModel, Field

from dataflow_provider.ai.models import UNTRUSTED, Model, Question, Spent, as_data
from dataflow_provider.spec.nodes import ColumnRule

Profile = Mapping[str, Any]
"""The document of `dataflow profile`."""

_FEW_VALUES = 12
_FEWEST_ROWS = 20
_ALIKE = 0.72
_SHAPES = {
    "a date": r"^\d{4}-\d{2}-\d{2}$",
    "a UUID": r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$",
    "an e-mail address": r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    "digits": r"^[0-9]+$",
}


@dataclass(frozen=True)
class Suggestion:
    """One rule of a `quality.column_rules` node: why, how sure (0 to 1), and who says so."""

    rule: dict[str, Any]
    reason: str
    confidence: float
    by: Literal["profile", "model"] = "profile"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Mapped:
    """A column of the rows and the column of the target that it seems to be; None when nothing is like it."""

    source: str
    target: str | None
    confidence: float
    reason: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


# ---------------------------------------------------------------- rules


def suggest_rules(profile: Profile) -> list[Suggestion]:
    """Return the rules that all rows of the profile meet, the surest first; too few rows support none.

    >>> rows = {"rows": 50, "columns": [{"name": "id", "type": "INTEGER", "nulls": 0, "distinct": 50, "count": 50}]}
    >>> [one.rule for one in suggest_rules(rows)]
    [{'column': 'id', 'check': 'not_null'}, {'column': 'id', 'check': 'unique'}]
    """
    rows = int(profile["rows"])
    if rows < _FEWEST_ROWS:
        return []
    found = [one for column in profile["columns"] for one in _of_column(column, rows)]
    return sorted(found, key=lambda one: -one.confidence)


def _of_column(column: Mapping[str, Any], rows: int) -> Iterator[Suggestion]:
    name, count, distinct = column["name"], int(column.get("count") or 0), column.get("distinct")
    sureness = min(0.95, 0.6 + rows / 20_000)
    if column.get("nulls") == 0:
        yield Suggestion({"column": name, "check": "not_null"}, f"none of {rows} rows is NULL", sureness)
    if not count or distinct is None:
        return
    if distinct == count and count >= _FEWEST_ROWS and _is_key_like(column):
        yield Suggestion({"column": name, "check": "unique"}, f"{count} values, no two alike", sureness - 0.05)
    if column.get("sensitive"):
        return  # what follows would show values
    yield from _of_values(column, count, int(distinct))


def _is_key_like(column: Mapping[str, Any]) -> bool:
    """Return whether unique values are meant and no accident, as they are of measures and times."""
    kind = str(column.get("type", "")).upper()
    return not any(word in kind for word in ("DOUBLE", "FLOAT", "REAL", "TIME", "DECIMAL", "NUMERIC"))


def _of_values(column: Mapping[str, Any], count: int, distinct: int) -> Iterator[Suggestion]:
    name = column["name"]
    top = [one["value"] for one in column.get("top") or ()]
    if 1 < distinct <= _FEW_VALUES and distinct == len(top) and count >= 20 * distinct and not _is_boolean(column):
        values = sorted(top, key=str)
        reason = f"{distinct} values in {count} rows"
        yield Suggestion({"column": name, "check": "in", "values": values}, reason, 0.7)
    low, high = column.get("min"), column.get("max")
    if isinstance(low, int | float) and isinstance(high, int | float) and not isinstance(low, bool):
        if low >= 0:
            yield Suggestion({"column": name, "check": "range", "min": 0}, f"from {low} to {high}", 0.6)
        return
    texts = [one for one in (*top, low, high) if isinstance(one, str)]
    for told, pattern in _SHAPES.items() if texts and len(texts) >= 2 else ():
        if all(re.search(pattern, one) for one in texts) and "DATE" not in str(column.get("type", "")).upper():
            rule = {"column": name, "check": "regex", "pattern": pattern}
            yield Suggestion(rule, f"the {len(texts)} values looked at are {told}", 0.5)
            return


def _is_boolean(column: Mapping[str, Any]) -> bool:
    return "BOOL" in str(column.get("type", "")).upper()


# ---------------------------------------------------------------- mappings


def suggest_mapping(rows: Mapping[str, str], target: Mapping[str, str]) -> list[Mapped]:
    """Return for each column of the rows the target's column that it is likest to; each target column once.

    >>> [(one.source, one.target) for one in suggest_mapping({"cust_id": "", "x": ""}, {"CustomerID": "", "Y": ""})]
    [('cust_id', 'CustomerID'), ('x', None)]
    """
    scored = sorted(
        ((_likeness(one, other), one, other) for one in rows for other in target), key=lambda found: -found[0]
    )
    taken: dict[str, Mapped] = {}
    used: set[str] = set()
    for score, one, other in scored:
        if score >= _ALIKE and one not in taken and other not in used:
            used.add(other)
            reason = "the same name" if score == 1 else "names that are alike"
            taken[one] = Mapped(one, other, round(score, 2), reason)
    return [taken.get(one) or Mapped(one, None, 0.0, "no column of the target is like it") for one in rows]


_SHORT = {
    "cust": "customer", "acct": "account", "amt": "amount", "qty": "quantity", "dt": "date", "ts": "timestamp",
    "num": "number", "no": "number", "nr": "number", "desc": "description", "addr": "address", "tel": "phone",
    "prod": "product", "cat": "category", "ccy": "currency", "cntry": "country", "usr": "user", "msg": "message",
}  # fmt: skip


def _parts(name: str) -> list[str]:
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return [_SHORT.get(part, part) for part in re.split(r"[^a-z0-9]+", split.lower()) if part]


def _likeness(one: str, other: str) -> float:
    if one == other:
        return 1.0
    first, second = _parts(one), _parts(other)
    if first == second:
        return 0.98
    if sorted(first) == sorted(second):
        return 0.9
    return SequenceMatcher(None, "".join(first), "".join(second)).ratio() * 0.95


# ---------------------------------------------------------------- a model


class _SuggestedRule(BaseModel):
    rule: ColumnRule
    reason: str = Field(description="Why the rule should hold, in one sentence")


class _SuggestedRules(BaseModel):
    rules: list[_SuggestedRule]


def ask_for_rules(profile: Profile, prompt: str | None, model: Model) -> tuple[list[Suggestion], Spent]:
    """Return rules that a model adds; those on columns that are not there are left out.

    What the model sees is the profile, in which values of sensitive columns are masked already.
    """
    instructions = "\n".join(
        ["You suggest data quality rules for a table from the profile of its columns.", UNTRUSTED, prompt or ""]
    )
    text = as_data("profile", "\n".join(json.dumps(_seen(one), default=str) for one in profile["columns"]))
    reply = model.ask(Question(instructions, text, _SuggestedRules))
    names = {column["name"] for column in profile["columns"]}
    found = [
        Suggestion(one.rule.model_dump(mode="json", exclude_defaults=True), one.reason, 0.5, "model")
        for one in reply.answer.rules
        if one.rule.column in names
    ]
    return found, reply.spent


def _seen(column: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("name", "type", "count", "nulls", "distinct", "min", "max", "mean", "top")
    return {name: column.get(name) for name in kept if not (column.get("sensitive") and name in ("top", "min", "max"))}


def merge_suggestions(first: Sequence[Suggestion], more: Sequence[Suggestion]) -> list[Suggestion]:
    """Return all suggestions, a column's check once: what was counted goes before what a model says."""
    kept: dict[tuple[str, str], Suggestion] = {}
    for one in (*first, *more):
        kept.setdefault((one.rule["column"], one.rule["check"]), one)
    return list(kept.values())
