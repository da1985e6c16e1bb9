"""Around the write mode: hooks, creation of the target, schema drift. Leaves steps in running order.

Running order: `check_steps` → `prepare_steps` (hooks before, creation) → look at the target again, since a hook may
have made or changed it → `publish_steps` (drift, the mode, hooks after). Where DDL commits, creation and drift stand
outside the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dataflow_provider.dialects.assignable import is_assignable
from dataflow_provider.dialects.publish import Layout
from dataflow_provider.dialects.steps import Step
from dataflow_provider.spec.nodes import Hook
from dataflow_provider.write_modes.append import run_id_column
from dataflow_provider.write_modes.context import MAX_MARKER, WriteContext, listed
from dataflow_provider.write_modes.registry import WRITE_MODES
from dataflow_provider.write_modes.support import find_unsupported_writes


def check_steps(ctx: WriteContext) -> tuple[Step, ...]:
    """Return what must hold of the rows before the target is touched."""
    return WRITE_MODES[ctx.target.write.mode].checks(ctx)


def require_supported(ctx: WriteContext) -> None:
    """Refuse what the engine cannot do, whatever the columns are.

    Raises:
        AuthorError: the first of `find_unsupported_writes`.
    """
    for found in find_unsupported_writes(ctx.target, ctx.dialect):
        raise ctx.error(found.code, found.message, found.hint or "")


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
    mode = WRITE_MODES[ctx.target.write.mode].publish(widened)
    if len(mode) > 1 and not ctx.dialect.transaction.statements_share:
        raise ctx.error(
            "DF-WRITE-013",
            f"this write takes {len(mode)} statements on `{ctx.dialect.name}`, which makes each of them visible alone: "
            "a crash between them would leave half of it",
            f"Choose another write mode than `{ctx.target.write.mode}`.",
        )
    return (
        *(ctx.definition(ctx.sql.add_column(ctx.table, name, kind)) for name, kind in added.items()),
        *mode,
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
        if ours in known
        and not is_assignable(ctx.sql.canonical_type(ctx.columns[theirs]), ctx.sql.canonical_type(known[ours]))
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
    if not ctx.target.create.if_missing or ctx.target_columns is not None:
        return ()
    parts = ctx.sql.parts(ctx.target.table)
    schema = ctx.sql.create_schema(parts[-2]) if len(parts) > 1 else None
    marker = ctx.target.write.run_id_column
    extra: dict[str, str] = {}
    if ctx.target.write.mode == "append" and marker.casefold() not in {name.casefold() for name in ctx.columns}:
        extra = {marker: run_id_type(ctx)}
    for name in (*parts, *extra):
        if not ctx.sql.keeps_name(name):
            raise ctx.error(
                "DF-SQL-021",
                f"the name `{name}` of {len(name.encode())} bytes is cut by the engine, and may become another table's",
                "Give a new table, its schema and its run-id column shorter names.",
            )
    table = ctx.sql.create_table(ctx.table, f"SELECT * FROM {ctx.stage}", extra, _layout(ctx, extra))
    return (*(() if schema is None else (ctx.definition(schema),)), ctx.definition(table))


def run_id_type(ctx: WriteContext) -> str:
    """Return the type of a run-id column that we make, or advise to make."""
    return ctx.sql.text_type(MAX_MARKER)


def _layout(ctx: WriteContext, extra: Mapping[str, str]) -> Layout:
    """Return the layout with the columns' real names quoted.

    Raises:
        AuthorError: when it names a column that the new table will not have.
    """
    create = ctx.target.create
    known = {name.casefold(): ctx.sql.quote(name) for name in (*ctx.columns, *extra)}

    def real(names: Sequence[str]) -> list[str]:
        return [known.get(name.casefold()) or ctx.stage_name(name) for name in names]

    return Layout(
        real(create.primary_index),
        real(create.cluster_by),
        [known.get(name.casefold(), name) for name in create.partition_by],
        (*ctx.columns, *extra),
    )


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
