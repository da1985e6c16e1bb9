"""Asks the rules of quality nodes: one statement a node, a sample of failing rows where there are some, the verdict."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from dataflow_provider.compiler.compiled import Gate
from dataflow_provider.compiler.lowering.gates import SAMPLE_ROWS
from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.quality.results import QualityError, RuleResult
from dataflow_provider.quality.verdicts import Circumstances, Figures, judge, read_figures, shown_row

logger = logging.getLogger(__name__)


@dataclass
class Gatekeeper:
    """The quality nodes of one stage; `results` grow as they are asked, `rows` are what each node has judged.

    `warned` is whether the run is to end as `warning`: a rule of `warn` does not hold, or a row went to quarantine.
    """

    session: SqlSession
    gates: Iterable[Gate]
    around: Circumstances
    results: list[RuleResult] = field(default_factory=list)
    rows: dict[str, Figures] = field(default_factory=dict)
    warned: bool = False

    def ask(self, node: str) -> Figures:
        """Return what the node's statement answered; its results are kept and logged.

        Raises:
            QualityError: a rule does not hold and the node blocks.
        """
        gate = next(one for one in self.gates if one.node == node)
        row = self.session.fetch_rows(gate.sql, 1)[1][0]
        figures = self.rows[node] = read_figures(gate, row)
        found = [self._sampled(gate, one) for one in judge(gate, figures, self.around)]
        self.results += found
        for one in found:
            logger.log(
                logging.INFO if one.passed else logging.WARNING,
                "quality node=%s rule=%s severity=%s checked=%s failed=%s passed=%s: %s",
                node, one.rule, one.severity, one.checked, one.failed, one.passed, one.message,
            )  # fmt: skip
        broken = not all(one.passed for one in found)
        if broken and gate.severity == "block":
            raise QualityError(node, self.results)
        self.warned = self.warned or broken or bool(figures.failing)
        return figures

    def _sampled(self, gate: Gate, result: RuleResult) -> RuleResult:
        rule = next(one for one in gate.rules if one.name == result.rule)
        if not result.failed or rule.sample is None:
            return result
        columns, rows = self.session.fetch_rows(rule.sample(), SAMPLE_ROWS)
        return replace(result, samples=tuple(shown_row(gate, columns, row) for row in rows))
