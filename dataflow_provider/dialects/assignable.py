"""Which types, in DuckDB's words, can be assigned to which without changing a value; what is not here is schema drift.

Naive times are UTC and sessions run in UTC, so times with and without a zone name the same instant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_INTEGERS: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    # type → lowest, highest power of two of its range, decimal digits
    {
        "TINYINT": (7, 7, 3),
        "SMALLINT": (15, 15, 5),
        "INTEGER": (31, 31, 10),
        "BIGINT": (63, 63, 19),
        "HUGEINT": (127, 127, 39),
        "UTINYINT": (0, 8, 3),
        "USMALLINT": (0, 16, 5),
        "UINTEGER": (0, 32, 10),
        "UBIGINT": (0, 64, 20),
        "UHUGEINT": (0, 128, 39),
    }
)
_MANTISSA_BITS: Mapping[str, int] = MappingProxyType({"FLOAT": 24, "DOUBLE": 53})
_TIME_RANKS: Mapping[str, int] = MappingProxyType(
    {"DATE": 0, "TIMESTAMP_S": 1, "TIMESTAMP_MS": 2, "TIMESTAMP": 3, "TIMESTAMP WITH TIME ZONE": 3, "TIMESTAMP_NS": 4}
)
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
# SUM over integers is HUGEINT in DuckDB. A value out of range fails the statement, it is never altered.
_CHECKED_BY_THE_ENGINE = frozenset({("HUGEINT", "BIGINT"), ("UHUGEINT", "UBIGINT")})
_NEVER_AS_TEXT = ("BLOB", "BIT", "STRUCT", "MAP", "UNION")


def is_assignable(source: str, target: str) -> bool:
    """Return whether every value of `source` reaches a column of `target` unchanged; unknown types ("") pass.

    >>> is_assignable("INTEGER", "BIGINT"), is_assignable("BIGINT", "INTEGER"), is_assignable("DOUBLE", "DECIMAL(9,2)")
    (True, False, False)
    """
    source, target = source.upper(), target.upper()
    if not source or not target or source == target or source == '"NULL"' or (source, target) in _CHECKED_BY_THE_ENGINE:
        return True
    if source.endswith("[]") and target.endswith("[]"):
        return is_assignable(source[:-2], target[:-2])
    if target == "VARCHAR":
        return not source.startswith(_NEVER_AS_TEXT) and not source.endswith("]")
    if source in _TIME_RANKS and target in _TIME_RANKS:
        return _TIME_RANKS[source] <= _TIME_RANKS[target]
    return _is_number_assignable(source, target)


def _is_number_assignable(source: str, target: str) -> bool:
    if source in _INTEGERS and target in _INTEGERS:
        (low, high, _), (target_low, target_high, _) = _INTEGERS[source], _INTEGERS[target]
        return low <= target_low and high <= target_high
    if target == "NUMERIC":
        return source in _INTEGERS or _DECIMAL.fullmatch(source) is not None
    if source in _INTEGERS and target in _MANTISSA_BITS:
        return _INTEGERS[source][1] <= _MANTISSA_BITS[target]
    if (source, target) == ("FLOAT", "DOUBLE"):
        return True
    wanted = _DECIMAL.fullmatch(target)
    if wanted is None:
        return False
    whole_digits, scale = int(wanted[1]) - int(wanted[2]), int(wanted[2])
    given = _DECIMAL.fullmatch(source)
    if given is not None:
        return int(given[1]) - int(given[2]) <= whole_digits and int(given[2]) <= scale
    return source in _INTEGERS and _INTEGERS[source][2] <= whole_digits
