"""DuckDB with job ids, as Snowflake and Databricks have them: a submitted statement runs on without its session.

DDL commits by itself, and a job ends after some looks at it. Its state outlives sessions and tries as that of a
database does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from dataflow_provider.connectors import jobs, manifests
from dataflow_provider.connectors.base import SessionOptions, SqlSession
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.impl.duckdb import DuckDBConnector
from dataflow_provider.connectors.jdbc import JDBCConnectorBase
from dataflow_provider.connectors.jobs import JobState
from dataflow_provider.dialects import registry as dialects
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.dialects.transaction import TransactionPlan
from dataflow_provider.errors import DataflowError, TransientError


@dataclass
class Job:
    """One submitted statement."""

    sql: str
    looks: int
    state: JobState = field(default_factory=lambda: JobState("running"))


@dataclass
class Database:
    """The jobs of the database; `looks` is how often a new job is still running when it is asked for."""

    looks: int = 2
    jobs: dict[str, Job] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    unreachable: int = 0
    takes_jobs: bool = True


DATABASE = Database()


class JobDuckDBSession:
    """A DuckDB session that can submit."""

    def __init__(self, session: SqlSession) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def takes_jobs(self) -> bool:
        return DATABASE.takes_jobs

    def submit(self, sql: str) -> str:
        job_id = f"job-{len(DATABASE.jobs) + 1}"
        DATABASE.jobs[job_id] = Job(sql, DATABASE.looks)
        return job_id

    def job_state(self, job_id: str) -> JobState:
        if DATABASE.unreachable:
            DATABASE.unreachable -= 1
            raise TransientError("DF-TEST-001", "the line is dead")
        job = DATABASE.jobs[job_id]
        if job.state.status == "running":
            job.looks -= 1
            if job.looks < 0:
                job.state = self._ended(job.sql)
        return job.state

    def _ended(self, sql: str) -> JobState:
        try:
            return JobState("succeeded", rows=self._session.execute(sql))
        except DataflowError as error:
            return JobState("failed", error.message)

    def cancel_job(self, job_id: str) -> None:
        DATABASE.cancelled.append(job_id)
        DATABASE.jobs[job_id].state = JobState("failed", "cancelled")


class JobDuckDBConnector(JDBCConnectorBase[Any]):
    """The engine `duckdb`, with job ids."""

    manifest = manifests.BUILT_IN["duckdb"]

    def connect(self, connection: ConnectionSpec, options: SessionOptions) -> JobDuckDBSession:
        return JobDuckDBSession(DuckDBConnector().connect(connection, replace(options, read_only=False)))

    def disconnect(self, session: JobDuckDBSession) -> None:
        session.close()


def use_jobs(patch: pytest.MonkeyPatch) -> Database:
    """Let the engine `duckdb` have job ids until the test ends, and return its empty database."""
    DATABASE.looks, DATABASE.unreachable, DATABASE.takes_jobs = 2, 0, True
    DATABASE.jobs.clear()
    DATABASE.cancelled.clear()
    manifest = replace(manifests.BUILT_IN["duckdb"], implementation=f"{__name__}:JobDuckDBConnector")
    patch.setattr(manifests, "BUILT_IN", {**manifests.BUILT_IN, "duckdb": manifest})
    dialect = replace(get_dialect("duckdb"), transaction=TransactionPlan(ddl_commits=True))
    patch.setattr(dialects, "DIALECTS", {"duckdb": dialect})
    patch.setattr(jobs, "JOB_ENGINES", frozenset({"duckdb"}))
    return DATABASE
