"""`dataflow clean`: drops stage tables that nobody will come back for; `--dry-run` lists them."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dataflow_provider.cli.airflow_connections import pipeline_connections
from dataflow_provider.cli.commands.run import placed
from dataflow_provider.cli.output import print_json
from dataflow_provider.cli.paths import find_pipeline_file
from dataflow_provider.compiler.errors import CompileError
from dataflow_provider.compiler.plan import Plan, plan_pipeline
from dataflow_provider.execution.cleaning import CleanedTable, Wanted, clean_stage_tables, retention
from dataflow_provider.spec.loader import load_pipeline
from dataflow_provider.spec.project import PIPELINES_FOLDER, Project
from dataflow_provider.spec.values import parse_duration

_WORDS = {"dropped": "dropped", "listed": "would be dropped", "kept": "KEPT"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pipelines", metavar="PATH|ID", nargs="*", help="only tables of these pipelines")
    parser.add_argument(
        "--connection", metavar="C", action="append", default=[], help="tables of every pipeline there; repeatable"
    )
    parser.add_argument("--run-id", metavar="ID", help="tables of this run, however old they are")
    parser.add_argument("--older-than", metavar="AGE", type=_age, help="such as `12h` or `7d` (7d)")
    parser.add_argument("--dry-run", action="store_true", help="list the tables and drop none")
    parser.set_defaults(usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Print what became of each table; exit 1 when one had to stay.

    JSON: `{"dry_run", "tables": [{"connection", "table", "pipeline", "workspace", "run_id", "node", "port",
    "created_at", "state", "error"}], "findings": []}`; `state` is dropped, listed or kept.
    """
    if bool(args.pipelines) == bool(args.connection):
        args.usage_error("name pipelines, or `--connection`, not both")
    age = retention() if args.older_than is None and args.run_id is None else args.older_than
    before = None if age is None else datetime.now(UTC) - age
    plans = [(_plan(written), Project.of(find_pipeline_file(written))) for written in args.pipelines]
    # Each with the connections of its own workspace, which may call two databases the same.
    places: dict[Project, list[Plan]] = {}
    for plan, project in plans:
        places.setdefault(project, []).append(plan)
    if not plans:
        places[Project.of(Path.cwd() / PIPELINES_FOLDER / "any.yaml")] = []
    tables = [
        table
        for project, here in places.items()
        for table in clean_stage_tables(
            dict.fromkeys([*args.connection, *(stage.connection for plan in here for stage in plan.stages)]),
            Wanted(before, args.run_id, frozenset((plan.pipeline.id, project.workspace) for plan in here) or None),
            pipeline_connections(project),
            dry_run=args.dry_run,
            on_table=_ignore if args.json else _print,
        )
    ]
    if args.json:
        print_json({"dry_run": args.dry_run, "tables": [one.to_json() for one in tables], "findings": []})
    elif not tables:
        sys.stdout.write("no stage table to drop\n")
    return 1 if any(one.state == "kept" for one in tables) else 0


def _plan(written: str) -> Plan:
    loaded = load_pipeline(find_pipeline_file(written))
    try:
        return plan_pipeline(loaded.require())
    except CompileError as error:
        raise placed(error, loaded, []) from error


def _age(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"`{text}`: {exc}") from exc


def _print(one: CleanedTable) -> None:
    table = one.table
    owner = f"{table.pipeline} run {table.run_id} node {table.node}"
    why = f": {one.error}" if one.error else ""
    sys.stdout.write(f"{one.connection} {table.table} ({owner}, {table.created_at}) {_WORDS[one.state]}{why}\n")


def _ignore(one: CleanedTable) -> None:
    """JSON is printed whole."""
