"""The values of a run: parameters typed and checked, the interval resolved. `frozen` keeps them for a run id."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType

from dataflow_provider.compiler.values import RunValues
from dataflow_provider.errors import AuthorError
from dataflow_provider.schedules.lowering import rule_of
from dataflow_provider.spec.models import Param, ParamType, Pipeline, Schedule
from dataflow_provider.spec.nodes import Scalar
from dataflow_provider.spec.project import Project
from dataflow_provider.spec.suggestions import did_you_mean

Interval = tuple[datetime, datetime]

_RUN_ID = re.compile(r"[A-Za-z0-9_.~:+-]{1,250}")


def new_run_id(now: datetime) -> str:
    """Return the id of a run that a person started, as Airflow writes it."""
    return f"manual__{now.astimezone(UTC).isoformat()}"


def resolve_values(
    pipeline: Pipeline,
    project: Project,
    *,
    now: datetime,
    run_id: str | None = None,
    interval: Interval | None = None,
    params: Mapping[str, object] | None = None,
) -> RunValues:
    """Return the values of a run; without an interval it is the schedule's last complete one before `now`.

    `now` is aware. Parameters may come as text (command line) or as YAML and JSON have them.

    Raises:
        AuthorError: for a bad run id, an unknown, missing or ill-typed parameter, and an empty interval.
    """
    if run_id is not None and not _RUN_ID.fullmatch(run_id):
        raise AuthorError(
            "DF-RUN-001", f"run id `{run_id}` may only hold letters, digits and `_ . ~ : + -`, at most 250"
        )
    start, end = interval or last_complete_interval(pipeline.schedule, now, project) or (None, None)
    if start is not None and end is not None and start >= end:
        raise AuthorError(
            "DF-RUN-002",
            f"the interval `{start.isoformat()}/{end.isoformat()}` is empty",
            hint="Its start is inclusive and must lie before its end, which is exclusive.",
        )
    return RunValues(
        run_id=run_id or new_run_id(now),
        logical_date=end,
        interval_start=start,
        interval_end=end,
        params=typed_params(pipeline.params, params or {}),
        workspace=project.workspace,
        environment=project.environment,
    )


def parse_interval(text: str) -> Interval:
    """Return the bounds of `START/END` in UTC; a date is its midnight, a time without a zone is UTC.

    Raises:
        AuthorError: when it is no such text.
    """
    start, slash, end = text.partition("/")
    try:
        if not slash:
            raise ValueError("`/` is missing")
        return _utc(start), _utc(end)
    except ValueError as exc:
        raise AuthorError(
            "DF-RUN-003",
            f"`{text}` is no interval: {exc}",
            hint="Write `START/END`, such as `2026-01-01/2026-01-02` or `2026-01-01T06:00/2026-01-01T07:00`.",
        ) from exc


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def last_complete_interval(schedule: Schedule | None, now: datetime, project: Project) -> Interval | None:
    """Return the interval of the schedule's last run that was due by `now`, in UTC; None without a cron.

    Raises:
        AuthorError: when there is no such calendar.
    """
    rule = rule_of(schedule, project)
    run = rule.last_due(now) if rule is not None else None
    return None if run is None else (run.start, run.end)


# ---------------------------------------------------------------- parameters


def typed_params(declared: Mapping[str, Param], given: Mapping[str, object]) -> Mapping[str, Scalar]:
    """Return a value of its declared type for every parameter.

    Raises:
        AuthorError: for an unknown parameter, a value of another type, and a missing one without a default.
    """
    unknown = [name for name in given if name not in declared]
    if unknown:
        known = ", ".join(f"`{name}`" for name in declared) or "none"
        raise AuthorError(
            "DF-RUN-004",
            f"unknown parameter `{unknown[0]}`; the pipeline declares {known}",
            hint=did_you_mean(unknown[0], declared),
        )
    missing = [name for name, param in declared.items() if name not in given and param.default is None]
    if missing:
        raise AuthorError(
            "DF-RUN-005",
            f"parameter `{missing[0]}` has no default and no value was given",
            hint=f"Give one with `--param {missing[0]}=…`.",
        )
    return MappingProxyType(
        {name: _typed(name, param.type, given.get(name, param.default)) for name, param in declared.items()}
    )


def _typed(name: str, kind: ParamType, value: object) -> Scalar:
    try:
        return _READERS[kind](value)
    except (ValueError, TypeError) as exc:
        raise AuthorError(
            "DF-RUN-006",
            f"parameter `{name}` is declared `{kind}`, and `{value}` is none",
            hint=f"Write {_EXAMPLES[kind]}.",
        ) from exc


def _read_integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    return int(value)


def _read_number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError("not finite")
    return number


def _read_boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.lower() not in ("true", "false"):
        raise TypeError
    return value.lower() == "true"


def _read_string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _read_date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return date.fromisoformat(_read_string(value))


def _read_timestamp(value: object) -> datetime:
    """Naive is UTC; aware moments keep their instant."""
    text = value.isoformat() if isinstance(value, date) else _read_string(value)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


_READERS: Mapping[ParamType, Callable[[object], Scalar]] = MappingProxyType(
    {
        "string": _read_string,
        "integer": _read_integer,
        "number": _read_number,
        "boolean": _read_boolean,
        "date": _read_date,
        "timestamp": _read_timestamp,
    }
)
_EXAMPLES: Mapping[ParamType, str] = MappingProxyType(
    {
        "string": "a text",
        "integer": "a whole number such as `5`",
        "number": "a number such as `0.5`",
        "boolean": "`true` or `false`",
        "date": "a date such as `2026-01-31`",
        "timestamp": "a time such as `2026-01-31T06:00:00`",
    }
)
