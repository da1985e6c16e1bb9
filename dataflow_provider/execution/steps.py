"""Runs the steps of a stage: counts what they measure, fails on what they check, names the node at fault."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby

from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.dialects.steps import ROWS, Figure, Step
from dataflow_provider.errors import DataflowError, Place, TerminalError
from dataflow_provider.execution.gates import Gatekeeper
from dataflow_provider.execution.jobs import JobWatch
from dataflow_provider.execution.results import NodeResult

logger = logging.getLogger(__name__)


@dataclass
class StepRunner:
    """Carries out steps and keeps the figures they gave.

    `jobs` build stages where the engine has job ids; `gates` answer the steps of quality nodes.
    """

    session: SqlSession
    jobs: JobWatch | None = None
    gates: Gatekeeper | None = None
    figures: dict[tuple[str, Figure], int] = field(default_factory=dict)

    def run(self, steps: Iterable[Step]) -> None:
        """The steps are done, neighbours with `in_transaction` in one transaction."""
        for together, group in groupby(steps, key=lambda step: step.in_transaction):
            if together:
                with self.session.transaction():
                    self.run_plainly(group)
            else:
                self.run_plainly(group)

    def run_plainly(self, steps: Iterable[Step]) -> None:
        """The steps are done in the transaction that is open, if one is."""
        for step in steps:
            with blamed(step.node):
                self._run_one(step)

    def _run_one(self, step: Step) -> None:
        logger.debug("step begins kind=%s node=%s", step.kind, step.node)
        started = time.monotonic()
        rows: int | None
        if step.kind == "rules" and self.gates is not None and step.node is not None:
            rows = self._ask(self.gates, step.node)
        elif step.kind in ("measure", "check"):
            rows = self.session.fetch_number(step.sql)
        elif step.kind == "hook":
            rows = self.session.execute_author_sql(step.sql)
        elif step.kind == "stage" and self.jobs is not None:
            rows = self.jobs.run(self.session, step.sql)
        else:
            rows = self.session.execute(step.sql)
        seconds = time.monotonic() - started
        logger.debug("step kind=%s node=%s seconds=%.3f sql=%s", step.kind, step.node, seconds, step.sql)
        if step.kind == "check" and rows:
            message = step.message or f"{ROWS} rows break a rule"
            raise TerminalError("DF-RUN-040", message.replace(ROWS, str(rows)))
        if step.figure is not None and step.node is not None and rows is not None:
            self.add(step.node, step.figure, rows)

    def _ask(self, gates: Gatekeeper, node: str) -> int:
        """Ask the rules of a node; its rows are counted by the way, unless they have been."""
        found = gates.ask(node)
        failing = found.failing or 0
        self.figures.setdefault((node, "rows_in"), found.checked)
        self.figures.setdefault((node, "rows_out"), found.checked - failing)
        if found.failing is not None:
            self.figures.setdefault((node, "rows_rejected"), failing)
        return found.checked

    def add(self, node: str, figure: Figure, rows: int) -> None:
        self.figures[node, figure] = self.figures.get((node, figure), 0) + rows

    def result(self, node: str, seconds: float) -> NodeResult:
        """Return what was measured of the node; what was not stays None."""
        return NodeResult(
            node,
            self.figures.get((node, "rows_in")),
            self.figures.get((node, "rows_out")),
            self.figures.get((node, "rows_rejected")),
            round(seconds, 3),
        )


@contextmanager
def blamed(node: str | None) -> Iterator[None]:
    """Errors from inside say which node they belong to, unless they know it better."""
    try:
        yield
    except DataflowError as error:
        if error.place.node is None and node is not None:
            error.place = Place(error.place.file, error.place.line, error.place.column, node)
        raise
