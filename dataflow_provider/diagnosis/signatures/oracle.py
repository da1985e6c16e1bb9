"""Oracle: ORA, TNS, DPY and DPI numbers. Source: Oracle Database Error Messages, python-oracledb's errors.py."""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes, words

_ORA = codes(
    {
        "deadlock": "60 4020",
        "lock_contention": "54 30006 4021 2049 8177 1591 104 51 14450 8176 12838 38029 60025",
        "unique_violation": "1",
        "not_null_violation": "1400 1407",
        "foreign_key_violation": "2291 2292",
        "type_cast_error": "1722 932 1465 6550 1481 39726 1411 6531 22808",
        "date_parse_error": "1858 1861 1843 1830 1839 1840 1841 1847 1848 1849 1850 1851 1852 1853 1855 1862 1865 "
        "1866 "
        "1867 1878 1882 1801 1810 1821 1854 1873 1880 1881 1820 1822 1842",
        "numeric_overflow": "1438 1426 1455 1428 22053 1727 1728",
        "division_by_zero": "1476",
        "string_truncation": "12899 1401 1489 1461 64203 22835 40478 24801 19011",
        "encoding_error": "29275 12703 12712 1482 29276 12728 12705 12726",
        "object_not_found": "942 4043 24344 2019 1435 1918 8103 376 6564 24010 4080",
        "schema_drift": "913 947 4063 1007 904 2089",
        "sql_syntax_error": "900 901 902 903 905 906 907 908 909 910 911 917 918 920 921 922 923 924 925 926 927 928 "
        "933 934 935 936 937 938 969 970 972 979 1008 1036 1747 1756 1789 30563 2000 30076 "
        "22818 2287 1779 1791 3001 30081 12704 14552 6553",
        "auth_failed": "1017 1005 1004 1988 28040 1045",
        "credentials_expired": "28001 28002 28011",
        "permission_denied": "1031 1950 1720 1749 24247 28109 28112 1917 16000 1990 1994 28100 41900 27486",
        "disk_or_spool_space": "1536 1555 1562 1628 1631 1632 1650 1652 1653 1654 1655 1658 1659 1688 1691 1692 1693 "
        "3232 3297 19502 19504 19809 19815 257 16038 27072 30036 30032 24333 60004 1119 22924 "
        "1581 1114 1237 27061 38881",
        "out_of_memory": "4030 4031 27102 4036 39025 4033",
        "connection_limit": "18 19 20 12516 12519 12520 2391 12523 1000 55 12850",
        "connection_refused": "12541 1033 1034 1089 1090 1109 12564 12542",
        "invalid_configuration": "12154 12162 12505 12514 12521 12533 12538 12640 12650 12504 12557 12262 12560 12261 "
        "12263 12268 12269 12549",
        "connect_timeout": "12170 12535 12525 12606 12609",
        "connection_lost": "3113 3114 3135 12537 12547 12571 12583 12570 12153 3106 28 25401 25402 25408 17002 17008 "
        "17410 2068 3149",
        "session_expired_idle": "2396 2399 1012 17016",
        "dns_failure": "12545 29257",
        "tls_error": "28759 28791 28858 28860 28862 29002 29024 29106 28864 28865 28750 24263 28374 28845 28847 29003",
        "network_policy_blocked": "12566 12529 12568 46981 12506 12546",
        "statement_timeout": "40 41 56735 3156 2050",
        "merge_duplicate_rows": "30926 38104 1427",
        "source_file_missing": "22288 29283 29280 27037",
        "bad_file_format": "29913 30653 40441 31011",
        "remote_service_error": "3137 29276 603",
    }
) | {
    # Locked: with signs of an expired password that is the cause; else somebody guessed too often.
    "28000": ("credentials_expired", 0.6),
    "6502": ("type_cast_error", 0.6),
    "1013": ("statement_timeout", 0.4),
    "29400": ("bad_file_format", 0.3),
    "4068": ("schema_drift", 0.5),
    "4061": ("schema_drift", 0.5),
    "1804": ("invalid_configuration", 0.5),
    "12528": ("connection_refused", 0.7),
    "12526": ("connection_refused", 0.7),
    "12518": ("connection_limit", 0.7),
}

_DPY = codes(
    {
        "invalid_configuration": "6001 4000 4026 4027 4017 4018 6003 4020",
        "connection_lost": "4011 1001 4025",
        "connection_limit": "4005",
        "statement_timeout": "4024",
        "missing_driver_or_dependency": "3001 3010 3015 3016",
        "connection_refused": "6004",
        "session_expired_idle": "1003",
        "tls_error": "6006",
    }
) | {"6005": ("connection_refused", 0.35), "6000": ("connection_refused", 0.6)}

_DPI = codes(
    {
        "missing_driver_or_dependency": "1047 1050 1072",
        "connection_lost": "1080 1010",
        "statement_timeout": "1067",
        "connection_limit": "1002",
    }
)

FAMILY = Family(
    codes=(
        Codes("Oracle", re.compile(r"\b(?:ORA|TNS)-0*(?P<code>\d{1,5})\b"), _ORA),
        Codes("python-oracledb", re.compile(r"\bDPY-0*(?P<code>\d{1,4})\b"), _DPY),
        Codes("ODPI-C", re.compile(r"\bDPI-0*(?P<code>\d{1,4})\b"), _DPI),
    ),
    words=words("oracle", {"remote_service_error": (r"initialization or shutdown in progress",)}, 0.6)
    + words(
        "oracle",
        {
            "credentials_expired": (r"EXPIRED ?(?:&|AND) ?LOCKED", r"password (?:has|will) expire"),
            "connect_timeout": (r"DPY-6005[^\0]{1,200}timed? ?out",),
            "string_truncation": (r"character string buffer too small",),
            "schema_drift": (r"java\.sql\.SQLException: Invalid column (?:name|index)",),
            "disk_or_spool_space": (r"snapshot too old", r"unable to extend (?:table|index|temp|lob|undo)"),
            "missing_driver_or_dependency": (r"Cannot locate a (?:64|32)-bit Oracle Client library",),
        },
    ),
)
