"""Snowflake: `NNNNNN (SQLSTATE)` numbers. Source: the connectors' errorcode modules and Snowflake's documentation."""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes, words

_NUMBERS = codes(
    {
        "invalid_configuration": "90105 90106 90107 2006",
        "auth_failed": "390100 390144 390303 390195 390186 390189 250006 251006 390104 390195 390302 390317 "
        "390198 390127 390132 390133 390196 394304 394302 394300",
        "credentials_expired": "390318 390319 390110 390106 390307 390330 390309",
        "session_expired_idle": "390111 390112 390115",
        "network_policy_blocked": "390420 390422 390432",
        "warehouse_unavailable": "606 666 90073 90064 90109 90104 90116 2040",
        "statement_timeout": "630 608",
        "lock_contention": "625 624 90232",
        "sql_syntax_error": "1003 1004 1065 979 1015 1044 1012 2014 2049 1104 1108 1016 2140 2141 938 939 2016 "
        "2076 1105 2028 1757 2211 2151 2082 1796",
        "schema_drift": "904 2057 1789 2031 1304 2023 2020 1789",
        "object_not_found": "2003 2043 2001 2021 2037 2044 2154",
        "permission_denied": "3001 3011 3041 3540 3003 3005 3007 93001 3074",
        "type_cast_error": "100038 100037 100071 1007 100049 2262 1007 100047 100048 2201",
        "date_parse_error": "100035 100040 100096 100033 100034 100041",
        "numeric_overflow": "100039 100046 100058 100059 100060",
        "division_by_zero": "100051",
        "string_truncation": "100078 100074 1480",
        "not_null_violation": "100072",
        "merge_duplicate_rows": "100090",
        "unique_violation": "200001",
        "bad_file_format": "100016 100065 100066 100068 100069 100082 100084 100097 100104 100184 100188 100147 "
        "100095 100160 100183 100193",
        "encoding_error": "100144 100145",
        "source_file_missing": "91016 253003 253006 91040",
        "remote_service_error": "603 290500 290502 290503 290504 300005 370001 300002",
        "rate_limited": "290429 90179 390128 393901",
        "out_of_memory": "300004 100352",
        "connection_limit": "90150 390902 1501",
    }
) | {
    "390101": ("auth_failed", 0.7),
    "390102": ("auth_failed", 0.7),
    "390114": ("session_expired_idle", 0.55),
    "390201": ("warehouse_unavailable", 0.6),
    "250001": ("invalid_configuration", 0.35),
    "250003": ("connect_timeout", 0.4),
    "290404": ("invalid_configuration", 0.75),
    "290403": ("invalid_configuration", 0.55),
    "100132": ("bad_file_format", 0.45),
    "604": ("statement_timeout", 0.35),
    "91003": ("permission_denied", 0.5),
    "251001": ("invalid_configuration", 0.85),
    "251005": ("invalid_configuration", 0.8),
    "251010": ("auth_failed", 0.6),
}

FAMILY = Family(
    codes=(
        Codes(
            "Snowflake",
            re.compile(
                r"\b(?=\d{6} )0*(?P<code>\d{3,6}) \([0-9A-Z]{5}\)"
                r"|\bsnowflake[^\n]{0,80}: 0*(?P<plain>\d{5,6})(?=[ :])|\berrno[ =:]+0*(?P<errno>\d{5,6})\b"
            ),
            _NUMBERS,
        ),
    ),
    words=words(
        "snowflake",
        {
            "invalid_configuration": (
                r"Verify the account name is correct",
                r"Account must be specified",
                r"account (?:name|identifier) .{0,40}(?:is incorrect|not found|invalid)",
            ),
            "warehouse_unavailable": (
                r"No active warehouse selected",
                r"Warehouse '[^']*' cannot be resumed",
                r"resource monitor '[^']*' has exceeded its quota",
                r"exceeded its quota",
                r"account (?:is|has been|was) (?:suspended|locked) (?:due to|because of|for)",
                r"privileges? to operate on warehouse",
                r"Warehouse '[^']*' (?:is missing|does not exist or not authorized)",
            ),
            "statement_timeout": (r"reached its statement or warehouse timeout",),
            "lock_contention": (r"number of waiters for this lock exceeds", r"waiting on lock"),
            "network_policy_blocked": (r"is not allowed to access Snowflake", r"network policy"),
            "credentials_expired": (
                r"OAuth (?:access )?token (?:has )?expired",
                r"JWT token (?:has )?expired",
                r"user's password has expired",
            ),
            "session_expired_idle": (r"session no longer exists", r"Your session has expired"),
            "auth_failed": (
                r"Incorrect username or password was specified",
                r"JWT token is invalid",
                r"temporarily locked",
            ),
            "permission_denied": (r"Insufficient privileges to operate", r"SQL access control error"),
            "object_not_found": (
                r"(?:Object|Table|Schema|Database|Stage|View) '[^']*' does not exist or not authorized",
            ),
            "schema_drift": (
                r"Number of columns in file \(\d+\) does not match",
                r"view declared \d+ column",
                r"invalid identifier '",
                r"Insert value list does not match column list",
            ),
            "string_truncation": (
                r"String '.*' is too long and would be truncated",
                r"is too long and would be truncated",
            ),
            "date_parse_error": (
                r"(?:Date|Timestamp|Time) '[^']*' is not recognized",
                r"Can't parse '[^']*' as (?:date|time)",
            ),
            "type_cast_error": (
                r"(?:Numeric|Boolean) value '[^']*' is not recognized",
                r"Failed to cast variant value",
            ),
            "numeric_overflow": (r"Number out of representable range", r"Numeric value '[^']*' is out of range"),
            "not_null_violation": (r"NULL result in a non-nullable column",),
            "merge_duplicate_rows": (r"Duplicate row detected during DML action",),
            "bad_file_format": (
                r"Found character '.' instead of field delimiter",
                r"Field delimiter '.*' found while expecting record delimiter",
                r"End of record reached while expected to parse column",
                r"Error parsing (?:JSON|XML|the parquet)",
            ),
            "encoding_error": (r"Invalid UTF8 detected",),
            "source_file_missing": (r"Remote file '[^']*' was not found",),
        },
    ),
)
