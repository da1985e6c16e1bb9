"""`dataflow backfills ID`: the backfills of a pipeline and how far each is; pauses, resumes and cancels one."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

from dataflow_provider.airflow_compat import logs_to_stderr
from dataflow_provider.cli.output import print_json
from dataflow_provider.runs.backfill_records import BackfillRecord, cancel_backfill, list_backfills, pause_backfill


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="the pipeline (the Dag's id)")
    order = parser.add_mutually_exclusive_group()
    order.add_argument("--pause", type=int, metavar="N", help="start no more runs of backfill N")
    order.add_argument("--resume", type=int, metavar="N", help="go on with backfill N")
    order.add_argument("--cancel", type=int, metavar="N", help="end backfill N: runs that have not started never will")


def run(args: argparse.Namespace) -> int:
    """Carry out the order, if any, then print the backfills as they are."""
    with logs_to_stderr():
        from airflow.utils.session import create_session

        with create_session() as session:
            if args.cancel is not None:
                cancel_backfill(session, args.id, args.cancel)
            for number, paused in ((args.pause, True), (args.resume, False)):
                if number is not None:
                    pause_backfill(session, args.id, number, paused=paused)
            session.flush()
            records = list_backfills(session, args.id)
    if args.json:
        print_json({"id": args.id, "backfills": [asdict(record) for record in records], "findings": []})
        return 0
    for record in records:
        sys.stdout.write(_line(record))
    if not records:
        sys.stdout.write(f"{args.id} has no backfills\n")
    return 0


def _line(record: BackfillRecord) -> str:
    runs = ", ".join(f"{count} {state}" for state, count in sorted(record.runs.items())) or "no runs"
    start, end = (moment.isoformat(timespec="minutes") for moment in (record.start, record.end))
    return f"{record.backfill_id:>6}  {record.state:<9}  {start} .. {end}  {runs}\n"
