"""SAP HANA SQL error numbers. Source: SAP HANA SQL Reference, "SQL error codes"; hdbcli's texts."""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes, words

_NUMBERS = codes(
    {
        "remote_service_error": "591 132",
        "invalid_configuration": "437 438 -10704",
        "deadlock": "133",
        "lock_contention": "131 146 138 148",
        "unique_violation": "301",
        "not_null_violation": "287 288",
        "foreign_key_violation": "461 462",
        "type_cast_error": "266 339 305 1219 308 1347",
        "date_parse_error": "303 340 341",
        "numeric_overflow": "314 307 1344",
        "division_by_zero": "304",
        "string_truncation": "274",
        "object_not_found": "259 362 397 313 361",
        "schema_drift": "260 269 270",
        "sql_syntax_error": "257 256 264 276 328 268 265 1281 261 277 278 318 337",
        "permission_denied": "258 430",
        "auth_failed": "10 332",
        "credentials_expired": "414 416 415 412",
        "out_of_memory": "4 2049 1000002",
        "connection_lost": "-10807 -10108 1299",
        "connection_refused": "-10706 -10719",
        "connect_timeout": "-10060",
        "session_expired_idle": "-10821 613",
        "statement_timeout": "616 139616",
        "disk_or_spool_space": "5 3",
        "connection_limit": "609",
        "encoding_error": "-10427",
    }
) | {
    "-10709": ("connection_refused", 0.6),
    "139": ("statement_timeout", 0.5),
    "2048": ("remote_service_error", 0.3),
    "129": ("remote_service_error", 0.3),
}

FAMILY = Family(
    codes=(
        Codes(
            "SAP HANA",
            re.compile(
                r"(?:hdbcli\.dbapi\.\w+|SAP DBTech JDBC|\bSQL error"
                r"|dberror\([^)]*\))[^\n]{0,40}?[:\[( ]+(?P<code>-?\d{1,5})[\], :)-]"
            ),
            _NUMBERS,
        ),
    ),
    words=words(
        "hana",
        {
            "deadlock": (r"rolled back by detected deadlock",),
            "lock_contention": (r"rolled back by lock wait timeout", r"transaction serialization failure"),
            "out_of_memory": (r"Memory allocation failed", r"exception 1000002: Allocation failed"),
            "permission_denied": (r"insufficient privilege: ",),
            "credentials_expired": (
                r"forced to change password",
                r"user is locked; try again later",
                r"password is expired",
            ),
            "disk_or_spool_space": (r"disk[- ]full\b|disk is full in data volume",),
            "connection_limit": (r"exceeded maximum number of connections",),
            "tls_error": (r"SSL certificate validation failed",),
            "dns_failure": (r"Cannot resolve host name",),
            "statement_timeout": (r"current operation cancelled by request",),
            "object_not_found": (r"invalid (?:table|schema|view|sequence|procedure) name:",),
            "schema_drift": (r"invalid column name:",),
            "not_null_violation": (r"cannot insert NULL or update to NULL",),
        },
    ),
)
