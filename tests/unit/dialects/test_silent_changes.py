"""Where sqlglot alone writes other rows without a word: each test shows that it does, and that we do not."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from dataflow_provider.dialects.passes import UnsupportedHereError
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.dialects.render import render
from tests.unit.dialects.conftest import Rendered

QUALIFY = "SELECT id, k FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY id) = 2 ORDER BY id LIMIT 2"
ROWS = "(1, 'a'), (3, 'b'), (5, 'c'), (7, 'a'), (9, 'b')"


def plain(engine: str, text: str) -> str:
    """Return what sqlglot alone makes of DuckDB's words."""
    return sqlglot.transpile(text, read="duckdb", write=get_dialect(engine).sqlglot)[0]


def rows_of(engine: str, text: str) -> list[tuple[object, ...]]:
    """Return the rows of an engine's text, read by its own dialect and run on DuckDB."""
    with duckdb.connect() as raw:
        raw.execute(f"CREATE TABLE t AS SELECT * FROM (VALUES {ROWS}) AS v(id, k)")
        return raw.execute(sqlglot.transpile(text, read=get_dialect(engine).sqlglot, write="duckdb")[0]).fetchall()


@pytest.mark.parametrize("engine", ["postgres", "mysql", "sqlserver", "oracle", "sqlite"])
def test_rank_is_filtered_before_the_limit(engine: str, lowered: Rendered) -> None:
    assert rows_of(engine, lowered(engine, QUALIFY)) == [(7, "a"), (9, "b")]
    assert rows_of(engine, plain(engine, QUALIFY)) == []


@pytest.mark.parametrize("engine", ["postgres", "mysql", "sqlite"])
def test_cast_that_may_fail_is_no_bare_cast(engine: str, lowered: Rendered) -> None:
    text = "SELECT TRY_CAST(k AS INT) AS n FROM t"
    assert plain(engine, text).startswith("SELECT CAST(")
    assert "CASE WHEN" in lowered(engine, text)


def test_cast_of_unknown_types_may_fail_on_snowflake_too(lowered: Rendered) -> None:
    text = "SELECT TRY_CAST(k + 1 AS INT) AS n FROM t"
    assert "TRY_CAST" not in plain("snowflake", text)
    assert 'TRY_CAST(CAST("k" + 1 AS TEXT) AS INT)' in lowered("snowflake", text).replace("VARCHAR", "TEXT")


@pytest.mark.parametrize("engine", ["mysql", "sybase"])
def test_full_join_never_becomes_a_union_of_groups(engine: str, lowered: Rendered) -> None:
    text = "SELECT a.k, COUNT(*) AS n FROM a FULL JOIN b ON a.k = b.k GROUP BY a.k"
    if engine == "mysql":
        assert "UNION" in plain(engine, text)
    with pytest.raises(UnsupportedHereError, match="FULL JOIN"):
        lowered(engine, text)


@pytest.mark.parametrize(
    ("engine", "value", "wrong"),
    [
        # Anchored there: finds nothing inside a text.
        ("snowflake", exp.RegexpLike(this=exp.column("k"), expression=exp.column("p")), "REGEXP_LIKE("),
        # Days there, whatever the unit.
        (
            "mysql",
            exp.DateDiff(this=exp.column("a"), expression=exp.column("b"), unit=exp.Var(this="MONTH")),
            "DATEDIFF(a, b)",
        ),
    ],
)
def test_function_of_another_meaning_is_no_word_of_the_product(engine: str, value: exp.Expr, wrong: str) -> None:
    tree = exp.Select(expressions=[exp.alias_(value, "v")]).from_("t")
    assert wrong in tree.sql(dialect=get_dialect(engine).sqlglot)
    with pytest.raises(UnsupportedHereError, match=type(value).__name__):
        render(tree, get_dialect(engine))


