"""Upsert: a row whose key is in the target updates it, any other is inserted; works without a unique index."""

from __future__ import annotations

from dataflow_provider.dialects.publish import Merge
from dataflow_provider.dialects.steps import Step
from dataflow_provider.write_modes.context import WriteContext, WriteMode
from dataflow_provider.write_modes.keys import key_checks


def updated_pairs(ctx: WriteContext) -> tuple[tuple[str, str], ...]:
    """Return target → stage column of what an update sets: `update_columns`, else all that are no keys."""
    wanted = ctx.target.write.update_columns
    if wanted is None:
        keys = {theirs for _, theirs in ctx.keys}
        return tuple(pair for pair in ctx.pairs() if pair[1] not in keys)
    chosen = {ctx.stage_name(name) for name in wanted}
    return tuple(pair for pair in ctx.pairs() if pair[1] in chosen)


def publish(ctx: WriteContext) -> tuple[Step, ...]:
    merge = Merge(ctx.table, ctx.rows(), ctx.keys, updated_pairs(ctx), ctx.pairs(), stage=ctx.stage)
    return tuple(ctx.step(sql, counts=True) for sql in ctx.sql.merge(merge))


UPSERT = WriteMode("upsert", key_checks, publish)
