"""Pipeline texts for tests in which `⟪` marks the place where a finding must stand."""

from __future__ import annotations

from dataclasses import dataclass

from dataflow_provider.spec.findings import Finding
from dataflow_provider.spec.loader import Loaded, parse_pipeline

MARK = "⟪"
FILE = "yaml_pipelines/test/sample.yaml"
HEAD = "apiVersion: dataflow/v1\nkind: Pipeline\nid: sample\n"
SOURCE = "  src: {type: source.duckdb, table: raw.calls}\n"
TARGET = "  out: {type: target.duckdb, from: src, table: mart.calls}\n"


@dataclass(frozen=True)
class Marked:
    """A text without its mark, and where the mark stood, 1-based; None without a mark."""

    text: str
    line: int | None
    column: int | None


def read_mark(text: str) -> Marked:
    if MARK not in text:
        return Marked(text, None, None)
    before = text[: text.index(MARK)]
    return Marked(text.replace(MARK, "", 1), before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


def pipeline_text(nodes: str, head: str = "") -> str:
    """A pipeline with one source `src`, one target `out` and the nodes given."""
    return f"{HEAD}{head}nodes:\n{SOURCE}{TARGET}{nodes}"


def load_text(text: str, file: str = FILE) -> Loaded:
    return parse_pipeline(read_mark(text).text, file)


def found(text: str, code: str) -> Finding:
    """The one finding of the code; its place must be the mark's."""
    marked = read_mark(text)
    findings = parse_pipeline(marked.text, FILE).findings
    hits = [finding for finding in findings if finding.code == code]
    assert len(hits) == 1, [str(finding) for finding in findings]
    if marked.line is not None:
        assert (hits[0].line, hits[0].column) == (marked.line, marked.column), str(hits[0])
    return hits[0]


def codes(text: str) -> list[str]:
    return [finding.code for finding in load_text(text).findings]
