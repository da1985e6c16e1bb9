"""The notifications of the pipelines that a user may read, and which of them the user has read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from dataflow_provider.api.auth import Caller
from dataflow_provider.api.record_models import DeliveryState, Notification, NotificationPage
from dataflow_provider.api.run_records import require_tables
from dataflow_provider.db.tables import ID_LENGTH, Delivery, Notice, NoticeRead
from dataflow_provider.runs.lease import utc_now
from dataflow_provider.security import Right


def list_notifications(session: Session, caller: Caller, *, unread: bool, limit: int, offset: int) -> NotificationPage:
    """Return what the caller may see, the newest first."""
    require_tables(session)
    visible = _visible(session, caller)
    is_read = _is_read(caller)
    query = select(Notice, is_read.label("is_read")).where(visible)
    count_unread = session.scalar(select(func.count()).select_from(Notice).where(visible, ~is_read)) or 0
    if unread:
        query = query.where(~is_read)
        total = count_unread
    else:
        total = session.scalar(select(func.count()).select_from(Notice).where(visible)) or 0
    rows = session.execute(
        query.order_by(Notice.last_seen_at.desc(), Notice.id.desc()).limit(limit).offset(offset)
    ).all()
    messages = _messages(session, [row.Notice.id for row in rows])
    items = [_notification(row.Notice, bool(row.is_read), messages[row.Notice.id], caller) for row in rows]
    return NotificationPage(total=total, unread=count_unread, items=items)


def mark_read(session: Session, caller: Caller, ids: Collection[int] | None) -> int:
    """The caller has read these notifications, or all; those of pipelines out of sight stay as they are."""
    require_tables(session)
    query = select(Notice.id).where(_visible(session, caller), ~_is_read(caller))
    found = list(session.scalars(query if ids is None else query.where(Notice.id.in_(ids))))
    name, now = caller.username[:ID_LENGTH], utc_now()
    for notice_id in found:
        session.merge(NoticeRead(notice_key=notice_id, user_name=name, read_at=now))
    session.flush()
    return len(found)


def _visible(session: Session, caller: Caller) -> ColumnElement[bool]:
    """Of pipelines that are gone, only who may read every Dag is told whether there were any."""
    ids = set(session.scalars(select(Notice.pipeline_id).distinct()))
    known = caller.readable_pipelines()
    return Notice.pipeline_id.in_([one for one in ids if one in known or caller.may_read(one)])


def _is_read(caller: Caller) -> ColumnElement[bool]:
    """Whether the caller has read a notice since it was last seen."""
    return (
        select(NoticeRead.notice_key)
        .where(
            NoticeRead.notice_key == Notice.id,
            NoticeRead.user_name == caller.username[:ID_LENGTH],
            NoticeRead.read_at >= Notice.last_seen_at,
        )
        .exists()
    )


def _messages(session: Session, ids: Collection[int]) -> dict[int, list[Delivery]]:
    found: dict[int, list[Delivery]] = defaultdict(list)
    for delivery in session.scalars(select(Delivery).where(Delivery.notice_key.in_(ids)).order_by(Delivery.id)):
        found[delivery.notice_key].append(delivery)
    return found


def _notification(notice: Notice, is_read: bool, messages: list[Delivery], caller: Caller) -> Notification:
    told = Right.READ_LOGS in caller.rights
    return Notification(
        id=notice.id,
        pipeline_id=notice.pipeline_id,
        run_id=notice.run_id,
        kind=notice.kind,
        title=notice.title,
        node=notice.node,
        line=notice.line if told else None,
        diagnosis=notice.diagnosis if told else None,
        occurrences=notice.occurrences,
        last_seen_at=notice.last_seen_at,
        resolved_at=notice.resolved_at,
        is_read=is_read,
        deliveries=[
            DeliveryState(
                via=one.via, recipients=list(one.recipients), state=one.state, attempts=one.attempts,
                error=one.error if told else None,
            )
            for one in messages
        ],
    )  # fmt: skip
