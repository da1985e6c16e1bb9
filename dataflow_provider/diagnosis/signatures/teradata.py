"""Teradata `[Error N]`. Source: Teradata "Database messages"; the driver's own texts (gosqldriver)."""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes, words

_NUMBERS = codes(
    {
        "deadlock": "2631",
        "lock_contention": "2652 3598 3603 7423 7424 2574 2578 3741 5495",
        "unique_violation": "2801 2802 2803 2793 2794 7552",
        "not_null_violation": "3604 3811 5316 2689 5322",
        "foreign_key_violation": "2700 2726 2727 2728 2729",
        "type_cast_error": "2620 2621 2679 2673 2674 3532 3535 6788 2682 2687 2694 3640 6762 9617",
        "date_parse_error": "2665 2666 6758 6759 6760 6761 7452 7454 7453 3530 3765 5404 2664 2667",
        "numeric_overflow": "2614 2615 2616 2617 3520 3739 3753 3754 7991 2622 2628 2650 2613 2686",
        "division_by_zero": "2618 2619",
        "string_truncation": "3996 3738 3758 3577 2805 9804 3797 6724",
        "encoding_error": "6705 6706 6709 6718",
        "object_not_found": "3807 3802 3806 3805 3823 9881 5589 3853 3854 3808 3852 9852",
        "schema_drift": "3810 3812 3813 5628 3809 3816 3817 3814 3815 3669",
        "sql_syntax_error": "3704 3706 3707 3708 3709 3701 3702 3705 3503 3504 3508 3509 3514 3515 3625 3627 3629 "
        "3637 "
        "3743 3782 3793 3822 3855 5758 3737 3700 3760 3771 3818 3824 5407 5523 5526 5759 5771 6916 3888",
        "permission_denied": "3523 3524 3525 3526 3534 3541 5315 3544 3864 3865 5612 5746 7855 9299",
        "auth_failed": "8017 3001 3002 3004 3014 8031 8094 3047 3049",
        "credentials_expired": "3016 3032 3018 3033 8083 3057",
        "network_policy_blocked": "8071 9087",
        "connection_limit": "2639 8024 3023 3055 3151 8003 3182 8063 3198 3130 3058",
        "disk_or_spool_space": "2507 2543 2643 2644 2646 3787 9801 2675 2809 2642 9802",
        "out_of_memory": "3710 2541 2542 3711 9124 3712",
        "statement_timeout": "3111 3156 3158 3160 3161 3162 3163 3129 9130",
        "rate_limited": "3149 3150 3148 9253",
        "merge_duplicate_rows": "7547 5757 7562",
        "connection_lost": "2825 2826 2828 2834 2835 3120 3127 8018 8055 8056 3897",
        "session_expired_idle": "8051 8053",
        "remote_service_error": "2827 2971 3119 3899 8013",
        "connection_refused": "8019",
        "connect_timeout": "1277",
    }
)

FAMILY = Family(
    codes=(
        Codes(
            "Teradata",
            re.compile(
                r"\[Teradata (?:Database|JDBC Driver)\](?:(?! \[Error).)*? ?\[Error (?P<code>\d{3,5})\]"
                r"|\[Error (?P<plain>\d{4,5})\] \[SQLState|\*\*\* Failure (?P<bteq>\d{4})\b"
                r"|\bRDBMS error (?P<rdbms>\d{4})\b|TPT\d+[^\n]*?\bcode:? (?P<tpt>\d{4})"
                r"|\bTeradata[^\n]{0,60}\((?P<odbc>\d{4})\)|\bError Code ?(?:=|:)? ?(?P<load>\d{4})\b"
            ),
            _NUMBERS,
        ),
    ),
    words=words(
        "teradata",
        {
            "disk_or_spool_space": (r"No more spool space", r"No more room in database"),
            "deadlock": (r"Transaction ABORTed due to deadlock",),
            "lock_contention": (r"being Loaded\b", r"concurrent change conflict"),
            "encoding_error": (r"untranslatable character",),
            "missing_driver_or_dependency": (
                r"teradatasql\.(?:so|dll|dylib)",
                r"libtelapi",
                r"tbuild: (?:command )?not found",
            ),
            "auth_failed": (r"UserId, Password or Account is invalid", r"Logon failed"),
            "permission_denied": (r"does not have .{1,60} access to",),
        },
    ),
)
