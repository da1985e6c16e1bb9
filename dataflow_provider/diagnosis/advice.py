"""What to do about each cause, the likeliest first. Retrying stands only where the same run can succeed later.

Kinds are a closed list; those of `PATCHABLE` may be a change of the YAML (`patches.py`), all others are done elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Level = Literal["low", "medium", "high"]

PATCHABLE = frozenset(
    {
        "retry_backoff", "limit_concurrency", "raise_timeout", "change_isolation_level", "smaller_batches",
        "refresh_session_or_pool", "clean_or_filter_data", "make_load_idempotent", "fix_mapping_or_sql",
        "fix_path_or_file_format", "wait_for_upstream", "choose_other_compute", "streaming_settings",
        "xcom_by_reference",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Advice:
    """One thing to do: how likely it helps when the cause is right (0 to 1), what it costs, what it may break."""

    kind: str
    title: str
    confidence: float
    effort: Level = "low"
    risk: Level = "low"


_RETRY = Advice("retry_backoff", "Retry with growing pauses", 0.85)
_SLOWER = Advice("limit_concurrency", "Run fewer writers or requests at once", 0.6, "medium")

ADVICE: Mapping[str, tuple[Advice, ...]] = MappingProxyType(
    {
        "deadlock": (
            _RETRY,
            Advice("limit_concurrency", "Let one writer at a time change these tables", 0.7, "medium"),
        ),
        "lock_contention": (
            _RETRY,
            Advice("limit_concurrency", "Start jobs on these tables one after the other", 0.65, "medium"),
            Advice("raise_timeout", "Wait longer for the lock", 0.45),
        ),
        "connection_refused": (
            Advice("check_service", "See whether the server runs and listens at this address", 0.8),
            Advice("fix_connection", "Correct host and port of the connection", 0.6),
            Advice("retry_backoff", "Retry with growing pauses, in case the server is starting", 0.45),
        ),
        "connect_timeout": (
            _RETRY,
            Advice("network_or_tls", "Check the network path to the host: route, firewall, proxy", 0.6, "medium"),
            Advice("raise_timeout", "Allow more time for connecting", 0.4),
        ),
        "connection_lost": (
            _RETRY,
            Advice("refresh_session_or_pool", "Test pooled connections before use", 0.5, "medium"),
            Advice("smaller_batches", "Fetch and write smaller batches, so that a statement is shorter", 0.4),
        ),
        "session_expired_idle": (
            Advice("refresh_session_or_pool", "Open a new session for each task, or keep it alive", 0.75),
            Advice("retry_backoff", "Retry: a new session is opened", 0.7),
            Advice("smaller_batches", "Shorten the time between two statements", 0.4, "medium"),
        ),
        "connection_limit": (
            Advice("limit_concurrency", "Open fewer connections: smaller partition count, a pool", 0.75, "low"),
            Advice("retry_backoff", "Retry with growing pauses", 0.65),
            Advice("add_capacity_or_quota", "Raise the server's limit", 0.45, "medium", "medium"),
        ),
        "dns_failure": (
            Advice("network_or_tls", "Check that the name resolves from the worker", 0.7),
            Advice("fix_connection", "Correct the host name of the connection", 0.65),
        ),
        "tls_error": (
            Advice("network_or_tls", "Install the CA certificate, or renew the server's certificate", 0.8, "medium"),
            Advice("fix_connection", "Set the TLS mode that the server wants", 0.5),
        ),
        "network_policy_blocked": (
            Advice("network_or_tls", "Let the worker's address through the firewall or network policy", 0.85, "medium"),
        ),
        "auth_failed": (Advice("fix_credentials", "Correct user, password or key of the connection", 0.9),),
        "credentials_expired": (Advice("fix_credentials", "Renew the password or token, and unlock the account", 0.9),),
        "permission_denied": (Advice("grant_access", "Grant the missing right to the connection's user or role", 0.9),),
        "rate_limited": (_RETRY, _SLOWER),
        "remote_service_error": (
            _RETRY,
            Advice("check_service", "Ask the service's status page or its owners", 0.5),
        ),
        "statement_timeout": (
            Advice("raise_timeout", "Raise the statement's time limit", 0.6, "low", "medium"),
            Advice("smaller_batches", "Read less at once: partition, filter, increment", 0.6, "medium"),
            Advice("choose_other_compute", "Run it on a larger warehouse", 0.4, "low", "medium"),
        ),
        "warehouse_unavailable": (
            Advice("add_capacity_or_quota", "Raise the credit quota or resume the warehouse", 0.7, "medium"),
            Advice("choose_other_compute", "Name a warehouse that the role may use", 0.6),
        ),
        "cluster_start_failure": (
            Advice("retry_backoff", "Retry later", 0.65),
            Advice("add_capacity_or_quota", "Check the cloud quota and free capacity", 0.55, "medium"),
            Advice("choose_other_compute", "Choose another node type or pool", 0.45, "medium"),
        ),
        "disk_or_spool_space": (
            Advice("add_capacity_or_quota", "Free or add disk, spool or undo space", 0.75, "medium"),
            Advice("smaller_batches", "Work in smaller steps: partition, increment, a checkpoint", 0.6, "medium"),
        ),
        "out_of_memory": (
            Advice("smaller_batches", "Read smaller batches or more partitions", 0.65),
            Advice("choose_other_compute", "Give the worker or executor more memory", 0.65, "medium"),
        ),
        "type_cast_error": (
            Advice("clean_or_filter_data", "Send rows that do not convert to the `rejected` port", 0.75),
            Advice("fix_mapping_or_sql", "Choose a type that takes these values", 0.5),
        ),
        "date_parse_error": (
            Advice("fix_mapping_or_sql", "State the format of the date", 0.75),
            Advice("clean_or_filter_data", "Send rows with unreadable dates to the `rejected` port", 0.55),
        ),
        "numeric_overflow": (
            Advice("alter_target_schema", "Widen the column or the cast", 0.75, "medium", "medium"),
            Advice("clean_or_filter_data", "Find and reject the values out of range", 0.5),
        ),
        "division_by_zero": (Advice("fix_mapping_or_sql", "Guard the divisor: x / NULLIF(y, 0)", 0.9),),
        "string_truncation": (
            Advice("alter_target_schema", "Widen the column", 0.75, "medium", "medium"),
            Advice("clean_or_filter_data", "Shorten or reject the long values", 0.5),
        ),
        "encoding_error": (
            Advice("fix_path_or_file_format", "Say the file's encoding", 0.75),
            Advice("clean_or_filter_data", "Replace what the target's character set cannot hold", 0.5),
        ),
        "unique_violation": (
            Advice("make_load_idempotent", "Write with `upsert` on the key", 0.7, "low", "medium"),
            Advice("clean_or_filter_data", "Deduplicate the rows before the target", 0.65),
        ),
        "not_null_violation": (
            Advice("clean_or_filter_data", "Fill or reject rows with NULL in this column", 0.75),
            Advice("alter_target_schema", "Give the column a default", 0.4, "medium", "medium"),
        ),
        "foreign_key_violation": (
            Advice("wait_for_upstream", "Load the parent table first", 0.7),
            Advice("clean_or_filter_data", "Reject rows without a parent", 0.55),
        ),
        "merge_duplicate_rows": (
            Advice("clean_or_filter_data", "Deduplicate the rows by the merge key", 0.85),
            Advice("fix_mapping_or_sql", "Check that the key really identifies a row", 0.5),
        ),
        "schema_drift": (
            Advice("fix_mapping_or_sql", "Follow the change: columns of the source, or `on_schema_drift: add`", 0.75),
            Advice("alter_target_schema", "Change the target's columns", 0.55, "medium", "medium"),
        ),
        "object_not_found": (
            Advice("fix_mapping_or_sql", "Correct the name of the table", 0.6),
            Advice("alter_target_schema", "Create the table", 0.55),
            Advice("grant_access", "Grant the right to see it", 0.4),
        ),
        "source_file_missing": (
            Advice("wait_for_upstream", "Wait for the file before this pipeline", 0.65, "medium"),
            Advice("fix_path_or_file_format", "Correct the path or pattern", 0.6),
        ),
        "bad_file_format": (
            Advice("fix_path_or_file_format", "Say the file's real format and delimiter", 0.75),
            Advice("clean_or_filter_data", "Send malformed records to the `rejected` port", 0.5),
        ),
        "sql_syntax_error": (Advice("fix_mapping_or_sql", "Correct the SQL for this engine", 0.9),),
        "missing_driver_or_dependency": (
            Advice("fix_dependency", "Install the driver or package on the workers", 0.9, "medium"),
        ),
        "invalid_configuration": (Advice("fix_connection", "Correct the connection's parameters", 0.85),),
        "template_or_variable_error": (
            Advice("fix_mapping_or_sql", "Declare the parameter, or correct its name", 0.75),
            Advice("fix_connection", "Define the Airflow variable", 0.55),
        ),
        "dag_import_error": (Advice("fix_dag_or_airflow", "Correct what stops the file from importing", 0.9),),
        "dag_not_found": (
            Advice("fix_dag_or_airflow", "Check that every component has the same version of the Dag's bundle", 0.8),
        ),
        "airflow_connection_undefined": (
            Advice("fix_connection", "Define the connection in Airflow, or correct its id", 0.95),
        ),
        "airflow_heartbeat_lost": (
            Advice("fix_dag_or_airflow", "Check the worker's memory and the load of the API server", 0.6, "medium"),
            Advice("retry_backoff", "Retry", 0.6),
            Advice("raise_timeout", "Raise Airflow's heartbeat threshold", 0.4, "low", "medium"),
        ),
        "airflow_task_timeout": (
            Advice("raise_timeout", "Raise the node's `timeout`", 0.65, "low", "medium"),
            Advice("smaller_batches", "Make the step shorter: partition, increment", 0.5, "medium"),
        ),
        "airflow_sensor_timeout": (
            Advice("wait_for_upstream", "See why what it waits for did not come", 0.7),
            Advice("raise_timeout", "Let the sensor wait longer", 0.5),
        ),
        "airflow_scheduling_stuck": (
            Advice("fix_dag_or_airflow", "Check that workers run and that the pool exists and has slots", 0.8),
            Advice("retry_backoff", "Start the task again", 0.5),
        ),
        "xcom_too_large_or_unserializable": (
            Advice("xcom_by_reference", "Return plain, small values; keep data in a table", 0.85, "medium"),
        ),
        "kafka_message_too_large": (
            Advice("streaming_settings", "Compress or shrink the message", 0.55, "medium"),
            Advice("add_capacity_or_quota", "Raise the topic's and the producer's size limit", 0.65, "medium"),
        ),
        "flink_checkpoint_failure": (
            Advice("raise_timeout", "Allow checkpoints more time", 0.5),
            Advice("streaming_settings", "Tolerate single failed checkpoints; relieve back-pressure", 0.5, "medium"),
        ),
        "kafka_poll_interval_exceeded": (
            Advice("smaller_batches", "Poll fewer records at once", 0.7),
            Advice("raise_timeout", "Raise `max.poll.interval.ms`", 0.6),
        ),
        "kafka_offset_out_of_range": (
            Advice("streaming_settings", "Reset the offsets, knowing that records are lost", 0.7, "low", "high"),
            Advice("add_capacity_or_quota", "Keep records longer in the topic", 0.5, "medium"),
        ),
        "unknown": (
            Advice("collect_more_context", "Look at the worker's and the database's own logs of that minute", 0.5),
        ),
    }
)
