"""Overwrite: afterwards the target holds these rows and no others; empty input empties it."""

from __future__ import annotations

from dataflow_provider.dialects.steps import Step
from dataflow_provider.write_modes.context import WriteContext, WriteMode
from dataflow_provider.write_modes.keys import key_checks


def publish(ctx: WriteContext) -> tuple[Step, ...]:
    pairs = ctx.pairs()
    source = ctx.rows([theirs for _, theirs in pairs])
    return ctx.replacement(ctx.sql.overwrite(ctx.table, [ours for ours, _ in pairs], source))


OVERWRITE = WriteMode("overwrite", key_checks, publish)
