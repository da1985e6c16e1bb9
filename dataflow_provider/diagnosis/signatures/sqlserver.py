"""SQL Server, Azure SQL and Sybase ASE: message numbers of TDS, ODBC states, jConnect codes.

Source: Microsoft "Database engine events and errors", SAP "ASE error messages", FreeTDS dblib.h.
"""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes, words

_NUMBERS = codes(
    {
        "encoding_error": "9833 2402",
        "statement_timeout": "40549 3617 8649",
        "deadlock": "1205",
        "lock_contention": "1222 3960 3961 12205 3952 1221 40550 3964 12204 1203 5061",
        "unique_violation": "2627 2601 2615 1505",
        "not_null_violation": "515",
        "foreign_key_violation": "547 546 548 4712",
        "type_cast_error": "245 8114 235 206 257 249 529 4864 8169 293 4867 9803 8116 8133 305 402 403",
        "date_parse_error": "241 242 295 517 296 9807",
        "numeric_overflow": "8115 220 232 3606 247 168 8117 8729 1007",
        "division_by_zero": "8134 3607",
        "string_truncation": "8152 2628 9502 4863 4815 7339 1701 511",
        "object_not_found": "208 2812 15009 911 3701 4902 942 7202 3728 2702 6401",
        "schema_drift": "207 213 8101 110 109 8106",
        "sql_syntax_error": "102 156 105 170 103 319 1033 8120 8155 195 137 174 4104 209 104 2715 8127 111 113 "
        "128 141 145 147 153 177 178 205 306 1013 1087 2705 4108 8156 10727 11525 321 343",
        "permission_denied": "229 230 262 300 916 10330 10331 3704 15247 10351 4834 297 371 2760 3906 15281 15151 "
        "10332 33009 5011",
        "auth_failed": "18456 18452 4002 18470 20002 18461 18458 18450 18451",
        "credentials_expired": "18486 18487 18488 18463 4022",
        "network_policy_blocked": "40615 40914 47073 40614",
        "connection_limit": "1204 1601 10928 10936 17809 17300",
        "rate_limited": "40501 10929 49918 49919 49920 10922 40648",
        "remote_service_error": "40613 40197 40540 40143 9001 4221 976 978 40020 40166 41839 42108 42109",
        "disk_or_spool_space": "1105 9002 1101 3257 5149 1121 7412 3414 5144 1104 1132 40544 40551 40552 1807 945 "
        "1827 3967",
        "out_of_memory": "701 802 8645 17803 8651 8902 8623 40553 8657",
        "merge_duplicate_rows": "8672",
        "connection_refused": "20009 10061 18401 53 26 40 17142 17 921 922 927 983 17187",
        "connect_timeout": "10060 258 10065",
        "dns_failure": "11001 11004",
        "connection_lost": "20004 20006 20047 10054 10053 20017 64 4696 121 10050 17830 4014 596",
        "source_file_missing": "4860 4861 12704 12703 13822",
        "bad_file_format": "4832 4866 4879 7330 7399 4895 9420 9400 13608 13609",
        "invalid_configuration": "20012 20011",
    }
) | {"4060": ("permission_denied", 0.6), "20003": ("statement_timeout", 0.6), "233": ("connection_lost", 0.5)}

_JCONNECT = codes(
    {
        "connection_lost": "JZ006 JZ0C0 JZ0C1 JZ0EM",
        "auth_failed": "JZ00L",
        "connect_timeout": "JZ00M",
        "missing_driver_or_dependency": "JZ0D4 JZ0D5",
        "statement_timeout": "JZ0TO",
        "session_expired_idle": "JZ0S0",
    }
)

