"""Overwrite: afterwards the target holds these rows and no others; empty input empties it."""

from __future__ import annotations

from dataflow_provider.dialects.steps import Step
from dataflow_provider.write_modes.context import WriteContext, WriteMode
from dataflow_provider.write_modes.keys import key_checks


def publish(ctx: WriteContext) -> tuple[Step, ...]:
    pairs = ctx.pairs()
    source = ctx.rows([theirs for _, theirs in pairs])
    return (
        ctx.step(ctx.sql.delete_all(ctx.table)),
        ctx.step(ctx.sql.insert(ctx.table, [ours for ours, _ in pairs], source), counts=True),
    )


OVERWRITE = WriteMode("overwrite", key_checks, publish)
