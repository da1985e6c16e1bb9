"""Long statements as jobs: begun once, found again by a later try, waited for here or by somebody else.

Only the statement that builds a stage table is a job: a publish holds the target's lock or a transaction, and both need
their session. Jobs are kept by the digest of their statement until the stages they belong to have ended.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager, suppress

from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.connectors.jobs import JobSession, JobState
from dataflow_provider.errors import DataflowError, TerminalError, TransientError

logger = logging.getLogger(__name__)

_BUILD = re.compile(r"\s*CREATE\s+(OR\s+REPLACE\s+)?TABLE\b.*?\bAS\b.*?\bSELECT\b", re.IGNORECASE | re.DOTALL)

FIRST_PAUSE_S = 0.2
"""Before the second look at a job; each pause is twice the one before, up to what the task asks for."""

Ledger = MutableMapping[str, str]
"""Digest of a statement → job id; outlives the process where that can be had."""


class JobRunning(BaseException):
    """Raised out of a stage that somebody else shall wait for; not an error, so that nothing on the way handles it."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(job_id)


def is_long(sql: str) -> bool:
    """Return whether a statement of ours builds a table that outlives the session from a query.

    >>> is_long("CREATE OR REPLACE TABLE a AS SELECT 1"), is_long("CREATE TEMPORARY TABLE a AS SELECT 1")
    (True, False)
    """
    return _BUILD.match(sql) is not None


def digest_of(sql: str) -> str:
    return hashlib.sha256(sql.encode()).hexdigest()[:32]


class JobWatch:
    """The jobs of one task.

    `waits` False leaves the waiting to somebody else: a running job raises `JobRunning`. `resumed` says that a job
    which has failed since is this try's own, so that its failure is told; one of an earlier try is begun again.
    """

    def __init__(self, ledger: Ledger, *, waits: bool = True, resumed: bool = False, poll_s: float = 5.0) -> None:
        self.ledger = ledger
        self.waits = waits
        self.resumed = resumed
        self.poll_s = poll_s

    def knows(self, statements: Iterable[str]) -> bool:
        """Return whether one of the statements has been begun and not been told as ended yet."""
        return any(digest_of(sql) in self.ledger for sql in statements)

    @contextmanager
    def kept_until_the_end(self) -> Iterator[None]:
        """Forget all jobs when the block ends, by itself or by an error of the work.

        They stay known when contact was lost, and when somebody else waits: a next try then finds them.
        """
        try:
            yield
        except (JobRunning, TransientError):
            raise
        except BaseException:
            self.ledger.clear()
            raise
        self.ledger.clear()

    def run(self, session: SqlSession, sql: str) -> int | None:
        """Return the rows that the statement changed, once it has ended.

        Raises:
            JobRunning: when it runs and somebody else waits for it.
            TransientError: when it failed and may go through later, or contact was lost.
            TerminalError: when it failed for good.
        """
        if not isinstance(session, JobSession) or not is_long(sql):
            return session.execute(sql)
        if not session.takes_jobs():
            logger.log(
                logging.DEBUG if self.waits else logging.WARNING,
                "the connection takes no jobs, so the task waits in its worker",
            )
            return session.execute(sql)
        digest = digest_of(sql)
        job_id = self.ledger.get(digest)
        state = None if job_id is None else session.job_state(job_id)
        if state is not None and state.status == "failed" and not self.resumed:
            logger.warning("job=%s of an earlier try has failed, starting it again: %s", job_id, state.message)
            state = None
        if job_id is None or state is None:
            job_id = session.submit(sql)
            self.ledger[digest] = job_id
            logger.info("job=%s submitted", job_id)
            state = session.job_state(job_id)
        else:
            logger.info("job=%s of an earlier try is %s, it is not started again", job_id, state.status)
        if state.status == "running":
            state = self._wait(session, job_id, digest)
        if state.status == "failed":
            del self.ledger[digest]
            raise _failure(job_id, state)
        return state.rows

    def _wait(self, session: JobSession, job_id: str, digest: str) -> JobState:
        if not self.waits:
            raise JobRunning(job_id)
        try:
            pause = min(FIRST_PAUSE_S, self.poll_s)
            while (state := session.job_state(job_id)).status == "running":
                time.sleep(pause)
                pause = min(2 * pause, self.poll_s)
        except TransientError:
            raise
        except BaseException:
            # The task is being stopped: the database shall stop too.
            with suppress(DataflowError):
                session.cancel_job(job_id)
                self.ledger.pop(digest, None)
            raise
        return state


def _failure(job_id: str, state: JobState) -> DataflowError:
    kind = TransientError if state.transient else TerminalError
    return kind(
        "DF-RUN-070",
        f"the statement of job `{job_id}` failed: {state.message or 'the database gave no reason'}",
        hint="Look the job up in the database's query history.",
    )
