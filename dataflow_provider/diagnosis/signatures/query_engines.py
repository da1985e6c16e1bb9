"""Trino, ClickHouse and BigQuery.

Source: Trino's StandardErrorCode and HiveErrorCode, ClickHouse's ErrorCodes, BigQuery's table of error messages.
"""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes, words

_TRINO = codes(
    {
        "sql_syntax_error": "SYNTAX_ERROR FUNCTION_NOT_FOUND OPERATOR_NOT_FOUND AMBIGUOUS_FUNCTION_CALL AMBIGUOUS_NAME "
        "EXPRESSION_NOT_AGGREGATE EXPRESSION_NOT_SCALAR MISSING_GROUP_BY NESTED_AGGREGATION UNSUPPORTED_SUBQUERY "
        "INVALID_WINDOW_FRAME MISSING_ORDER_BY MISSING_OVER DUPLICATE_COLUMN_NAME INVALID_COLUMN_REFERENCE",
        "permission_denied": "PERMISSION_DENIED READ_ONLY_VIOLATION",
        "object_not_found": "TABLE_NOT_FOUND SCHEMA_NOT_FOUND CATALOG_NOT_FOUND MISSING_CATALOG_NAME "
        "MISSING_SCHEMA_NAME MISSING_TABLE ICEBERG_MISSING_METADATA",
        "schema_drift": "COLUMN_NOT_FOUND MISSING_COLUMN_NAME MISMATCHED_COLUMN_ALIASES INVALID_VIEW VIEW_IS_STALE "
        "HIVE_PARTITION_SCHEMA_MISMATCH HIVE_INVALID_PARTITION_VALUE COLUMN_TYPE_UNKNOWN",
        "division_by_zero": "DIVISION_BY_ZERO",
        "type_cast_error": "INVALID_CAST_ARGUMENT TYPE_MISMATCH INVALID_LITERAL",
        "numeric_overflow": "NUMERIC_VALUE_OUT_OF_RANGE",
        "merge_duplicate_rows": "MERGE_TARGET_ROW_MULTIPLE_MATCHES",
        "lock_contention": "TRANSACTION_CONFLICT HIVE_TABLE_LOCK_NOT_ACQUIRED ICEBERG_COMMIT_ERROR",
        "statement_timeout": "EXCEEDED_TIME_LIMIT EXCEEDED_CPU_LIMIT ABANDONED_QUERY",
        "out_of_memory": "EXCEEDED_LOCAL_MEMORY_LIMIT EXCEEDED_GLOBAL_MEMORY_LIMIT CLUSTER_OUT_OF_MEMORY "
        "EXCEEDED_FUNCTION_MEMORY_LIMIT",
        "disk_or_spool_space": "EXCEEDED_SPILL_LIMIT OUT_OF_SPILL_SPACE",
        "connection_limit": "QUERY_QUEUE_FULL",
        "remote_service_error": "NO_NODES_AVAILABLE SERVER_SHUTTING_DOWN SERVER_STARTING_UP PAGE_TRANSPORT_ERROR "
        "PAGE_TRANSPORT_TIMEOUT REMOTE_TASK_ERROR TOO_MANY_REQUESTS_FAILED REMOTE_HOST_GONE HIVE_METASTORE_ERROR",
        "source_file_missing": "HIVE_FILE_NOT_FOUND",
        "bad_file_format": "HIVE_BAD_DATA HIVE_UNKNOWN_COLUMN_STATISTIC_TYPE ICEBERG_BAD_DATA DELTA_LAKE_BAD_DATA",
        "invalid_configuration": "INVALID_SESSION_PROPERTY INVALID_CATALOG_PROPERTY",
    }
) | {
    "NOT_FOUND": ("object_not_found", 0.6),
    "CONSTRAINT_VIOLATION": ("not_null_violation", 0.6),
    "HIVE_CANNOT_OPEN_SPLIT": ("source_file_missing", 0.4),
    "HIVE_FILESYSTEM_ERROR": ("remote_service_error", 0.4),
}

_CLICKHOUSE = codes(
    {
        "type_cast_error": "6 53 70 72 130 467",
        "bad_file_format": "27 32 33 117 246 271 636",
        "date_parse_error": "38 41 321",
        "schema_drift": "7 8 9 10 16 20 36 47 122",
        "object_not_found": "60 81 218",
        "sql_syntax_error": "42 43 46 62 184 215 352",
        "source_file_missing": "79 107",
        "string_truncation": "131",
        "division_by_zero": "153",
        "statement_timeout": "159 160",
        "permission_denied": "164 242 291 492 497",
        "auth_failed": "192 193 194 516",
        "network_policy_blocked": "195",
        "dns_failure": "198",
        "rate_limited": "201 252",
        "connection_limit": "202 203",
        "connect_timeout": "209",
        "connection_lost": "210",
        "out_of_memory": "173 241",
        "disk_or_spool_space": "243",
        "connection_refused": "279",
        "not_null_violation": "349",
        "lock_contention": "373 473",
        "session_expired_idle": "372",
        "numeric_overflow": "407 69",
    }
)

_BIGQUERY = codes(
    {
        "permission_denied": "accessDenied",
        "rate_limited": "rateLimitExceeded jobRateLimitExceeded userRateLimitExceeded",
        "remote_service_error": "backendError internalError jobBackendError",
        "out_of_memory": "resourcesExceeded",
        "statement_timeout": "stopped timeout",
    }
) | {
    "quotaExceeded": ("rate_limited", 0.7),
    "notFound": ("object_not_found", 0.6),
    "responseTooLarge": ("out_of_memory", 0.4),
    "invalidQuery": ("sql_syntax_error", 0.4),
}

FAMILY = Family(
    codes=(
        Codes("Trino", re.compile(r"\b(?:name=|errorName[\"': =]{1,5}|\()(?P<code>[A-Z]+(?:_[A-Z]+)+)\b"), _TRINO),
        Codes(
            "ClickHouse",
            re.compile(r"\bCode: (?P<code>\d{1,3})\b(?=[^\d]{1,20}DB::|, e\.displayText)|, code: (?P<client>\d{1,3}),"),
            _CLICKHOUSE,
        ),
        Codes(
            "BigQuery", re.compile(r"\breason[\"']?[:=] ?[\"']?(?P<code>[a-z]+[A-Z]\w+|stopped|timeout)\b"), _BIGQUERY
        ),
    ),
    words=words(
        "BigQuery",
        {
            "bad_file_format": (
                r"(?:CSV|JSON) table (?:encountered|references) .{0,60}(?:errors|row)",
                r"Too (?:many|few) values in row",
                r"Error while reading data, error message: (?:CSV|JSON|Parquet|Avro)",
            ),
            "statement_timeout": (r"Operation timed out after \S+ hours",),
            "out_of_memory": (r"Resources exceeded during query execution",),
        },
    ),
)
