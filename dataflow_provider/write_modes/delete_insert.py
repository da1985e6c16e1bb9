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
    name = ctx.sql.quote(column)
    start, end = ctx.sql.timestamp(ctx.interval_start), ctx.sql.timestamp(ctx.interval_end)
    return f"{name} >= {start} AND {name} < {end}"


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
    outside = f"SELECT COUNT(*) FROM {ctx.stage} WHERE ({inside}) IS NOT TRUE"
    return (*key_checks(ctx), ctx.check(outside, message))


def publish(ctx: WriteContext) -> tuple[Step, ...]:
    window = ctx.target.write.window
    pairs = ctx.pairs()
    source = ctx.rows([theirs for _, theirs in pairs])
    if window is None:
        gone = ctx.sql.delete_matching(ctx.table, f"SELECT * FROM {ctx.stage}", ctx.keys)
    else:
        gone = ctx.sql.delete_where(ctx.table, _interval_condition(ctx, ctx.target_name(window.column)))
    return (
        ctx.step(gone),
        ctx.step(ctx.sql.insert(ctx.table, [ours for ours, _ in pairs], source), counts=True),
    )


DELETE_INSERT = WriteMode("delete_insert", checks, publish)
