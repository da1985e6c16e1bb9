"""PostgreSQL and everything that speaks SQLSTATE. Source: PostgreSQL 17, appendix A (error codes); libpq's texts."""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes, words

# The class names that psycopg gives to SQLSTATEs.
_NAMES = codes(
    {
        "deadlock": "DeadlockDetected",
        "lock_contention": "LockNotAvailable SerializationFailure ObjectInUse",
        "unique_violation": "UniqueViolation ExclusionViolation",
        "not_null_violation": "NotNullViolation NullValueNotAllowed",
        "foreign_key_violation": "ForeignKeyViolation RestrictViolation InvalidForeignKey",
        "type_cast_error": "InvalidTextRepresentation DatatypeMismatch CannotCoerce InvalidBinaryRepresentation "
        "InvalidParameterValue SqlJsonItemCannotBeCastToTargetType",
        "date_parse_error": "InvalidDatetimeFormat DatetimeFieldOverflow InvalidTimeZoneDisplacementValue",
        "numeric_overflow": "NumericValueOutOfRange IntervalFieldOverflow InvalidArgumentForPowerFunction "
        "NumericValueOutOfRange",
        "division_by_zero": "DivisionByZero",
        "string_truncation": "StringDataRightTruncation StringDataLengthMismatch",
        "encoding_error": "CharacterNotInRepertoire UntranslatableCharacter",
        "bad_file_format": "BadCopyFileFormat InvalidJsonText InvalidXmlDocument InvalidXmlContent InvalidJsonText",
        "object_not_found": "UndefinedTable InvalidSchemaName UndefinedObject InvalidCatalogName "
        "InvalidSqlStatementName UndefinedDatabase",
        "schema_drift": "UndefinedColumn",
        "sql_syntax_error": "SyntaxError_ UndefinedFunction GroupingError AmbiguousColumn AmbiguousFunction "
        "InvalidColumnReference UndefinedParameter WindowingError IndeterminateDatatype "
        "DuplicateAlias DuplicateColumn WrongObjectType FeatureNotSupported "
        "InvalidColumnDefinition",
        "permission_denied": "InsufficientPrivilege ReadOnlySqlTransaction InvalidGrantor",
        "auth_failed": "InvalidPassword InvalidAuthorizationSpecification",
        "connection_limit": "TooManyConnections ConfigurationLimitExceeded",
        "disk_or_spool_space": "DiskFull",
        "out_of_memory": "OutOfMemory",
        "connection_lost": "AdminShutdown CrashShutdown ConnectionFailure ProtocolViolation DatabaseDropped",
        "session_expired_idle": "IdleInTransactionSessionTimeout IdleSessionTimeout",
        "merge_duplicate_rows": "CardinalityViolation",
        "source_file_missing": "UndefinedFile",
    }
)

SQLSTATE = codes(
    {
        "connect_timeout": "HYT01",
        "source_file_missing": "58P01",
        "deadlock": "40P01",
        "lock_contention": "55P03 55006",
        "unique_violation": "23505 23P01",
        "not_null_violation": "23502 22004 22002",
        "foreign_key_violation": "23503 23001",
        "type_cast_error": "22P02 22018 42804 42846 22005 22006 22P03 42820",
        "date_parse_error": "22007 22008 22009",
        "numeric_overflow": "22003 22015 2201F 2201E 22P01",
        "division_by_zero": "22012",
        "string_truncation": "22001 22026",
        "encoding_error": "22021 22P05",
        "bad_file_format": "22P04 22032 2200M 2200N",
        "object_not_found": "42P01 3F000 42S02 3D000 42704 26000 42S12 3F000 57P04",
        "schema_drift": "42703 42S22 21S01 21S02 42P16",
        "sql_syntax_error": "42601 42883 42803 42702 42P10 42P02 42P20 42P18 42725 42803 42712 42809 42611 42P09 "
        "42P08 42P19 42P21 42P22 42P13 0A000",
        "permission_denied": "42501 25006 42504",
        "auth_failed": "28P01",
        "connection_limit": "53300 53400",
        "disk_or_spool_space": "53100",
        "out_of_memory": "53200",
        "connection_lost": "57P01 57P02 08006 08003 08S01 08007 08P01 08S02",
        "session_expired_idle": "25P03 57P05",
    }
) | {
    # One state, several causes: the words beside it decide.
    "40001": ("lock_contention", 0.6),
    "57014": ("statement_timeout", 0.6),
    "57P03": ("connection_refused", 0.6),
    "08001": ("connection_refused", 0.35),
    "08004": ("auth_failed", 0.35),
    "28000": ("auth_failed", 0.5),
    "23000": ("unique_violation", 0.3),
    "42000": ("sql_syntax_error", 0.35),
    "HYT00": ("connect_timeout", 0.4),
    "IM002": ("missing_driver_or_dependency", 0.6),
    "21000": ("merge_duplicate_rows", 0.5),
}

