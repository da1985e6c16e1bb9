"""Rows that a model looks at: numbered in their database, asked about without an open session, answers back as a table.

Columns with values of sensitive ones leave as `***`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow

from dataflow_provider.ai.cache import FileCache
from dataflow_provider.ai.enrich import Answered, Enricher, Usage
from dataflow_provider.ai.models import open_model
from dataflow_provider.compiler.compiled import Output
from dataflow_provider.compiler.graph import GraphNode
from dataflow_provider.compiler.lowering.enrich import NUMBERED, ROW_NUMBER
from dataflow_provider.compiler.lowering.projection import REJECT_REASON
from dataflow_provider.compiler.naming import stage_table_name
from dataflow_provider.compiler.native import raw_table
from dataflow_provider.compiler.plan import Plan
from dataflow_provider.compiler.sql import port_key
from dataflow_provider.compiler.values import RunValues
from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.connectors.connections import Connections
from dataflow_provider.connectors.jdbc import read_stream
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.errors import AuthorError, Place
from dataflow_provider.execution.native import Arrived, write_batches
from dataflow_provider.execution.results import StageResult
from dataflow_provider.execution.stage_tables import StageTables
from dataflow_provider.lineage.sensitive import sensitive_columns
from dataflow_provider.spec.findings import Problem, Severity
from dataflow_provider.spec.nodes import AiEnrich, SqlSource
from dataflow_provider.spec.project import Project

logger = logging.getLogger(__name__)

MASK = "***"
_ROWS_AT_ONCE = 1_000
_ARROW: Mapping[str, Any] = {
    "string": pyarrow.string(),
    "integer": pyarrow.int64(),
    "number": pyarrow.float64(),
    "boolean": pyarrow.bool_(),
    "date": pyarrow.date32(),
}


@dataclass(frozen=True)
class Enriched:
    """The answers of a model, on their way into the table that SQL joins them from; `numbered` is the rows' own."""

    arrived: Arrived
    numbered: str
    usage: Usage

    def told(self, result: StageResult) -> StageResult:
        """Return the stage's result with what the model took, and a warning when rows stayed without an answer."""
        usage = self.usage
        nodes = tuple(
            replace(one, rows_in=usage.rows) if one.id == usage.node else one for one in result.nodes
        )  # fmt: skip
        problems = result.problems
        if usage.failed:
            message = f"the model gave no usable answer for {usage.failed} of {usage.rows} rows"
            hint = "Look at them in `rejected`, or where the outputs are NULL; the next run asks for them again."
            problems += (Problem("DF-AI-017", ("nodes", usage.node), message, hint, Severity.WARNING),)
            logger.warning("DF-AI-017: node=%s %s", usage.node, message)
        return replace(
            result,
            nodes=nodes,
            problems=problems,
            ai=(usage,),
            state="warning" if usage.failed else result.state,
        )


