"""Programs that a task starts, and the numbers they end with: curl, FTP and SFTP clients, SQL*Loader, isql, ssh, java.

Source: curl(1) "Exit codes", RFC 959 (replies), draft-ietf-secsh-filexfer-13 (status codes), Oracle "SQL*Loader
messages", OpenSSH.
"""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes, words

_CURL = codes(
    {
        "invalid_configuration": "1 2 3",
        "dns_failure": "5 6",
        "permission_denied": "9 69",
        "connection_lost": "16 18 52 55 56 92",
        "disk_or_spool_space": "70",
        "tls_error": "35 53 54 58 59 60 64 66 77 80 82 83 90 91",
        "auth_failed": "67 94",
        "source_file_missing": "26 37 78",
    }
) | {"28": ("connect_timeout", 0.5), "23": ("disk_or_spool_space", 0.45), "7": ("connection_refused", 0.7)}

_SFTP = codes(
    {
        "source_file_missing": "NO_SUCH_FILE NO_SUCH_PATH",
        "permission_denied": "PERMISSION_DENIED WRITE_PROTECT",
        "disk_or_spool_space": "NO_SPACE_ON_FILESYSTEM QUOTA_EXCEEDED",
        "connection_lost": "CONNECTION_LOST NO_CONNECTION",
        "lock_contention": "LOCK_CONFLICT BYTE_RANGE_LOCK_CONFLICT BYTE_RANGE_LOCK_REFUSED",
    }
)

_FTP = codes(
    {
        "auth_failed": "530 532 430",
        "disk_or_spool_space": "552 452",
        "connection_lost": "426",
        "connection_limit": "10068",
    }
) | {
    "421": ("connection_limit", 0.45),
    "425": ("connect_timeout", 0.6),
    "550": ("source_file_missing", 0.6),
    "553": ("permission_denied", 0.5),
}

_LOADER = codes(
    {
        "source_file_missing": "500 501 522 553",
        "bad_file_format": "510 524 525 463 461",
        "schema_drift": "466 403",
        "object_not_found": "941",
        "sql_syntax_error": "350 349 101",
    }
)

FAMILY = Family(
    codes=(
        Codes(
            "curl", re.compile(r"\bcurl: \((?P<code>\d{1,2})\)|\bcurl\b[^\n]{0,40}exit code (?P<exit>\d{1,2})\b"), _CURL
        ),
        Codes("SFTP", re.compile(r"\bSSH_FXP?_(?P<code>[A-Z_]{5,})\b"), _SFTP),
        Codes(
            "FTP",
            re.compile(r"\b(?:error_perm|error_temp|error_reply|FTP\w*)\b[^\n\d]{0,30}(?P<code>\d{3,5})\b"),
            _FTP,
        ),
        Codes("SQL*Loader", re.compile(r"\bSQL\*Loader-0*(?P<code>\d{3})\b"), _LOADER),
    ),
    words=words(
        "programs",
        {
            "source_file_missing": (
                r"Couldn't stat remote file",
                r"remote (?:open|stat|readdir)\(.{1,200}No such file",
            ),
            "missing_driver_or_dependency": (r"Could not find or load main class", r"Unable to access jarfile"),
            "connection_refused": (r"Net-Lib(?:rary)? protocol driver call to connect two endpoints failed",),
            "connection_lost": (
                r"kex_exchange_identification",
                r"client_loop: send disconnect",
                r"Socket read interrupted",
                r"SQL\w+Exception: Closed Connection",
            ),
            "bad_file_format": (r"\bBCP (?:host )?data-?file",),
            "credentials_expired": (
                r"refreshing your current auth tokens",
                r"Reauthentication (?:is )?(?:needed|required|failed)",
            ),
        },
        0.85,
    )
    + words(
        "ssh",
        {
            "tls_error": (
                r"no matching (?:host key type|cipher|key exchange method|MAC) found",
                r"no acceptable (?:kex|ciphers|host key)",
            )
        },
        0.6,
    ),
)
