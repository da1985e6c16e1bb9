"""The engines whose SQL is kept as text, the words an author uses on each, and how to read their statements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import sqlglot
from sqlglot import exp

from dataflow_provider.dialects.registry import get_dialect
from tests.golden.dialects.pipelines import Words

ENGINES: Mapping[str, Words] = MappingProxyType(
    {
        "databricks": Words(text="STRING", integer="INT", quotes="``"),
        "oracle": Words(text="VARCHAR2(40)", integer="NUMBER(10)", decimal="NUMBER(12, 2)"),
        "saphana": Words(text="NVARCHAR(40)"),
        "snowflake": Words(moment="TIMESTAMP_NTZ"),
        "sqlserver": Words(text="NVARCHAR(40)", integer="INT", moment="DATETIME2", quotes="[]", concat="{0} + {1}"),
        "sybase": Words(integer="INT", moment="BIGDATETIME", quotes="[]", concat="{0} + {1}"),
        "teradata": Words(),
    }
)
# The shells that the parser has no words for: what they look like, and the query inside them.
_SHELLS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "databricks": (r"CREATE OR REPLACE TABLE \S+ USING DELTA TBLPROPERTIES \(.*?\) AS\n(?P<query>.*)",),
        "oracle": (
            r"CREATE TABLE \S+ AS\n(?P<query>.*)",
            r'CREATE PRIVATE TEMPORARY TABLE "ORA\$PTT_\w+" ON COMMIT PRESERVE DEFINITION AS\n(?P<query>.*)',
        ),
        "saphana": (
            r"CREATE COLUMN TABLE \S+ AS \(\n(?P<query>.*)\n\) WITH DATA",
            r'CREATE LOCAL TEMPORARY COLUMN TABLE "#\w+" AS \(\n(?P<query>.*)\n\) WITH DATA',
        ),
        "snowflake": (r"CREATE OR REPLACE (?:TEMPORARY )?TABLE \S+ AS\n(?P<query>.*)",),
        "sqlserver": (r"(?P<head>.*)\nINTO \S+\n(?P<tail>FROM .*)",),
        "sybase": (r"(?P<head>.*?)\nINTO \S+\n(?P<tail>FROM .*)",),
        "teradata": (
            r"CREATE MULTISET TABLE \S+ AS \(\nSELECT \* FROM \(\n(?P<query>.*)\n\) q\n\) WITH DATA NO PRIMARY INDEX",
            (
                r"CREATE VOLATILE MULTISET TABLE \S+ AS \(\nSELECT \* FROM \(\n(?P<query>.*)\n\) q\n\) "
                r"WITH DATA NO PRIMARY INDEX ON COMMIT PRESERVE ROWS"
            ),
        ),
    }
)
_TEST_OF_TEXT = re.compile(r"(CAST\([^()]*(?:\([^()]*\))?\)) LIKE_REGEXPR ('(?:[^']|'')*')")


def query_in(engine: str, statement: str) -> str | None:
    """Return the query that builds a table, or the statement itself when it is a query; None for all others."""
    for shell in _SHELLS[engine]:
        match = re.fullmatch(shell, statement, re.DOTALL)
        if match is not None:
            groups = match.groupdict()
            return groups.get("query") or f"{groups['head']}\n{groups['tail']}"
    return statement if re.match(r"(/\*.*?\*/\s*)*(SELECT|WITH)\b", statement) else None


def parse(engine: str, query: str) -> exp.Expr:
    """Return the tree of a query as the engine's own dialect reads it; nothing in it may be left unread."""
    text = _TEST_OF_TEXT.sub(r"REGEXP_LIKE(\1, \2)", query) if engine == "saphana" else query
    if engine == "teradata":
        text = text.replace(" CHARACTER SET UNICODE", "")
    tree = sqlglot.parse_one(text, dialect=get_dialect(engine).sqlglot)
    assert not tree.find(exp.Command), query
    return tree


def as_duckdb(engine: str, query: str) -> str:
    """Return the query's meaning in DuckDB's words."""
    tree = parse(engine, query)
    for cast in [*tree.find_all(exp.Cast)]:
        if cast.args.get("default") is not None:
            cast.replace(exp.TryCast(this=cast.this.copy(), to=cast.to.copy()))
    for sum_of_texts in [*tree.find_all(exp.Add)]:
        if sum_of_texts.expression.name == "note":
            sum_of_texts.replace(exp.DPipe(this=sum_of_texts.this.copy(), expression=sum_of_texts.expression.copy()))
    return tree.sql(dialect="duckdb").replace("TEXT(MAX)", "TEXT")
