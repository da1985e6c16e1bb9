"""Db2 and other servers that tell an SQLSTATE in words. Source: IBM "SQL messages", ISO 9075 classes of SQLSTATE."""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes, words

_MESSAGES = codes(
    {
        "lock_contention": "SQL0913N SQL0952N",
        "unique_violation": "SQL0803N",
        "not_null_violation": "SQL0407N",
        "foreign_key_violation": "SQL0530N SQL0532N",
        "numeric_overflow": "SQL0413N SQL0802N",
        "string_truncation": "SQL0433N SQL0404N",
        "type_cast_error": "SQL0420N SQL0408N",
        "date_parse_error": "SQL0180N SQL0181N",
        "object_not_found": "SQL0204N",
        "schema_drift": "SQL0206N SQL0117N",
        "sql_syntax_error": "SQL0104N SQL0199N SQL0007N",
        "permission_denied": "SQL0551N SQL0552N SQL1092N",
        "auth_failed": "SQL30082N",
        "connection_lost": "SQL1224N",
        "remote_service_error": "SQL1032N",
        "disk_or_spool_space": "SQL0289N SQL0964C SQL0968C",
        "out_of_memory": "SQL0954C SQL0956C",
        "merge_duplicate_rows": "SQL0788N",
        "connection_limit": "SQL1040N SQL1226N",
        "invalid_configuration": "SQL1013N SQL1031N",
    }
) | {"SQL0911N": ("deadlock", 0.5), "SQL30081N": ("connection_lost", 0.6)}

_STATES = codes(
    {
        "division_by_zero": "22012",
        "numeric_overflow": "22003",
        "string_truncation": "22001",
        "date_parse_error": "22007 22008",
        "type_cast_error": "22018",
        "not_null_violation": "23502",
        "foreign_key_violation": "23503",
        "unique_violation": "23505",
        "merge_duplicate_rows": "21000",
        "permission_denied": "42501",
        "sql_syntax_error": "42601",
        "object_not_found": "42P01 42S02 42704",
        "schema_drift": "42703 42S22",
        "out_of_memory": "53200",
        "disk_or_spool_space": "53100",
        "connection_limit": "53300",
        "auth_failed": "28P01",
        "deadlock": "40P01",
        "lock_contention": "55P03",
        "connection_lost": "08006 08S01",
    }
)

FAMILY = Family(
    codes=(
        Codes("Db2", re.compile(r"\b(?P<code>SQL\d{4,5}[NC])\b"), _MESSAGES),
        # The class alone is coarser than a vendor's own number beside it.
        Codes(
            "SQLSTATE", re.compile(r"\bSQL[Ss][Tt][Aa][Tt][Ee]\b[\"'=: \[(]{1,4}(?P<code>[0-9A-Z]{5})\b"), _STATES, 0.7
        ),
    ),
    words=words(
        "db2",
        {
            # -911 and -913 are both; the reason decides, as a number or, on z/OS, by its own code.
            "deadlock": (
                r"deadlock or timeout.{0,20}Reason code \"(?:2|00C90088)\"",
                r"SQLCODE=-91[13]\b.{0,60}SQLERRMC=(?:2|00C90088)\b",
            ),
            "lock_contention": (
                r"deadlock or timeout.{0,20}Reason code \"(?:68|00C9008E)\"",
                r"SQLCODE=-91[13]\b.{0,60}SQLERRMC=(?:68|00C9008E)\b",
            ),
            "connect_timeout": (r"Communication function detecting the error: \"connect\".{0,80}\"(?:110|10060|60)\"",),
            "connection_refused": (
                r"Communication function detecting the error: \"connect\".{0,80}\"(?:111|10061|61)\"",
            ),
        },
        0.97,
    ),
)
