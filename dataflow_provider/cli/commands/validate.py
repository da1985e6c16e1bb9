"""`dataflow validate PATH…`: every finding of pipeline files. Exit 1 when one is an error.

Without `--live` no database is asked; with it each connection judges the tables, types and SQL it is meant for.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from dataflow_provider.cli.excerpt import show_excerpt
from dataflow_provider.cli.output import print_json
from dataflow_provider.cli.paths import find_pipeline_files
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.findings import Finding, Severity, has_errors
from dataflow_provider.spec.loader import Loaded, load_pipeline
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.nodes import SourceBase
from dataflow_provider.spec.project import Project
from dataflow_provider.spec.validation.identity import validate_distinct_ids


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="pipeline files, or folders of them")
    parser.add_argument("--live", action="store_true", help="ask the connections too; nothing is written")


def run(args: argparse.Namespace) -> int:
    """Print the findings of all files. JSON: `{"ok": bool, "findings": [finding…]}`; `ok` means no error."""
    loaded, findings = validate_paths(args.paths)
    findings = _with_live(loaded, findings) if args.live else _with_compiled(loaded, findings)
    ok = not has_errors(findings)
    if args.json:
        print_json({"ok": ok, "findings": [finding.to_json() for finding in findings]})
    else:
        _print(loaded, findings)
    return 0 if ok else 1


def validate_paths(paths: Sequence[Path]) -> tuple[list[Loaded], list[Finding]]:
    """Return the files read and every finding, in the order of the files and of their lines.

    A path that cannot be read is a finding like any other, so that one wrong name does not hide the rest.
    """
    loaded: dict[str, Loaded] = {}
    findings: list[Finding] = []
    for path in paths:
        try:
            files = find_pipeline_files([path])
        except AuthorError as error:
            findings.append(Finding(error.code, Severity.ERROR, str(path), 1, 1, None, error.message, error.hint))
            continue
        for file in files:
            loaded.setdefault(os.path.realpath(file), load_pipeline(file))
    by_file = {one.file: one for one in loaded.values()}
    for one in loaded.values():
        findings += one.findings
        findings += _check_sql(one)
    pipelines = [(one.file, one.pipeline) for one in loaded.values() if one.pipeline is not None]
    findings += [by_file[file].finding(problem) for file, problem in validate_distinct_ids(pipelines)]
    return list(loaded.values()), _in_order(loaded.values(), findings)


def _in_order(loaded: Iterable[Loaded], findings: Iterable[Finding]) -> list[Finding]:
    rank = {one.file: number for number, one in enumerate(loaded)}
    return sorted(findings, key=lambda finding: (rank.get(finding.file, -1), finding.line, finding.column))


def _with_live(loaded: Sequence[Loaded], findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings and, of the files whose structure holds, what their databases say; each is told once."""
    from dataflow_provider.cli.live import live_findings

    found = [one for file in loaded if file.pipeline and not has_errors(file.findings) for one in live_findings(file)]
    return _in_order(loaded, dict.fromkeys((*findings, *found)))


def _check_sql(loaded: Loaded) -> list[Finding]:
    """SQL is parsed only where the structure holds; importing the parser costs more than everything else."""
    if loaded.pipeline is None or has_errors(loaded.findings):
        return []
    from dataflow_provider.compiler.check import check_pipeline
    from dataflow_provider.connectors.workspace_connections import foreign_connections
    from dataflow_provider.execution.file_columns import file_columns
    from dataflow_provider.schedules.lowering import check_calendar

    try:
        project = Project.of(Path(loaded.file))
        foreign = foreign_connections(loaded.pipeline, project)
    except AuthorError as error:
        return [_finding_of_file(loaded, error)]
    problems = [
        *foreign,
        *check_calendar(loaded.pipeline.schedule, project),
        *check_pipeline(loaded.pipeline, file_columns(loaded.pipeline, project)),
    ]
    return [loaded.finding(problem) for problem in problems]


def _with_compiled(loaded: Sequence[Loaded], findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings and, of the files without an error, what no node shows by itself.

    That is a stage which its engine cannot carry out as a whole, or cannot write so.
    """
    bad = {finding.file for finding in findings if finding.severity is Severity.ERROR}
    found = [one for file in loaded if file.pipeline and file.file not in bad for one in _compile(file, file.pipeline)]
    return _in_order(loaded, (*findings, *found))


def _compile(loaded: Loaded, pipeline: Pipeline) -> list[Finding]:
    from dataflow_provider.compiler.errors import CompileError
    from dataflow_provider.compiler.offline import compile_offline
    from dataflow_provider.execution.example_values import example_values

    if not all(spec.schema_ for spec in pipeline.nodes.values() if isinstance(spec, SourceBase)):
        return []  # a run asks the tables for their columns, and can do what is refused while nobody knows them
    try:
        compile_offline(pipeline, example_values(pipeline, Project.of(Path(loaded.file))))
    except CompileError as error:
        return [loaded.finding(problem) for problem in error.problems]
    except AuthorError as error:
        return [_finding_of_file(loaded, error)]
    return []


def _finding_of_file(loaded: Loaded, error: AuthorError) -> Finding:
    return Finding(error.code, Severity.ERROR, loaded.file, 1, 1, None, error.message, error.hint)


def _print(loaded: Sequence[Loaded], findings: Sequence[Finding]) -> None:
    texts = {one.file: one.text for one in loaded}
    for finding in findings:
        node = f"node `{finding.node}`: " if finding.node else ""
        place = f"{finding.file}:{finding.line}:{finding.column}"
        sys.stdout.write(f"{place}: {finding.severity.value} {finding.code} {node}{finding.message}\n")
        sys.stdout.write(show_excerpt(texts.get(finding.file, ""), finding.line, finding.column))
        if finding.hint:
            sys.stdout.write(f"  hint: {finding.hint}\n")
        sys.stdout.write("\n")
    counts = [_count(severity, findings) for severity in Severity]
    said = ", ".join(count for count in counts if count) or "no findings"
    sys.stdout.write(f"{said} in {len(loaded)} file{'' if len(loaded) == 1 else 's'}\n")


def _count(severity: Severity, findings: Sequence[Finding]) -> str:
    number = sum(finding.severity is severity for finding in findings)
    return f"{number} {severity.value}{'' if number == 1 else 's'}" if number else ""
