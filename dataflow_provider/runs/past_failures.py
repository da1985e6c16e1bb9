"""Earlier failures of a pipeline from their kept diagnoses: the cause that people say it was, and what mended it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from airflow.models.log import Log
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.orm import Session

from dataflow_provider.db.tables import DiagnosisFeedback, DiagnosisRecord, NodeRecord, RunRecord, has_tables
from dataflow_provider.diagnosis.context import Attempt, PastFailure
from dataflow_provider.runs.records import FINISHED

FIX_EVENT = "dataflow.fix"
"""Event in Airflow's audit log of a change of a pipeline that a diagnosis proposed."""
_LOOKED_AT = 200


@dataclass(frozen=True)
class KeptFailures:
    """Failures of one pipeline before a moment; a run counts once a stage, however often it was tried or looked at."""

    pipeline_id: str
    before: datetime

    def similar(self, root_cause: str, attempt: Attempt | None, n: int = 3) -> tuple[PastFailure, ...]:
        """Return at most `n` failures with that cause, the newest first; none of the run of `attempt`."""
        with create_session(scoped=False) as session:
            if not has_tables(session):
                return ()
            records = self._earlier(session, attempt)
            said = _feedback(session, [record.id for record in records])
            found = [record for record in records if true_cause(record, said.get(record.id, ())) == root_cause]
            by_stage = {(one.run_id, one.stage_id): one for one in reversed(found)}
            newest = sorted(by_stage.values(), key=lambda one: one.failed_at, reverse=True)[:n]
            return tuple(_told(session, one, said.get(one.id, ()), root_cause) for one in newest)

    def _earlier(self, session: Session, attempt: Attempt | None) -> Sequence[DiagnosisRecord]:
        query = select(DiagnosisRecord).where(
            DiagnosisRecord.pipeline_id == self.pipeline_id,
            DiagnosisRecord.root_cause.is_not(None),
            DiagnosisRecord.failed_at < self.before,
        )
        if attempt is not None:
            query = query.where(DiagnosisRecord.run_id != attempt.run)
        return session.scalars(query.order_by(DiagnosisRecord.failed_at.desc()).limit(_LOOKED_AT)).all()


def _feedback(session: Session, keys: Sequence[int]) -> Mapping[int, list[DiagnosisFeedback]]:
    """Return what was said of each diagnosis, the newest first."""
    found: dict[int, list[DiagnosisFeedback]] = {}
    query = select(DiagnosisFeedback).where(DiagnosisFeedback.diagnosis_key.in_(keys))
    for one in session.scalars(query.order_by(DiagnosisFeedback.given_at.desc())):
        found.setdefault(one.diagnosis_key, []).append(one)
    return found


def true_cause(record: DiagnosisRecord, said: Sequence[DiagnosisFeedback]) -> str | None:
    """Return the cause that the newest correction names, else the diagnosed one; None where it is only known wrong."""
    for one in said:
        if one.verdict == "helpful":
            return record.root_cause
        if one.verdict == "wrong":
            return one.true_cause
    return record.root_cause


def _told(session: Session, record: DiagnosisRecord, said: Sequence[DiagnosisFeedback], root_cause: str) -> PastFailure:
    return PastFailure(
        at=record.failed_at.isoformat(timespec="seconds"),
        attempt=Attempt(record.run_id, record.stage_id, record.try_number),
        node=record.node_id,
        root_cause=root_cause,
        confidence=record.confidence or 0.0,
        fixed_by=next((one.fixed_by for one in said if one.fixed_by), None) or _mended_by(session, record),
    )


def _mended_by(session: Session, record: DiagnosisRecord) -> str | None:
    """Return what the records tell of the end of the trouble: a change, a try that went through, or the next run."""
    own = (RunRecord.pipeline_id == record.pipeline_id, RunRecord.run_id == record.run_id)
    fix = session.scalar(
        select(Log.extra).where(
            Log.event == FIX_EVENT, Log.dag_id == record.pipeline_id, Log.run_id == record.run_id
        ).order_by(Log.id.desc()).limit(1)
    )  # fmt: skip
    if fix:
        return f"a change of the pipeline: {json.loads(fix).get('kind', 'unknown')}"
    later = session.scalar(
        select(NodeRecord.try_number).join(RunRecord, RunRecord.id == NodeRecord.run_key).where(
            *own, NodeRecord.stage_id == record.stage_id, NodeRecord.state.in_(FINISHED),
            NodeRecord.try_number > record.try_number,
        ).limit(1)
    )  # fmt: skip
    if later is not None:
        return f"try {later} of the same run went through"
    finished = session.scalar(
        select(RunRecord.run_id).where(
            RunRecord.pipeline_id == record.pipeline_id, RunRecord.state.in_(FINISHED),
            RunRecord.started_at > record.failed_at,
        ).order_by(RunRecord.started_at).limit(1)
    )  # fmt: skip
    return None if finished is None else f"the run {finished} finished, with nothing noted in between"
