"""What `preview` and `profile` have in common: their arguments, the file, and how their errors are told."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dataflow_provider.cli.airflow_connections import pipeline_connections
from dataflow_provider.cli.commands.run import add_values, logged, one_file, placed, stoppable
from dataflow_provider.cli.output import print_json
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.connectors.connections import Connections
from dataflow_provider.errors import DataflowError
from dataflow_provider.execution.results import error_json
from dataflow_provider.preview.cache import FolderCache, look_key, remembered
from dataflow_provider.preview.pieces import judged_findings
from dataflow_provider.preview.rows import Asked
from dataflow_provider.preview.stopping import DEFAULT_TIMEOUT_S
from dataflow_provider.spec.findings import Finding, InvalidPipelineError, Problem, Severity
from dataflow_provider.spec.loader import Loaded
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project

Answer = Callable[[Pipeline, Asked, Connections, Project], tuple[dict[str, Any], tuple[Problem, ...]]]


def add_look_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", type=Path, help="pipeline file")
    parser.add_argument("--node", metavar="N", required=True, help="node, or `node.port`, whose rows are asked for")
    add_values(parser)
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        default=DEFAULT_TIMEOUT_S,
        help=f"stop the statement after that time (default {DEFAULT_TIMEOUT_S:g})",
    )
    parser.add_argument("--refresh", action="store_true", help="ask the database, whatever was kept a moment ago")


def seconds(text: str) -> float:
    """Return a time above zero."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found <= 3600:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of seconds up to 3600")
    return found


def run_look(
    args: argparse.Namespace, size: int, answer: Answer, show: Callable[[dict[str, Any], list[Finding]], None]
) -> int:
    """Look, and print what was seen; JSON of a failure is `{"ok": false, "error", "findings"}`."""
    findings: list[Finding] = []
    try:
        with logged(verbose=False), stoppable():
            loaded, pipeline = _load(args.path, args.node, findings)
            project = Project.of(args.path)
            asked = Asked(args.node, dict(args.param), args.interval)
            try:
                document = _remembered(args, size, answer, loaded, pipeline, asked, project)
            except CompileError as error:
                raise placed(error, loaded, findings) from error
    except DataflowError as error:
        if not args.json:
            raise
        print_json({"ok": False, "error": error_json(error), "findings": [one.to_json() for one in findings]})
        return 1
    findings += [one for one in _found(document) if one not in findings]
    if args.json:
        print_json({**document, "findings": [one.to_json() for one in findings]})
    else:
        show(document, findings)
    return 0


def _remembered(
    args: argparse.Namespace,
    size: int,
    answer: Answer,
    loaded: Loaded,
    pipeline: Pipeline,
    asked: Asked,
    project: Project,
) -> dict[str, Any]:
    connections = pipeline_connections(project)

    def look() -> dict[str, Any]:
        document, problems = answer(pipeline, asked, connections, project)
        return {**document, "findings": [loaded.finding(one).to_json() for one in problems]}

    key = look_key(args.command, pipeline, asked, connections, project, size)
    return remembered(FolderCache(project.state_folder / "preview"), key, look, refresh=args.refresh)


def _found(document: dict[str, Any]) -> list[Finding]:
    return [Finding(**{**one, "severity": Severity(one["severity"])}) for one in document["findings"]]


def _load(path: Path, node: str, findings: list[Finding]) -> tuple[Loaded, Pipeline]:
    """Return the file when nothing is wrong with the nodes behind the one that is asked for."""
    files, found = one_file(path)
    findings += found
    pipeline = files[0].pipeline if files else None
    hindering = found if pipeline is None else judged_findings(pipeline, node, found)
    if pipeline is None or hindering:
        raise InvalidPipelineError(hindering)
    return files[0], pipeline