@dataclass
class Asking:
    """One `ai.enrich` node of one run; `hidden` are the inputs that leave as `***`."""

    plan: Plan
    node: GraphNode
    spec: AiEnrich
    values: RunValues
    connections: Connections
    project: Project
    folder: Path
    hidden: frozenset[str] = frozenset()

    def number(self, tables: StageTables, table: str) -> None:
        """The rows of the table stand numbered in another one, and those columns that the model sees in a file."""
        session, quote = tables.session, tables.dialect.publish.quote
        known = session.columns_of(table) or {}
        columns = self._real_names(known)
        self.hidden = self._sensitive(session, known)
        numbered = self._numbered
        carried = ", ".join(f"t.{quote(name)}" for name in known)
        seen = ", ".join(quote(name) for name in columns)
        number = f"ROW_NUMBER() OVER (ORDER BY t.{quote(columns[0])}) AS {quote(ROW_NUMBER)}"
        tables.prepare()
        tables.register((Output(self.node.id, NUMBERED, numbered, None),), "")
        select = f"SELECT {number}, {carried} FROM {table} t"  # Oracle takes no AS before an alias
        for sql in tables.dialect.create_stage(numbered, select):
            session.execute(sql)
        session.export_rows(f"SELECT {quote(ROW_NUMBER)}, {seen} FROM {numbered}", self._asked)

    def ask(self) -> Enriched:
        """Return the model's answers for the numbered rows."""
        started = time.monotonic()
        model = open_model(self.connections.get(self.spec.model_connection))
        enricher = Enricher(self.node.id, self.spec, model, FileCache.of(self.project))
        numbers, rows = self._rows()
        answers, usage = enricher.fill(rows)
        path = self.folder / "answers.arrow"
        count = write_batches(self._batches(numbers, answers), path)
        logger.info(
            "asked node=%s model=%s rows=%d distinct=%d cached=%d failed=%d requests=%d input_tokens=%d "
            "output_tokens=%d cost=%s seconds=%.3f",
            usage.node, usage.model, usage.rows, usage.distinct, usage.cached, usage.failed, usage.spent.requests,
            usage.spent.input_tokens, usage.spent.output_tokens, usage.spent.cost, time.monotonic() - started,
        )  # fmt: skip
        arrived = Arrived(self.node.id, None, raw_table(self.plan, self.values, self.node), path, count)
        return Enriched(arrived, self._numbered, usage)

    # ------------------------------------------------------------ rows out

    def _rows(self) -> tuple[list[int], list[dict[str, Any]]]:
        """Return the numbers and what the model sees of each row; what is no JSON leaves as text."""
        numbers: list[int] = []
        rows: list[dict[str, Any]] = []
        for batch in read_stream(self._asked, _ROWS_AT_ONCE):
            for values in batch.to_pylist():
                numbers.append(int(values.pop(batch.schema.names[0])))
                named = zip(self.spec.inputs, values.values(), strict=True)
                rows.append({name: MASK if name in self.hidden else _plain(name, value) for name, value in named})
        return numbers, rows

    def _sensitive(self, session: SqlSession, given: Mapping[str, str]) -> frozenset[str]:
        """Return the inputs with values of sensitive columns; where nobody can tell, an input is taken as one."""
        before = self.node.inputs[0]
        known: dict[str, Mapping[str, str]] = {port_key(before.node, before.port): given}
        for one in self.plan.graph.nodes.values():
            if isinstance(one.spec, SqlSource) and one.spec.table and one.connection == self.node.connection:
                columns = session.columns_of(get_dialect(one.dialect).publish.table(one.spec.table))
                known.setdefault(one.id, columns or {})
        lineage = sensitive_columns(self.plan.pipeline.id, self.plan.graph, {k: v for k, v in known.items() if v})
        own = {name.casefold() for name in self.spec.sensitive}
        told = frozenset(name for name in self.spec.inputs if name.casefold() in own)
        hidden = told | lineage.among(before.node, before.port, self.spec.inputs)
        if hidden:
            logger.info("node=%s hides inputs=%s from the model", self.node.id, ",".join(sorted(hidden)))
        return hidden

    def _real_names(self, columns: Mapping[str, str]) -> list[str]:
        by_name = {name.casefold(): name for name in columns}
        missing = [name for name in self.spec.inputs if name.casefold() not in by_name]
        if missing:
            raise AuthorError(
                "DF-SQL-012",
                f"the column `{missing[0]}` is not among those of the input: {', '.join(columns)}",
                place=Place(node=self.node.id),
                hint="Name columns of the input in `inputs`.",
            )
        return [by_name[name.casefold()] for name in self.spec.inputs]

    # ------------------------------------------------------------ answers in

    def _batches(self, numbers: list[int], answers: list[Answered]) -> Iterator[Any]:
        outputs = {name: _ARROW[output.type] for name, output in self.spec.outputs.items()}
        names = {ROW_NUMBER: pyarrow.int64(), **outputs, REJECT_REASON: pyarrow.string()}
        schema = pyarrow.schema(list(names.items()))
        yield pyarrow.RecordBatch.from_pylist([], schema)
        for start in range(0, len(numbers), _ROWS_AT_ONCE):
            some = zip(numbers[start : start + _ROWS_AT_ONCE], answers[start : start + _ROWS_AT_ONCE], strict=True)
            yield pyarrow.RecordBatch.from_pylist([self._row(number, one) for number, one in some], schema)

    def _row(self, number: int, answered: Answered) -> dict[str, Any]:
        values = answered.values or {}
        typed = {name: _typed(self.spec.outputs[name].type, value) for name, value in values.items()}
        return {ROW_NUMBER: number, **typed, REJECT_REASON: answered.reason}

    # ------------------------------------------------------------ places

    @property
    def _numbered(self) -> str:
        name = stage_table_name(self.plan.pipeline.id, self.values, self.node.id, NUMBERED)
        return get_dialect(self.node.dialect).stage_table(name)

    @property
    def _asked(self) -> Path:
        return self.folder / "asked.arrow"


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        raise AuthorError(
            "DF-AI-018",
            f"the column `{name}` holds bytes, which a model cannot read",
            hint="Take it out of `inputs`, or turn it into text before.",
        )
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _typed(kind: str, value: Any) -> Any:
    return date.fromisoformat(value) if kind == "date" and isinstance(value, str) else value
