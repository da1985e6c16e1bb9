"""What single signatures cannot know: two causes beside each other, of which one explains the other.

Each refinement is a plain function over the weighing; they run in the order of `REFINEMENTS`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable

from dataflow_provider.diagnosis.log import Role
from dataflow_provider.diagnosis.weighing import Evidence, Weighing

_QUOTED_VALUE = re.compile(r"[\"']([^\"'\n]{3,})[\"']")
_IMPORT_ERRORS = re.compile(
    r"^(?:\w+\.)*(?:ModuleNotFoundError|ImportError|NameError|SyntaxError|IndentationError|TabError|AttributeError|"
    r"TypeError|KeyError|AirflowDagCycleException)\b",
    re.MULTILINE,
)
# Also what PostgreSQL's wait for a row says of itself, and the wait events of Oracle and SQL Server.
_WAITS_FOR_LOCK = re.compile(
    r"still waiting for \w*Lock|enq: T[XM]\b|row lock contention|\bLCK_M_|while (?:updating|locking|deleting) tuple|"
    r"\bblocked by (?:an?other |the )?(?:session|process|pid|spid|transaction|backend|user)|"
    r"\bwait(?:s|ed|ing) (?:for|on) (?:an? |the )?(?:\w+ ){0,3}lock\b",
    re.IGNORECASE,
)
_LOUD = (Role.ROOT, Role.CHAINED, Role.STACK, Role.ERROR, Role.RAW)
_EXCEPTIONS = (Role.ROOT, Role.CHAINED, Role.STACK)
_LOGIN_TIMEOUT = re.compile(r"\blog[io]n (?:request |attempt )?time(?:d)?[ -]?out", re.IGNORECASE)
_CANCELLED = re.compile(r"due to user request|SQL execution cancell?ed", re.IGNORECASE)
_XCOM = re.compile(r"xcom", re.IGNORECASE)


def explain_general_by_special(weighing: Weighing) -> None:
    """A general cause gives way where a special one stands in the same passage."""
    told: dict[str, set[int]] = defaultdict(set)
    for one in weighing.evidence:
        told[one.cause].add(one.passage.line)
    for special, general in _EXPLAINS:
        if told[special].isdisjoint(told[general]):
            continue
        lines = {one.passage.line for one in weighing.evidence if one.cause == special and one.score >= 0.35}
        weighing.scale(0.6, cause=general, lines=lines)


_EXPLAINS = (
    ("credentials_expired", "auth_failed"),
    ("session_expired_idle", "connection_lost"),
    ("network_policy_blocked", "auth_failed"),
    ("network_policy_blocked", "permission_denied"),
    ("network_policy_blocked", "tls_error"),
    ("tls_error", "connection_lost"),
    ("tls_error", "connection_refused"),
    ("dns_failure", "connection_refused"),
    ("dns_failure", "connect_timeout"),
    ("connect_timeout", "connection_refused"),
    ("invalid_configuration", "permission_denied"),
    ("invalid_configuration", "connection_refused"),
    ("warehouse_unavailable", "object_not_found"),
    ("warehouse_unavailable", "permission_denied"),
    ("lock_contention", "statement_timeout"),
    ("deadlock", "lock_contention"),
    ("statement_timeout", "connect_timeout"),
    ("airflow_task_timeout", "connect_timeout"),
    ("airflow_task_timeout", "cluster_start_failure"),
    ("airflow_sensor_timeout", "connect_timeout"),
    ("date_parse_error", "type_cast_error"),
    ("bad_file_format", "type_cast_error"),
    ("bad_file_format", "schema_drift"),
    ("bad_file_format", "connection_lost"),
    ("encoding_error", "type_cast_error"),
    ("merge_duplicate_rows", "unique_violation"),
    ("kafka_poll_interval_exceeded", "connection_lost"),
    ("flink_checkpoint_failure", "connect_timeout"),
    ("rate_limited", "remote_service_error"),
    ("warehouse_unavailable", "statement_timeout"),
    ("connection_refused", "source_file_missing"),
    ("connection_limit", "connection_refused"),
    ("connection_limit", "connect_timeout"),
    ("connection_limit", "out_of_memory"),
    ("template_or_variable_error", "source_file_missing"),
    ("out_of_memory", "cluster_start_failure"),
    ("disk_or_spool_space", "out_of_memory"),
    ("airflow_connection_undefined", "object_not_found"),
    ("dag_not_found", "object_not_found"),
    ("dag_not_found", "dag_import_error"),
    ("template_or_variable_error", "object_not_found"),
    ("airflow_scheduling_stuck", "object_not_found"),
    ("xcom_too_large_or_unserializable", "type_cast_error"),
    ("schema_drift", "object_not_found"),
    ("schema_drift", "sql_syntax_error"),
    ("missing_driver_or_dependency", "source_file_missing"),
    ("missing_driver_or_dependency", "object_not_found"),
    ("invalid_configuration", "source_file_missing"),
    ("connection_lost", "connect_timeout"),
    ("permission_denied", "sql_syntax_error"),
    ("string_truncation", "type_cast_error"),
)


def tell_wrong_delimiter(weighing: Weighing) -> None:
    """A whole line that does not convert to a number was cut at the wrong delimiter."""
    for one in list(weighing.evidence):
        if one.cause not in ("type_cast_error", "date_parse_error"):
            continue
        for value in _QUOTED_VALUE.findall(one.passage.text):
            if any(value.count(mark) >= 2 for mark in (";", "|", "\t", "\\t")):
                weighing.scale(0.6, lines={one.passage.line})
                weighing.add("bad_file_format", 0.95, one.passage, value)
                return


def tell_login_timeout(weighing: Weighing) -> None:
    """A time limit on logging in is none of a statement, whatever general code stands beside it."""
    lines = {one.line for one in weighing.passages if _LOGIN_TIMEOUT.search(one.text)}
    for cause in ("statement_timeout", "connection_lost"):
        weighing.scale(0.35, cause=cause, lines=lines)


def tell_number_of_setting(weighing: Weighing) -> None:
    """A number that does not convert while a setting or address is read is one of the setting, not of the data."""
    if max((one.score for one in weighing.evidence if _is_setting(one)), default=0.0) >= 0.6:
        weighing.scale(0.6, cause="type_cast_error")


def _is_setting(evidence: Evidence) -> bool:
    return evidence.cause == "invalid_configuration" and evidence.passage.role in _EXCEPTIONS


def tell_import_of_dag(weighing: Weighing) -> None:
    """A missing module or name while a Dag file loads is an import error of the Dag."""
    if not weighing.has("dag_import_error"):
        return
    for passage in weighing.passages:
        if passage.role in _EXCEPTIONS and _IMPORT_ERRORS.search(passage.text):
            weighing.add("dag_import_error", 0.97, passage, passage.text.split("\n")[0])
    weighing.scale(0.55, cause="missing_driver_or_dependency")


def tell_reason_of_refusal(weighing: Weighing) -> None:
    """A refusal beside a line that names an expiry, or a network that is not let in, was for that."""
    for reason in ("credentials_expired", "network_policy_blocked"):
        if weighing.best(reason) >= 0.4:
            weighing.scale(0.7, cause="auth_failed")
            weighing.scale(0.7, cause="permission_denied")
            weighing.scale(1.25, cause=reason)


def tell_name_behind_connection(weighing: Weighing) -> None:
    """A client that only says that it could not connect did not, where a line says that the name does not resolve."""
    if weighing.best("dns_failure") >= 0.3 and 0 < weighing.best("connection_refused") <= 0.65:
        weighing.scale(0.5, cause="connection_refused")
        weighing.scale(1.4, cause="dns_failure")


def tell_cancelled_by_somebody(weighing: Weighing) -> None:
    """A statement that somebody cancelled has the code of one that took too long."""
    lines = {one.line for one in weighing.passages if _CANCELLED.search(one.text)}
    weighing.scale(0.4, cause="statement_timeout", lines=lines)


def tell_lock_behind_timeout(weighing: Weighing) -> None:
    """A statement that reached its time limit while it waited for another session's lock failed for the lock."""
    if weighing.best("statement_timeout") < 0.5:
        return
    for passage in weighing.passages:
        found = _WAITS_FOR_LOCK.search(passage.text)
        if found:
            weighing.scale(0.6, cause="statement_timeout")
            weighing.add("lock_contention", 0.85, passage, found[0])
            return


