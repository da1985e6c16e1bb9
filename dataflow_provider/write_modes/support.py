"""What of a target an engine cannot do, told from the YAML alone: layouts, dedupe, hooks in the transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.nodes import Hook, SqlTarget
from dataflow_provider.write_modes.context import listed, refused_dedupe

LAYOUT_FIELDS = ("primary_index", "cluster_by", "partition_by")
# What may stand in a transaction everywhere. A leading `/*!` is no comment for MySQL.
_CHANGES_ROWS = re.compile(
    r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*(?!!).*?\*/)*(?:INSERT|UPDATE|DELETE|MERGE|REPLACE|SELECT|WITH|VALUES)\b",
    re.IGNORECASE | re.DOTALL,
)


def find_unsupported_writes(target: SqlTarget, dialect: SqlDialect) -> Iterator[Problem]:
    """Yield what the engine cannot do of the target; paths begin at the target's own fields."""
    yield from _layouts(target, dialect)
    if target.write.dedupe is not None and not dialect.publish.ranks_rows:
        yield refused_dedupe(dialect.name)
    yield from _hooks(target, dialect)


def _layouts(target: SqlTarget, dialect: SqlDialect) -> Iterator[Problem]:
    given = {name: terms for name in LAYOUT_FIELDS if (terms := getattr(target.create, name))}
    for name in given:
        if name not in dialect.publish.layout:
            yield Problem(
                "DF-WRITE-007", ("create", name), f"`{dialect.name}` has no `create.{name}`", _instead(dialect)
            )
    conflict = dialect.publish.layout_conflict(given)
    if conflict is not None:
        name, message, hint = conflict
        yield Problem("DF-WRITE-007", ("create", name), message, hint)


def _instead(dialect: SqlDialect) -> str:
    known = [f"create.{name}" for name in LAYOUT_FIELDS if name in dialect.publish.layout]
    if known:
        return f"`{dialect.name}` takes {listed(known)}; or create the table yourself."
    outside = ", in_transaction: false" if dialect.transaction.ddl_commits else ""
    return (
        f"Remove it. The nearest is an index: `post_sql: [{{sql: CREATE INDEX IF NOT EXISTS …{outside}}}]`; or create "
        "the table yourself."
    )


def _hooks(target: SqlTarget, dialect: SqlDialect) -> Iterator[Problem]:
    plan = dialect.transaction
    for name in ("pre_sql", "post_sql"):
        for at, hook in enumerate(getattr(target, name)):
            if isinstance(hook, Hook) and not hook.in_transaction:
                continue
            text = hook.sql if isinstance(hook, Hook) else hook
            if plan.statements_share and not (plan.ddl_commits and _CHANGES_ROWS.match(text) is None):
                continue
            reason = "commits it" if plan.statements_share else "cannot share one"
            yield Problem(
                "DF-WRITE-012",
                (name, at),
                f"the hook `{_short(text)}` stands in the publish's transaction, and on `{dialect.name}` it {reason}",
                "Write it as `{sql: …, in_transaction: false}`; it then runs by itself, before or after the publish.",
            )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}…"
