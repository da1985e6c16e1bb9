"""What people are told, once: a notice with its messages is made in the transaction that records what it tells of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dataflow_provider.db.tables import Delivery, Notice, RunRecord
from dataflow_provider.diagnosis.report import diagnose
from dataflow_provider.diagnosis.taxonomy import UNKNOWN
from dataflow_provider.runs.records import RecordState
from dataflow_provider.spec.models import Notification, Notify

TOO_OLD = timedelta(days=1)
"""Of what ended longer ago nobody is told any more, such as after a long stop of all servers."""
_VARIES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+|\d+", re.IGNORECASE)
_OPEN_TROUBLE = ("failure", "warning")


@dataclass(frozen=True)
class Told:
    """What there is to tell; `same` makes two of one kind the same trouble, numbers in it aside unless `is_exact`."""

    pipeline_id: str
    run_id: str | None
    kind: str
    title: str
    same: str
    node: str | None = None
    line: str | None = None
    diagnosis: str | None = None
    is_exact: bool = False

    @property
    def fingerprint(self) -> str:
        """The same for errors that differ in numbers and ids alone."""
        return fingerprint_of(self.same if self.is_exact else _VARIES.sub("#", self.same))


def fingerprint_of(same: str) -> str:
    return hashlib.sha256(same.encode()).hexdigest()


def raise_notice(
    session: Session, told: Told, to: Sequence[Notification], now: datetime, *, is_over: bool = False
) -> Notice:
    """People are told, unless they have been and the trouble is not over; then it is counted.

    `is_over` is for good news, which is over once it is told.
    """
    known = session.scalar(
        select(Notice).where(
            Notice.pipeline_id == told.pipeline_id,
            Notice.kind == told.kind,
            Notice.fingerprint == told.fingerprint,
            Notice.resolved_at.is_(None),
        )
    )
    if known is not None:
        if known.run_id != told.run_id:
            known.occurrences += 1
        known.run_id, known.last_seen_at = told.run_id, now
        return known
    notice = Notice(
        pipeline_id=told.pipeline_id, run_id=told.run_id, kind=told.kind, fingerprint=told.fingerprint,
        title=told.title[:500], node=told.node, line=told.line, diagnosis=told.diagnosis, occurrences=1,
        created_at=now, last_seen_at=now, resolved_at=now if is_over else None,
    )  # fmt: skip
    session.add(notice)
    session.flush()
    for one in to:
        session.add(
            Delivery(
                notice_key=notice.id, via=one.via, connection=one.connection, recipients=_recipients(one),
                state="pending", attempts=0, next_try_at=now,
            )
        )  # fmt: skip
    return notice


def resolve_notices(
    session: Session, pipeline_id: str, kinds: Collection[str], now: datetime, same: Collection[str] | None = None
) -> list[Notice]:
    """The open notices of these kinds (with `same` of these exact troubles only) are over; return them."""
    query = select(Notice).where(
        Notice.pipeline_id == pipeline_id, Notice.kind.in_(kinds), Notice.resolved_at.is_(None)
    )  # fmt: skip
    if same is not None:
        query = query.where(Notice.fingerprint.in_([fingerprint_of(one) for one in same]))
    found = list(session.scalars(query))
    for notice in found:
        notice.resolved_at = now
    return found


def tell_of_run(session: Session, record: RunRecord, notify: Notify, now: datetime, since: datetime) -> None:
    """People hear how a run has ended, unless it ended before anybody kept records or too long ago."""
    ended = record.ended_at
    if ended is None or ended < since or now - ended > TOO_OLD:
        return
    if record.state == RecordState.FAILED:
        raise_notice(session, _failure(record), notify.on_failure, now)
        return
    if record.state not in (RecordState.SUCCESS, RecordState.WARNING):
        return
    over = _OPEN_TROUBLE if record.state == RecordState.SUCCESS else ("failure",)
    mended = resolve_notices(session, record.pipeline_id, over, now)
    if record.state == RecordState.WARNING:
        raise_notice(session, _warning(record), notify.on_warning, now)
    if any(notice.kind == "failure" for notice in mended):
        told = Told(
            record.pipeline_id, record.run_id, "recovery", f"{record.pipeline_id} runs again", same=record.run_id
        )  # fmt: skip
        raise_notice(session, told, notify.on_recovery, now, is_over=True)


def _failure(record: RunRecord) -> Told:
    error = record.error or "The run failed; no stage has left an error."
    line = first_line(error)
    verdict = diagnose(error, node=record.error_node)
    return Told(
        record.pipeline_id, record.run_id, "failure", f"{record.pipeline_id} failed", same=line,
        node=record.error_node, line=line, diagnosis=None if verdict.root_cause == UNKNOWN else verdict.summary,
    )  # fmt: skip


def _warning(record: RunRecord) -> Told:
    reasons = record.reasons
    line = "; ".join(str(reason["message"]) for reason in reasons)
    same = ";".join(f"{reason['kind']}:{reason.get('node')}:{reason.get('rule')}" for reason in reasons)
    node = next((reason["node"] for reason in reasons if reason.get("node")), None)
    title = f"{record.pipeline_id} finished with a warning"
    return Told(record.pipeline_id, record.run_id, "warning", title, same=same, node=node, line=line)


def first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:1000]


def _recipients(one: Notification) -> list[str]:
    return [one.to] if isinstance(one.to, str) else list(one.to or ())
