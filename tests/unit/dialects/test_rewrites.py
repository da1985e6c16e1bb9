"""The rewrites that engines without a feature share: what they write, and what they leave alone."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from dataflow_provider.dialects.literals import national_texts, spell_moments, widen_first_texts
from dataflow_provider.dialects.passes import UnsupportedHereError
from dataflow_provider.dialects.row_limits import drop_idle_orders, rank_limits, unwrap_statement
from dataflow_provider.dialects.select_lists import (
    concat_reasons,
    order_nulls_by_case,
    order_row_numbers,
    qualify_stars,
    refuse_long_names,
    select_from,
)
from dataflow_provider.dialects.truth import spell_booleans, spell_null_safe
from dataflow_provider.dialects.with_clauses import hoist_with, inline_with

Pass = Callable[[exp.Expr], exp.Expr]


def rewritten(step: Pass, text: str) -> str:
    return step(sqlglot.parse_one(text, dialect="duckdb")).sql(dialect="duckdb")


def same_rows(step: Pass, text: str) -> bool:
    """Return whether the rewritten query answers the same on real rows."""
    with duckdb.connect() as raw:
        raw.execute("CREATE TABLE t (a INTEGER, b INTEGER, c VARCHAR)")
        raw.execute("INSERT INTO t VALUES (1, NULL, 'x'), (2, 2, NULL), (NULL, NULL, 'y'), (3, 1, 'x'), (3, 1, 'x')")
        ours = raw.execute(rewritten(step, text)).fetchall()
        return sorted(map(str, ours)) == sorted(map(str, raw.execute(text).fetchall()))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("SELECT a FROM t WHERE TRUE AND a = 1", "SELECT a FROM t WHERE 1 = 1 AND a = 1"),
        ("SELECT a, FALSE FROM t WHERE (NOT (TRUE))", "SELECT a, 0 FROM t WHERE (NOT (1 = 1))"),
        ("SELECT a FROM t JOIN u ON FALSE", "SELECT a FROM t JOIN u ON 1 = 0"),
        ("SELECT CASE WHEN TRUE THEN FALSE END FROM t", "SELECT CASE WHEN 1 = 1 THEN 0 END FROM t"),
        ("SELECT CASE c WHEN TRUE THEN 1 END FROM t", "SELECT CASE c WHEN 1 THEN 1 END FROM t"),
        ("SELECT a FROM t WHERE c = TRUE", "SELECT a FROM t WHERE c = 1"),
    ],
)
def test_truth_is_a_comparison_or_a_number(text: str, wanted: str) -> None:
    assert rewritten(spell_booleans(values=True), text) == wanted


def test_truth_as_a_value_stays_where_the_engine_has_it() -> None:
    text = rewritten(spell_booleans(values=False), "SELECT TRUE FROM t WHERE TRUE")
    assert text == "SELECT TRUE FROM t WHERE 1 = 1"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM t l JOIN t r ON l.b IS NOT DISTINCT FROM r.b",
        "SELECT * FROM t WHERE NOT (a IS NOT DISTINCT FROM b)",
        "SELECT * FROM t WHERE a IS DISTINCT FROM b",
        "SELECT CASE WHEN a IS NOT DISTINCT FROM b THEN 1 ELSE 0 END FROM t",
    ],
)
def test_null_safe_equality_means_the_same_rows(text: str) -> None:
    assert "DISTINCT" not in rewritten(spell_null_safe, text)
    assert same_rows(spell_null_safe, text)


def test_inner_with_moves_in_front_under_a_name_of_its_own() -> None:
    text = (
        "WITH x AS (SELECT a FROM t), one AS (WITH x AS (SELECT a + 1 AS a FROM t) SELECT x.a FROM x) "
        "SELECT x.a, one.a AS b FROM x, one, (WITH x AS (SELECT 5 AS a) SELECT a FROM x) AS two"
    )
    flat = rewritten(hoist_with, text)
    assert flat.count("WITH") == 1
    assert same_rows(hoist_with, text)


def test_with_becomes_derived_tables() -> None:
    text = "WITH x AS (SELECT a FROM t), y(n) AS (SELECT a + 1 FROM x) SELECT y.n, z.a FROM y JOIN x AS z ON z.a < y.n"
    assert "WITH" not in rewritten(inline_with("E"), text)
    assert same_rows(inline_with("E"), text)


def test_random_value_read_twice_is_refused_where_it_would_be_drawn_twice() -> None:
    once = "WITH x AS (SELECT RANDOM() AS r FROM t) SELECT r FROM x"
    assert "RAND" in rewritten(inline_with("E"), once).upper()
    with pytest.raises(UnsupportedHereError, match=r"DF-SQL-021.*random.*checkpoint"):
        rewritten(inline_with("E"), "WITH x AS (SELECT RANDOM() AS r FROM t) SELECT * FROM x JOIN x AS y ON TRUE")


def test_recursive_with_is_refused_where_there_is_none() -> None:
    text = "WITH RECURSIVE x AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM x WHERE a < 3) SELECT a FROM x"
    with pytest.raises(UnsupportedHereError, match="recursive"):
        rewritten(inline_with("E"), text)
    assert "RECURSIVE" in rewritten(hoist_with, text)


def test_order_inside_goes_unless_it_chooses_rows() -> None:
    text = "SELECT * FROM (SELECT a FROM t ORDER BY a) AS x, (SELECT a FROM t ORDER BY a LIMIT 1) AS y ORDER BY 1"
    wanted = "SELECT * FROM (SELECT a FROM t) AS x, (SELECT a FROM t ORDER BY a LIMIT 1) AS y ORDER BY 1"
    assert rewritten(drop_idle_orders, text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM (SELECT a FROM t ORDER BY a DESC NULLS LAST LIMIT 2) AS x",
        "SELECT * FROM (SELECT a FROM t ORDER BY a NULLS LAST, b LIMIT 2 OFFSET 1) AS x",
        "SELECT a FROM t ORDER BY a NULLS LAST OFFSET 2",
    ],
)
def test_limit_by_rank_keeps_the_same_rows(text: str) -> None:
    assert "LIMIT" not in rewritten(rank_limits("E"), text)
    assert same_rows(rank_limits("E"), text)


def test_limit_beside_distinct_is_refused() -> None:
    with pytest.raises(UnsupportedHereError, match=r"limit.*transform\.sort"):
        rewritten(rank_limits("E"), "SELECT * FROM (SELECT DISTINCT a FROM t LIMIT 2) AS x")


def test_statement_is_unwrapped_as_long_as_nothing_stands_around_it() -> None:
    assert rewritten(unwrap_statement, "SELECT * FROM (SELECT a FROM t LIMIT 1) AS x") == "SELECT a FROM t LIMIT 1"
    for text in ("SELECT * FROM (SELECT a FROM t) AS x WHERE a > 1", "SELECT a FROM (SELECT a FROM t) AS x"):
        assert rewritten(unwrap_statement, text) == text


def test_star_beside_others_names_its_table() -> None:
    assert rewritten(qualify_stars, "SELECT *, 1 AS one FROM t AS x") == 'SELECT "x".*, 1 AS one FROM t AS x'
    assert rewritten(qualify_stars, "SELECT *, 1 AS one FROM t, u") == 'SELECT "t".*, "u".*, 1 AS one FROM t, u'
    assert rewritten(qualify_stars, "SELECT * FROM t") == "SELECT * FROM t"


def test_select_without_from_gets_one() -> None:
    step = select_from(lambda: exp.to_table("DUAL"))
    wanted = "SELECT 1 FROM DUAL UNION ALL SELECT 2 FROM DUAL UNION ALL SELECT a FROM t"
    assert rewritten(step, "SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT a FROM t") == wanted


def test_reasons_are_joined_without_the_missing_ones() -> None:
    text = "SELECT CONCAT_WS('; ', CASE WHEN a > 1 THEN 'big' END, CASE WHEN c = 'x' THEN 'an x' END) FROM t"
    # As the compiler writes it: a function that no engine's parser has changed.
    tree = sqlglot.parse_one("SELECT 1 AS r FROM t", dialect="duckdb")
    call = sqlglot.parse_one(text, dialect="duckdb").expressions[0]
    parts = list(call.find_all(exp.Case))
    tree.set("expressions", [exp.Anonymous(this="CONCAT_WS", expressions=[exp.Literal.string("; "), *parts])])
    flat = concat_reasons(by=exp.DPipe)(tree).sql(dialect="duckdb")
    with duckdb.connect() as raw:
        raw.execute("CREATE TABLE t AS SELECT * FROM (VALUES (1, 'x'), (2, 'x'), (2, 'y')) AS v(a, c)")
        assert raw.execute(flat).fetchall() == [("an x",), ("big; an x",), ("big",)]


def test_row_number_without_an_order_gets_one_that_tells_no_rows_apart() -> None:
    step = order_row_numbers(exp.null)
    text = rewritten(step, "SELECT ROW_NUMBER() OVER (PARTITION BY a), ROW_NUMBER() OVER () FROM t")
    assert "PARTITION BY a ORDER BY a" in text
    assert "OVER (ORDER BY NULL" in text
    ordered = "SELECT ROW_NUMBER() OVER (ORDER BY a) FROM t"
    assert rewritten(step, ordered) == ordered


@pytest.mark.parametrize("term", ["a", "a NULLS FIRST", "a DESC NULLS LAST", "a DESC NULLS FIRST", "a DESC, b"])
def test_place_of_null_is_a_term_of_its_own(term: str) -> None:
    text = f"SELECT a, ROW_NUMBER() OVER (ORDER BY {term}, c) AS n FROM t"
    assert same_rows(order_nulls_by_case, text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("CAST('2026-01-01 10:00:00' AS TIMESTAMP)", "TIMESTAMP '2026-01-01 10:00:00'"),
        ("CAST('2026-01-01' AS DATE)", "DATE '2026-01-01'"),
        ("CAST('01.02.2026' AS DATE)", "CAST('01.02.2026' AS DATE)"),
        ("CAST(a AS DATE)", "CAST(a AS DATE)"),
    ],
)
def test_moment_is_a_literal_that_no_setting_reads_differently(text: str, wanted: str) -> None:
    assert rewritten(spell_moments, text) == wanted


def test_texts_beyond_ascii_are_national() -> None:
    tree = national_texts(sqlglot.parse_one("SELECT 'a', 'ż'", dialect="tsql"))
    assert tree.sql(dialect="tsql") == "SELECT 'a', N'ż'"


def test_texts_of_a_union_are_as_wide_as_the_longest() -> None:
    text = rewritten(widen_first_texts(""), "SELECT 'a' AS n UNION ALL SELECT 'abc' AS n UNION ALL SELECT c FROM t")
    assert text.count("VARCHAR(3)") == 2
    assert rewritten(widen_first_texts(""), "SELECT 'a' AS n") == "SELECT 'a' AS n"


def test_name_that_the_engine_would_cut_is_refused() -> None:
    step = refuse_long_names("E", 10)
    assert rewritten(step, "SELECT abcdefghij FROM t") == "SELECT abcdefghij FROM t"
    with pytest.raises(UnsupportedHereError, match=r"abcdefghijk.*at most 10"):
        rewritten(step, "SELECT abcdefghijk FROM t")
