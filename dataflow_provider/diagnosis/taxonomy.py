"""The closed list of root causes, what each of them means, and which ones are mistaken for each other."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

UNKNOWN = "unknown"

CAUSES: Mapping[str, str] = MappingProxyType(
    {
        "deadlock": "The server found sessions waiting on each other in a ring and rolled this one back.",
        "lock_contention": "Another session held what the statement needed for longer than it may wait.",
        "connection_refused": "Nothing accepts connections at the address, so the open was turned down at once.",
        "connect_timeout": "No connection came about within the time allowed for connecting or logging in.",
        "connection_lost": "A connection that was up broke off.",
        "session_expired_idle": "The server ended the session or handle for idleness or for its age.",
        "connection_limit": "A ceiling of sessions, connections or locks was reached on the server or in the pool.",
        "dns_failure": "The host name does not resolve.",
        "tls_error": "The certificate or the TLS set-up is wrong, or the server insists on TLS.",
        "network_policy_blocked": "A firewall or network policy turns the client's address away.",
        "auth_failed": "The credential, key or account is wrong or unknown.",
        "credentials_expired": "A password, token or session credential has expired.",
        "permission_denied": "The login works but lacks a right on the object.",
        "rate_limited": "The remote side throttles requests.",
        "remote_service_error": "The remote service is down or answers with a server error.",
        "statement_timeout": "The database stopped the statement at its own time limit.",
        "warehouse_unavailable": "The compute warehouse cannot be used.",
        "cluster_start_failure": "A compute cluster or pod could not be provided in time.",
        "disk_or_spool_space": "Disk, tablespace, temporary, undo, log or spool space has run out.",
        "out_of_memory": "A process, container or executor used more memory than it may.",
        "type_cast_error": "A value does not convert to the target type.",
        "date_parse_error": "A date or time value cannot be read.",
        "numeric_overflow": "A number is outside the precision or range of its type.",
        "division_by_zero": "A divisor is zero.",
        "string_truncation": "A text is longer than its column or parameter.",
        "encoding_error": "Bytes or characters are not valid in the declared character set.",
        "unique_violation": "A key is already present under a unique or primary key.",
        "not_null_violation": "A NULL met a NOT NULL column.",
        "foreign_key_violation": "The parent key of a row is missing.",
        "merge_duplicate_rows": "Several source rows met one target row in a MERGE.",
        "schema_drift": "Columns of source, metadata and target no longer agree.",
        "object_not_found": "A table, view or schema does not exist or is not visible.",
        "source_file_missing": "An input file, object or path does not exist.",
        "bad_file_format": "A file's content is not in the declared format.",
        "sql_syntax_error": "The SQL text is not valid for the engine.",
        "missing_driver_or_dependency": "A driver, library or package is missing or of an unsuitable version.",
        "invalid_configuration": "A parameter of the connection or operator is wrong.",
        "template_or_variable_error": "A template, parameter or variable is undefined.",
        "dag_import_error": "The Dag file does not import.",
        "dag_not_found": "Airflow does not know the Dag.",
        "airflow_connection_undefined": "The Airflow connection does not exist.",
        "airflow_heartbeat_lost": "Airflow ended the task because its heartbeat was lost or refused.",
        "airflow_task_timeout": "The task ran longer than its timeout.",
        "airflow_sensor_timeout": "The sensor waited longer than its timeout.",
        "airflow_scheduling_stuck": "The task was never started: it stayed queued or scheduled.",
        "xcom_too_large_or_unserializable": "The XCom value is too big or cannot be serialised.",
        "kafka_message_too_large": "A record is over the size limit of producer, broker or topic.",
        "flink_checkpoint_failure": "Checkpoints of the Flink job expired or were declined.",
        "kafka_poll_interval_exceeded": "Processing outran the poll interval, so the consumer left its group.",
        "kafka_offset_out_of_range": "The requested offset is no longer kept in the topic.",
        UNKNOWN: "The log does not support a confident cause.",
    }
)

_CONFUSED = (
    ("connection_refused", "connect_timeout", "connection_lost", "remote_service_error", "dns_failure"),
    ("auth_failed", "credentials_expired", "permission_denied", "network_policy_blocked"),
    ("type_cast_error", "bad_file_format", "date_parse_error", "numeric_overflow", "schema_drift"),
    ("deadlock", "lock_contention", "statement_timeout"),
    ("connection_limit", "rate_limited", "connection_refused"),
    ("session_expired_idle", "connection_lost", "credentials_expired"),
    ("object_not_found", "permission_denied", "schema_drift", "sql_syntax_error"),
    ("source_file_missing", "permission_denied", "invalid_configuration"),
    ("unique_violation", "merge_duplicate_rows"),
    ("string_truncation", "schema_drift", "encoding_error"),
    ("missing_driver_or_dependency", "dag_import_error", "invalid_configuration"),
    ("out_of_memory", "cluster_start_failure", "airflow_heartbeat_lost"),
    ("statement_timeout", "airflow_task_timeout", "lock_contention"),
    ("warehouse_unavailable", "permission_denied", "invalid_configuration"),
    ("cluster_start_failure", "remote_service_error", "airflow_scheduling_stuck"),
    ("tls_error", "connection_lost", "invalid_configuration"),
    ("remote_service_error", "connect_timeout", "rate_limited"),
    ("airflow_heartbeat_lost", "out_of_memory", "airflow_scheduling_stuck"),
    ("template_or_variable_error", "dag_import_error", "airflow_connection_undefined"),
    ("dag_not_found", "dag_import_error"),
    ("invalid_configuration", "auth_failed", "connection_refused"),
    ("airflow_sensor_timeout", "source_file_missing", "airflow_task_timeout"),
    ("bad_file_format", "schema_drift", "encoding_error"),
    ("disk_or_spool_space", "out_of_memory"),
    ("kafka_poll_interval_exceeded", "connection_lost"),
    ("not_null_violation", "schema_drift"),
    ("encoding_error", "bad_file_format"),
)


def often_confused(cause: str) -> tuple[str, ...]:
    """Return the causes that engineers mistake this one for, the likeliest first; offered as further suspicions."""
    found = [other for family in _CONFUSED if family[0] == cause for other in family[1:]]
    found += [family[0] for family in _CONFUSED if cause in family[1:]]
    return tuple(dict.fromkeys(found))
