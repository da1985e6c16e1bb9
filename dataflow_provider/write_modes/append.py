"""Append: the run's rows are added. With the run-id column a retry replaces what this run wrote: exactly once."""

from __future__ import annotations

from dataflow_provider.dialects.steps import Step
from dataflow_provider.write_modes.context import WriteContext, WriteMode
from dataflow_provider.write_modes.keys import key_checks


def run_id_column(ctx: WriteContext) -> str | None:
    """Return the real name of the target's run-id column; None when the target has none, so a retry may duplicate."""
    wanted = ctx.target.write.run_id_column
    if ctx.target_columns is None:
        return wanted
    return next((name for name in ctx.target_columns if name.casefold() == wanted.casefold()), None)


def publish(ctx: WriteContext) -> tuple[Step, ...]:
    marker = run_id_column(ctx)
    pairs = [(ours, theirs) for ours, theirs in ctx.pairs() if marker is None or ours.casefold() != marker.casefold()]
    names, columns = [ours for ours, _ in pairs], [theirs for _, theirs in pairs]
    if marker is None:
        return (ctx.step(ctx.sql.insert(ctx.table, names, ctx.rows(columns)), counts=True),)
    value = ctx.sql.text(ctx.run_value)
    source = ctx.rows(columns, f", {value} AS {ctx.sql.quote(marker)}")
    own = ctx.sql.same_text(ctx.sql.quote(marker), ctx.run_value)
    return ctx.replacement(ctx.sql.replace_where(ctx.table, own, [*names, marker], source))


APPEND = WriteMode("append", key_checks, publish)
