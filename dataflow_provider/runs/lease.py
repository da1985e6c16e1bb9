"""A job that only one process of many may do: whoever holds the lease, as long as it is renewed.

The clock may be wrong by a little on each machine: the worst of it is a needless change of holder. Two never write,
since each transaction of a holder first touches the lease's row, and finds it no longer its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dataflow_provider.db.tables import Lease

LEASE_S = 30.0


class LeaseLostError(Exception):
    """Another process does the job now; what this transaction wanted to write is not written."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Held:
    """A lease that this process holds, as far as it knows; `position` is how far the job has come."""

    name: str
    holder: str
    term: int
    since: datetime
    position: dict[str, Any] = field(default_factory=dict)
    now: Callable[[], datetime] = utc_now
    lasts_s: float = LEASE_S

    @contextmanager
    def transaction(self, session: Session) -> Iterator[Session]:
        """Commit what is done inside together with `position`, and hold the lease for another while.

        Raises:
            LeaseLostError: before anything is done, when another process has taken over.
        """
        self._touch(session, expires_at=self.now() + timedelta(seconds=self.lasts_s))
        try:
            yield session
            self._touch(session, position=dict(self.position))
            session.commit()
        except BaseException:
            session.rollback()
            raise

    def give_up(self, session: Session) -> None:
        """Let another process go on at once; nothing is done when one has already."""
        session.execute(self._own(expires_at=self.now()))
        session.commit()

    def _touch(self, session: Session, **values: Any) -> None:
        done: Any = session.execute(self._own(**values))
        if _rows(done) != 1:
            session.rollback()
            raise LeaseLostError(self.name)

    def _own(self, **values: Any) -> Any:
        own = (Lease.name == self.name, Lease.holder == self.holder, Lease.term == self.term)
        return update(Lease).where(*own).values(**values).execution_options(synchronize_session=False)


def acquire(
    session: Session, name: str, holder: str, now: Callable[[], datetime] = utc_now, lasts_s: float = LEASE_S
) -> Held | None:
    """Return the lease when nobody else holds it, or its time is over; None while another process holds it.

    A holder that failed within its term, and does not know how far it came, may begin a new one at once.
    """
    moment = now()
    if session.scalar(select(Lease.name).where(Lease.name == name)) is None:
        first = Lease(name=name, holder=holder, term=0, expires_at=moment, created_at=moment, position={})
        session.add(first)
        try:
            session.commit()
        except IntegrityError:  # another process was quicker
            session.rollback()
    taken: Any = session.execute(
        update(Lease)
        .where(Lease.name == name, or_(Lease.expires_at <= moment, Lease.holder == holder))
        .values(holder=holder, term=Lease.term + 1, expires_at=moment + timedelta(seconds=lasts_s))
        .execution_options(synchronize_session=False)
    )
    if _rows(taken) != 1:
        session.rollback()
        return None
    session.commit()
    own = (Lease.name == name, Lease.holder == holder)
    row = session.execute(select(Lease.term, Lease.created_at, Lease.position).where(*own)).one_or_none()
    session.rollback()
    return None if row is None else Held(name, holder, row.term, row.created_at, dict(row.position), now, lasts_s)


def _rows(result: CursorResult[Any]) -> int:
    return result.rowcount
