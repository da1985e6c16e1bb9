"""Exact numbers from JSON files: DuckDB reads a number with a fraction as a double, which keeps 15 digits.

A field that is declared with more is read as JSON and told apart: a text, and a whole number of any size, is taken
digit by digit; a number with a fraction is taken where 15 digits hold it, and refused where they do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

DOUBLE_DIGITS = 15
"""Decimal digits that every double holds."""
_DECIMAL = re.compile(r"(?:decimal|numeric|dec)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?")
_MORE_DIGITS = f"^-?[.0]*[1-9]([.]?[0-9]){{{DOUBLE_DIGITS - 1},}}[.]?[1-9]"
_HUGE = ("hugeint", "int128", "uhugeint", "uint128")


def is_exact(kind: str) -> bool:
    """Return whether a declared type of DuckDB holds numbers that a double does not."""
    size = _precision_and_scale(kind)
    return size is not None and size[0] > DOUBLE_DIGITS


def read_types(types: Mapping[str, str]) -> dict[str, str]:
    """Return the types by which `read_json` is to read the columns."""
    return {name: "JSON" if is_exact(kind) else kind for name, kind in types.items()}


def exact_value(name: str, kind: str, *, tells_file: bool = True) -> str:
    """Return the SQL of DuckDB for a column that was read as JSON, as a value of its declared type.

    `tells_file`: the rows are those of `read_json` itself, whose hidden column `filename` says where one stands.
    """
    value = f'"{name.replace(chr(34), chr(34) * 2)}"'
    text = f"json_extract_string({value}, '$')"
    field = "JSON field " + name.replace("'", "''")
    where = " of file ' || filename || '" if tells_file else ""
    no_number = f"CASE WHEN {text} IS NOT NULL THEN error('{field}{where} is no {kind}') END"
    return (
        f"CASE WHEN {loses_digits(value, kind)} THEN error('{field}{where} loses digits') "
        f"ELSE coalesce(TRY_CAST({text} AS {kind}), {no_number}) END"
    )


def is_no(value: str, kind: str) -> str:
    """Return the condition that a value of JSON is no number of the declared type; NULL is one."""
    text = f"json_extract_string({value}, '$')"
    return f"{text} IS NOT NULL AND TRY_CAST({text} AS {kind}) IS NULL"


def loses_digits(value: str, kind: str) -> str:
    """Return the condition that a value of JSON has digits that the type keeps and DuckDB's double does not.

    Only a double of so many digits has a point: whole numbers stand there as they were written, however long, and texts
    begin with a quote.
    """
    _, scale = _precision_and_scale(kind) or (0, 0)
    return (
        f"regexp_matches({value}, '{_MORE_DIGITS}') AND {value} LIKE '%.%' "
        f"AND abs(TRY_CAST({value} AS DOUBLE)) >= 1e{DOUBLE_DIGITS - scale}"
    )


def _precision_and_scale(kind: str) -> tuple[int, int] | None:
    name = kind.strip().casefold()
    if name in _HUGE:
        return 38, 0
    found = _DECIMAL.fullmatch(name)
    if found is None:
        return None
    # DuckDB's own size where none is given.
    return (int(found[1]), int(found[2] or 0)) if found[1] else (18, 3)
