"""What two passages tell together: a wait behind a time limit, a reason behind a refusal, what ended a task."""

from __future__ import annotations

import json

import pytest

from dataflow_provider.diagnosis.engine import judge
from dataflow_provider.diagnosis.taxonomy import UNKNOWN

STAMP = "2026-05-21T20:17:4{at}.0Z [{level:8}] {text} [app]\n"
TIME_LIMIT = "psycopg2.errors.QueryCanceled: canceling statement due to statement timeout"
REFUSED = "requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: https://api.internal/v1"


def told(*lines: tuple[str, str], raised: str = "") -> str:
    """Return the first cause for logged lines and the exception behind them."""
    log = "".join(STAMP.format(at=at, level=level, text=text) for at, (level, text) in enumerate(lines))
    if raised:
        log += STAMP.format(at=9, level="error", text="Task failed with exception")
        log += f"Traceback (most recent call last):\n{raised}\n"
    return judge(log).ranked[0].root_cause


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("process 812 still waiting for ShareLock on transaction 991 after 1000 ms", "lock_contention"),
        ("session 41 waits on enq: TX - row lock contention", "lock_contention"),
        ("lock request of UPDATE is blocked by session 4410", "lock_contention"),
        ("advisory lock 536 taken in 19 ms", "statement_timeout"),
        ("lock timeout 30 s", "statement_timeout"),
    ],
)
def test_time_limit_reached_while_waiting_for_a_lock_is_a_lock(line: str, cause: str) -> None:
    assert told(("warning", line), raised=TIME_LIMIT) == cause


def test_wait_for_a_lock_alone_names_no_lock() -> None:
    line = ("warning", "process 812 still waiting for ShareLock on transaction 991 after 1000 ms")
    assert told(line, raised="ZeroDivisionError: division by zero") == "division_by_zero"


def test_login_that_takes_too_long_is_no_statement_and_no_lost_connection() -> None:
    for raised in (
        "pyodbc.OperationalError: ('HYT00', '[HYT00] [Microsoft][SQL Server]Login timeout expired (0)')",
        "JDBCException: [Teradata JDBC Driver] [Error 1277] [SQLState 08S01] Login timeout for Connection to td",
    ):
        assert told(raised=raised) == "connect_timeout"


def test_refusal_beside_an_address_that_is_not_let_in_is_for_the_network() -> None:
    assert told(raised=REFUSED) == "permission_denied"
    body = ("error", "answer of the server: IP address 20.1.1.4 is not on the allow list")
    assert told(body, raised=REFUSED) == "network_policy_blocked"


def test_task_that_was_stopped_from_outside_lost_its_connection_for_that() -> None:
    lost = "pyodbc.OperationalError: ('08S01', '[08S01] [Microsoft][SQL Server]Communication link failure (0)')"
    assert told(raised=lost) == "connection_lost"
    assert told(("error", "Process timed out, PID: 991"), raised=lost) == "airflow_task_timeout"


def test_kernel_that_kills_for_memory_explains_the_heartbeat() -> None:
    zombie = ("error", "Detected zombie job: {'msg': 'a'}")
    assert told(zombie) == "airflow_heartbeat_lost"
    assert told(("error", "Memory cgroup out of memory: Killed process 41 (python)"), zombie) == "out_of_memory"


def test_number_that_does_not_convert_in_an_address_is_a_setting() -> None:
    bad = "ValueError: invalid literal for int() with base 10: '1521/ORCL'"
    assert told(raised=bad) == "type_cast_error"
    link = "\n\nThe above exception was the direct cause of the following exception:\n\n"
    wrapped = "Traceback (most recent call last):\nsqlalchemy.exc.ArgumentError: Could not parse SQLAlchemy URL"
    assert told(raised=bad + link + wrapped) == "invalid_configuration"


def test_reasons_that_a_client_only_supposes_count_less_than_what_happened() -> None:
    line = (
        "Connection to node 3 terminated during authentication. This may happen due to any of the following reasons: "
        "(1) Authentication failed due to invalid credentials (2) Firewall blocking Kafka TLS traffic"
    )
    assert told(("error", line)) == "connection_lost"


@pytest.mark.parametrize("line", ["checking credentials, none expired", "scanning for expired tokens and deadlocks"])
def test_line_that_only_looks_for_trouble_tells_of_none(line: str) -> None:
    assert told(("info", line), raised="AssertionError") == UNKNOWN


def test_further_suspicion_is_never_likelier_than_the_first() -> None:
    log = STAMP.format(at=1, level="info", text="gave up, the lock timeout came first")
    named = [one.confidence for one in judge(log).ranked if one.root_cause != UNKNOWN]
    assert named
    assert named == sorted(named, reverse=True)


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("2003 (HY000): Can't connect to MySQL server on 'db:3306' (110)", "connect_timeout"),
        ("2003 (HY000): Can't connect to MySQL server on 'db:3306' (111)", "connection_refused"),
        ("002003 (42S02): SQL compilation error", "object_not_found"),
    ],
)
def test_short_number_with_a_state_is_not_one_of_snowflake(message: str, cause: str) -> None:
    assert told(raised=f"DatabaseError: {message}") == cause


@pytest.mark.parametrize(
    ("printed", "cause"),
    [
        ("curl: (6) something new", "dns_failure"),
        ("put a.csv: SSH_FX_NO_SPACE_ON_FILESYSTEM", "disk_or_spool_space"),
        ("ftplib.error_perm: 552 a.csv", "disk_or_spool_space"),
        ("SQL*Loader-941: stage", "object_not_found"),
    ],
)
def test_number_that_a_program_ends_with_tells_without_words(printed: str, cause: str) -> None:
    wrapper = ("error", "Bash command failed. The command returned a non-zero exit code 1.")
    assert told(("info", "reading"), ("error", printed), wrapper) == cause


def test_printed_line_that_only_says_what_is_not_there_is_heard() -> None:
    line = {"timestamp": "2026-04-01T09:00:01Z", "level": "info", "event": "x.csv: No such file or directory"}
    assert judge(json.dumps(line | {"logger": "task.stdout"})).ranked[0].root_cause == "source_file_missing"


def test_statement_that_somebody_cancelled_did_not_take_too_long() -> None:
    assert told(raised="psycopg2.errors.QueryCanceled: canceling statement due to user request") == UNKNOWN
    assert told(raised=TIME_LIMIT) == "statement_timeout"


def test_name_that_does_not_resolve_explains_that_a_client_could_not_connect() -> None:
    raised = 'EndpointConnectionError: Could not connect to the endpoint URL: "https://s3.internal/"'
    assert told(raised=raised) == "connection_refused"
    assert told(("warning", "s3.internal: Name or service not known"), raised=raised) == "dns_failure"
