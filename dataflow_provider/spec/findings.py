"""Findings: what validation says of a file, collected all at once and raised once, at the door."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from dataflow_provider.errors import AuthorError, Place


class Severity(StrEnum):
    """How grave a finding is; only errors stop a pipeline."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Problem:
    """What a rule reports: a finding that has no place yet. `Loaded.finding` gives it one.

    `path` leads from the root of the document to the value (`("nodes", "calls", "where")`). `offset` is the position
    (0-based) inside the text at `path`, when the rule can point into it. `on_key`: the key is wrong, not its value.
    """

    code: str
    path: tuple[str | int, ...]
    message: str
    hint: str | None = None
    severity: Severity = Severity.ERROR
    offset: int | None = None
    on_key: bool = False

    @property
    def node(self) -> str | None:
        """The node the problem lies in, None outside `nodes`."""
        return str(self.path[1]) if len(self.path) > 1 and self.path[0] == "nodes" else None


class FindingJson(TypedDict):
    """The shape of one finding in every `--json` answer and API response."""

    code: str
    severity: str
    file: str
    line: int
    column: int
    node: str | None
    message: str
    hint: str | None


@dataclass(frozen=True)
class Finding:
    """One result of validation; `line` and `column` are 1-based, a finding on the whole file stands at 1:1."""

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    node: str | None
    message: str
    hint: str | None = None

    def to_json(self) -> FindingJson:
        """Return the finding in the shape that the command line and the API promise."""
        return FindingJson(
            code=self.code,
            severity=self.severity.value,
            file=self.file,
            line=self.line,
            column=self.column,
            node=self.node,
            message=self.message,
            hint=self.hint,
        )

    def __str__(self) -> str:
        node = f" node `{self.node}`:" if self.node else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity.value} {self.code}:{node} {self.message}{hint}"


def has_errors(findings: Iterable[Finding]) -> bool:
    """Return whether any finding stops the pipeline; an empty list does not."""
    return any(finding.severity is Severity.ERROR for finding in findings)


class InvalidPipelineError(AuthorError):
    """A file has findings of severity error; carries all findings of the file, warnings included."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        first = next((finding for finding in self.findings if finding.severity is Severity.ERROR), self.findings[0])
        super().__init__(
            first.code,
            first.message,
            place=Place(first.file, first.line, first.column, first.node),
            hint=first.hint,
        )

    def __str__(self) -> str:
        return "\n".join(str(finding) for finding in self.findings)
