"""Merge: an upsert in which rows that meet `delete_when` delete their match and are never inserted.

`delete_when` speaks of the incoming row; rows of the target that are absent from the input stay.
"""

from __future__ import annotations

from dataflow_provider.dialects.publish import Merge
from dataflow_provider.dialects.steps import Step
from dataflow_provider.write_modes.context import WriteContext, WriteMode
from dataflow_provider.write_modes.keys import key_checks
from dataflow_provider.write_modes.upsert import updated_pairs

DELETE_FLAG = "_df_delete"


def publish(ctx: WriteContext) -> tuple[Step, ...]:
    condition = ctx.target.write.delete_when
    source, flag = ctx.rows(), None
    if condition is not None:
        flag = DELETE_FLAG
        source = ctx.sql.flagged(source, condition, flag)
    merge = Merge(ctx.table, source, ctx.keys, updated_pairs(ctx), ctx.pairs(), flag, ctx.stage)
    return tuple(ctx.step(sql, counts=True) for sql in ctx.sql.merge(merge))


MERGE = WriteMode("merge", key_checks, publish)
