"""Around the write mode: hooks, creation of the target, schema drift. Leaves steps in running order.

Running order: `check_steps` → `prepare_steps` (hooks before, creation) → look at the target again, since a hook may
have made or changed it → `publish_steps` (drift, the mode, hooks after).
"""

from __future__ import annotations

from collections.abc import Sequence

from dataflow_provider.dialects.assignable import is_assignable
from dataflow_provider.dialects.publish import split_table_name
from dataflow_provider.dialects.steps import Step
from dataflow_provider.spec.nodes import Hook
from dataflow_provider.write_modes.append import run_id_column
from dataflow_provider.write_modes.context import WriteContext, listed
from dataflow_provider.write_modes.registry import WRITE_MODES


def check_steps(ctx: WriteContext) -> tuple[Step, ...]:
    """Return what must hold of the rows before the target is touched."""
    return WRITE_MODES[ctx.target.write.mode].checks(ctx)


def prepare_steps(ctx: WriteContext) -> tuple[Step, ...]:
    """Return the hooks before the publish and, when `create.if_missing` says so, the target's creation.

    Hooks outside the transaction come first; the target is made before hooks inside, which may speak of it.
    """
    outside, inside = _hook_steps(ctx, ctx.target.pre_sql)
    return (*outside, *_create_steps(ctx), *inside)


def publish_steps(ctx: WriteContext) -> tuple[Step, ...]:
    """Return what changes the target, then the hooks after it; `ctx` knows the target as it is now.

    Raises:
        AuthorError: when the schemas do not fit (`on_schema_drift`) or a key is missing.
    """
    require_no_drift(ctx)
    added = _added_columns(ctx)
    widened = ctx if ctx.target_columns is None or not added else ctx.with_target({**ctx.target_columns, **added})
    outside, inside = _hook_steps(ctx, ctx.target.post_sql)
    return (
        *(ctx.step(ctx.sql.add_column(ctx.table, name, kind)) for name, kind in added.items()),
        *WRITE_MODES[ctx.target.write.mode].publish(widened),
        *inside,
        *outside,
    )


def require_target(ctx: WriteContext) -> None:
    """Refuse a target that does not exist and that nothing will make.

    Raises:
        AuthorError: when it is missing after hooks and creation had their turn.
    """
    if ctx.target_columns is None:
        raise ctx.error(
            "DF-WRITE-004",
            f"the target table `{ctx.target.table}` does not exist",
            "Create it, or let the pipeline do so with `create: {if_missing: true}`.",
        )


def is_at_least_once(ctx: WriteContext) -> bool:
    """Return whether a retry after a lost acknowledgement may append its rows twice."""
    return ctx.target.write.mode == "append" and run_id_column(ctx) is None


def require_no_drift(ctx: WriteContext) -> None:
    """Refuse rows whose names or types the target cannot take, as `on_schema_drift` says.

    `fail` refuses new columns and lossy types, `add` lossy types only, `ignore` neither: new columns are left out and
    the engine casts. Columns that only the target has get NULL or their default.

    Raises:
        AuthorError: for drift, and when no column at all is common.
    """
    if ctx.target_columns is None:
        return
    if not ctx.pairs() and ctx.target.on_schema_drift != "add":
        raise ctx.error(
            "DF-WRITE-005",
            f"the rows and the target `{ctx.target.table}` have no column in common: the rows have "
            f"{listed(ctx.columns)}, the target {listed(ctx.target_columns)}",
            "Rename the columns with a `transform.select`.",
        )
    if ctx.target.on_schema_drift == "ignore":
        return
    problems = [*_lossy_types(ctx)]
    if ctx.target.on_schema_drift == "fail":
        problems = [*(f"column `{name}` is not in the target" for name in new_columns(ctx)), *problems]
    if problems:
        raise ctx.error(
            "DF-WRITE-006",
            f"the rows do not fit the target `{ctx.target.table}`: " + "; ".join(problems),
            "Select or cast the columns in a `transform.select`, change the table, or set "
            "`on_schema_drift` to `add` (new columns are added) or `ignore` (they are left out, types are cast).",
        )


def _lossy_types(ctx: WriteContext) -> list[str]:
    known = ctx.target_columns or {}
    return [
        f"column `{theirs}` is {ctx.columns[theirs]} and cannot be assigned to {known[ours]} without loss"
        for ours, theirs in ctx.pairs()
        if ours in known and not is_assignable(ctx.columns[theirs], known[ours])
    ]


def new_columns(ctx: WriteContext) -> list[str]:
    """Return the columns of the rows that the target lacks; an append's own run-id column is no drift."""
    if ctx.target_columns is None:
        return []
    known = {name.casefold() for name in ctx.target_columns}
    if ctx.target.write.mode == "append":
        known.add(ctx.target.write.run_id_column.casefold())
    return [name for name in ctx.columns if name.casefold() not in known]


def _added_columns(ctx: WriteContext) -> dict[str, str]:
    if ctx.target.on_schema_drift != "add":
        return {}
    return {name: ctx.columns[name] for name in new_columns(ctx)}


def _create_steps(ctx: WriteContext) -> tuple[Step, ...]:
    create = ctx.target.create
    unsupported = [
        name for name in ("primary_index", "cluster_by", "partition_by") if getattr(create, name) and not ctx.sql.layout
    ]
    if unsupported:
        raise ctx.error(
            "DF-WRITE-007",
            f"this engine has no {listed(['create.' + name for name in unsupported])}",
            "Remove it, or create the table yourself.",
        )
    if not create.if_missing or ctx.target_columns is not None:
        return ()
    parts = split_table_name(ctx.target.table)
    schema = (ctx.step(ctx.sql.create_schema(parts[-2])),) if len(parts) > 1 else ()
    marker = ctx.target.write.run_id_column
    extra: dict[str, str] = {}
    if ctx.target.write.mode == "append" and marker.casefold() not in {name.casefold() for name in ctx.columns}:
        extra = {marker: "VARCHAR"}
    return (*schema, ctx.step(ctx.sql.create_table(ctx.table, f"SELECT * FROM {ctx.stage}", extra)))


def _hook_steps(ctx: WriteContext, hooks: Sequence[str | Hook]) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Return the hooks outside the transaction and those inside, each in the order written."""
    full = [hook if isinstance(hook, Hook) else Hook(sql=hook) for hook in hooks]
    steps = [
        Step("hook", hook.sql, node=ctx.node, table=ctx.target.table, in_transaction=hook.in_transaction)
        for hook in full
    ]
    return (
        tuple(step for step in steps if not step.in_transaction),
        tuple(step for step in steps if step.in_transaction),
    )
