"""The search for a pattern and the length of a text in the words of each engine, or the refusal."""

from __future__ import annotations

import pytest
from sqlglot import exp

from dataflow_provider.dialects.passes import UnsupportedHereError
from dataflow_provider.dialects.registry import DIALECTS, get_dialect
from dataflow_provider.dialects.render import render

SEARCHES = {
    "databricks": "REGEXP_LIKE(`v`, 'a+')",
    "duckdb": "REGEXP_MATCHES(\"v\", 'a+')",
    "mysql": "(REGEXP_INSTR(`v`, '(?-i)a+') > 0)",
    "oracle": "REGEXP_LIKE(\"v\", 'a+')",
    "postgres": "\"v\" ~ 'a+'",
    "saphana": "(\"v\" LIKE_REGEXPR 'a+')",
    "snowflake": "(REGEXP_INSTR(\"v\", 'a+') > 0)",
    "sqlite": "(REGEXP('a+', `v`) = 1)",
    "sqlserver": None,
    "sybase": None,
    "teradata": "(REGEXP_INSTR(\"v\", 'a+') > 0)",
}
LENGTHS = {"mysql": "CHAR_LENGTH(", "sqlserver": "LEN(", "sybase": "CHAR_LENGTH(", "teradata": "CHARACTER_LENGTH("}


def rows_where(condition: exp.Expr) -> exp.Select:
    return exp.Select(expressions=[exp.column("v", quoted=True)]).from_("t").where(condition)


def test_every_engine_is_listed() -> None:
    assert set(SEARCHES) == set(DIALECTS)


@pytest.mark.parametrize(("engine", "wanted"), SEARCHES.items())
def test_search_finds_a_pattern_anywhere_or_is_refused(engine: str, wanted: str | None) -> None:
    found = exp.RegexpLike(this=exp.column("v", quoted=True), expression=exp.Literal.string("a+"))
    query = rows_where(exp.Not(this=found))
    if wanted is None:
        with pytest.raises(UnsupportedHereError, match=r"the pattern `a\+`"):
            render(query, get_dialect(engine), pretty=False)
        return
    assert wanted in render(query, get_dialect(engine), pretty=False)


@pytest.mark.parametrize("engine", sorted(DIALECTS))
def test_length_counts_every_character(engine: str) -> None:
    length = exp.Length(this=exp.column("v", quoted=True))
    sql = render(rows_where(exp.GT(this=length, expression=exp.Literal.number(3))), get_dialect(engine), pretty=False)
    assert LENGTHS.get(engine, "LENGTH(") in sql
    assert ("- 1) > 3" in sql) is (engine == "sqlserver")
