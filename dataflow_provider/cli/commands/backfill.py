"""`dataflow backfill`: makes the runs of past intervals, shows them first, waits for them, and tells how they ended."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from dataflow_provider.airflow_compat import RunFacts, logs_to_stderr
from dataflow_provider.cli.output import print_json
from dataflow_provider.errors import AuthorError
from dataflow_provider.runs.backfill import (
    BackfillPlan,
    BackfillRequest,
    PlannedRun,
    plan_backfill,
    refuse_paused,
    start_backfill,
    watch_runs,
)
from dataflow_provider.runs.periods import Granularity

MANY_RUNS = 10_000
MAX_LISTED = 200
"""Before runs are made so many are listed; a dry run lists all."""
_WORDS = {
    "run": "will run",
    "rerun": "will run again",
    "rerun_failed_tasks": "failed tasks will run again",
    "skip": "exists, left as it is",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="the pipeline (the Dag's id)")
    parser.add_argument("--start", required=True, metavar="DATE", help="first interval begins here, or later")
    parser.add_argument("--end", required=True, metavar="DATE", help="last interval begins here, or earlier; inclusive")
    parser.add_argument(
        "--granularity",
        type=Granularity,
        choices=list(Granularity),
        help="length of one run's interval; the schedule's own when omitted",
    )
    parser.add_argument(
        "--concurrency", type=_positive, metavar="N", help="runs at once; what the Dag allows when omitted"
    )
    parser.add_argument(
        "--reprocess", choices=("failed", "completed"), help="also runs that exist: failed ones, or all"
    )
    parser.add_argument("--dry-run", action="store_true", help="list the runs and do nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    request = BackfillRequest(
        dag_id=args.id,
        start=args.start,
        end=args.end,
        granularity=args.granularity,
        concurrency=args.concurrency,
        reprocess=args.reprocess or "none",
    )
    return run_backfill(request, dry_run=args.dry_run, yes=args.yes, as_json=args.json)


def run_backfill(request: BackfillRequest, *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Show the runs, make them and wait for them; return 1 when one failed, else 0."""
    with logs_to_stderr():
        plan = plan_backfill(request, datetime.now(UTC))
    if not as_json:
        _print_plan(plan, len(plan.runs) if dry_run else MAX_LISTED)
    if dry_run:
        if as_json:
            print_json(_plan_json(plan, "planned"))
        return 0
    refuse_paused(plan.dag)
    if not yes:
        _confirm(plan)
    with logs_to_stderr():
        backfill_id = start_backfill(plan)
    states = _wait(plan, quiet=as_json)
    ok = all(run.state == "success" for run in states)
    if as_json:
        print_json(_plan_json(plan, "success" if ok else "failed", states, backfill_id))
    else:
        _print_end(states)
    return 0 if ok else 1


def _wait(plan: BackfillPlan, *, quiet: bool) -> list[RunFacts]:
    """Wait for the runs, telling each change of state; an interrupt leaves them to the scheduler and says so."""
    told: dict[datetime, str | None] = {}
    states: list[RunFacts] = []
    try:
        for states in watch_runs(plan):
            for run in states:
                if not quiet and told.get(run.logical_date) != run.state:
                    print(f"{_moment(run.logical_date)}  {run.state}", flush=True)
                told[run.logical_date] = run.state
    except KeyboardInterrupt:
        sys.stderr.write("No longer waiting: Airflow goes on with the runs. Cancel the backfill on the Dag's page.\n")
        raise
    return states


def _confirm(plan: BackfillPlan) -> None:
    """Ask before runs that have published are run once more, and before very many; no terminal to ask on is a no."""
    again = sum(run.decision in ("rerun", "rerun_failed_tasks") for run in plan.runs)
    if not again and len(plan.wanted) < MANY_RUNS:
        return
    what = f"{again:,} runs that exist would run again" if again else f"{len(plan.wanted):,} runs would be made"
    if not sys.stdin.isatty():
        raise AuthorError("DF-RUNS-009", f"{what}.", hint="Say `--yes` to allow it.")
    answer = input(f"{plan.dag.dag_id}: {what}. Go on? [y/N] ")
    if answer.strip().lower() not in ("y", "yes"):
        raise AuthorError("DF-RUNS-010", "Stopped by your answer; nothing was changed.")


def _print_plan(plan: BackfillPlan, listed: int) -> None:
    paused = " (paused: unpause it before the backfill)" if plan.dag.paused else ""
    print(f"{plan.dag.dag_id}: {len(plan.wanted)} of {len(plan.runs)} intervals to run{paused}")
    for run in plan.runs[:listed]:
        state = f" ({run.state})" if run.state else ""
        print(f"  {_moment(run.window.start)} .. {_moment(run.window.end)}  {_WORDS[run.decision]}{state}")
    if (more := len(plan.runs) - listed) > 0:
        print(f"  … and {more:,} more; `--dry-run` lists them all")


def _print_end(states: list[RunFacts]) -> None:
    counts = Counter(run.state for run in states)
    print(", ".join(f"{count} {state}" for state, count in sorted(counts.items(), key=str)) or "nothing to run")
    for run in states:
        if run.state != "success":
            sys.stderr.write(f"failed: {run.run_id or _moment(run.logical_date)}\n")


def _plan_json(
    plan: BackfillPlan, state: str, states: list[RunFacts] | None = None, backfill_id: int | None = None
) -> dict[str, Any]:
    ended = {run.logical_date: run for run in states or []}
    return {
        "id": plan.dag.dag_id,
        "state": state,
        "backfill_id": backfill_id,
        "paused": plan.dag.paused,
        "runs": [_run_json(run, ended.get(run.window.logical_date)) for run in plan.runs],
        "findings": [],
    }


def _run_json(run: PlannedRun, ended: RunFacts | None) -> dict[str, Any]:
    return {
        "interval_start": run.window.start.isoformat(),
        "interval_end": run.window.end.isoformat(),
        "decision": run.decision,
        "run_id": ended.run_id if ended else run.run_id,
        "state": ended.state if ended else run.state,
    }


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is not a number of runs; allowed: 1 and more")
    return number
