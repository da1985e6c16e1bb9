"""The thread of the API server that keeps run records: every server has it, and one of them all holds the lease."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid

from airflow.utils.session import create_session
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from dataflow_provider.api.definitions import load_definition
from dataflow_provider.db.tables import RunRecord
from dataflow_provider.runs.lease import Held, LeaseLostError, acquire
from dataflow_provider.runs.recorder import Recorder, forget_old
from dataflow_provider.settings import Settings

logger = logging.getLogger(__name__)

LEASE_NAME = "runs"
NO_TABLES = "DF-RUNS-020"
INTERVAL_S = 5.0
AFTER_ERROR_S = 30.0
CLEAN_EVERY_S = 3600.0


class RunService(threading.Thread):
    """Looks for changed runs every five seconds as long as this process holds the lease, else waits for it."""

    def __init__(self, interval_s: float = INTERVAL_S) -> None:
        super().__init__(name="dataflow-runs", daemon=True)
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"[:200]
        self._interval_s = interval_s
        self._stopping = threading.Event()
        self._held: Held | None = None
        self._recorder = Recorder(load_definition)
        self._cleaned_at = 0.0

    def stop(self, timeout_s: float = 5.0) -> None:
        """The thread ends, and another server may go on at once."""
        self._stopping.set()
        if self.is_alive():
            self.join(timeout_s)

    def run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            try:
                with create_session() as session:
                    pause = self._interval_s if self._has_tables(session) else AFTER_ERROR_S
                    if pause == self._interval_s:
                        self.tick(session)
            except LeaseLostError:
                logger.info("another server keeps the run records now holder=%s", self.holder)
                self._held = None
            except Exception:  # the thread must outlive a database that is away; it is told, and tried again
                logger.exception("run records could not be kept up to date; trying again in %d s", AFTER_ERROR_S)
                self._held, pause = None, AFTER_ERROR_S
        self._give_up()

    def tick(self, session: Session) -> None:
        """One look, when this process holds the lease or can have it."""
        if self._held is None:
            self._held = acquire(session, LEASE_NAME, self.holder)
        held = self._held
        if held is None:
            return
        with held.transaction(session):
            pass
        self._recorder.record_changes(session, held)
        if time.monotonic() - self._cleaned_at > CLEAN_EVERY_S or not self._cleaned_at:
            self._cleaned_at = time.monotonic()
            forget_old(session, held, Settings.load().run_retention_days)

    def _has_tables(self, session: Session) -> bool:
        if inspect(session.get_bind()).has_table(RunRecord.__tablename__):
            return True
        logger.warning(
            "%s: the tables of DataFlow AI are missing, so runs are not recorded. Run `airflow db migrate`.", NO_TABLES
        )
        return False

    def _give_up(self) -> None:
        if self._held is not None:
            with create_session() as session:
                self._held.give_up(session)
