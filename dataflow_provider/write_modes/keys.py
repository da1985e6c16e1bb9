"""Checks on the keys of the rows to write, made on the stage table, before the target is touched."""

from __future__ import annotations

from dataflow_provider.dialects.steps import ROWS, Step
from dataflow_provider.write_modes.context import WriteContext, listed


def null_key_check(ctx: WriteContext) -> tuple[Step, ...]:
    """Return the check that no key column is NULL; a NULL key would meet no row and come again with each try."""
    keys = [ctx.stage_name(name) for name in ctx.target.write.keys]
    if not keys:
        return ()
    condition = " OR ".join(f"{ctx.sql.quote(key)} IS NULL" for key in keys)
    return (
        ctx.check(
            f"SELECT COUNT(*) FROM {ctx.stage} WHERE {condition}",
            f"{ROWS} rows for `{ctx.target.table}` have NULL in the keys {listed(keys)}; a key must have a value: "
            "filter those rows out or choose other keys",
        ),
    )


def duplicate_key_check(ctx: WriteContext) -> tuple[Step, ...]:
    """Return the check that each key comes once; none when `dedupe` says which row wins."""
    keys = [ctx.stage_name(name) for name in ctx.target.write.keys]
    if not keys or ctx.target.write.dedupe is not None:
        return ()
    names = ctx.sql.columns(keys)
    groups = f"SELECT COUNT(*) AS n FROM {ctx.stage} GROUP BY {names} HAVING COUNT(*) > 1"
    return (
        ctx.check(
            f"SELECT COALESCE(SUM(n), 0) FROM ({groups}) duplicates",
            f"{ROWS} rows for `{ctx.target.table}` share a key ({listed(keys)}) with another row; "
            "deduplicate them first or say which one wins with `write.dedupe.order_by`",
        ),
    )


def key_checks(ctx: WriteContext) -> tuple[Step, ...]:
    """Return both checks on the keys; none when the target names no keys."""
    return (*null_key_check(ctx), *duplicate_key_check(ctx))
