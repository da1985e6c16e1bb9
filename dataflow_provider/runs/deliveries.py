"""Sends the messages of notices: each is claimed by one server, tried again with growing pauses, and given up visibly.

A server that dies after the channel has taken a message and before that is noted sends it once more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dataflow_provider.connectors.workspace_connections import require_usable
from dataflow_provider.db.tables import Delivery, Notice
from dataflow_provider.errors import AuthorError, DataflowError
from dataflow_provider.notifications.channels import send as send_by_channel
from dataflow_provider.notifications.message import Message
from dataflow_provider.runs.source import workspace_of

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 6
FIRST_PAUSE = timedelta(minutes=1)
CLAIM = timedelta(minutes=5)
"""How long a claimed message is left alone; a channel's own patience is shorter."""
BATCH = 20

Sender = Callable[[str, Message, str | None, Sequence[str]], None]


def send_due(session: Session, base_url: str, now: Callable[[], datetime], send: Sender = send_by_channel) -> int:
    """Every message whose time has come was tried once; return how many a channel has taken."""
    due = session.execute(
        select(Delivery.id, Delivery.attempts)
        .where(Delivery.state == "pending", Delivery.next_try_at <= now())
        .order_by(Delivery.next_try_at)
        .limit(BATCH)
    ).all()
    session.rollback()
    return sum(_try(session, row.id, row.attempts, base_url, now, send) for row in due)


def _try(
    session: Session, delivery_id: int, attempts: int, base_url: str, now: Callable[[], datetime], send: Sender
) -> bool:
    """Claim and send one message; False when it failed, or another server was quicker."""
    if not _mark(session, delivery_id, attempts, attempts=attempts + 1, next_try_at=now() + CLAIM):
        return False
    delivery = session.get_one(Delivery, delivery_id, populate_existing=True)
    notice = session.get_one(Notice, delivery.notice_key, populate_existing=True)
    via, connection, recipients = delivery.via, delivery.connection, list(delivery.recipients)
    workspace = workspace_of(session, notice.pipeline_id)
    message = build_message(notice, base_url)
    session.rollback()  # no transaction stays open while a channel makes us wait
    try:
        if connection is not None:
            require_usable(connection, workspace)
        send(via, message, connection, recipients)
    except DataflowError as error:
        _failed(session, delivery_id, attempts + 1, error, now())
        return False
    _mark(session, delivery_id, attempts + 1, state="sent", sent_at=now(), error=None)
    return True


def _failed(session: Session, delivery_id: int, attempts: int, error: DataflowError, now: datetime) -> None:
    """What only a person can mend is given up at once; it stands with the notice, and in the log."""
    is_last = attempts >= MAX_ATTEMPTS or isinstance(error, AuthorError)
    pause = FIRST_PAUSE * 3 ** (attempts - 1)
    values: dict[str, Any] = {"error": str(error), "next_try_at": now + pause}
    _mark(session, delivery_id, attempts, state="failed" if is_last else "pending", **values)
    logger.warning("message not sent delivery=%d attempt=%d final=%s: %s", delivery_id, attempts, is_last, error)


def _mark(session: Session, delivery_id: int, claimed: int, **values: Any) -> bool:
    """Write to a message as long as it is this claim's; return whether it was."""
    own = (Delivery.id == delivery_id, Delivery.attempts == claimed, Delivery.state == "pending")
    done: Any = session.execute(
        update(Delivery).where(*own).values(**values).execution_options(synchronize_session=False)
    )
    session.commit()
    return bool(done.rowcount == 1)


def build_message(notice: Notice, base_url: str) -> Message:
    """Return what a notice says; its link leads to the run, or to the pipeline when no run has come."""
    app = f"{base_url.rstrip('/')}/dataflow/app"
    run = None if notice.run_id is None else quote(f"{notice.pipeline_id}~{notice.run_id}", safe="~")
    page = f"/pipelines/{notice.pipeline_id}/history" if run is None else f"/monitor/runs/{run}"
    return Message(
        kind=notice.kind,
        title=notice.title,
        pipeline_id=notice.pipeline_id,
        key=f"dataflow/{notice.pipeline_id}",
        run_id=notice.run_id,
        node=notice.node,
        line=notice.line,
        diagnosis=notice.diagnosis,
        link=app + page,
    )
