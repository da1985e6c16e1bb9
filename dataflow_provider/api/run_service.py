"""The threads of the API server that keep run records, watch promises, diagnose failures and send messages.

Every server has them. One server of all holds the lease for records and promises, one that for diagnoses; messages are
claimed one by one.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from abc import abstractmethod

from airflow.configuration import conf
from airflow.models.dag import DagModel, DagTag
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.orm import Session

from dataflow_provider.airflow_compat import OUR_TAG
from dataflow_provider.api.definitions import load_definition, load_facts
from dataflow_provider.api.diagnosing import diagnose_by_itself
from dataflow_provider.db.tables import has_tables
from dataflow_provider.runs.deliveries import send_due
from dataflow_provider.runs.diagnoses import work_off
from dataflow_provider.runs.lease import LEASE_S, Held, LeaseLostError, acquire, utc_now
from dataflow_provider.runs.recorder import Recorder, forget_old
from dataflow_provider.runs.sla import Watched, watch
from dataflow_provider.settings import Settings

logger = logging.getLogger(__name__)

LEASE_NAME = "runs"
NO_TABLES = "DF-RUNS-020"
INTERVAL_S = 5.0
DIAGNOSE_EVERY_S = 2.0
AFTER_ERROR_S = 10.0
WATCH_EVERY_S = 20.0
CLEAN_EVERY_S = 3600.0


class ServerThread(threading.Thread):
    """Does its `tick` again and again until it is stopped, whatever the database does meanwhile."""

    def __init__(self, name: str, interval_s: float) -> None:
        super().__init__(name=name, daemon=True)
        self._interval_s = interval_s
        self._stopping = threading.Event()

    @abstractmethod
    def tick(self, session: Session) -> None:
        """One look."""

    def stop(self, timeout_s: float = 5.0) -> None:
        """The thread ends."""
        self._stopping.set()
        if self.is_alive():
            self.join(timeout_s)

    def run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = self._interval_s
            try:
                with create_session() as session:
                    is_ready = has_tables(session)
                    session.rollback()  # a tick begins its transactions itself
                    if is_ready:
                        self.tick(session)
                    else:
                        logger.warning(
                            "%s: the tables of DataFlow AI are missing, so runs are not recorded. "
                            "Run `airflow db migrate`.", NO_TABLES,
                        )  # fmt: skip
                        pause = AFTER_ERROR_S
            except Exception:  # the thread must outlive a database that is away; it is told, and tried again
                logger.exception("%s failed; trying again in %d s", self.name, AFTER_ERROR_S)
                pause = AFTER_ERROR_S


class LeasedThread(ServerThread):
    """Does a job that only one server of all may do, as long as it holds the job's lease, else waits for it."""

    lease_name: str
    lasts_s = LEASE_S

    def __init__(self, name: str, interval_s: float) -> None:
        super().__init__(name, interval_s)
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"[:200]
        self._held: Held | None = None

    @abstractmethod
    def look(self, session: Session, held: Held) -> None:
        """Do what is to be done now."""

    def stop(self, timeout_s: float = 5.0) -> None:
        """The thread ends, and another server may go on at once."""
        super().stop(timeout_s)
        if self._held is not None and not self.is_alive():
            with create_session() as session:
                self._held.give_up(session)

    def tick(self, session: Session) -> None:
        """One look, when this process holds the lease or can have it."""
        if self._held is None:
            self._held = acquire(session, self.lease_name, self.holder, lasts_s=self.lasts_s)
        if self._held is None:
            return
        try:
            with self._held.transaction(session):
                pass
            self.look(session, self._held)
        except LeaseLostError:
            logger.info("another server does this now job=%s holder=%s", self.lease_name, self.holder)
            self._held = None
        except Exception:
            self._held = None  # the position in memory may be ahead of what was committed
            raise


class RecordThread(LeasedThread):
    """Looks for changed runs every five seconds."""

    lease_name = LEASE_NAME

    def __init__(self, interval_s: float = INTERVAL_S) -> None:
        super().__init__("dataflow-runs", interval_s)
        self._recorder = Recorder(load_definition)
        self._done_at: dict[str, float] = {}

    def look(self, session: Session, held: Held) -> None:
        self._recorder.record_changes(session, held)
        if self._is_time("watch", WATCH_EVERY_S):
            watch(session, held, load_watched(session))
        if self._is_time("clean", CLEAN_EVERY_S):
            forget_old(session, held, Settings.load().run_retention_days)

    def _is_time(self, job: str, every_s: float) -> bool:
        now = time.monotonic()
        if job in self._done_at and now - self._done_at[job] < every_s:
            return False
        self._done_at[job] = now
        return True


class DiagnosisThread(LeasedThread):
    """Diagnoses what has failed; a log that takes long to come holds up other diagnoses, and no record."""

    lease_name = "diagnoses"
    lasts_s = 180.0

    def __init__(self, interval_s: float = DIAGNOSE_EVERY_S) -> None:
        super().__init__("dataflow-diagnoses", interval_s)

    def look(self, session: Session, held: Held) -> None:
        work_off(session, held, diagnose_by_itself)


class MessageThread(ServerThread):
    """Sends messages whose time has come; a slow channel holds up other messages, and no record."""

    def __init__(self, interval_s: float = INTERVAL_S) -> None:
        super().__init__("dataflow-messages", interval_s)

    def tick(self, session: Session) -> None:
        send_due(session, conf.get("api", "base_url", fallback="") or "", utc_now)


class RunService:
    """The threads of a server."""

    def __init__(self, interval_s: float = INTERVAL_S) -> None:
        self.threads: tuple[ServerThread, ...] = (
            RecordThread(interval_s), DiagnosisThread(min(interval_s, DIAGNOSE_EVERY_S)), MessageThread(interval_s),
        )  # fmt: skip

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        for thread in self.threads:
            thread.stop()


def load_watched(session: Session) -> dict[str, Watched]:
    """Return every pipeline with what its newest valid text promises."""
    ours = select(DagTag.dag_id).where(DagTag.name == OUR_TAG)
    rows = session.execute(
        select(DagModel.dag_id, DagModel.is_paused, DagModel.next_dagrun_create_after).where(
            DagModel.dag_id.in_(ours), ~DagModel.is_stale
        )
    ).all()
    facts = load_facts(session, [row.dag_id for row in rows])
    return {
        row.dag_id: Watched(row.dag_id, facts[row.dag_id], bool(row.is_paused), row.next_dagrun_create_after)
        for row in rows
        if row.dag_id in facts
    }
