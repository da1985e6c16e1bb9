"""Spark and Databricks: error classes, cluster termination codes, JVM errors.

Source: Spark `error-conditions.json`, Databricks "Error classes" and "Termination codes".
"""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes, words

_CLASSES = codes(
    {
        "network_policy_blocked": "IP_ACCESS_DENIED BLOCKED_BY_IP_ACL",
        "auth_failed": "UNAUTHENTICATED AUTHENTICATION_FAILED",
        "statement_timeout": "STATEMENT_TIMEOUT QUERY_TIMEOUT QUERY_EXECUTION_TIMEOUT",
        "unique_violation": "DUPLICATE_KEY",
        "out_of_memory": "UNABLE_TO_ACQUIRE_MEMORY DRIVER_OOM EXECUTOR_OOM COLLECTION_SIZE_LIMIT_EXCEEDED "
        "_LEGACY_ERROR_TEMP_OOM DRIVER_OUT_OF_MEMORY EXCEEDED_MAX_RESULT_SIZE "
        "CANNOT_ACQUIRE_MEMORY",
        "encoding_error": "MALFORMED_CHARACTER_CODING INVALID_UTF8_STRING",
        "type_cast_error": "CAST_INVALID_INPUT CANNOT_PARSE_DECIMAL DATATYPE_MISMATCH INVALID_ARRAY_CAST "
        "CANNOT_UP_CAST_DATATYPE UNEXPECTED_INPUT_TYPE CANNOT_CAST_DATATYPE "
        "INVALID_VARIANT_CAST INCOMPATIBLE_TYPES_IN_INLINE_TABLE",
        "date_parse_error": "CANNOT_PARSE_TIMESTAMP DATETIME_FIELD_OUT_OF_BOUNDS CANNOT_PARSE_INTERVAL "
        "INVALID_DATETIME_PATTERN FAIL_TO_PARSE_DATETIME INVALID_FRACTION_OF_SECOND "
        "DATETIME_OVERFLOW INVALID_TIMESTAMP_FORMAT CANNOT_PARSE_TIME CANNOT_PARSE_DATE "
        "INVALID_TIMEZONE ILLEGAL_DAY_OF_WEEK DATETIME_PATTERN_RECOGNITION "
        "INCONSISTENT_BEHAVIOR_CROSS_VERSION",
        "numeric_overflow": "CAST_OVERFLOW CAST_OVERFLOW_IN_TABLE_INSERT ARITHMETIC_OVERFLOW "
        "NUMERIC_VALUE_OUT_OF_RANGE NUMERIC_OUT_OF_SUPPORTED_RANGE "
        "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION BINARY_ARITHMETIC_OVERFLOW "
        "INTERVAL_ARITHMETIC_OVERFLOW INVALID_NUMERIC_LITERAL_RANGE "
        "NUMERIC_VALUE_OUT_OF_RANGE_IN_TABLE DECIMAL_OVERFLOW",
        "division_by_zero": "DIVIDE_BY_ZERO REMAINDER_BY_ZERO INTERVAL_DIVIDED_BY_ZERO DIVISION_BY_ZERO",
        "object_not_found": "TABLE_OR_VIEW_NOT_FOUND SCHEMA_NOT_FOUND DELTA_TABLE_NOT_FOUND CATALOG_NOT_FOUND "
        "DELTA_MISSING_DELTA_TABLE NO_SUCH_CATALOG_EXCEPTION RESOURCE_DOES_NOT_EXIST "
        "CATALOG_DOES_NOT_EXIST VIEW_NOT_FOUND TABLE_NOT_FOUND DATABASE_NOT_FOUND "
        "CATALOG_NOT_AVAILABLE NO_SUCH_TABLE DELTA_TABLE_NOT_FOUND_IN_CATALOG "
        "UC_VOLUME_NOT_FOUND SCHEMA_DOES_NOT_EXIST TABLE_DOES_NOT_EXIST VOLUME_DOES_NOT_EXIST",
        "schema_drift": "UNRESOLVED_COLUMN INSERT_COLUMN_ARITY_MISMATCH DELTA_FAILED_TO_MERGE_FIELDS "
        "DELTA_METADATA_MISMATCH DELTA_SCHEMA_CHANGE_SINCE_ANALYSIS DELTA_SCHEMA_CHANGED"
        " DELTA_MERGE_UNRESOLVED_EXPRESSION "
        "INCOMPATIBLE_DATA_FOR_TABLE DELTA_INSERT_COLUMN_ARITY_MISMATCH COLUMN_NOT_DEFINED_IN_TABLE FIELD_NOT_FOUND "
        "INCOMPATIBLE_COLUMN_TYPE DELTA_SCHEMA_CHANGED_WITH_VERSION UNKNOWN_FIELD_EXCEPTION "
        "PARQUET_COLUMN_DATA_TYPE_MISMATCH PARQUET_COLUMN_TYPE_MISMATCH UNRESOLVED_FIELD "
        "COLUMN_NOT_FOUND INSERT_PARTITION_COLUMN_ARITY_MISMATCH "
        "CREATE_VIEW_COLUMN_ARITY_MISMATCH NUM_COLUMNS_MISMATCH DELTA_SCHEMA_NOT_PROVIDED "
        "DELTA_COLUMN_NOT_FOUND DELTA_COLUMN_NOT_FOUND_IN_SCHEMA "
        "DELTA_STREAMING_INCOMPATIBLE_SCHEMA_CHANGE "
        "DELTA_STREAMING_CANNOT_CONTINUE_PROCESSING_POST_SCHEMA_EVOLUTION "
        "STREAMING_SCHEMA_MISMATCH ASSIGNMENT_ARITY_MISMATCH DELTA_CANNOT_CHANGE_DATA_TYPE",
        "sql_syntax_error": "PARSE_SYNTAX_ERROR PARSE_EMPTY_STATEMENT UNRESOLVED_ROUTINE MISSING_AGGREGATION "
        "AMBIGUOUS_REFERENCE MISSING_GROUP_BY UNSUPPORTED_EXPR_FOR_OPERATOR WRONG_NUM_ARGS "
        "ROUTINE_NOT_FOUND UNSUPPORTED_FEATURE UNRESOLVED_VARIABLE UNBOUND_SQL_PARAMETER "
        "AMBIGUOUS_COLUMN_OR_FIELD AMBIGUOUS_LATERAL_COLUMN_ALIAS INVALID_SQL_SYNTAX "
        "COLUMN_ALREADY_EXISTS GROUP_BY_AGGREGATE NESTED_AGGREGATE_FUNCTION "
        "MISSING_ATTRIBUTES NON_LAST_MATCHED_CLAUSE_OMIT_CONDITION "
        "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY INVALID_WHERE_CONDITION",
        "merge_duplicate_rows": "DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE MERGE_CARDINALITY_VIOLATION",
        "lock_contention": "DELTA_CONCURRENT_APPEND DELTA_CONCURRENT_WRITE DELTA_CONCURRENT_DELETE_READ "
        "DELTA_CONCURRENT_DELETE_DELETE DELTA_CONCURRENT_TRANSACTION DELTA_METADATA_CHANGED "
        "DELTA_PROTOCOL_CHANGED CONCURRENT_APPEND CONCURRENT_DELETE_READ CONCURRENT_WRITE "
        "DELTA_TIMEOUT_LOCK",
        "not_null_violation": "DELTA_NOT_NULL_CONSTRAINT_VIOLATED NOT_NULL_CONSTRAINT_VIOLATION "
        "NOT_NULL_ASSERT_VIOLATION",
        "string_truncation": "EXCEED_LIMIT_LENGTH DELTA_EXCEED_CHAR_VARCHAR_LIMIT",
        "permission_denied": "INSUFFICIENT_PERMISSIONS PERMISSION_DENIED UC_NOT_ENABLED "
        "INSUFFICIENT_PERMISSIONS_EXT_LOC INSUFFICIENT_PERMISSIONS_NO_OWNER "
        "EXTERNAL_LOCATION_DOES_NOT_EXIST_OR_NO_ACCESS UNAUTHORIZED_ACCESS "
        "UC_CREDENTIAL_PURPOSE_NOT_SUPPORTED",
        "source_file_missing": "PATH_NOT_FOUND DELTA_FILE_NOT_FOUND_DETAILED CF_PATH_DOES_NOT_EXIST FILE_NOT_EXIST "
        "FILE_NOT_FOUND CLOUD_FILE_SOURCE_FILE_NOT_FOUND DELTA_PATH_DOES_NOT_EXIST "
        "DELTA_LOG_FILE_NOT_FOUND CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE "
        "COPY_INTO_SOURCE_FILE_NOT_FOUND",
        "bad_file_format": "MALFORMED_RECORD_IN_PARSING CANNOT_READ_FILE_FOOTER MALFORMED_CSV_RECORD "
        "CANNOT_PARSE_JSON_FIELD INVALID_CORRUPT_RECORD MALFORMED_RECORD "
        "UNABLE_TO_INFER_SCHEMA CANNOT_PARSE_PROTOBUF_DESCRIPTOR MALFORMED_PROTOBUF_MESSAGE "
        "MALFORMED_AVRO_MESSAGE CANNOT_READ_PARQUET_FOOTER DELTA_PARQUET_FOOTER "
        "INVALID_JSON_RECORD_TYPE FAILED_TO_PARSE_XML "
        "COPY_INTO_SOURCE_SCHEMA_INFERENCE_FAILED",
        "rate_limited": "REQUEST_LIMIT_EXCEEDED RESOURCE_EXHAUSTED QUOTA_EXCEEDED_RATE",
        "remote_service_error": "TEMPORARILY_UNAVAILABLE INTERNAL_SERVER_ERROR SERVICE_UNAVAILABLE",
        "cluster_start_failure": "ADD_NODES_FAILED BOOTSTRAP_TIMEOUT BOOTSTRAP_FAILURE INSTANCE_UNREACHABLE "
        "CLOUD_PROVIDER_LAUNCH_FAILURE CLOUD_PROVIDER_RESOURCE_STOCKOUT AWS_INSUFFICIENT_INSTANCE_CAPACITY_FAILURE "
        "AZURE_QUOTA_EXCEEDED_EXCEPTION NPIP_TUNNEL_SETUP_FAILURE SPARK_STARTUP_FAILURE INIT_SCRIPT_FAILURE "
        "CONTAINER_LAUNCH_FAILURE INSTANCE_POOL_CLUSTER_FAILURE DRIVER_UNREACHABLE CLUSTER_START_FAILURE "
        "CLOUD_PROVIDER_LAUNCH_FAILURE_DUE_TO_QUOTA GCP_QUOTA_EXCEEDED AZURE_VM_EXTENSION_FAILURE "
        "WAITING_FOR_CLUSTER_TIMEOUT INSTANCE_POOL_MAX_CAPACITY_FAILURE "
        "SPOT_INSTANCE_TERMINATION CLUSTER_TERMINATED REQUEST_THROTTLED_CLOUD CLOUD_FAILURE "
        "UNSUPPORTED_INSTANCE_TYPE SUBNET_EXHAUSTED_FAILURE "
        "AWS_INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET_FAILURE STORAGE_DOWNLOAD_FAILURE "
        "GLOBAL_INIT_SCRIPT_FAILURE BOOTSTRAP_TIMEOUT_DUE_TO_MISCONFIG "
        "NETWORK_CONFIGURATION_FAILURE METASTORE_COMPONENT_UNHEALTHY",
        "missing_driver_or_dependency": "DATA_SOURCE_NOT_FOUND JDBC_DRIVER_NOT_FOUND LIBRARY_INSTALLATION_FAILURE",
        "session_expired_idle": "INVALID_HANDLE SESSION_CLOSED SESSION_CHANGED",
    }
) | {"FAILED_READ_FILE": ("bad_file_format", 0.6)}

