"""YAML text to `Loaded`: the pipeline model and every finding of the file, each with its place.

Never raises for a bad file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dataflow_provider.spec.document import MAX_BYTES, Document, Fault, read_document
from dataflow_provider.spec.findings import Finding, InvalidPipelineError, Problem, Severity, has_errors
from dataflow_provider.spec.models import Pipeline

__all__ = ["Loaded", "Problem", "load_pipeline", "parse_pipeline"]


@dataclass(frozen=True)
class Loaded:
    """One file as read. `pipeline` is None when the file is too broken for a model; `findings` then say why.

    A pipeline may stand beside findings of severity error: use `require` before anything is built from it.
    """

    file: str
    text: str
    pipeline: Pipeline | None
    findings: tuple[Finding, ...]
    _document: Document = field(default_factory=Document, repr=False, compare=False)

    def require(self) -> Pipeline:
        """Return the pipeline.

        Raises:
            InvalidPipelineError: when a finding is an error; carries all findings.
        """
        if self.pipeline is None or has_errors(self.findings):
            raise InvalidPipelineError(self.findings)
        return self.pipeline

    def locate(self, path: tuple[str | int, ...], *, key: bool = False) -> tuple[int, int]:
        """Return line and column, 1-based, of the value at `path` (of its key if `key`); else of the nearest parent."""
        return self._document.locate(path, key=key)

    def finding(self, problem: Problem) -> Finding:
        """Return the problem, of any room, with its place in this file."""
        return place_problem(problem, self.file, self._document)


def place_problem(problem: Problem, file: str, document: Document) -> Finding:
    """Return the problem with the line and column that its path has in the document."""
    spot = document.locate_inside(problem.path, problem.offset) if problem.offset is not None else None
    line, column = spot or document.locate(problem.path, key=problem.on_key)
    return Finding(problem.code, problem.severity, file, line, column, problem.node, problem.message, problem.hint)


def load_pipeline(path: Path) -> Loaded:
    """Return the file, read and parsed; a file that cannot be read has one finding and no pipeline."""
    try:
        with path.open("rb") as stream:
            source = stream.read(MAX_BYTES + 1)
    except OSError as exc:
        message = f"The file cannot be read: {exc.strerror or exc}."
        return Loaded(str(path), "", None, (Finding("DF-FILE-001", Severity.ERROR, str(path), 1, 1, None, message),))
    return parse_pipeline(source, str(path))


def parse_pipeline(text: str | bytes, file: str) -> Loaded:
    """Return the text, parsed and checked by every structural rule; `file` names it and its stem must be the id."""
    document = read_document(text)
    faults = [_finding_of_fault(fault, file) for fault in document.faults]
    if document.root is None or document.data is None:
        return Loaded(file, document.text, None, tuple(faults), document)
    from dataflow_provider.spec.model_findings import build_pipeline

    pipeline, problems = build_pipeline(document, file)
    findings = [*faults, *(place_problem(problem, file, document) for problem in problems)]
    findings.sort(key=lambda finding: (finding.line, finding.column))
    return Loaded(file, document.text, pipeline, tuple(findings), document)


def _finding_of_fault(fault: Fault, file: str) -> Finding:
    node = str(fault.path[1]) if len(fault.path) > 1 and fault.path[0] == "nodes" else None
    return Finding(fault.code, Severity.ERROR, file, fault.line, fault.column, node, fault.message, fault.hint)
