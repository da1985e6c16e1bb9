"""`dataflow next PATH|ID`: when a pipeline runs next, with the interval of each run and what is unusual about it."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from dataflow_provider.cli.output import print_json
from dataflow_provider.cli.paths import find_pipeline_file
from dataflow_provider.schedules.lowering import rule_of
from dataflow_provider.schedules.upcoming import MAX_UPCOMING, UpcomingRun, bounds_of, upcoming_runs
from dataflow_provider.schedules.wording import describe_rule, describe_schedule
from dataflow_provider.spec.loader import load_pipeline
from dataflow_provider.spec.project import Project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pipeline", metavar="PATH|ID", help="a pipeline file, or the id of one")
    parser.add_argument("--count", type=_count, default=5, metavar="N", help="how many runs (default 5)")


def run(args: argparse.Namespace) -> int:
    """Print the next runs of the file as it is now, whatever Airflow has made of it so far."""
    path = find_pipeline_file(args.pipeline)
    loaded = load_pipeline(path)
    pipeline = loaded.require()
    schedule = pipeline.schedule
    rule = rule_of(schedule, Project.of(path))
    runs: list[UpcomingRun] = []
    if schedule is not None and rule is not None:
        runs = upcoming_runs(rule, bounds_of(schedule), datetime.now(UTC), args.count)
    said = describe_rule(rule) if rule else describe_schedule(schedule) if schedule else None
    if args.json:
        print_json(
            {
                "pipeline": pipeline.id,
                "summary": said,
                "timezone": schedule.timezone if schedule and rule else None,
                "runs": [_run_json(one) for one in runs],
                "findings": [finding.to_json() for finding in loaded.findings],
            }
        )
        return 0
    sys.stdout.write(f"{pipeline.id}: {said or 'runs by hand only'}\n")
    for one in runs:
        sys.stdout.write(_line(one))
    if rule is not None and not runs:
        sys.stdout.write("  no run to come\n")
    return 0


def _line(one: UpcomingRun) -> str:
    notes = f"  [{'; '.join(one.notes)}]" if one.notes else ""
    start, end = (moment.strftime("%Y-%m-%dT%H:%MZ") for moment in (one.run.start, one.run.end))
    return f"  {one.local_time:%a %Y-%m-%d %H:%M %Z}  {start} .. {end}{notes}\n"


def _run_json(one: UpcomingRun) -> dict[str, object]:
    return {
        "interval_start": one.run.start.isoformat(),
        "interval_end": one.run.end.isoformat(),
        "due": one.run.due.isoformat(),
        "local_time": one.local_time.isoformat(),
        "notes": list(one.notes),
    }


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MAX_UPCOMING:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of runs; allowed: 1 to {MAX_UPCOMING}")
    return int(text)
