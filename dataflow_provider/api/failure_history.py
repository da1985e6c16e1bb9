"""How a pipeline went before a failure, from the run records: its last good run, and what has changed since."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from airflow.models.taskinstance import TaskInstance
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dataflow_provider.api.definitions import load_definition
from dataflow_provider.db.tables import NodeRecord, RunRecord, has_tables
from dataflow_provider.diagnosis.context import History, RowsThen
from dataflow_provider.runs.diagnoses import FailedTry
from dataflow_provider.runs.records import FINISHED, RecordState

_MAX_DIFF = 8_000


def load_history(session: Session, failed: FailedTry, text: str | None) -> History | None:
    """Return what the records tell; `text` is the pipeline's text that has failed. None where there are no records."""
    if not has_tables(session):
        return None
    own = (RunRecord.pipeline_id == failed.pipeline_id, RunRecord.run_id != failed.run_id)
    good = session.scalar(
        select(RunRecord).where(*own, RunRecord.state.in_(FINISHED), RunRecord.ended_at <= failed.failed_at)
        .order_by(RunRecord.ended_at.desc()).limit(1)
    )  # fmt: skip
    failures = select(func.count()).where(
        *own, RunRecord.state == RecordState.FAILED, RunRecord.ended_at <= failed.failed_at
    )
    if good is None:
        return History(None, None, session.scalar(failures) or 0)
    return History(
        last_success=good.run_id,
        last_success_at=None if good.ended_at is None else good.ended_at.isoformat(timespec="seconds"),
        failures_since=session.scalar(failures.where(RunRecord.ended_at > good.ended_at)) or 0,
        change=None if text is None else _change(session, failed.pipeline_id, good.run_id, text),
        rows=tuple(_changed_rows(session, failed, good.id)),
    )


def _change(session: Session, pipeline_id: str, run_id: str, text: str) -> str | None:
    version = session.scalar(
        select(TaskInstance.dag_version_id).where(
            TaskInstance.dag_id == pipeline_id, TaskInstance.run_id == run_id, TaskInstance.dag_version_id.is_not(None)
        ).limit(1)
    )  # fmt: skip
    before = None if version is None else load_definition(session, pipeline_id, version)
    if before is None:
        return None
    lines = difflib.unified_diff(
        before.text.splitlines(keepends=True), text.splitlines(keepends=True), f"run {run_id}", "this run"
    )
    return "".join(lines)[:_MAX_DIFF]


def _changed_rows(session: Session, failed: FailedTry, good: int) -> Iterator[RowsThen]:
    this = session.scalar(
        select(RunRecord.id).where(RunRecord.pipeline_id == failed.pipeline_id, RunRecord.run_id == failed.run_id)
    )
    before, now = _rows(session, good), _rows(session, this)
    for node, rows in now.items():
        if node in before and abs(rows - before[node]) * 2 > before[node]:
            yield RowsThen(node, before[node], rows)


def _rows(session: Session, run_key: int | None) -> dict[str, int]:
    query = select(NodeRecord.node_id, NodeRecord.rows_out).where(
        NodeRecord.run_key == run_key, NodeRecord.rows_out.is_not(None)
    )
    return {row.node_id: row.rows_out for row in session.execute(query.order_by(NodeRecord.position))}