FAMILY = Family(
    codes=(
        Codes("psycopg", re.compile(r"\b(?:psycopg2?\.)?errors\.(?P<code>[A-Z]\w+)|^(?P<bare>[A-Z]\w+)(?=:)"), _NAMES),
        Codes(
            "SQLSTATE",
            re.compile(
                r"(?:(?i:SQL[ _-]?STATE)\]?[ :=\[('\"]*|ERROR:? ? ?\[?|\(|\['|\[|', ')"
                r"(?P<code>(?:[0-4]\d|5[3-8]|HY|XX)[0-9A-Z]{3}|08S0\d|HYT0\d|IM\d{3}|S000\d)(?=[\])'\" :;,.]|$)"
            ),
            SQLSTATE,
            0.85,
        ),
    ),
    words=words(
        "postgres",
        {
            "deadlock": (r"deadlock detected",),
            "lock_contention": (
                r"canceling statement due to lock timeout",
                r"could not obtain lock on (?:row|relation)",
                r"could not serialize access",
                r"conflict with recovery",
            ),
            "statement_timeout": (r"canceling statement due to statement timeout", r"due to transaction timeout"),
            "connection_limit": (
                r"sorry, too many clients",
                r"remaining connection slots are reserved",
                r"too many connections for (?:role|database)",
                r"no more connections allowed",
                r"max_locks_per_transaction",
                r"query_wait_timeout",
            ),
            "network_policy_blocked": (r"no pg_hba\.conf entry", r"pg_hba\.conf rejects connection"),
            "auth_failed": (
                r"password authentication failed",
                r"role \"[^\"]*\" does not exist",
                r"no password supplied",
                r"\w+ authentication failed for user",
                r"SASL authentication failed",
            ),
            "tls_error": (r"server does not support SSL", r"connection requires? (?:a valid client certificate|SSL)"),
            "connection_lost": (
                r"server closed the connection unexpectedly",
                r"SSL connection has been closed unexpectedly",
                r"terminating connection due to administrator command",
                r"terminating connection because of crash",
                r"SSL SYSCALL error",
                r"no connection to the server",
                r"connection already closed",
            ),
            "session_expired_idle": (
                r"terminating connection due to idle",
                r"idle[- ]in[- ]transaction(?: session)? timeout",
            ),
            "unique_violation": (r"duplicate key value violates unique constraint",),
            "not_null_violation": (r"violates not-null constraint",),
            "foreign_key_violation": (r"violates foreign key constraint",),
            "type_cast_error": (
                r"invalid input syntax for type (?!date|time)",
                r"invalid input syntax for (?:integer|uuid)",
            ),
            "date_parse_error": (
                r"invalid input syntax for type (?:date|time)",
                r"date/time field value out of range",
                r"invalid value \"[^\"]*\" for \"(?:YYYY|MM|DD|HH)",
            ),
            "numeric_overflow": (
                r"numeric field overflow",
                r"(?:integer|bigint|smallint|value) out of range",
                r"is out of range for type",
            ),
            "string_truncation": (r"value too long for type character",),
            "encoding_error": (r"invalid byte sequence for encoding", r"has no equivalent in encoding"),
            "bad_file_format": (
                r"extra data after last expected column",
                r"missing data for column",
                r"unterminated CSV quoted field",
                r"COPY file signature not recognized",
            ),
            "object_not_found": (
                r"relation \"[^\"]*\" does not exist",
                r"schema \"[^\"]*\" does not exist",
                r"database \"[^\"]*\" does not exist",
                r"type \"[^\"]*\" does not exist",
            ),
            "schema_drift": (
                r"column \"?[\w.]+\"? (?:of relation \"[^\"]*\" )?does not exist",
                r"has (?:more|fewer) (?:expressions|target columns)",
                r"cached plan must not change result type",
            ),
            "permission_denied": (
                r"permission denied for (?:table|schema|relation|database|sequence|function|view)",
                r"must be owner of",
                r"cannot execute \w+ in a read-only transaction",
            ),
            "disk_or_spool_space": (
                r"could not (?:extend|write to) file .*No space left",
                r"temporary file size exceeds",
            ),
            "merge_duplicate_rows": (
                r"command cannot affect row a second time",
                r"MERGE command cannot affect row",
            ),
            "sql_syntax_error": (r"no unique or exclusion constraint matching the ON CONFLICT",),
            "division_by_zero": (r"\bdivision by zero\b",),
        },
    )
    + words(
        "postgres",
        {
            "connection_refused": (
                r"connections on Unix domain socket \"",
                r"connection to server on socket \"[^\"]*\" failed: No such file",
                r"the database system is (?:starting up|shutting down|in recovery mode|not yet accepting)",
            )
        },
        0.75,
    )
    + words(
        "postgres",
        {"remote_service_error": (r"the database system is (?:starting up|shutting down|in recovery mode)",)},
        0.5,
    ),
)
