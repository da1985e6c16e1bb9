"""SAP HANA SQL error numbers. Source: SAP HANA SQL Reference, "SQL error codes"; hdbcli's texts."""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes

_NUMBERS = codes(
    {
        "deadlock": "133",
        "lock_contention": "131 146 138 139",
        "unique_violation": "301",
        "not_null_violation": "287 288",
        "foreign_key_violation": "461 462",
        "type_cast_error": "266 339 305 1219",
        "date_parse_error": "303 340 341",
        "numeric_overflow": "314 307",
        "division_by_zero": "304",
        "string_truncation": "274",
        "object_not_found": "259 362 397",
        "schema_drift": "260 269 270",
        "sql_syntax_error": "257 256 264 276",
        "permission_denied": "258",
        "auth_failed": "10",
        "credentials_expired": "414 416 415",
        "out_of_memory": "4 2049",
        "connection_lost": "-10807 -10108 1299",
        "connection_refused": "-10709",
        "connect_timeout": "-10060",
        "session_expired_idle": "-10821 613",
        "statement_timeout": "616 139616",
        "disk_or_spool_space": "5 3",
        "connection_limit": "609",
        "encoding_error": "-10427",
    }
)

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
)
