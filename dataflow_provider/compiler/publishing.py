"""The publish of a stage as `dataflow compile` shows it: what the write mode will do, told without a database."""

from __future__ import annotations

from dataflow_provider.compiler.compiled import CompiledStage
from dataflow_provider.compiler.values import RunValues, naive_utc
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.dialects.steps import Step
from dataflow_provider.write_modes.context import WriteContext
from dataflow_provider.write_modes.publish import check_steps, prepare_steps, publish_steps, require_supported


def preview_publish(pipeline_id: str, compiled: CompiledStage, values: RunValues) -> tuple[Step, ...] | None:
    """Return checks, hooks and publish of a table's target in running order; () for every other stage.

    None when the columns are not known before the stage has run: the statements name each of them.

    Raises:
        AuthorError: when the write mode cannot serve these columns.
    """
    if compiled.target is None:
        return ()
    output = compiled.outputs[0]
    ctx = WriteContext(
        pipeline=pipeline_id,
        node=output.node,
        target=compiled.target,
        stage=output.table,
        columns=dict.fromkeys(output.columns or (), ""),
        run_id=values.run_id,
        interval_start=values.interval_start and naive_utc(values.interval_start),
        interval_end=values.interval_end and naive_utc(values.interval_end),
        dialect=get_dialect(compiled.dialect),
        workspace=values.workspace,
        environment=values.environment,
    )
    require_supported(ctx)
    if output.columns is None:
        return None
    return (*check_steps(ctx), *prepare_steps(ctx), *publish_steps(ctx))
