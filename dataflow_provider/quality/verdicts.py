"""From a gate's one row of figures to a result for each of its rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from dataflow_provider.compiler.compiled import Gate, Rule
from dataflow_provider.quality.results import RuleResult
from dataflow_provider.quality.thresholds import allows, is_near, share_of

MASK = "***"
_TEXT_LIMIT = 200


@dataclass(frozen=True)
class Circumstances:
    """What a verdict needs beside the figures: the time now, and the row counts of earlier runs, the newest first."""

    now: datetime
    earlier: Callable[[str, int], Sequence[int]]


@dataclass(frozen=True)
class Figures:
    """The answer of a gate; `failing` is the number of rows that break any rule, None where nobody asked."""

    checked: int
    failing: int | None
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Verdict:
    """Whether a rule holds, and the sentence about it; `failed` rows where it counts rows."""

    passed: bool
    message: str
    failed: int | None = None


def read_figures(gate: Gate, row: Sequence[Any]) -> Figures:
    """Return the answer of a gate's statement taken apart."""
    splits = gate.severity == "quarantine"
    return Figures(int(row[0]), int(row[1] or 0) if splits else None, tuple(row[2 if splits else 1 :]))


def judge(gate: Gate, figures: Figures, around: Circumstances) -> Iterator[RuleResult]:
    """Yield the result of each rule, without samples."""
    at = 0
    for rule in gate.rules:
        values = figures.values[at : at + rule.values]
        at += rule.values
        verdict = _VERDICTS[rule.kind](gate, rule, figures.checked, values, around)
        share = None
        if verdict.failed is not None:
            share = round(verdict.failed / figures.checked, 6) if figures.checked else 0.0
        yield RuleResult(
            gate.node, rule.name, rule.check, rule.columns, gate.severity, figures.checked, verdict.failed, share,
            rule.threshold, verdict.passed, verdict.message,
        )  # fmt: skip


def shown_row(gate: Gate, columns: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    """Return a failing row as JSON can hold it, its sensitive values masked and long texts cut."""
    return {
        name: MASK if name.casefold() in gate.masked and value is not None else _plain(value)
        for name, value in zip(columns, row, strict=True)
    }


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(bytes(value))} bytes"
    text = value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)
    return text if len(text) <= _TEXT_LIMIT else f"{text[:_TEXT_LIMIT]}…"


# ---------------------------------------------------------------- one kind of rule


def _rows(gate: Gate, rule: Rule, checked: int, values: Sequence[Any], around: Circumstances) -> Verdict:
    failed = int(values[0] or 0)
    percent = 100 * failed / checked if checked else 0.0
    message = f"{failed} of {checked} rows fail ({percent:.4g} %), allowed are {rule.threshold}"
    return Verdict(allows(rule.threshold, failed, checked), message, failed)


def _age(gate: Gate, rule: Rule, checked: int, values: Sequence[Any], around: Circumstances) -> Verdict:
    """The newest moment; where there is none nothing is fresh."""
    newest = moment_of(values[0])
    limit: timedelta = rule.limits["max_age"]
    if newest is None:
        return Verdict(False, f"no row has a time in it, and the newest may be {limit} old")
    at = _utc(rule.limits["at"] or around.now)
    age = at - newest
    return Verdict(age <= limit, f"the newest row is {age} old at {at:%Y-%m-%d %H:%M:%S} UTC, allowed are {limit}")


def moment_of(value: Any) -> datetime | None:
    """Return a value of a database as UTC; naive times are UTC already, a day begins at midnight.

    >>> str(moment_of("2026-01-02 03:04:05")), str(moment_of(date(2026, 1, 2)))
    ('2026-01-02 03:04:05+00:00', '2026-01-02 00:00:00+00:00')
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    return _utc(value)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _volume(gate: Gate, rule: Rule, checked: int, values: Sequence[Any], around: Circumstances) -> Verdict:
    low, high = rule.limits["min_rows"], rule.limits["max_rows"]
    passed = (low is None or checked >= low) and (high is None or checked <= high)
    wanted = " and ".join(
        text for text, bound in ((f"at least {low}", low), (f"at most {high}", high)) if bound is not None
    )
    return Verdict(passed, f"{checked} rows, allowed are {wanted}")


def _history(gate: Gate, rule: Rule, checked: int, values: Sequence[Any], around: Circumstances) -> Verdict:
    earlier = around.earlier(gate.node, rule.limits["n"])
    if not earlier:
        return Verdict(True, f"{checked} rows; there is no earlier run to compare with, so nothing was compared")
    usual = Fraction(sum(earlier), len(earlier))
    share = share_of(rule.threshold)
    distance = abs(checked - usual)
    passed = distance <= (int(rule.threshold) if share is None else share * usual)
    average = f"{float(usual):.10g} on average of the last {len(earlier)} runs"
    message = f"{checked} rows, {average}, allowed is a distance of {rule.threshold}"
    return Verdict(passed, message)


def _measure(gate: Gate, rule: Rule, checked: int, values: Sequence[Any], around: Circumstances) -> Verdict:
    own, theirs = values
    return Verdict(is_near(rule.threshold, own, theirs), f"{own} here and {theirs} there, allowed are {rule.threshold}")


def _schema(gate: Gate, rule: Rule, checked: int, values: Sequence[Any], around: Circumstances) -> Verdict:
    differs = rule.limits["differs"]
    return Verdict(not differs, "; ".join(differs) or "the columns are as agreed")


_VERDICTS: Mapping[str, Callable[[Gate, Rule, int, Sequence[Any], Circumstances], Verdict]] = {
    "rows": _rows,
    "age": _age,
    "volume": _volume,
    "history": _history,
    "measure": _measure,
    "schema": _schema,
}
