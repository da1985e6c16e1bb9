"""Brings the rows of a stage to its target: a table by its write mode, or a file by one rename."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

from dataflow_provider.compiler.compiled import Columns, CompiledStage, Output
from dataflow_provider.compiler.values import RunValues, naive_utc
from dataflow_provider.connectors.base import FileDestination, FileStore, SqlSession
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.publish import PublishSql
from dataflow_provider.dialects.steps import Step
from dataflow_provider.errors import DataflowError
from dataflow_provider.execution.steps import StepRunner
from dataflow_provider.execution.target_lock import session_lock, transaction_lock
from dataflow_provider.spec.findings import Problem, Severity
from dataflow_provider.spec.nodes import SqlTarget
from dataflow_provider.write_modes.context import WriteContext, listed
from dataflow_provider.write_modes.publish import (
    check_steps,
    is_at_least_once,
    new_columns,
    prepare_steps,
    publish_steps,
    require_supported,
    require_target,
    run_id_type,
)

logger = logging.getLogger(__name__)


def write_context(
    pipeline: str,
    target: SqlTarget,
    output: Output,
    values: RunValues,
    session: SqlSession,
    dialect: SqlDialect,
    columns: Columns | None = None,
) -> WriteContext:
    """Return what the write mode must know, the stage table and the target as they are now.

    `columns` are those of the stage table where it does not stand yet.
    """
    blank = WriteContext(
        pipeline=pipeline,
        node=output.node,
        target=target,
        stage=output.table,
        columns=columns or session.columns_of(output.table) or {},
        run_id=values.run_id,
        interval_start=values.interval_start and naive_utc(values.interval_start),
        interval_end=values.interval_end and naive_utc(values.interval_end),
        dialect=replace(dialect, publish=_templates(session, dialect.publish, target)),
        workspace=values.workspace,
        environment=values.environment,
    )
    return blank.with_target(session.columns_of(blank.table))


def _templates(session: SqlSession, publish: PublishSql, target: SqlTarget) -> PublishSql:
    """Return the templates for the server and the target at hand, which may lack what the engine's file speaks of."""
    question = publish.question(target.table, target.write.keys)
    return publish if question is None else publish.for_server(session.fetch_number(question))


def publish_table(runner: StepRunner, ctx: WriteContext, lock_timeout_s: float) -> list[Problem]:
    """The target holds the run's rows, by one transaction; returns what people should know about it.

    Everything that can be refused is refused before the target is touched.

    Raises:
        DataflowError: nothing is published, except when a hook after the transaction fails; the error then says so.
    """
    refuse_early(ctx)
    runner.run_plainly(check_steps(ctx))
    lock, name = ctx.sql.lock(ctx.target.table), ctx.target.table
    alone = partial(transaction_lock, runner.session, lock, name, lock_timeout_s)
    with session_lock(runner.session, lock, name, lock_timeout_s):
        publish = _publish_after_ddl if ctx.dialect.transaction.ddl_commits else _publish_with_ddl
        ctx, steps = publish(runner, ctx, alone)
    try:
        runner.run_plainly(step for step in steps if step.kind == "hook" and not step.in_transaction)
    except DataflowError as error:
        error.hint = f"The data of `{ctx.target.table}` is published; only this statement after it failed."
        raise
    return remarks(ctx)


Published = tuple[WriteContext, tuple[Step, ...]]
"""The target as it was when its rows were published, and the steps that did it."""


def _publish_with_ddl(runner: StepRunner, ctx: WriteContext, alone: Callable[[], None]) -> Published:
    """Hooks outside; then one transaction with the rest, in which the target is looked at once nobody else writes."""
    before = prepare_steps(ctx)
    runner.run_plainly(step for step in before if not step.in_transaction)
    with runner.session.transaction():
        alone()
        runner.run_plainly(step for step in before if step.in_transaction)
        ctx = _seen_again(runner, ctx)
        require_target(ctx)
        steps = publish_steps(ctx)
        runner.run_plainly(step for step in steps if step.in_transaction)
    return ctx, steps


