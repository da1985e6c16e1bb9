"""What the provider adds to Airflow's command line: `airflow dataflow …` and `airflow dags backfill`.

Airflow calls `get_cli_commands` at the start of every `airflow` command, so nothing heavy is imported here.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import NoReturn

from airflow.cli.cli_config import ActionCommand, Arg, CLICommand

from dataflow_provider import airflow_compat
from dataflow_provider.cli.main import CommandParser, add_to, run_parsed

# Options of Airflow 2's command that have no meaning left, with what to do instead.
_REFUSED = {
    "task_regex": ("-t/--task-regex", "Airflow 3 backfills whole runs; clear single tasks on the run's page."),
    "mark_success": ("-m/--mark-success", "Mark runs as success on the Dag's page."),
    "ignore_dependencies": ("-i/--ignore-dependencies", "Airflow 3 backfills whole runs."),
    "ignore_first_depends_on_past": ("-I/--ignore-first-depends-on-past", "It is what Airflow 3 does anyway."),
    "pool": ("--pool", "Set `pool` on the node, or use `--max-active-runs`."),
}


class _CommandTable(Arg):
    """All commands of `dataflow` as the one "argument" of Airflow's `dataflow` command: same table, same help."""

    def __init__(self) -> None:
        self.flags = ("command",)
        self.kwargs = {}

    def add_to_parser(self, parser: argparse.ArgumentParser) -> None:
        add_to(parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=CommandParser))


def get_cli_commands() -> list[CLICommand]:
    """Return the commands of our own; `backfill` is put into Airflow's group `dags` beside it."""
    airflow_compat.add_command_to_group("dags", _dags_backfill())
    return [
        ActionCommand(
            name="dataflow",
            help="ETL pipelines as YAML: validate, run, preview, backfill …",
            func=_run_dataflow,
            args=(_CommandTable(),),
        )
    ]


def _run_dataflow(args: argparse.Namespace) -> None:
    sys.exit(run_parsed(args))


def _dags_backfill() -> ActionCommand:
    return ActionCommand(
        name="backfill",
        help="Run a Dag for past intervals and wait (Airflow 2's command, on Airflow 3's backfill)",
        description=(
            "Makes one run per interval of the Dag's schedule that begins between --start-date and --end-date "
            "(inclusive), waits until all have finished, and ends with 1 when one failed."
        ),
        func=_run_dags_backfill,
        args=(
            Arg(("dag_id",), help="The Dag, or a regular expression with --treat-dag-id-as-regex"),
            Arg(("-s", "--start-date"), help="First date; the end date when omitted"),
            Arg(("-e", "--end-date"), help="Last date, inclusive; the start date when omitted"),
            Arg(("-n", "--dry-run"), help="List the runs and do nothing", action="store_true"),
            Arg(("-B", "--run-backwards"), help="Newest interval first", action="store_true"),
            Arg(("-c", "--conf"), help="Parameters of the runs, as JSON"),
            Arg(("--reset-dagruns",), help="Run finished runs again as a whole", action="store_true"),
            Arg(("--rerun-failed-tasks",), help="Run the failed tasks of failed runs again", action="store_true"),
            Arg(("--treat-dag-id-as-regex",), help="Backfill every Dag whose id matches", action="store_true"),
            Arg(("--max-active-runs",), help="Runs at once; what the Dag allows when omitted", type=int),
            Arg(("-y", "--yes"), help="Do not ask", action="store_true"),
            Arg(("-t", "--task-regex"), help=argparse.SUPPRESS),
            Arg(("-m", "--mark-success"), help=argparse.SUPPRESS, action="store_true"),
            Arg(("-i", "--ignore-dependencies"), help=argparse.SUPPRESS, action="store_true"),
            Arg(("-I", "--ignore-first-depends-on-past"), help=argparse.SUPPRESS, action="store_true"),
            Arg(("--pool",), help=argparse.SUPPRESS),
        ),
    )


def _run_dags_backfill(args: argparse.Namespace) -> None:
    _refuse_options(args)
    exit_code = 0
    for dag_id in _dag_ids(args):
        one = argparse.Namespace(**{**vars(args), "dag_id": dag_id, "json": False, "run_command": _backfill_one})
        exit_code = max(exit_code, run_parsed(one))
    sys.exit(exit_code)


def _backfill_one(args: argparse.Namespace) -> int:
    from dataflow_provider.cli.commands.backfill import run_backfill
    from dataflow_provider.runs.backfill import BackfillRequest, Reprocess

    reprocess: Reprocess = "none"
    if args.reset_dagruns or args.rerun_failed_tasks:
        reprocess = "completed" if args.reset_dagruns else "failed"
    request = BackfillRequest(
        dag_id=args.dag_id,
        start=args.start_date or args.end_date,
        end=args.end_date or args.start_date,
        concurrency=args.max_active_runs,
        reprocess=reprocess,
        reverse=args.run_backwards,
        conf=_parse_conf(args.conf),
    )
    return run_backfill(request, dry_run=args.dry_run, yes=args.yes, as_json=False)


def _refuse_options(args: argparse.Namespace) -> None:
    """Wrong usage ends with 2 before anything is looked up."""
    for name, (option, instead) in _REFUSED.items():
        if getattr(args, name):
            _usage_error(f"`{option}` is not supported on Airflow 3. {instead}")
    if not (args.start_date or args.end_date):
        _usage_error("Give `--start-date` or `--end-date`, or both.")
    if args.reset_dagruns and args.rerun_failed_tasks:
        _usage_error("`--reset-dagruns` and `--rerun-failed-tasks` exclude each other.")
    if args.max_active_runs is not None and args.max_active_runs < 1:
        _usage_error("`--max-active-runs` must be 1 or more.")


def _dag_ids(args: argparse.Namespace) -> list[str]:
    if not args.treat_dag_id_as_regex:
        return [args.dag_id]
    try:
        pattern = re.compile(args.dag_id)
    except re.error as exc:
        _usage_error(f"`{args.dag_id}` is no regular expression: {exc}.")
    found = [dag_id for dag_id in airflow_compat.list_dag_ids() if pattern.search(dag_id)]
    if not found:
        _usage_error(f"No Dag id matches `{args.dag_id}`.")
    return found


def _parse_conf(text: str | None) -> dict[str, object] | None:
    if text is None:
        return None
    try:
        conf = json.loads(text)
    except json.JSONDecodeError as exc:
        _usage_error(f"`--conf` is no JSON: {exc}.")
    if not isinstance(conf, dict):
        _usage_error("`--conf` must be a JSON object.")
    return conf


def _usage_error(message: str) -> NoReturn:
    sys.stderr.write(f"airflow dags backfill: error: {message}\n")
    sys.exit(2)
