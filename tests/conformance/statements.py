"""The statements of a pipeline's stages, carried out in one open session up to the tables that targets are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dataflow_provider.compiler.plan import Plan
from dataflow_provider.compiler.sql import compile_stage
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.dialects.steps import Step
from dataflow_provider.errors import TerminalError


@contextmanager
def answers(session: SqlSession, plan: Plan, values: RunValues) -> Iterator[Mapping[str, str]]:
    """Give the quoted table of rows for each target; every table made is gone afterwards.

    Raises:
        TerminalError: with the message of a check that does not hold.
    """
    tables: dict[str, str] = {}
    made: list[str] = []
    try:
        for stage in plan.stages:
            dialect = get_dialect(stage.dialect)
            compiled = compile_stage(plan, stage, values, probe=session)
            # Those of a target, and what a stage keeps for several outputs, are dropped by the stage itself.
            made += [dialect.drop_table(output.table) for output in compiled.outputs]
            made += [step.sql for step in compiled.steps if step.kind == "cleanup"]
            for step in compiled.steps:
                _carry_out(session, step, dialect.create_stage_schema())
            tables[stage.id] = compiled.outputs[0].table
        yield tables
    finally:
        for statement in dict.fromkeys(made):
            session.execute(statement)


def _carry_out(session: SqlSession, step: Step, schema: str | None) -> None:
    if step.kind == "stage" and step.sql != schema:
        session.execute(step.sql)
    elif step.kind == "check" and session.fetch_number(step.sql) > 0:
        raise TerminalError("DF-RUN-040", step.message or "a check does not hold")
