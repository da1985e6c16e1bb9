"""What the rules of quality nodes found, as the log, the run's record and the screens tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dataflow_provider.errors import Place, TerminalError


@dataclass(frozen=True)
class RuleResult:
    """One rule of one node in one run.

    `failed` and `share` are None where a rule judges all rows together; `message` says what was found, without values
    of rows. `samples` are failing rows, sensitive columns masked.
    """

    node: str
    rule: str
    check: str
    columns: tuple[str, ...]
    severity: str
    checked: int
    failed: int | None
    share: float | None
    threshold: int | float | str
    passed: bool
    message: str
    samples: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the shape that stage results and `dataflow run --json` carry."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> RuleResult:
        """Return what `to_json` gave, after its way through JSON."""
        return cls(**{**kept, "columns": tuple(kept["columns"]), "samples": tuple(kept["samples"])})


class QualityError(TerminalError):
    """A node of severity `block` found more failing rows than its rules allow; nothing behind it has begun.

    The same rows fail again, so a retry does not help. `results` are those of all rules of the stage so far.
    """

    def __init__(self, node: str, results: Sequence[RuleResult]) -> None:
        self.results = tuple(results)
        broken = [one for one in results if one.node == node and not one.passed]
        told = "; ".join(f"`{one.rule}`: {one.message}" for one in broken)
        super().__init__(
            "DF-QUAL-020",
            f"the quality node `{node}` blocks the run: {told}",
            place=Place(node=node),
            hint="Mend the rows at their source, raise `threshold`, or let bad rows leave with `severity: quarantine`.",
        )
