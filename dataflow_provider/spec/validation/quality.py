"""Quality nodes: every check has what it compares with, and thresholds can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from dataflow_provider.spec.edges import REJECTED
from dataflow_provider.spec.findings import Problem, Severity
from dataflow_provider.spec.nodes import (
    ColumnRule,
    ColumnRulesQuality,
    FreshnessQuality,
    QualityBase,
    ReconcileQuality,
    ReferenceQuality,
    RowRuleQuality,
)
from dataflow_provider.spec.suggestions import listed
from dataflow_provider.spec.validation.subject import Path, Subject
from dataflow_provider.spec.validation.texts import check_distinct, is_blank, listed_names

_TAKES: dict[str, tuple[str, ...]] = {
    "not_null": (),
    "unique": (),
    "in": ("values",),
    "range": ("min", "max"),
    "regex": ("pattern",),
    "length": ("min", "max"),
}
_NEEDS = {"in": "`values`", "range": "`min` or `max`", "regex": "`pattern`", "length": "`min` or `max`"}
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%")


def validate_quality(subject: Subject) -> Iterator[Problem]:
    connected = {
        reference.node
        for references in subject.inputs.values()
        for reference in references
        if reference.port == REJECTED
    }
    for node_id, node in subject.sound_nodes():
        if not isinstance(node, QualityBase):
            continue
        path: Path = ("nodes", node_id)
        yield from _check_severity(node, path, connected=node_id in connected)
        if isinstance(node, ColumnRulesQuality):
            for index, rule in enumerate(node.rules):
                yield from _check_rule(rule, (*path, "rules", index))
        elif isinstance(node, FreshnessQuality):
            yield from _check_freshness(node, path)
        elif isinstance(node, ReferenceQuality):
            yield from _check_reference(node, path)
        elif isinstance(node, ReconcileQuality):
            yield from _check_reconcile(node, path)
        if isinstance(node, RowRuleQuality | ReferenceQuality):
            yield from _check_threshold(node.threshold, (*path, "threshold"))


def _check_severity(node: QualityBase, path: Path, *, connected: bool) -> Iterator[Problem]:
    if node.severity != "quarantine":
        return
    if isinstance(node, FreshnessQuality | ReconcileQuality):
        message = f"`{node.type}` judges all rows together, so no row can go to quarantine; allowed: `warn`, `block`."
        yield Problem("DF-QUAL-006", (*path, "severity"), message, "Write `severity: block`.")
    elif not connected:
        message = f"Rows in quarantine leave by the port `{REJECTED}`, and nothing reads it: they would be lost."
        hint = f"Connect a target: `from: {path[1]}.{REJECTED}`."
        yield Problem("DF-QUAL-005", (*path, "severity"), message, hint, Severity.WARNING)


def _check_rule(rule: ColumnRule, path: Path) -> Iterator[Problem]:
    given = [name for name in ("values", "pattern", "min", "max") if getattr(rule, name) is not None]
    takes = _TAKES[rule.check]
    if takes and not any(name in given for name in takes):
        yield Problem(
            "DF-QUAL-001", path, f"The check `{rule.check}` needs {_NEEDS[rule.check]}.", f"Add `{takes[0]}:`."
        )
    for name in given:
        if name not in takes:
            allowed = listed(takes) if takes else "no further key"
            message = f"The check `{rule.check}` takes {allowed}, not `{name}`."
            yield Problem("DF-QUAL-002", (*path, name), message, f"Delete `{name}`.", on_key=True)
    if rule.check == "in" and rule.values is not None and not rule.values:
        yield Problem(
            "DF-QUAL-001", (*path, "values"), "`values` is empty: every row would fail.", "List the allowed values."
        )
    yield from _check_bounds(rule.min, rule.max, path)
    if rule.check == "length":
        yield from _check_lengths(rule, path)
    yield from _check_threshold(rule.threshold, (*path, "threshold"))


def _check_lengths(rule: ColumnRule, path: Path) -> Iterator[Problem]:
    for name in ("min", "max"):
        bound = getattr(rule, name)
        if bound is not None and (not isinstance(bound, int) or bound < 0):
            message = f"`{name}` is `{bound}`; a length is a whole number, 0 or more."
            yield Problem("DF-QUAL-003", (*path, name), message)


def _check_bounds(low: Any, high: Any, path: Path) -> Iterator[Problem]:
    if low is None or high is None:
        return
    if isinstance(low, date) != isinstance(high, date):
        message = f"`min` is `{low}` and `max` is `{high}`: a number and a date cannot bound one range."
        yield Problem("DF-QUAL-003", (*path, "max"), message, "Write both as numbers or both as dates.")
    elif _comparable(low) > _comparable(high):
        message = f"`min` is `{low}`, more than `max`, `{high}`: every row would fail."
        yield Problem("DF-QUAL-003", (*path, "min"), message, "Swap them.")


def _comparable(bound: Any) -> Any:
    """Dates and timestamps meet as naive timestamps."""
    if isinstance(bound, datetime):
        return bound.replace(tzinfo=None)
    return datetime.combine(bound, time.min) if isinstance(bound, date) else bound


def _check_threshold(threshold: Any, path: Path) -> Iterator[Problem]:
    fault = threshold_fault(threshold)
    if fault:
        hint = 'Write a count (`10`), a share (`0.05`) or a percentage in quotes (`"5%"`).'
        yield Problem("DF-QUAL-004", path, f"`{path[-1]}` is `{threshold}`; {fault}.", hint)


def threshold_fault(threshold: int | float | str) -> str | None:
    """Say why a threshold cannot be read; None when it can.

    >>> threshold_fault(0.05), threshold_fault("5%"), threshold_fault(10)
    (None, None, None)
    """
    if isinstance(threshold, str):
        match = _PERCENT.fullmatch(threshold.strip())
        if match is None:
            return "text must be a percentage"
        return None if float(match[1]) <= 100 else "a percentage is at most `100%`"
    if threshold < 0:
        return "it must not be negative"
    if isinstance(threshold, float) and threshold >= 1:
        return "a share is below 1, a count is a whole number"
    return None


def _check_freshness(node: FreshnessQuality, path: Path) -> Iterator[Problem]:
    if node.max_age is None and node.min_rows is None and node.max_rows is None and node.compare_runs is None:
        message = "A freshness check needs `max_age`, `min_rows`, `max_rows` or `compare_runs`."
        yield Problem("DF-QUAL-007", path, message, "Add `column: loaded_at` and `max_age: 1d`, or `min_rows: 1`.")
    if node.max_age is not None and node.column is None:
        yield Problem("DF-QUAL-007", (*path, "max_age"), "`max_age` needs `column`: whose age it is.", "Add `column:`.")
    if node.column is not None and node.max_age is None:
        message = "`column` is for `max_age`, and there is none."
        yield Problem("DF-QUAL-007", (*path, "column"), message, "Add `max_age: 1d`, or delete `column`.", on_key=True)
    if node.min_rows is not None and node.max_rows is not None and node.min_rows > node.max_rows:
        message = f"`min_rows` is `{node.min_rows}`, more than `max_rows`, `{node.max_rows}`."
        yield Problem("DF-QUAL-003", (*path, "min_rows"), message, "Swap them.")
    if node.compare_runs is not None:
        yield from _check_threshold(node.compare_runs.tolerance, (*path, "compare_runs", "tolerance"))


def _check_reference(node: ReferenceQuality, path: Path) -> Iterator[Problem]:
    own, other = len(node.columns), len(node.reference.columns)
    if own != other:
        message = f"`columns` has `{own}` and `reference.columns` `{other}` names; they are compared in pairs."
        yield Problem("DF-QUAL-008", (*path, "reference", "columns"), message, "Give both as many.")
    yield from check_distinct(listed_names(node.columns, (*path, "columns")), "column")


def _check_reconcile(node: ReconcileQuality, path: Path) -> Iterator[Problem]:
    if not isinstance(node.against, str) and is_blank(node.against.query):
        yield Problem("DF-NODE-001", (*path, "against", "query"), "`query` holds no SQL, only spaces or comments.")
    tolerance = node.tolerance
    if isinstance(tolerance, str) and not _PERCENT.fullmatch(tolerance.strip()):
        message = f"`tolerance` is `{tolerance}`; text must be a percentage."
        yield Problem(
            "DF-QUAL-004", (*path, "tolerance"), message, 'Write a number (`10`) or a percentage in quotes (`"1%"`).'
        )
    elif not isinstance(tolerance, str) and tolerance < 0:
        yield Problem("DF-QUAL-004", (*path, "tolerance"), f"`tolerance` is `{tolerance}`; it must not be negative.")