def _publish_after_ddl(runner: StepRunner, ctx: WriteContext, alone: Callable[[], None]) -> Published:
    """The target is made and widened first, as that would end the transaction; a retry finds it done."""
    ctx = _seen_again(runner, ctx)
    before = prepare_steps(ctx)
    runner.run_plainly(step for step in before if step.kind == "hook" and not step.in_transaction)
    ctx = _defined(runner, ctx, before)
    require_target(ctx)
    _require_protection(runner, ctx)
    ctx = _defined(runner, ctx, publish_steps(ctx))
    steps = publish_steps(ctx)
    with runner.session.transaction() if ctx.dialect.transaction.statements_share else nullcontext():
        alone()
        runner.run_plainly(step for step in (*before, *steps) if step.in_transaction)
    return ctx, steps


def _defined(runner: StepRunner, ctx: WriteContext, steps: Iterable[Step]) -> WriteContext:
    """The steps that make or widen the target are done; returns it as it is then.

    Another run may do the same at this moment, before either has the lock: then a statement fails, and when there is
    nothing left to do all is well.
    """
    definitions = [step for step in steps if step.kind == "publish" and not step.in_transaction]
    try:
        runner.run_plainly(definitions)
    except DataflowError:
        ctx = _seen_again(runner, ctx)
        if ctx.target_columns is None or (ctx.target.on_schema_drift == "add" and new_columns(ctx)):
            raise
    return _seen_again(runner, ctx) if definitions else ctx


def _require_protection(runner: StepRunner, ctx: WriteContext) -> None:
    """Refuse a target whose changes no transaction holds together.

    Raises:
        AuthorError: before anything of it is changed.
    """
    unprotected = ctx.sql.unprotected(ctx.target.table)
    if unprotected is None:
        return
    query, message, hint = unprotected
    if runner.session.fetch_number(query):
        raise ctx.error("DF-WRITE-015", message, hint)


def _seen_again(runner: StepRunner, ctx: WriteContext) -> WriteContext:
    return ctx.with_target(runner.session.columns_of(ctx.table))


def refuse_early(ctx: WriteContext) -> None:
    """Refuse what needs no look at the rows; hooks that are yet to run may make the target, or make it fit.

    Raises:
        AuthorError: when the target cannot take the rows, or the engine cannot write as it is asked to.
    """
    require_supported(ctx)
    if ctx.target.pre_sql:
        return
    if not ctx.target.create.if_missing:
        require_target(ctx)
    publish_steps(ctx)


def remarks(ctx: WriteContext) -> list[Problem]:
    """Return what people should know about a publish that nothing forbids."""
    path = ("nodes", ctx.node, "write")
    found = []
    if is_at_least_once(ctx):
        found.append(
            Problem(
                "DF-WRITE-010",
                path,
                f"`{ctx.target.table}` has no column `{ctx.target.write.run_id_column}`, so this append is "
                "at-least-once: a retry after a lost answer adds its rows again",
                f"Add the column: {ctx.sql.add_column(ctx.table, ctx.target.write.run_id_column, run_id_type(ctx))}",
                Severity.WARNING,
            )
        )
    left_out = new_columns(ctx) if ctx.target.on_schema_drift == "ignore" else []
    if left_out:
        found.append(
            Problem(
                "DF-WRITE-011",
                path,
                f"the columns {listed(left_out)} are not in `{ctx.target.table}` and were left out",
                "Set `on_schema_drift: add` to add them.",
                Severity.WARNING,
            )
        )
    return found


def publish_file(runner: StepRunner, store: FileStore, destination: FileDestination, compiled: CompiledStage) -> None:
    """The file stands at its final path, whole; on failure the old one stays and nothing is left beside it."""
    store.prepare(destination)
    try:
        runner.run_plainly(
            replace(step, figure=step.figure or "rows_out") for step in compiled.steps if step.kind == "publish"
        )
        store.publish(destination)
    except BaseException:
        store.discard(destination)
        raise
    logger.info("published node=%s file=%s", destination.node, destination.final)
