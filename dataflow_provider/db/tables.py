"""Tables of the product. Nothing refers to Airflow's tables by key: a pipeline that is gone keeps its history.

Written by the one process that holds the lease (see `lease`), but for what users say: what they have read, what they
think of a diagnosis, and a diagnosis that they ask for again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, MetaData, String, Text, UniqueConstraint, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

ID_LENGTH = 250
BigId = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up INTEGER keys only


class Base(DeclarativeBase):
    """Base of our tables, apart from Airflow's."""

    metadata = MetaData(
        naming_convention={
            "ix": "idx_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime, dict[str, Any]: JSON}


class RunRecord(Base):
    """One run of a pipeline as people see it.

    `source_*` is what Airflow's row said when this was written, so that an unchanged run is not read again. Counts are
    None where nothing was measured. `reasons` says why a run that finished is a warning.
    """

    __tablename__ = "dataflow_run"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    pipeline_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    run_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    workspace: Mapped[str] = mapped_column(String(ID_LENGTH), default="")
    run_type: Mapped[str] = mapped_column(String(50))
    state: Mapped[str] = mapped_column(String(20))
    queued_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    duration_s: Mapped[float | None]
    logical_date: Mapped[datetime | None]
    interval_start: Mapped[datetime | None]
    interval_end: Mapped[datetime | None]
    triggered_by: Mapped[str | None] = mapped_column(String(500))
    rows_read: Mapped[int | None] = mapped_column(BigInteger)
    rows_written: Mapped[int | None] = mapped_column(BigInteger)
    rows_rejected: Mapped[int | None] = mapped_column(BigInteger)
    bytes_moved: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None] = mapped_column(Text)
    error_stage: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    error_node: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    source_id: Mapped[int] = mapped_column(Integer)
    source_state: Mapped[str] = mapped_column(String(50))
    source_updated_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("pipeline_id", "run_id"),
        Index(None, "pipeline_id", "started_at"),
        Index(None, "state"),
        Index(None, "source_id"),
        Index(None, "ended_at"),
    )


class NodeRecord(Base):
    """What one node did in a run; `quality` holds the results of its rules, `sql_text` what its stage ran."""

    __tablename__ = "dataflow_run_node"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_key: Mapped[int] = mapped_column(BigId, ForeignKey("dataflow_run.id", ondelete="CASCADE"))
    node_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    position: Mapped[int] = mapped_column(Integer)
    node_type: Mapped[str | None] = mapped_column(String(100))
    stage_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    state: Mapped[str] = mapped_column(String(20))
    try_number: Mapped[int] = mapped_column(Integer)
    rows_in: Mapped[int | None] = mapped_column(BigInteger)
    rows_out: Mapped[int | None] = mapped_column(BigInteger)
    rows_rejected: Mapped[int | None] = mapped_column(BigInteger)
    bytes_moved: Mapped[int | None] = mapped_column(BigInteger)
    seconds: Mapped[float | None]
    is_checkpoint: Mapped[bool]
    sql_hash: Mapped[str | None] = mapped_column(String(64))
    sql_text: Mapped[str | None] = mapped_column(Text)
    quality: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)

    __table_args__ = (UniqueConstraint("run_key", "node_id"),)


class Lease(Base):
    """Who does a job that only one process may do, until when; `position` is how far the job has come.

    `term` goes up with each new holder. Every transaction of a holder touches its row first, so that one that was
    thought dead and wakes up finds another term and writes nothing.
    """

    __tablename__ = "dataflow_lease"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    holder: Mapped[str] = mapped_column(String(200))
    term: Mapped[int] = mapped_column(Integer)
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    position: Mapped[dict[str, Any]]


class SlaRecord(Base):
    """One promise of a pipeline's `sla`: a day's `finish_by` (subject: the day) or a run's `max_duration` (the run)."""

    __tablename__ = "dataflow_sla"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    pipeline_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    kind: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(ID_LENGTH))
    run_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20))
    at_risk_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("pipeline_id", "kind", "subject"), Index(None, "pipeline_id", "due_at"))


class Notice(Base):
    """Something that people are told of; the same again only counts up until it is over (`resolved_at`)."""

    __tablename__ = "dataflow_notification"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    pipeline_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    run_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    kind: Mapped[str] = mapped_column(String(20))
    fingerprint: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(500))
    node: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    line: Mapped[str | None] = mapped_column(Text)
    diagnosis: Mapped[str | None] = mapped_column(Text)
    occurrences: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "pipeline_id", "resolved_at"), Index(None, "last_seen_at"))


class Delivery(Base):
    """One message of a notice to one channel; `attempts` doubles as the mark by which a sender claims it."""

    __tablename__ = "dataflow_delivery"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    notice_key: Mapped[int] = mapped_column(BigId, ForeignKey("dataflow_notification.id", ondelete="CASCADE"))
    via: Mapped[str] = mapped_column(String(20))
    connection: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    recipients: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    next_try_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index(None, "state", "next_try_at"), Index(None, "notice_key"))


class NoticeRead(Base):
    """A user has read a notice; one that comes again after that is unread again."""

    __tablename__ = "dataflow_notification_read"

    notice_key: Mapped[int] = mapped_column(
        BigId, ForeignKey("dataflow_notification.id", ondelete="CASCADE"), primary_key=True
    )
    user_name: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    read_at: Mapped[datetime]


class DiagnosisRecord(Base):
    """Why one try of a stage failed; `pending` until its log was read, `failed` when that could not be done.

    attempt:   digest of pipeline, run, stage and try: a key over their full lengths is too long for some databases
    document:  the diagnosis with the changes that its actions make, None while there is none
    text_hash: of the version of the pipeline that ran
    error:     why the last go at it came to nothing
    """

    __tablename__ = "dataflow_diagnosis"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    attempt: Mapped[str] = mapped_column(String(64))
    pipeline_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    run_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    stage_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    try_number: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(20))
    queued_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    failed_at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    node_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    root_cause: Mapped[str | None] = mapped_column(String(60))
    confidence: Mapped[float | None]
    text_hash: Mapped[str | None] = mapped_column(String(64))
    document: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        UniqueConstraint("attempt"),
        Index(None, "state", "next_try_at"),
        Index(None, "pipeline_id", "failed_at"),
        Index(None, "failed_at"),
    )


class DiagnosisFeedback(Base):
    """What one user thinks of a diagnosis: whether it helped, what the cause really was, and what mended it."""

    __tablename__ = "dataflow_diagnosis_feedback"

    diagnosis_key: Mapped[int] = mapped_column(
        BigId, ForeignKey("dataflow_diagnosis.id", ondelete="CASCADE"), primary_key=True
    )
    user_name: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(20))
    true_cause: Mapped[str | None] = mapped_column(String(60))
    fixed_by: Mapped[str | None] = mapped_column(String(500))
    given_at: Mapped[datetime]


def has_tables(session: Session) -> bool:
    """Return whether `airflow db migrate` has made our tables in their newest form."""
    return inspect(session.connection()).has_table(DiagnosisFeedback.__tablename__)
