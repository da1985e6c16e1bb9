"""A backfill: which runs it makes and which it leaves out, decided and shown before anything is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal
from zoneinfo import ZoneInfo

from dataflow_provider import airflow_compat
from dataflow_provider.airflow_backfills import BackfillOrder, RunWindow, create_backfill
from dataflow_provider.airflow_compat import DagFacts, RunFacts
from dataflow_provider.errors import AuthorError
from dataflow_provider.runs.periods import Granularity, granularity_of, list_periods, parse_bound
from dataflow_provider.schedules.rule import RunRule

Reprocess = Literal["none", "failed", "completed"]
Decision = Literal["run", "rerun", "rerun_failed_tasks", "skip"]
FINISHED = frozenset({"success", "failed"})
POLL_S = 2.0
MAX_PLANNED = 250_000
"""So many windows are worked out in seconds; what has more is a mistake in the range."""


@dataclass(frozen=True)
class BackfillRequest:
    """What a person asked for; `granularity` None = the schedule's own, `concurrency` None = what the Dag allows.

    `user` is the person, None = whoever this process belongs to.
    """

    dag_id: str
    start: str
    end: str
    granularity: Granularity | None = None
    concurrency: int | None = None
    reprocess: Reprocess = "none"
    reverse: bool = False
    conf: Mapping[str, Any] | None = None
    user: str | None = None


@dataclass(frozen=True)
class PlannedRun:
    """One window and what happens to it; `state` is that of the run that exists already."""

    window: RunWindow
    decision: Decision
    run_id: str | None = None
    state: str | None = None


@dataclass(frozen=True)
class BackfillPlan:
    """What will be done, oldest window first."""

    request: BackfillRequest
    dag: DagFacts
    runs: tuple[PlannedRun, ...]

    @property
    def wanted(self) -> tuple[PlannedRun, ...]:
        """The runs that will run, in the order of time."""
        return tuple(run for run in self.runs if run.decision != "skip")


def plan_backfill(request: BackfillRequest, now: datetime) -> BackfillPlan:
    """Return the runs a request stands for; nothing is written.

    Raises:
        AuthorError: for an unknown or broken Dag, bad bounds, a missing granularity, a range without an interval or
            with far too many, or several runs at once of incremental sources.
    """
    dag = _find_good_dag(request.dag_id)
    if dag.has_watermarks and (request.concurrency or 1) > 1:
        raise AuthorError(
            "DF-RUNS-016",
            f"`{dag.dag_id}` has incremental sources: {request.concurrency} runs at once would read the same rows, as "
            "each begins where the one before it ended.",
            hint="Leave the concurrency out, or say 1.",
        )
    windows = list(islice(_list_windows(request, dag, now), MAX_PLANNED + 1))
    if len(windows) > MAX_PLANNED:
        raise AuthorError(
            "DF-RUNS-018",
            f"From `{request.start}` to `{request.end}` there are more than {MAX_PLANNED:,} intervals.",
            hint="Check the dates, or take a longer granularity.",
        )
    if not windows:
        raise AuthorError(
            "DF-RUNS-004",
            f"No complete interval of `{dag.dag_id}` begins between `{request.start}` and `{request.end}`.",
            hint="Bounds speak of the beginning of a run's interval, and intervals that are not over yet are left out.",
        )
    existing = airflow_compat.list_runs(dag.dag_id, [window.logical_date for window in windows])
    return BackfillPlan(request, dag, tuple(_decide(window, existing, request.reprocess) for window in windows))


def start_backfill(plan: BackfillPlan) -> int | None:
    """Airflow's scheduler has the plan's runs to do; return the id of Airflow's backfill, None when none was needed.

    Raises:
        AuthorError: when the Dag is paused (its runs would wait for ever), or another backfill of it is active.
    """
    refuse_paused(plan.dag)
    failed = [run.run_id for run in plan.runs if run.decision == "rerun_failed_tasks" and run.run_id]
    if failed:
        airflow_compat.clear_failed_tasks(plan.dag.dag_id, failed)
    windows = [run.window for run in plan.runs if run.decision in ("run", "rerun")]
    if not windows:
        return None
    order = BackfillOrder(
        dag_id=plan.dag.dag_id,
        max_active_runs=plan.request.concurrency or (1 if plan.dag.has_watermarks else plan.dag.max_active_runs),
        reverse=plan.request.reverse,
        conf=plan.request.conf,
        reprocess="completed" if plan.request.reprocess == "completed" else "none",
        user=plan.request.user,
    )
    return create_backfill(order, windows)


def refuse_paused(dag: DagFacts) -> None:
    """Raise AuthorError for a paused Dag."""
    if dag.paused:
        raise AuthorError(
            "DF-RUNS-005",
            f"`{dag.dag_id}` is paused: Airflow would make the runs and never start them.",
            hint=f"Run `airflow dags unpause {dag.dag_id}` first.",
        )


def watch_runs(plan: BackfillPlan, pause: Callable[[float], None] = time.sleep) -> Iterator[list[RunFacts]]:
    """Yield the wanted runs' states again and again until all have finished; a run that was deleted counts as failed.

    Run states are asked, not the backfill's: Airflow marks that complete half a minute later.
    """
    dates = [run.window.logical_date for run in plan.wanted]
    while True:
        found = airflow_compat.list_runs(plan.dag.dag_id, dates)
        states = [found.get(date) or RunFacts(None, date, "failed") for date in dates]
        yield states
        if all(run.state in FINISHED for run in states):
            return
        pause(POLL_S)


def _find_good_dag(dag_id: str) -> DagFacts:
    dag = airflow_compat.find_dag(dag_id)
    if dag is not None and not dag.broken:
        return dag
    if dag is not None or airflow_compat.is_broken_file(dag_id):
        raise AuthorError(
            "DF-RUNS-011",
            f"The file of `{dag_id}` has errors now: at best its last good version would run.",
            hint="Mend it first; `airflow dags list-import-errors` shows what is wrong.",
        )
    raise AuthorError(
        "DF-RUNS-002",
        f"Airflow knows no Dag `{dag_id}`.",
        hint="The id is the YAML's file name; a new file is seen within seconds.",
    )


def _list_windows(request: BackfillRequest, dag: DagFacts, now: datetime) -> Iterator[RunWindow]:
    zone = ZoneInfo(dag.timezone or "UTC")
    start = parse_bound(request.start, zone, last=False)
    end = parse_bound(request.end, zone, last=True)
    if start > end:
        raise AuthorError("DF-RUNS-003", f"The start `{request.start}` is after the end `{request.end}`.")
    if request.granularity is None and dag.cron is None:
        raise AuthorError(
            "DF-RUNS-006",
            f"`{dag.dag_id}` has no cron schedule, so its runs have no interval of their own.",
            hint="Say how long an interval is: `dataflow backfill … --granularity hour|day|week|month`.",
        )
    if request.granularity is None or (dag.cron and granularity_of(dag.cron) is request.granularity):
        return _list_scheduled(dag, start, end, now)
    return list_periods(request.granularity, start, end, zone, now)


def _list_scheduled(dag: DagFacts, start: datetime, end: datetime, now: datetime) -> Iterator[RunWindow]:
    """Yield the schedule's own intervals that begin in `[start, end]` and whose runs are due, oldest first.

    Worked out by our own rule: asking Airflow's timetable takes a second for a thousand runs.
    """
    if dag.timetable is None:
        return
    rule = RunRule.from_json(dag.timetable)
    before = rule.last_due(start)
    first = before.end if before else rule.cron.at_or_after(start)
    for run in rule.runs_after(first) if first else ():
        if run.start > end or run.due > now:
            return
        if run.start >= start:
            yield RunWindow(run.start, run.end, run.start)


def _decide(window: RunWindow, existing: Mapping[datetime, RunFacts], reprocess: Reprocess) -> PlannedRun:
    found = existing.get(window.logical_date)
    if found is None:
        return PlannedRun(window, "run")
    decision: Decision = "skip"
    if found.state in FINISHED and reprocess == "completed":
        decision = "rerun"
    elif found.state == "failed" and reprocess == "failed":
        decision = "rerun_failed_tasks"
    return PlannedRun(window, decision, found.run_id, found.state)