_EXCEPTIONS = codes(
    {
        "out_of_memory": "OutOfMemoryError SparkOutOfMemoryError",
        "missing_driver_or_dependency": "ClassNotFoundException NoClassDefFoundError NoSuchMethodError "
        "UnsupportedClassVersionError NoSuchFieldError IncompatibleClassChangeError UnsatisfiedLinkError",
        "lock_contention": "ConcurrentAppendException ConcurrentDeleteReadException ConcurrentDeleteDeleteException "
        "MetadataChangedException ConcurrentTransactionException ConcurrentWriteException ProtocolChangedException",
        "date_parse_error": "DateTimeParseException SparkDateTimeException SparkUpgradeException",
        "type_cast_error": "SparkNumberFormatException NumberFormatException",
        "dns_failure": "UnknownHostException",
        "tls_error": "SSLHandshakeException CertificateExpiredException SunCertPathBuilderException "
        "SSLPeerUnverifiedException CertPathValidatorException",
        "object_not_found": "NoSuchTableException NoSuchDatabaseException",
        "source_file_missing": "FileNotFoundException",
        "encoding_error": "MalformedInputException UnmappableCharacterException",
    }
)

FAMILY = Family(
    codes=(
        Codes(
            "Spark",
            re.compile(r"(?:\[|error_code'?: ?'?|code: ?|\b)(?P<code>[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)\b"),
            _CLASSES,
        ),
        Codes(
            "JVM", re.compile(r"\b(?:[a-z]\w*\.)+(?:\w+\$)?(?P<code>[A-Z]\w+(?:Exception|Error))\b"), _EXCEPTIONS, 0.85
        ),
    ),
    words=words(
        "spark",
        {
            "out_of_memory": (
                r"Container killed by YARN for exceeding (?:memory|physical|virtual)",
                r"Java heap space",
                r"GC overhead limit exceeded",
                r"OOMKilled",
                r"running .{0,20}beyond (?:the )?'?(?:physical|virtual)'? memory limit",
                r"bigger than spark\.driver\.maxResultSize",
                r"ExecutorLostFailure.*(?:memory|exit(?:ed)? (?:code|status)[: ]*(?:137|52))",
                r"The spark driver has stopped unexpectedly",
                r"Unable to acquire \d+ bytes of memory",
            ),
            "merge_duplicate_rows": (r"multiple source rows matched and attempted to (?:modify|update) the same",),
            "schema_drift": (
                r"A schema mismatch detected when writing",
                r"Failed to merge (?:incompatible )?(?:fields|schemas|data types)",
                r"cannot resolve '.*' given input columns",
                r"Detected schema change",
                r"Column .* has a data type that differs",
            ),
            "cluster_start_failure": (
                r"Unexpected failure while waiting for the cluster",
                r"Cluster \S+ (?:was terminated|is in unexpected state Terminat|does not exist or was terminated)",
                r"Unexpected startup failure",
                r"failed to (?:launch|start|provision) (?:the )?(?:cluster|pod|nodes?|instances?)",
                r"Pod took (?:longer|too long)",
                r"Pod \S+ failed to start|Pod Launching failed(?!.*Timeout, PID)",
                r"FailedScheduling",
                r"ImagePullBackOff|ErrImagePull",
                r"\d Insufficient (?:cpu|memory)\b",
                r"Unable to add \d+ (?:container|node|worker|instance)s?\b",
                r"Reason: Bootstrap Timeout",
                r"(?:cpu|cores?|vCPUs?) quota",
                r"0/\d+ nodes are available",
                r"Could not acquire the minimum required resources",
                r"Timeout while placing nodes",
                r"waiting for application to be ACCEPTED|AM resource limit exceeded|scheduler and is not yet activated",
                r"Initial job has not accepted any resources",
                r"Startup probe failed",
                r"forbidden: exceeded quota",
                r"(?:number of|requested) .{0,40}instances? .{0,30}exceeds?",
                r"(?:could|can) ?not be (?:provisioned|launched|provided)",
            ),
            "session_expired_idle": (
                r"Invalid (?:SessionHandle|OperationHandle)",
                r"Session \[?[\w-]*\]? (?:is|was|has been) (?:closed|expired)",
                r"Session (?:handle )?(?:has )?(?:expired|does not exist)",
            ),
            "warehouse_unavailable": (
                r"SQL (?:warehouse|endpoint) \S+ is (?:stopped|deleted|not running|disabled)",
                r"(?:warehouse|endpoint) .{0,60}(?:was deleted|cannot be started)",
                r"permissions? (?:on|to (?:use|start|access)) (?:the |this )?(?:SQL )?(?:warehouse|endpoint)\b",
            ),
            "object_not_found": (r"Table or view (?:not found|'[^']*' not found)", r"is not a Delta table"),
            "source_file_missing": (r"Path does not exist", r"It is possible the underlying files have been updated"),
            "bad_file_format": (r"is not a Parquet file", r"Malformed (?:ORC|CSV|records)", r"Found duplicate column"),
            "missing_driver_or_dependency": (
                r"No suitable driver",
                r"Failed to find data source",
                r"JAVA_HOME is not set",
                r"Java gateway process exited",
                r"UnsupportedClassVersionError",
            ),
            "disk_or_spool_space": (r"No space left on device",),
            "rate_limited": (r"exceeded the rate limit", r"too many (?:concurrent )?(?:runs|requests)"),
            "auth_failed": (
                r"Invalid access token",
                r"invalid Databricks token",
                r"(?:403|401).{0,30}Invalid access token",
            ),
            "credentials_expired": (r"(?:access )?token (?:is|has|was) expired", r"expired access token"),
            "permission_denied": (r"does not have .{0,40}(?:privilege|permission)s?", r"User does not have"),
            "not_null_violation": (r"NOT NULL constraint violated for column",),
        },
    ),
)
