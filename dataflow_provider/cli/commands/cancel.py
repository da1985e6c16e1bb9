"""`dataflow cancel ID RUN`: ends a run in Airflow; its statements are stopped in their databases."""

from __future__ import annotations

import argparse
import sys

from dataflow_provider.airflow_compat import fail_run, logs_to_stderr
from dataflow_provider.cli.output import print_json
from dataflow_provider.errors import AuthorError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="the pipeline (the Dag's id)")
    parser.add_argument("run", nargs="?", help="the run's id; the one that runs when omitted")


def run(args: argparse.Namespace) -> int:
    """Mark the run failed, as its page does; the workers notice within some seconds and stop the statement."""
    with logs_to_stderr():
        run_id = _cancel(args.id, args.run)
    if args.json:
        print_json({"id": args.id, "run_id": run_id, "state": "failed", "findings": []})
    else:
        sys.stdout.write(f"{args.id}: {run_id} is cancelled; its statements are being stopped\n")
    return 0


def _cancel(dag_id: str, run_id: str | None) -> str:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import State
    from sqlalchemy import select

    with create_session() as session:
        query = select(DagRun).where(DagRun.dag_id == dag_id)
        runs = list(session.scalars(query.where(DagRun.run_id == run_id))) if run_id else []
        if run_id is None:
            runs = list(session.scalars(query.where(DagRun.state.in_(State.unfinished_dr_states))))
        if not runs:
            what = f"has no run `{run_id}`" if run_id else "has no run that is not over"
            raise AuthorError("DF-RUNS-013", f"`{dag_id}` {what}.", hint="The run's page shows its id.")
        if len(runs) > 1:
            told = ", ".join(f"`{one.run_id}`" for one in runs[:5])
            raise AuthorError(
                "DF-RUNS-013", f"`{dag_id}` has {len(runs)} runs that are not over.", hint=f"Name one: {told}."
            )
        found = runs[0]
        if found.state in State.finished_dr_states:
            raise AuthorError(
                "DF-RUNS-014", f"The run `{found.run_id}` is over (`{found.state}`); nothing is left to cancel."
            )
        fail_run(session, dag_id, found.run_id)
        return str(found.run_id)
