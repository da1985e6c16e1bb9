"""What PostgreSQL, MariaDB and SQLite are given in place of what they read otherwise or not at all."""

from __future__ import annotations

import sqlite3

import pytest
import sqlglot

from dataflow_provider.dialects.passes import UnsupportedHereError
from tests.unit.dialects.conftest import Rendered


def test_first_row_of_each_key_is_distinct_on(lowered: Rendered) -> None:
    text = "SELECT a, k FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY d DESC NULLS LAST) = 1"
    assert lowered("postgres", text) == ('SELECT DISTINCT ON ("k") "a", "k" FROM "t" ORDER BY "k", "d" DESC NULLS LAST')


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY d) = 2",
        "SELECT a FROM t QUALIFY ROW_NUMBER() OVER (ORDER BY d) = 1",
        "SELECT a FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY d) = 1 ORDER BY a LIMIT 3",
        "SELECT a + 1 AS b FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY d) = 1",
    ],
)
def test_other_ranks_stay_a_derived_table(lowered: Rendered, text: str) -> None:
    assert "DISTINCT ON" not in lowered("postgres", text)


def test_offset_alone_gets_a_limit_that_no_table_reaches(lowered: Rendered) -> None:
    text = "SELECT a FROM t ORDER BY a OFFSET 2"
    assert f"LIMIT {2**63 - 1} OFFSET 2" in lowered("mysql", text)
    # sqlglot alone writes what the engine cannot read; for SQLite it adds a limit itself.
    assert "LIMIT" not in sqlglot.transpile(text, read="duckdb", write="mysql")[0]
    assert "LIMIT -1 OFFSET 2" in lowered("sqlite", text)


@pytest.mark.parametrize("engine", ["mysql", "sqlite"])
def test_number_that_is_none_is_refused_where_it_would_be_0(lowered: Rendered, engine: str) -> None:
    with pytest.raises(UnsupportedHereError, match="`inf`"):
        lowered(engine, "SELECT CAST('inf' AS DOUBLE) AS a")


def test_name_that_sqlite_does_not_know_is_an_error_and_no_text(written: Rendered) -> None:
    with sqlite3.connect(":memory:") as raw:
        raw.execute("CREATE TABLE t (a INTEGER)")
        raw.execute("INSERT INTO t VALUES (1)")
        assert raw.execute('SELECT "b" FROM t').fetchall() == [("b",)]
        text = written("sqlite", "SELECT b FROM t")
        assert text == "SELECT `b` FROM `t`"
        with pytest.raises(sqlite3.OperationalError, match="no such column"):
            raw.execute(text)


def test_fraction_of_a_second_is_kept_in_literals(lowered: Rendered) -> None:
    text = "SELECT CAST('2026-01-01 10:00:00.25' AS TIMESTAMP) AS a"
    assert "TIMESTAMP '2026-01-01 10:00:00.25'" in lowered("mysql", text)
    assert lowered("sqlite", text) == "SELECT '2026-01-01 10:00:00.25' AS `a`"


def test_search_is_one_that_mariadb_knows_too(written: Rendered) -> None:
    assert "REGEXP_INSTR(`a`, 'x') > 0" in written("mysql", "SELECT a REGEXP 'x' AS b FROM t")


def test_dual_stays_a_word(written: Rendered) -> None:
    assert written("mysql", "SELECT 1 AS a FROM dual") == "SELECT 1 AS `a` FROM DUAL"


def test_name_longer_than_the_engine_keeps_is_refused_by_its_bytes(lowered: Rendered) -> None:
    lowered("postgres", f"SELECT {'x' * 63} FROM t")
    with pytest.raises(UnsupportedHereError, match="64 bytes"):
        lowered("postgres", f"SELECT {'ż' * 32} FROM t")
    with pytest.raises(UnsupportedHereError, match="65 characters"):
        lowered("mysql", f"SELECT {'x' * 65} FROM t")


def test_decimal_that_sqlite_cannot_hold_is_refused(lowered: Rendered) -> None:
    with pytest.raises(UnsupportedHereError, match="keeps every digit"):
        lowered("sqlite", "SELECT TRY_CAST(a AS DECIMAL(18, 2)) AS a FROM t")
    lowered("sqlite", "SELECT TRY_CAST(a AS DECIMAL(15, 2)) AS a FROM t")
