"""`dataflow diagnose LOGFILE`: why a task failed and what to do, from its log; a model only where one is named."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dataflow_provider.ai.cache import FileCache
from dataflow_provider.ai.models import open_model
from dataflow_provider.cli.airflow_connections import command_connections
from dataflow_provider.cli.commands.run import logged
from dataflow_provider.cli.output import print_json
from dataflow_provider.diagnosis.context import Attempt, Context
from dataflow_provider.diagnosis.log import read_log, read_stream_end
from dataflow_provider.diagnosis.report import Adviser, Diagnosis, diagnose, remember
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.loader import load_pipeline
from dataflow_provider.spec.project import Project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("log", metavar="LOGFILE", type=Path, help="the task's log; `-` reads it from standard input")
    parser.add_argument("--pipeline", metavar="PATH", type=Path, help="the pipeline's file, which actions may patch")
    parser.add_argument("--model", metavar="CONN", help="connection of a model that gives a second opinion")
    parser.add_argument("--node", help="the node that failed, when the log does not name it")


def run(args: argparse.Namespace) -> int:
    """Print the diagnosis; exit 0 also when the cause stays unknown.

    JSON: `{"summary", "root_cause", "confidence", "node", "evidence": [line…], "actions": [{"title", "confidence",
    "kind", "effort", "risk", "patch"}], "ranked": [{"root_cause", "confidence"}], "context": {"pipeline", "node",
    "node_type", "stage", "connection", "sql", "targets", "pipelines", "similar"}, "explanation", "by", "notes"}`;
    `confidence` is 0 to 1, `patch` a unified diff or null, `root_cause` is `unknown` when the log supports none, and
    `context` is null without a pipeline.
    """
    loaded = None if args.pipeline is None else load_pipeline(args.pipeline)
    if loaded is not None:
        loaded.require()
    project = None if args.pipeline is None else Project.of(args.pipeline)
    log = _read(args.log)
    attempt = Attempt.of_log(log, args.node)
    with logged(verbose=False):
        adviser = _adviser(args.model, project)
        diagnosis = diagnose(log, loaded, args.node, project=project, attempt=attempt, adviser=adviser)
        remember(diagnosis, loaded, project, attempt)
    if args.json:
        print_json(diagnosis.to_json())
    else:
        sys.stdout.write(_text(diagnosis))
    return 0


def _adviser(conn_id: str | None, project: Project | None) -> Adviser | None:
    """Return the model of the connection; its answers are kept with the project where there is one."""
    if conn_id is None:
        return None
    project = project or Project.of(Path.cwd())
    cache = FileCache.of(project)
    return Adviser(open_model(command_connections(project).get(conn_id)), cache)


def _read(path: Path) -> str:
    if str(path) == "-":
        return read_stream_end(sys.stdin.buffer)
    try:
        return read_log(path)
    except OSError as exc:
        raise AuthorError(
            "DF-DIAG-001", f"the log `{path}` cannot be read: {exc.strerror or exc}", hint="Name a text file."
        ) from exc


def _text(diagnosis: Diagnosis) -> str:
    lines = [diagnosis.summary, f"Cause: {diagnosis.root_cause} ({diagnosis.confidence:.0%})", ""]
    lines += [f"  | {line}" for line in diagnosis.evidence]
    lines += ["", "What to do:"]
    for number, action in enumerate(diagnosis.actions, 1):
        lines.append(
            f"  {number}. {action.title} ({action.confidence:.0%}, effort {action.effort}, risk {action.risk})"
        )
        lines += [f"     {line}" for line in (action.patch or "").splitlines()]
    if diagnosis.explanation:
        lines += ["", f"The model says: {diagnosis.explanation}"]
    if diagnosis.context is not None:
        lines += _surroundings(diagnosis.context)
    lines += [f"Note: {note}" for note in diagnosis.notes]
    others = [f"{one.root_cause} {one.confidence:.0%}" for one in diagnosis.ranked[1:]]
    lines += ["", "Less likely: " + ", ".join(others)] if others else []
    return "\n".join(lines) + "\n"


def _surroundings(context: Context) -> list[str]:
    told = []
    if context.targets:
        told.append("Without rows now: " + ", ".join(context.targets))
    if context.pipelines:
        told.append("Read by the pipelines: " + ", ".join(context.pipelines))
    if context.similar:
        told.append(f"Happened before: {', '.join(one.at for one in context.similar)}")
    return ["", *told] if told else []