def test_rows_kept_for_a_session_are_rows_and_no_view() -> None:
    made = sqlglot.transpile("CREATE TEMPORARY TABLE x AS SELECT 1 AS a", read="duckdb", write="databricks")[0]
    assert "TEMPORARY VIEW" in made
    (statement,) = get_dialect("databricks").create_temporary("`x`", "SELECT 1 AS a")
    assert statement.startswith("CREATE OR REPLACE TABLE `x` USING DELTA ")


def test_rows_kept_for_a_session_survive_a_commit_on_oracle() -> None:
    (statement,) = get_dialect("oracle").create_temporary('"x"', "SELECT 1 FROM DUAL")
    assert "ON COMMIT PRESERVE DEFINITION" in statement


def test_table_in_the_way_is_dropped_where_replace_would_get_lost() -> None:
    assert "REPLACE" not in plain("sqlserver", "CREATE OR REPLACE TABLE x AS SELECT 1 AS a")
    first, second = get_dialect("sqlserver").create_stage("[x]", "SELECT *\nFROM [t]")
    assert first.startswith("DROP TABLE IF EXISTS [x]")
    assert second == "SELECT *\nINTO [x]\nFROM [t]"


def test_hash_is_hex_digits_on_sql_server() -> None:
    assert plain("sqlserver", "SELECT MD5(k) AS h FROM t") == "SELECT HASHBYTES('MD5', k) AS h FROM t"
    hashed = get_dialect("sqlserver").sampling.row_hash
    assert hashed == "LOWER(CONVERT(VARCHAR(32), HASHBYTES('MD5', _df_row), 2))"


@pytest.mark.parametrize("engine", ["sqlserver", "oracle", "sybase", "teradata"])
def test_truth_is_no_value_where_there_is_no_boolean(engine: str, lowered: Rendered) -> None:
    text = "SELECT id, TRUE AS b FROM t WHERE FALSE"
    ours = lowered(engine, text)
    assert "TRUE" not in ours
    assert "1 = 0" in ours


@pytest.mark.parametrize("engine", ["mysql", "databricks"])
def test_backslash_in_a_text_is_itself(engine: str) -> None:
    given = "a\\'; DROP TABLE t; --\\"
    tree = exp.Select(expressions=[exp.alias_(exp.Literal.string(given), "v")])
    text = render(tree, get_dialect(engine), pretty=False)
    found = sqlglot.parse_one(text, dialect=get_dialect(engine).sqlglot)
    assert found.expressions[0].unalias().name == given
    assert "\\\\" in text


@pytest.mark.parametrize("engine", ["mysql", "sqlserver", "sybase"])
def test_place_of_null_is_told_in_words_the_engine_has(engine: str, lowered: Rendered) -> None:
    assert "NULLS" not in lowered(engine, "SELECT a FROM t ORDER BY a NULLS LAST")


@pytest.mark.parametrize(("engine", "word"), [("oracle", "FETCH FIRST"), ("sqlserver", "TOP 2"), ("teradata", "TOP 2")])
def test_limit_is_written_as_the_engine_has_it(engine: str, word: str, lowered: Rendered) -> None:
    text = lowered(engine, "SELECT a FROM t ORDER BY a LIMIT 2")
    assert word in text
    assert "LIMIT" not in text


@pytest.mark.parametrize("engine", ["sqlserver", "sybase"])
def test_division_of_an_author_stays_as_written(engine: str, written: Rendered) -> None:
    assert "[a] / [b]" in written(engine, "SELECT a / b AS c FROM t")
    # Translated from DuckDB, where `/` is never of integers, it would be changed.
    assert "CAST(" in plain(engine, "SELECT a / b AS c FROM t")


def test_pipes_of_an_author_mean_what_mysql_means() -> None:
    dialect = get_dialect("mysql")
    from dataflow_provider.compiler.sqltext import parse_query

    assert isinstance(parse_query("SELECT a || b AS c FROM t", dialect).selects[0].unalias(), exp.Or)