def tell_what_ended_the_task(weighing: Weighing) -> None:
    """What stops a task from outside breaks its connections; a kernel that kills it also ends its heartbeat."""
    loud = {one.cause for one in weighing.evidence if one.score >= 0.6 and one.passage.role in _LOUD}
    if "airflow_task_timeout" in loud:
        for cause in ("connection_lost", "connect_timeout", "statement_timeout"):
            weighing.scale(0.7, cause=cause)
    if "out_of_memory" in loud:
        weighing.scale(0.7, cause="airflow_heartbeat_lost")


def tell_size_of_xcom(weighing: Weighing) -> None:
    """A packet or column that is too small for an XCom is about the XCom."""
    if not (weighing.has("string_truncation") or weighing.has("connection_lost")):
        return
    for passage in weighing.passages:
        if passage.role in (*_EXCEPTIONS, Role.ERROR) and _XCOM.search(passage.text):
            weighing.scale(0.7, cause="string_truncation")
            weighing.scale(0.7, cause="connection_lost")
            weighing.add("xcom_too_large_or_unserializable", 0.9, passage, "xcom")
            return


def doubt_hints(weighing: Weighing) -> None:
    """Hints in plain output decide nothing where no error says anything."""
    if max((one.score for one in weighing.evidence), default=0.0) < 0.45:
        weighing.scale(0.7, lines={one.line for one in weighing.passages if one.role in (Role.INFO, Role.AFTER)})


REFINEMENTS: tuple[Callable[[Weighing], None], ...] = (
    tell_login_timeout,
    explain_general_by_special,
    tell_number_of_setting,
    tell_wrong_delimiter,
    tell_import_of_dag,
    tell_reason_of_refusal,
    tell_name_behind_connection,
    tell_cancelled_by_somebody,
    tell_lock_behind_timeout,
    tell_what_ended_the_task,
    tell_size_of_xcom,
    doubt_hints,
)
