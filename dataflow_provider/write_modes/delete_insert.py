"""Delete-insert: all rows of the keys present, or of the run's interval of one column, give way to the new rows."""

from __future__ import annotations

from dataflow_provider.dialects.steps import ROWS, Step
from dataflow_provider.write_modes.context import WriteContext, WriteMode
from dataflow_provider.write_modes.keys import key_checks, null_key_check


def _interval_condition(ctx: WriteContext, column: str) -> str:
    """Return the condition of the run's interval, closed at its start and open at its end.

    Raises:
        AuthorError: when the run has no interval.
    """
    if ctx.interval_start is None or ctx.interval_end is None:
        raise ctx.error(
            "DF-WRITE-003",
            "`write.window` replaces the run's interval, and this run has none",
            "Give the pipeline a `schedule.cron`, or the run an interval (`--interval START/END`).",
        )
    return ctx.sql.within(ctx.sql.quote(column), ctx.interval_start, ctx.interval_end)


def checks(ctx: WriteContext) -> tuple[Step, ...]:
    """Return the key checks (duplicates are allowed by keys), and by window that no row lies outside the interval."""
    window = ctx.target.write.window
    if window is None:
        return key_checks(ctx) if ctx.target.write.dedupe else null_key_check(ctx)
    inside = _interval_condition(ctx, ctx.stage_name(window.column))
    message = (
        f"{ROWS} rows for `{ctx.target.table}` lie outside the run's interval of `{window.column}` "
        f"({ctx.interval_start} to {ctx.interval_end}, end exclusive) or have NULL there; they would come again with "
        "each run: filter them by :interval_start and :interval_end"
    )
    outside = f"SELECT COUNT(*) FROM {ctx.stage} WHERE {ctx.sql.not_true(inside)}"
    return (*key_checks(ctx), ctx.check(outside, message))


def publish(ctx: WriteContext) -> tuple[Step, ...]:
    window = ctx.target.write.window
    pairs = ctx.pairs()
    names, source = [ours for ours, _ in pairs], ctx.rows([theirs for _, theirs in pairs])
    if window is not None:
        interval = _interval_condition(ctx, ctx.target_name(window.column))
        return ctx.replacement(ctx.sql.replace_where(ctx.table, interval, names, source))
    present = f"SELECT {ctx.sql.columns([theirs for _, theirs in ctx.keys])} FROM {ctx.stage}"
    return ctx.replacement(ctx.sql.replace_keys(ctx.table, present, ctx.keys, names, source))


DELETE_INSERT = WriteMode("delete_insert", checks, publish)
