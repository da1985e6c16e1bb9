"""Run records as the API gives them; what the caller may not see is left out here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dataflow_provider.api.auth import Caller
from dataflow_provider.api.problems import ProblemError
from dataflow_provider.api.record_models import (
    RecordedNode,
    RecordedRun,
    RecordedRunPage,
    RunReason,
    RunRecordDetail,
    Statistics,
)
from dataflow_provider.db.tables import NodeRecord, RunRecord, has_tables
from dataflow_provider.runs.lease import utc_now
from dataflow_provider.runs.records import RecordState
from dataflow_provider.runs.statistics import pipeline_statistics
from dataflow_provider.security import Right


def require_tables(session: Session) -> None:
    """Do nothing when our tables are there.

    Raises:
        ProblemError: 503, DF-API-018.
    """
    if not has_tables(session):
        raise ProblemError(
            503,
            "DF-API-018",
            "The tables of DataFlow AI are missing in Airflow's database.",
            "Run `airflow db migrate`.",
        )


def list_records(
    session: Session, caller: Caller, pipeline_id: str, states: frozenset[RecordState], *, limit: int, offset: int
) -> RecordedRunPage:
    """Return a pipeline's records, newest first, whether or not the pipeline still exists."""
    require_tables(session)
    query = select(RunRecord).where(RunRecord.pipeline_id == pipeline_id)
    if states:
        query = query.where(RunRecord.state.in_(states))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    newest = func.coalesce(RunRecord.started_at, RunRecord.queued_at, RunRecord.recorded_at).desc()
    rows = session.scalars(query.order_by(newest, RunRecord.id.desc()).limit(limit).offset(offset))
    return RecordedRunPage(total=total, items=[_run(row, caller) for row in rows])


def find_record(session: Session, caller: Caller, pipeline_id: str, run_id: str) -> RunRecordDetail:
    """Return the record of one run.

    Raises:
        ProblemError: 404, DF-API-404.
    """
    require_tables(session)
    row = session.scalar(select(RunRecord).where(RunRecord.pipeline_id == pipeline_id, RunRecord.run_id == run_id))
    if row is None:
        raise ProblemError(
            404, "DF-API-404", f"There is no record of the run `{run_id}` of `{pipeline_id}`.",
            "A run is recorded a few seconds after Airflow has it.",
        )  # fmt: skip
    nodes = session.scalars(select(NodeRecord).where(NodeRecord.run_key == row.id).order_by(NodeRecord.position))
    return RunRecordDetail(run=_run(row, caller), nodes=[_node(node, caller) for node in nodes])


def read_statistics(session: Session, pipeline_id: str, days: int) -> Statistics:
    """Return the figures of the last days."""
    require_tables(session)
    return Statistics(**vars(pipeline_statistics(session, pipeline_id, utc_now() - timedelta(days=days))))


def _run(row: RunRecord, caller: Caller) -> RecordedRun:
    return RecordedRun(
        pipeline_id=row.pipeline_id,
        run_id=row.run_id,
        workspace=row.workspace,
        state=RecordState(row.state),
        run_type=row.run_type,
        start=row.started_at,
        end=row.ended_at,
        duration_s=row.duration_s,
        interval_start=row.interval_start,
        interval_end=row.interval_end,
        triggered_by=row.triggered_by,
        rows_read=row.rows_read,
        rows_written=row.rows_written,
        rows_rejected=row.rows_rejected,
        bytes_moved=row.bytes_moved,
        reasons=[RunReason(**reason) for reason in row.reasons],
        error=row.error if Right.READ_LOGS in caller.rights else None,
        error_node=row.error_node,
    )


def _node(row: NodeRecord, caller: Caller) -> RecordedNode:
    return RecordedNode(
        id=row.node_id,
        type=row.node_type,
        stage=row.stage_id,
        state=RecordState(row.state),
        try_number=row.try_number,
        rows_in=row.rows_in,
        rows_out=row.rows_out,
        rows_rejected=row.rows_rejected,
        bytes_moved=row.bytes_moved,
        seconds=row.seconds,
        is_checkpoint=row.is_checkpoint,
        sql_hash=row.sql_hash,
        sql=row.sql_text if Right.READ_LOGS in caller.rights else None,
        quality=[_rule(rule, caller) for rule in row.quality],
    )


def _rule(rule: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    """Samples are rows: those who may not preview data do not see them here either."""
    return dict(rule) if Right.PREVIEW_DATA in caller.rights else {**rule, "samples": []}
