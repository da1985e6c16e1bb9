"""`dataflow diagnose LOGFILE`: why a task failed and what to do, from its log alone; no model, no network."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dataflow_provider.cli.output import print_json
from dataflow_provider.diagnosis.log import read_log
from dataflow_provider.diagnosis.report import Diagnosis, diagnose
from dataflow_provider.errors import AuthorError
from dataflow_provider.spec.loader import load_pipeline


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("log", metavar="LOGFILE", type=Path, help="the task's log; `-` reads it from standard input")
    parser.add_argument("--pipeline", metavar="PATH", type=Path, help="the pipeline's file, which actions may patch")
    parser.add_argument("--node", help="the node that failed, when the log does not name it")


def run(args: argparse.Namespace) -> int:
    """Print the diagnosis; exit 0 also when the cause stays unknown.

    JSON: `{"summary", "root_cause", "confidence", "node", "evidence": [line…], "actions": [{"title", "confidence",
    "kind", "effort", "risk", "patch"}], "ranked": [{"root_cause", "confidence"}]}`; `confidence` is 0 to 1, `patch` a
    unified diff or null, `root_cause` is `unknown` when the log supports none.
    """
    loaded = None if args.pipeline is None else load_pipeline(args.pipeline)
    if loaded is not None:
        loaded.require()
    diagnosis = diagnose(_read(args.log), loaded, args.node)
    if args.json:
        print_json(diagnosis.to_json())
    else:
        sys.stdout.write(_text(diagnosis))
    return 0


def _read(path: Path) -> str:
    if str(path) == "-":
        return sys.stdin.read()
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
    others = [f"{one.root_cause} {one.confidence:.0%}" for one in diagnosis.ranked[1:]]
    lines += ["", "Less likely: " + ", ".join(others)] if others else []
    return "\n".join(lines) + "\n"