FAMILY = Family(
    codes=(
        Codes(
            "SQL Server",
            re.compile(
                r"\bMsg (?P<code>\d{3,5})\b"
                r"|\[(?:SQL Server|Adaptive Server Enterprise|ASE)\][^\[\]\n]*?\((?P<odbc>\d{2,5})\)"
                r"|\b(?:pymssql|_mssql|pytds)[^\n]*?\((?P<tds>\d{3,5}), ?b?['\"]"
                r"|DB-Lib error message (?P<dblib>\d{4,5})|SQL ?Server error:? (?:code )?(?P<plain>\d{3,5})"
                r"|SybSQLException:? [^\n]{0,40}?\bError:? (?P<jconnect>\d{3,5})\b"
                r"|\bError:? (?P<ase>\d{3,5}),? Severity|ErrorCode[ =:]+(?P<word>\d{3,5})"
                r"|Error (?P<azure>4\d{4}|1\d{4})\b|SqlState[^\n]{0,40}NativeError = (?P<bcp>\d{2,5})"
            ),
            _NUMBERS,
        ),
        Codes("jConnect", re.compile(r"\b(?P<code>JZ0\w\w)\b"), _JCONNECT),
    ),
    words=words(
        "sqlserver",
        {
            "deadlock": (
                r"chosen as the deadlock victim",
                r"encountered a deadlock situation",
                r"deadlocked on (?:lock|communication buffer|thread)",
            ),
            "lock_contention": (
                r"Could not acquire a lock within the specified wait period",
                r"Lock request time ?out period exceeded",
                r"Snapshot isolation transaction aborted",
            ),
            "unique_violation": (
                r"Violation of (?:PRIMARY|UNIQUE) KEY constraint",
                r"Cannot insert duplicate key",
                r"Attempt to insert duplicate key row",
            ),
            "not_null_violation": (
                r"Cannot insert the value NULL into column",
                r"column .{1,80} does not allow null",
            ),
            "foreign_key_violation": (
                r"conflicted with the (?:FOREIGN KEY|REFERENCE)",
                r"Foreign key constraint violation",
            ),
            "string_truncation": (
                r"java\.sql\.DataTruncation",
                r"String(?: data,|or binary data would be| or binary data would be) (?:right )?truncat",
                r"String data, right truncation",
            ),
            "numeric_overflow": (r"Arithmetic overflow",),
            "division_by_zero": (r"Divide by zero (?:error )?(?:encountered|occurred)",),
            "date_parse_error": (
                r"conversion of a \w+ data type to a (?:date|small)",
                r"converting date and/or time from character",
                r"Syntax error during (?:explicit|implicit) conversion of .{1,60} to a (?:DATE|TIME|BIGDATETIME)",
            ),
            "type_cast_error": (
                r"Conversion failed when converting (?!date)",
                r"Error converting data type",
                r"Syntax error during (?:explicit|implicit) conversion",
            ),
            "auth_failed": (r"Login failed for user", r"Login failed\b(?!.*expired)"),
            "credentials_expired": (
                r"password of the account (?:has expired|must be changed)",
                r"account is currently locked",
            ),
            "network_policy_blocked": (r"is not allowed to access the server", r"Client with IP address"),
            "connect_timeout": (r"Login timeout expired", r"TCP Provider: Error code 0x274C", r"TCP Provider: Timeout"),
            "statement_timeout": (r"Query timeout expired", r"Execution Timeout Expired"),
            "connection_refused": (
                r"TCP Provider: Error code 0x2749",
                r"No connection could be made because the target machine actively refused",
                r"(?:Adaptive )?Server is unavailable or does not exist",
                r"server was not found or was not accessible",
                r"Could not open a connection to SQL Server",
                r"Server is in script upgrade mode",
            ),
            "connection_lost": (
                r"Communication link failure",
                r"TCP Provider: (?:Error code 0x2746|An existing connection was forcibly closed)",
                r"Connection is already closed",
                r"SybConnectionDeadException",
                r"Unexpected EOF from the server",
                r"DBPROCESS is dead",
            ),
            "connection_limit": (
                r"ASE has run out of LOCKS",
                r"maximum number of (?:user connections|workers|sessions)",
                r"request limit for the database is",
            ),
            "disk_or_spool_space": (
                r"Can'?t allocate space for object",
                r"Could not allocate (?:a new page|space for object)",
                r"transaction log for database .{1,80} is full",
                r"last-chance threshold",
                r"filegroup is full",
            ),
            "out_of_memory": (r"insufficient (?:system memory|memory to )", r"not enough procedure cache"),
            "missing_driver_or_dependency": (
                r"Can't open lib '",
                r"Data source name not found",
                r"libodbc\.so",
                r"No suitable driver",
            ),
            "tls_error": (r"SSL Provider:", r"The certificate chain was issued by an authority"),
            "merge_duplicate_rows": (r"MERGE statement attempted to UPDATE or DELETE the same row more than once",),
            "schema_drift": (
                r"Invalid column name",
                r"Column name or number of supplied values does not match",
                r"more columns in the INSERT",
            ),
            "object_not_found": (r"Invalid object name", r"\S+ not found\. Specify owner\.objectname"),
            "sql_syntax_error": (r"Incorrect syntax near",),
            "permission_denied": (r"\w+ permission (?:was )?denied",),
        },
    ),
)
