"""Run values: a pipeline that no clock starts has no interval of its own to bind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataflow_provider.spec.findings import Problem, Severity
from dataflow_provider.spec.nodes import Hook, NodeBase, TargetBase
from dataflow_provider.spec.validation.subject import Path, Subject

_INTERVAL = re.compile(r"(?<![\w:]):(interval_start|interval_end|logical_date)\b")
_TEXTS = ("query", "where", "having", "condition")
_MAPS = ("columns", "aggregates", "routes", "measures")
_LISTS = ("pre_sql", "post_sql")


def validate_run_values(subject: Subject) -> Iterator[Problem]:
    schedule = subject.pipeline.schedule
    if subject.is_damaged(("schedule",)) or (schedule is not None and schedule.cron is not None):
        return
    for node_id, node in subject.pipeline.nodes.items():
        path: Path = ("nodes", node_id)
        for place, text in _sql_texts(node):
            used = _INTERVAL.search(text)
            if used:
                yield _problem((*path, *place), f"`:{used[1]}` is the interval of a run")
                break
        if isinstance(node, TargetBase) and node.write.window is not None:
            yield _problem((*path, "write", "window"), "`window` replaces the interval of a run")


def _sql_texts(node: NodeBase) -> Iterator[tuple[Path, str]]:
    """Yield the SQL of a node with its path below the node."""
    fields: dict[str, Any] = vars(node)
    for name in _TEXTS:
        if isinstance(fields.get(name), str):
            yield (name,), fields[name]
    for name in _MAPS:
        if isinstance(fields.get(name), dict):
            yield from (((name, key), text) for key, text in fields[name].items())
    for name in _LISTS:
        for index, hook in enumerate(fields.get(name, ())):
            yield (name, index), hook.sql if isinstance(hook, Hook) else hook


def _problem(path: Path, what: str) -> Problem:
    hint = "Add `schedule.cron`, or give every run `--interval START/END`."
    return Problem("DF-PARAM-004", path, f"{what}, and without a `cron` a run has none.", hint, Severity.WARNING)
