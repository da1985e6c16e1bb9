"""Statements before and after a publish: they say something, and leave the transaction to the publish."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.nodes import SqlTarget
from dataflow_provider.spec.validation.subject import Path, Subject
from dataflow_provider.spec.validation.texts import is_blank

_TRANSACTION = re.compile(
    r"\s*(BEGIN(?:\s+(?:TRAN|TRANSACTION|WORK))?\s*;?\s*$|START\s+TRANSACTION|COMMIT|ROLLBACK|BT|ET)\b|\s*BEGIN\s*;",
    re.I,
)


def validate_hooks(subject: Subject) -> Iterator[Problem]:
    for node_id, node in subject.sound_nodes():
        if not isinstance(node, SqlTarget):
            continue
        for key in ("pre_sql", "post_sql"):
            for index, hook in enumerate(getattr(node, key)):
                yield from _check_hook(hook if isinstance(hook, str) else hook.sql, ("nodes", node_id, key, index))


def _check_hook(sql: str, path: Path) -> Iterator[Problem]:
    if is_blank(sql):
        yield Problem("DF-HOOK-001", path, f"Statement {int(path[-1]) + 1} of `{path[-2]}` is empty.", "Delete it.")
    elif _TRANSACTION.match(sql):
        message = f"`{sql.strip()}` begins or ends a transaction; the publish has its own."
        hint = "Delete it; a statement that must stand outside takes `{sql: …, in_transaction: false}`."
        yield Problem("DF-HOOK-002", path, message, hint)
