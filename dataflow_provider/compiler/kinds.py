"""Kinds: what is known of a column's type, in the canonical words of `dialects`, or only its family, or nothing.

`DECIMAL(10,2)` is a type; `number` in small letters says that it is some number, as engines differ in which one; "" is
unknown. Nothing is invented: what was not seen to hold on the engines is unknown.
"""

from __future__ import annotations

import re
from functools import lru_cache

from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.canonical import Canonical

NUMBER, TEXT, MOMENT, BOOLEAN, TIME, BINARY = "number", "text", "moment", "boolean", "time", "binary"
FAMILY_WORDS = {
    NUMBER: "a number", TEXT: "text", MOMENT: "a date or time", BOOLEAN: "true or false", TIME: "a time of day",
    BINARY: "bytes",
}  # fmt: skip
INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
"""Signed whole numbers, the widest last."""

_FAMILIES = (
    (NUMBER, re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT|INTEGER|UINTEGER|DECIMAL\(.*|NUMERIC|FLOAT|DOUBLE")),
    (TEXT, re.compile(r"VARCHAR")),
    (MOMENT, re.compile(r"DATE|TIMESTAMP.*")),
    (BOOLEAN, re.compile(r"BOOLEAN")),
    (TIME, re.compile(r"TIME( .*)?")),
    (BINARY, re.compile(r"BLOB")),
)
# As DuckDB and SQLite take types; where a name means one thing only.
_GENERAL = Canonical(
    {
        **dict.fromkeys(("INT", "INT4", "SIGNED", "MEDIUMINT"), "INTEGER"), **dict.fromkeys(("INT8", "LONG"), "BIGINT"),
        **dict.fromkeys(("INT2", "SHORT"), "SMALLINT"), **dict.fromkeys(("FLOAT8", "DOUBLE PRECISION"), "DOUBLE"),
        **dict.fromkeys(("FLOAT4", "REAL"), "FLOAT"), **dict.fromkeys(("NUMERIC", "DEC"), "DECIMAL"),
        **dict.fromkeys(("TEXT", "STRING", "CHAR", "BPCHAR", "CHARACTER", "CHARACTER VARYING", "CLOB"), "VARCHAR"),
        **dict.fromkeys(("BYTEA", "BINARY", "VARBINARY"), "BLOB"), "BOOL": "BOOLEAN", "DATETIME": "TIMESTAMP",
        "TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE",
        **{name: name for name in (
            "FLOAT", "BLOB", "TIME", "JSON", "UUID", "TINYINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
            "UBIGINT", "UHUGEINT", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "INTERVAL",
        )},
    },
    decimal="NUMERIC",
)  # fmt: skip


@lru_cache(maxsize=4096)
def kind_of_type(text: str, dialect: SqlDialect) -> str:
    """Return the kind of a type as an engine or an author spells it.

    >>> from dataflow_provider.dialects.registry import get_dialect
    >>> kind_of_type("character varying(20)", get_dialect("postgres")), kind_of_type("tinyint(1)", get_dialect("mysql"))
    ('VARCHAR', 'BOOLEAN')
    """
    written = " ".join(text.replace('"', "").split()).upper()
    if written in ("", "NULL"):
        return ""
    if dialect.name == "mysql":
        if written in ("TINYINT(1)", "BOOLEAN", "BOOL"):
            return "BOOLEAN"
        return dialect.publish.canonical_type(written.replace(" UNSIGNED", "").replace(" ZEROFILL", ""))
    if dialect.name in ("duckdb", "sqlite"):
        return _GENERAL.of(written)
    # `FLOAT` alone has eight bytes here and four there.
    return dialect.publish.canonical_type(written) or _GENERAL.of(written).replace("FLOAT", NUMBER)


def family(kind: str) -> str:
    """Return the family of a kind; "" when unknown, and for types that have no family of their own here.

    >>> family("DECIMAL(10,2)"), family("number"), family("JSON")
    ('number', 'number', '')
    """
    if kind in FAMILY_WORDS:
        return kind
    return next((name for name, pattern in _FAMILIES if pattern.fullmatch(kind)), "")


def merged(kinds: list[str]) -> str:
    """Return the kind of a column that takes values of all these kinds.

    >>> merged(["INTEGER", "BIGINT"]), merged(["INTEGER", "DECIMAL(4,1)"]), merged(["VARCHAR", "DATE"])
    ('BIGINT', 'number', '')
    """
    distinct = set(kinds)
    if len(distinct) == 1:
        return loose(kinds[0])
    if distinct <= set(INTEGERS):
        return max(distinct, key=INTEGERS.index)
    if distinct == {"DATE", "TIMESTAMP"}:
        return "TIMESTAMP"
    families = {family(kind) for kind in distinct}
    return families.pop() if len(families) == 1 else ""


def loose(kind: str) -> str:
    """Return the kind of what is computed from a value: engines differ in the digits of decimals.

    >>> loose("DECIMAL(10,2)"), loose("DATE")
    ('number', 'DATE')
    """
    return NUMBER if kind.startswith("DECIMAL") or kind in ("NUMERIC", "FLOAT") else kind
