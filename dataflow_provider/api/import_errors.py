"""Findings of a broken pipeline, read back from the import error that Airflow kept of it."""

from __future__ import annotations

import re

from dataflow_provider.spec.findings import Finding, Severity

# One line of `str(InvalidPipelineError)`: `Finding.__str__`, on the first line after the exception's name.
_LINE = re.compile(
    r"^(?:[\w.]*InvalidPipelineError: )?(?P<file>[^:\n]+):(?P<line>\d+):(?P<column>\d+): "
    r"(?P<severity>error|warning|info) (?P<code>DF-[A-Z]+-\d+):(?: node `(?P<node>[^`]*)`:)? (?P<message>.*)$"
)


def findings_of_trace(trace: str, file: str) -> tuple[Finding, ...]:
    """Return the findings in an import error's text; one that tells its last line when it holds none of ours.

    A message and its hint are one sentence in the text, and stay one here.
    """
    findings = []
    for line in trace.splitlines():
        match = _LINE.match(line.strip())
        if match is None:
            continue
        findings.append(
            Finding(
                code=match["code"],
                severity=Severity(match["severity"]),
                file=match["file"],
                line=int(match["line"]),
                column=int(match["column"]),
                node=match["node"],
                message=match["message"],
            )
        )
    return tuple(findings) or (_unknown(trace, file),)


def _unknown(trace: str, file: str) -> Finding:
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    message = f"Airflow could not load the file: {lines[-1] if lines else 'it gave no reason'}"
    hint = "The Dag processor's log holds the whole error."
    return Finding("DF-API-005", Severity.ERROR, file, 1, 1, None, message, hint)
