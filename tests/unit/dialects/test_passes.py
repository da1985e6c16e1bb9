"""Passes over the tree: the cases in which sqlglot alone would change rows without a word."""

from __future__ import annotations

import re
import sqlite3

import pytest
import sqlglot
from sqlglot import exp

from dataflow_provider.dialects.passes import derive_qualify, spell_null_order
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.dialects.render import render
from dataflow_provider.errors import AuthorError

ROWS = [(1, "a"), (2, "a"), (3, "b"), (4, None), (5, None)]


def rows_of(sql: str) -> list[tuple[object, ...]]:
    """Run a query on SQLite over the table `t (id, k)`."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (id INTEGER, k TEXT)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", ROWS)
    return connection.execute(sql).fetchall()


def parse(sql: str) -> exp.Expr:
    return sqlglot.parse_one(sql, dialect="duckdb")


def test_qualify_is_applied_before_limit() -> None:
    query = "SELECT id, k FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY id) = 2 ORDER BY id LIMIT 2"
    derived = derive_qualify(parse(query)).sql("sqlite", identify=True)
    assert rows_of(derived) == [(2, "a"), (5, None)]
    # What sqlglot makes of it by itself limits first, and finds nothing.
    assert rows_of(parse(query).sql("sqlite")) != rows_of(derived)


def test_rank_of_a_derived_qualify_is_no_column_of_the_result() -> None:
    tree = derive_qualify(parse("SELECT id FROM t QUALIFY ROW_NUMBER() OVER (ORDER BY id DESC) = 1"))
    assert isinstance(tree, exp.Select)
    assert tree.named_selects == ["id"]
    assert rows_of(tree.sql("sqlite", identify=True)) == [(5,)]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("k NULLS LAST, id", [1, 2, 3, 4, 5]),
        ("k NULLS FIRST, id", [4, 5, 1, 2, 3]),
        ("k DESC NULLS LAST, id", [3, 1, 2, 4, 5]),
        ("k DESC NULLS FIRST, id", [4, 5, 3, 1, 2]),
    ],
)
def test_place_of_null_holds_where_the_engine_has_no_word_for_it(order: str, expected: list[int]) -> None:
    tree = spell_null_order(parse(f"SELECT id FROM t ORDER BY {order}"))
    text = tree.sql("mysql")
    assert "NULLS" not in text
    assert [row[0] for row in rows_of(text.replace("`", '"'))] == expected


@pytest.mark.parametrize("engine", ["postgres", "mysql", "sqlite"])
@pytest.mark.parametrize(
    ("query", "feature"),
    [
        ("SELECT * EXCLUDE (id) FROM t", "nobody knows by name"),
        ("SELECT * FROM t QUALIFY ROW_NUMBER() OVER (ORDER BY id) = 1", "nobody knows by name"),
        ("SELECT * FROM t UNION ALL BY NAME SELECT * FROM u", "union by name"),
        ("SELECT TRY_CAST(k AS TIME) AS k FROM t", "notices every bad value"),
    ],
)
def test_what_an_engine_cannot_say_is_refused_with_an_alternative(engine: str, query: str, feature: str) -> None:
    with pytest.raises(AuthorError, match=feature) as refused:
        render(parse(query), get_dialect(engine))
    assert refused.value.code == "DF-SQL-021"
    assert refused.value.hint


@pytest.mark.parametrize("engine", ["postgres", "mysql", "sqlite"])
def test_try_cast_never_becomes_a_bare_cast(engine: str) -> None:
    text = render(parse("SELECT TRY_CAST(k AS BIGINT) AS k FROM t"), get_dialect(engine), pretty=False)
    assert "CASE WHEN" in text
    assert "TRY_CAST" not in text


def test_sqlite_guard_gives_null_for_what_is_no_number() -> None:
    connection = sqlite3.connect(":memory:")
    connection.create_function("regexp", 2, lambda pattern, text: int(re.search(pattern, str(text)) is not None))
    text = render(parse("SELECT TRY_CAST(v AS BIGINT) AS v FROM (SELECT '12' AS v) AS s"), get_dialect("sqlite"))
    assert connection.execute(text).fetchall() == [(12,)]
    text = render(parse("SELECT TRY_CAST(v AS BIGINT) AS v FROM (SELECT '1x' AS v) AS s"), get_dialect("sqlite"))
    assert connection.execute(text).fetchall() == [(None,)]
