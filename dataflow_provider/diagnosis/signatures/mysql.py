"""MySQL and MariaDB error numbers. Source: MySQL 8.4 "Server/Client Error Message Reference", MariaDB error codes."""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes, words

_NUMBERS = codes(
    {
        "type_cast_error": "3156 3903 1210 4038",
        "deadlock": "1213 3058",
        "lock_contention": "1205 3572 1099 1100 1192 3202 3132 1223",
        "unique_violation": "1062 1586 1022 1169",
        "not_null_violation": "1048 1364 1263 1566",
        "foreign_key_violation": "1452 1451 1216 1217 1701 3730 1833 1834",
        "numeric_overflow": "1264 1690 1367 1425 1426 1427",
        "division_by_zero": "1365",
        "string_truncation": "1406 1118 1071 1074 1162",
        "date_parse_error": "1411 1525 1441",
        "object_not_found": "1146 1049 1051 1305 1109 1356 1477 1431 1932 1008",
        "schema_drift": "1054 1136 1222 1166 1091 1353 1328 1058",
        "sql_syntax_error": "1064 1149 1055 1140 1052 1111 1248 1582 1630 1093 1235 1241 1318 1221 1060 1110 1112 "
        "1390 1128 1604 3065 1250 3593",
        "auth_failed": "1045 1698 3118 4151",
        "credentials_expired": "1820 1862",
        "permission_denied": "1044 1142 1143 1227 1370 1419 1410 1290 1836 1792 3948 2068 1148 1095 4166",
        "connection_limit": "1040 1203 1226 1206 1461 1135",
        "network_policy_blocked": "1130 1129",
        "disk_or_spool_space": "1114 1021 1534 1713 1878 1197",
        "out_of_memory": "1037 1038 1041 1436 3170",
        "dns_failure": "2005",
        "connection_lost": "2006 2013 2055 1053 1152 1158 1160 1184 2027 1159 1161 1189 2056 1927",
        "session_expired_idle": "4031",
        "tls_error": "2026 3159",
        "missing_driver_or_dependency": "2059 2061 1524 2054 1251 1286 1126 1127",
        "statement_timeout": "3024 1969 3168",
        "encoding_error": "1267 1271 1300 3988 1115 1273 1977 1282 3854",
        "bad_file_format": "1261 1262 3140 3141 1083 3143 3146",
        "source_file_missing": "1017 13 29 1016",
        "invalid_configuration": "1153 1231 1193 1238 1298",
        "connection_refused": "2002 1429",
    }
) | {
    "1366": ("type_cast_error", 0.7),
    "1292": ("date_parse_error", 0.6),
    "1265": ("string_truncation", 0.6),
    "2003": ("connection_refused", 0.6),
    "1030": ("disk_or_spool_space", 0.5),
    "1317": ("statement_timeout", 0.5),
    "1020": ("lock_contention", 0.6),
}

_ERRNO = codes(
    {
        "connection_refused": "111 61 10061 2",  # 2: no socket file, so no server behind it
        "connect_timeout": "110 60 10060 113 101",
        "dns_failure": "-2 -3 -5 11001",
    }
)

FAMILY = Family(
    codes=(
        Codes(
            "MySQL",
            re.compile(
                r"(?:pymysql|MySQLdb|mysql\.connector|_mysql_connector|mariadb|\b(?:Operational|Integrity|Data|Programming|"
                r"Internal|Interface|NotSupported|Database)?Error)[^\n(]{0,60}:? ?\((?P<code>\d{2,4}), ?b?[\"']"
                r"|\bERROR (?P<client>\d{4}) \((?:\w{5})\)|\b(?P<connector>\d{4}) \((?:HY000|\d\d\w{3})\):"
                r"|errno[ :=]+(?P<errno>\d{4})\b"
            ),
            _NUMBERS,
        ),
        Codes(
            "errno of MySQL's client",
            re.compile(r"Can't connect to [^\n]{1,160}?\((?P<code>-?\d{1,5})(?: \"[^\"]*\")?\)"),
            _ERRNO,
        ),
    ),
    words=words(
        "mysql",
        {
            "deadlock": (r"Deadlock found when trying to get lock",),
            "lock_contention": (r"Lock wait timeout exceeded", r"Record has changed since last read"),
            "unique_violation": (r"Duplicate entry '",),
            "not_null_violation": (r"Column '[^']*' cannot be null", r"doesn't have a default value"),
            "foreign_key_violation": (
                r"a foreign key constraint fails",
                r"referenced (?:in|by) a foreign key constraint",
            ),
            "encoding_error": (
                r"Incorrect string value",
                r"Illegal mix of collations",
                r"Invalid utf8m?b?\d? character",
            ),
            "date_parse_error": (r"Incorrect (?:date|datetime|time|timestamp) value",),
            "type_cast_error": (
                r"Incorrect (?:integer|decimal|double|float) value",
                r"Truncated incorrect (?:DOUBLE|INTEGER)",
            ),
            "string_truncation": (r"Data too long for column", r"Data truncated for column"),
            "numeric_overflow": (r"Out of range value for column", r"value is out of range in"),
            "object_not_found": (r"Table '[^']*' doesn't exist", r"Unknown (?:database|table) '"),
            "schema_drift": (r"Unknown column '", r"Column count doesn't match value count"),
            "sql_syntax_error": (r"You have an error in your SQL syntax",),
            "auth_failed": (r"Access denied for user '[^']*'@'[^']*' \(using password",),
            "permission_denied": (r"command denied to user", r"Access denied for user '[^']*'@'[^']*' to database"),
            "connection_limit": (r"Too many connections", r"max_user_connections"),
            "network_policy_blocked": (
                r"is not allowed to connect to this M",
                r"is blocked because of many connection errors",
            ),
            "connect_timeout": (r"Can't connect to .{1,100}timed out",),
            "connection_lost": (r"MySQL server has gone away", r"Lost connection to (?:MySQL|server|MariaDB)"),
            "session_expired_idle": (
                r"disconnected by the server because of inactivity",
                r"wait_timeout or interactive_timeout",
                r"longer than the server configured value of 'wait_timeout'",
            ),
            "statement_timeout": (r"maximum statement execution time exceeded", r"max_statement_time exceeded"),
            "missing_driver_or_dependency": (r"Authentication plugin '[^']*' (?:cannot be loaded|is not supported)",),
            "disk_or_spool_space": (r"The table '[^']*' is full", r"errno: 28\b"),
            "tls_error": (r"SSL connection error", r"insecure transport are prohibited"),
        },
    ),
)
