"""`dataflow preview PATH --node N[.port]`: some real rows of any node; nothing is written."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from dataflow_provider.cli.looking import add_look_arguments, run_look
from dataflow_provider.connectors.connections import Connections
from dataflow_provider.preview.rows import MAX_ROWS, Asked, preview_rows
from dataflow_provider.preview.stopping import StopSign
from dataflow_provider.spec.findings import Finding, Problem
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project

_WIDEST = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_look_arguments(parser)
    parser.add_argument(
        "--limit", metavar="ROWS", type=_limit, default=MAX_ROWS, help=f"most rows, up to {MAX_ROWS} (the default)"
    )


def run(args: argparse.Namespace) -> int:
    """Print rows of a node.

    JSON: `{"node", "port", "columns": [{"name", "type", "sensitive"}], "rows": [[value…]…], "sample", "inputs":
    [{"node", "connection", "rows", "whole"}], "total_rows", "limit", "seconds", "findings",
    "cached"}`.
    """
    return run_look(args, args.limit, partial(_answer, args), _show)


def _answer(
    args: argparse.Namespace,
    pipeline: Pipeline,
    asked: Asked,
    connections: Connections,
    project: Project,
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    found = preview_rows(pipeline, asked, connections, project, limit=args.limit, sign=StopSign(args.timeout))
    return found.to_json(), found.problems


def _limit(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MAX_ROWS:
        raise argparse.ArgumentTypeError(f"`{text}` is no number from 1 to {MAX_ROWS}")
    return int(text)


def _show(document: dict[str, Any], findings: Sequence[Finding]) -> None:
    for finding in findings:
        sys.stderr.write(f"{finding}\n")
    names = [str(one["name"]) for one in document["columns"]]
    kinds = [str(one["type"]) for one in document["columns"]]
    cells = [[_cell(value) for value in row] for row in document["rows"]]
    widths = [max(len(row[at]) for row in (names, kinds, *cells)) for at in range(len(names))]
    for row in (names, kinds, ["-" * width for width in widths], *cells):
        sys.stdout.write("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() + "\n")
    sys.stdout.write(f"\n{_told(document)}\n")


def _told(document: dict[str, Any]) -> str:
    rows, total = len(document["rows"]), document["total_rows"]
    said = f"{rows} rows, which are all" if total is not None else f"{rows} rows of more, perhaps"
    lent = ", ".join(
        f"{one['rows']:,} rows of {one['node']}" + ("" if one["whole"] else " (the first)")
        for one in document["inputs"]
    )
    return f"{said}; seconds={document['seconds']:.2f}" + (f"; a sample, made of {lent}" if lent else "")


def _cell(value: Any) -> str:
    text = "NULL" if value is None else " ".join(str(value).split())
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
