"""`dataflow profile PATH --node N[.port]`: what the values of a node's columns are like; nothing is written."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from dataflow_provider.cli.looking import add_look_arguments, run_look
from dataflow_provider.connectors.connections import Connections
from dataflow_provider.preview.profile import MAX_PROFILED_ROWS, PROFILED_ROWS, profile_node
from dataflow_provider.preview.rows import Asked
from dataflow_provider.preview.stopping import StopSign
from dataflow_provider.spec.findings import Finding, Problem
from dataflow_provider.spec.models import Pipeline
from dataflow_provider.spec.project import Project

_BARS = " ▁▂▃▄▅▆▇█"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_look_arguments(parser)
    parser.add_argument(
        "--rows",
        metavar="ROWS",
        type=_rows,
        default=PROFILED_ROWS,
        help=f"look at the first ROWS rows (default {PROFILED_ROWS}, at most {MAX_PROFILED_ROWS})",
    )


def run(args: argparse.Namespace) -> int:
    """Print what the columns of a node are like.

    JSON: `{"node", "port", "rows", "sample", "inputs", "columns": [{"name", "type", "sensitive", "count", "nulls",
    "null_percent", "distinct", "distinct_approximate", "min", "max", "mean", "quantiles": {share: value}, "top":
    [{"value", "count"}], "histogram": [{"from", "to", "count"}]}], "seconds", "findings",
    "cached"}`.
    """
    return run_look(args, args.rows, partial(_answer, args), _show)


def _answer(
    args: argparse.Namespace,
    pipeline: Pipeline,
    asked: Asked,
    connections: Connections,
    project: Project,
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    found = profile_node(pipeline, asked, connections, project, rows=args.rows, sign=StopSign(args.timeout))
    return found.to_json(), found.problems


def _rows(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MAX_PROFILED_ROWS:
        raise argparse.ArgumentTypeError(f"`{text}` is no number from 1 to {MAX_PROFILED_ROWS}")
    return int(text)


def _show(document: dict[str, Any], findings: Sequence[Finding]) -> None:
    for finding in findings:
        sys.stderr.write(f"{finding}\n")
    for one in document["columns"]:
        distinct = "" if one["distinct"] is None else f"  {one['distinct']:,} distinct"
        sys.stdout.write(f"{one['name']}  {one['type']}  {one['null_percent']:g} % null{distinct}\n")
        if one["min"] is not None:
            mean = "" if one["mean"] is None else f"  mean {one['mean']}"
            sys.stdout.write(f"  {one['min']} … {one['max']}{mean}  {_bars(one['histogram'])}".rstrip() + "\n")
        if one["top"]:
            shown = ", ".join(f"{top['value']} ({top['count']:,})" for top in one["top"][:5])
            sys.stdout.write(f"  most often: {shown}\n")
    said = "the first rows or a sample" if document["sample"] else "all rows"
    sys.stdout.write(f"\n{document['rows']:,} rows looked at: {said}; seconds={document['seconds']:.2f}\n")


def _bars(histogram: Sequence[dict[str, Any]]) -> str:
    most = max((one["count"] for one in histogram), default=0)
    return "".join(_BARS[-(-one["count"] * (len(_BARS) - 1) // most)] for one in histogram) if most else ""
