"""What Snowflake's driver says of a query, as the state of a job. The calls themselves run against fakesnow."""

from __future__ import annotations

from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.constants import QueryStatus
from snowflake.connector.errors import ProgrammingError

from dataflow_provider.connectors.impl.snowflake_jobs import UNKNOWN_LOOKS, SnowflakeJobs


class Cursor:
    """A cursor that keeps what it was asked to run."""

    def __init__(self, log: list[Any]) -> None:
        self.log = log
        self.sfqid = "01b2"

    def execute_async(self, sql: str) -> None:
        self.log.append(sql)

    def execute(self, sql: str, parameters: tuple[str, ...]) -> None:
        self.log.append((sql, parameters))

    def close(self) -> None:
        self.log.append("closed")


class Connection:
    """A connection whose queries all have one status; the driver's own rules say what it means."""

    is_still_running = staticmethod(SnowflakeConnection.is_still_running)
    is_an_error = staticmethod(SnowflakeConnection.is_an_error)

    def __init__(self, status: QueryStatus) -> None:
        self.status = status
        self.log: list[Any] = []

    def cursor(self) -> Cursor:
        return Cursor(self.log)

    def get_query_status(self, query_id: str) -> QueryStatus:
        return self.status

    def get_query_status_throw_if_error(self, query_id: str) -> QueryStatus:
        raise ProgrammingError(msg="Division by zero", errno=100051)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (QueryStatus.QUEUED, "running"),
        (QueryStatus.RESUMING_WAREHOUSE, "running"),
        (QueryStatus.RUNNING, "running"),
        (QueryStatus.SUCCESS, "succeeded"),
        (QueryStatus.FAILED_WITH_ERROR, "failed"),
        (QueryStatus.ABORTED, "failed"),
    ],
)
def test_status_of_a_query_is_the_state_of_its_job(status: QueryStatus, expected: str) -> None:
    state = SnowflakeJobs(Connection(status)).state("01b2")
    assert state.status == expected
    assert ("Division by zero" in (state.message or "")) is (expected == "failed")


def test_query_that_stays_unknown_has_failed() -> None:
    jobs = SnowflakeJobs(Connection(QueryStatus.NO_DATA))
    states = [jobs.state("01b2").status for _ in range(UNKNOWN_LOOKS)]
    assert states == ["running"] * (UNKNOWN_LOOKS - 1) + ["failed"]


def test_submit_gives_the_query_id_and_cancel_names_it() -> None:
    connection = Connection(QueryStatus.RUNNING)
    jobs = SnowflakeJobs(connection)
    assert jobs.submit("CREATE TABLE t AS SELECT 1 AS n") == "01b2"
    jobs.cancel("01b2")
    assert connection.log == [
        "CREATE TABLE t AS SELECT 1 AS n", "closed", ("SELECT SYSTEM$CANCEL_QUERY(%s)", ("01b2",)), "closed",
    ]  # fmt: skip
