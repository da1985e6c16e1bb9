"""What users say of a diagnosis: one word a user, kept beside it, and counted in what later failures are told."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from dataflow_provider.api.auth import Caller
from dataflow_provider.api.diagnosis_bodies import FeedbackSum, GiveFeedback, OwnFeedback
from dataflow_provider.api.problems import ProblemError
from dataflow_provider.db.tables import DiagnosisFeedback, DiagnosisRecord
from dataflow_provider.diagnosis.context import Attempt
from dataflow_provider.runs.diagnoses import attempt_key, find_diagnosis
from dataflow_provider.runs.lease import utc_now


def give_feedback(
    session: Session, caller: Caller, pipeline_id: str, attempt: Attempt, said: GiveFeedback
) -> FeedbackSum:
    """The caller's word on the diagnosis is this one.

    Raises:
        ProblemError: 422, DF-API-034, for a true cause beside `helpful`, or one that the diagnosis has named.
    """
    record = find_diagnosis(session, attempt_key(pipeline_id, attempt.run, attempt.stage, attempt.number))
    if record is None:
        raise ProblemError(404, "DF-API-404", "There is no diagnosis of this try.")
    if said.true_cause is not None and (said.verdict == "helpful" or said.true_cause == record.root_cause):
        raise ProblemError(
            422, "DF-API-034", f"`{said.true_cause}` cannot be the true cause beside `{said.verdict}`.",
            "Name a true cause only with `wrong`, and another one than the diagnosis does.",
        )  # fmt: skip
    own = session.get(DiagnosisFeedback, (record.id, caller.username))
    if own is None:
        own = DiagnosisFeedback(diagnosis_key=record.id, user_name=caller.username)
        session.add(own)
    own.verdict, own.true_cause, own.fixed_by, own.given_at = said.verdict, said.true_cause, said.fixed_by, utc_now()
    session.flush()
    return sum_up(session, caller, record)


def sum_up(session: Session, caller: Caller, record: DiagnosisRecord) -> FeedbackSum:
    """Return what was said of a diagnosis, and by the caller."""
    query = select(DiagnosisFeedback).where(DiagnosisFeedback.diagnosis_key == record.id)
    said = session.scalars(query).all()
    own = next((one for one in said if one.user_name == caller.username), None)
    return FeedbackSum(
        helpful=sum(one.verdict == "helpful" for one in said),
        wrong=sum(one.verdict == "wrong" for one in said),
        own=None
        if own is None
        else OwnFeedback.model_validate(
            {name: getattr(own, name) for name in ("verdict", "true_cause", "fixed_by", "given_at")}
        ),
    )
