"""How runs stand in people's words: as recorded, and as Airflow tells it while there is no record of a run's end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from airflow.models.dagrun import DagRun
from airflow.models.xcom import XComModel
from sqlalchemy import Row, String, cast, select
from sqlalchemy.orm import Session

from dataflow_provider.api.datamodels import RunState
from dataflow_provider.db.tables import RunRecord, has_tables
from dataflow_provider.runs.lease import utc_now
from dataflow_provider.runs.xcoms import RETURN_VALUE

MAX_KEPT_WARNINGS = 50_000
kept_warnings: dict[tuple[int, datetime | None], bool] = {}
_DAG_RUN: Any = DagRun  # its `state` is a synonym, which the types do not tell
RUN_COLUMNS = (DagRun.id, DagRun.dag_id, DagRun.run_id, _DAG_RUN.state, DagRun.start_date, DagRun.end_date)
AIRFLOW_STATES: Mapping[RunState, str] = {
    RunState.QUEUED: "queued",
    RunState.RUNNING: "running",
    RunState.SUCCESS: "success",
    RunState.WARNING: "success",
    RunState.SKIPPED: "success",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "failed",
}
"""Airflow's word for each state; it has one for runs that finished and one for those that did not."""
OVER = frozenset(RunState) - {RunState.QUEUED, RunState.RUNNING}
UNTOLD = (RunState.WARNING, RunState.CANCELLED, RunState.SKIPPED)
"""States that Airflow has no word for: only these are asked of the records, of thousands of runs at a time."""
RECORDED_WITHIN = timedelta(seconds=30)
"""A run that ended longer ago and is not recorded will hardly be; nobody waits for it."""


def find_states(session: Session, runs: Sequence[Row[Any]]) -> dict[int, RunState]:
    """Return the state of each run by Airflow's row id; the rows are of `RUN_COLUMNS`. Two queries however many runs.

    As long as a run's end is not recorded, which takes seconds, what its stages returned tells a warning.
    """
    states = {run.id: RunState(run.state or RunState.QUEUED) for run in runs}
    ended = [run for run in runs if states[run.id] in OVER]
    return states | dict.fromkeys(_find_warned(session, ended), RunState.WARNING) | _find_recorded(session, ended)


def is_settled(session: Session, run: Row[Any]) -> bool:
    """Return whether a run is over, and recorded unless no record is to be expected; the row is of `RUN_COLUMNS`."""
    if RunState(run.state or RunState.QUEUED) not in OVER:
        return False
    if run.end_date is None or utc_now() - run.end_date > RECORDED_WITHIN or not has_tables(session):
        return True
    return bool(_find_recorded(session, [run], OVER))


def _find_recorded(
    session: Session, ended: Sequence[Row[Any]], states: Iterable[RunState] = UNTOLD
) -> dict[int, RunState]:
    """Return the recorded states of those runs whose record has one of `states`.

    A record from before a run went on again is none of it, and Airflow may give an id a second time.
    """
    if not ended or not has_tables(session):
        return {}
    ends = {(run.id, run.run_id, run.state, run.end_date) for run in ended}
    rows = session.execute(
        select(
            RunRecord.source_id, RunRecord.run_id, RunRecord.source_state, RunRecord.ended_at, RunRecord.state
        ).where(RunRecord.source_id.in_([run.id for run in ended]), RunRecord.state.in_(list(states)))
    )
    return {row.source_id: RunState(row.state) for row in rows if tuple(row)[:4] in ends}


def _find_warned(session: Session, ended: Iterable[Row[Any]]) -> set[int]:
    """Return the runs with a stage that ended as `warning`.

    One query for runs not seen before; no JSON is read here. A finished run stays as it is, and one that is run again
    ends at another time, so answers are kept by both.
    """
    keys = {(run.id, run.end_date) for run in ended if run.state == RunState.SUCCESS}
    unseen = [key for key in keys if key not in kept_warnings]
    found = {key: kept_warnings[key] for key in keys if key in kept_warnings}
    if unseen:
        wanted = select(XComModel.dag_run_id).where(
            XComModel.key == RETURN_VALUE,
            XComModel.dag_run_id.in_([run_key for run_key, _end in unseen]),
            # Only a stage's own state can have this value; every database writes JSON with one space here.
            cast(XComModel.value, String).like('%"state": "warning"%'),
        )
        warned = set(session.scalars(wanted))
        found.update({key: key[0] in warned for key in unseen})
        if len(kept_warnings) > MAX_KEPT_WARNINGS:
            kept_warnings.clear()
        kept_warnings.update(found)
    return {key[0] for key, is_warned in found.items() if is_warned}
