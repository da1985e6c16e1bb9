"""Databricks: no tables of a session, equal names in WITH, texts with backslashes."""

from __future__ import annotations

import pytest

from dataflow_provider.dialects.registry import get_dialect
from tests.unit.dialects.conftest import Rendered

DIALECT = get_dialect("databricks")


def test_rows_of_a_session_stand_in_a_real_table_among_the_stage_tables() -> None:
    parts = DIALECT.temporary_parts("df_x")
    assert parts == ("_dataflow", "df_x")
    made = "CREATE OR REPLACE TABLE `t` USING DELTA TBLPROPERTIES ('delta.columnMapping.mode' = 'name') AS\nSELECT 1"
    assert DIALECT.create_temporary("`t`", "SELECT 1") == (made,)


def test_equal_names_in_inner_with_stay_apart(lowered: Rendered) -> None:
    text = lowered(
        "databricks",
        "WITH a AS (WITH x AS (SELECT 1 AS n) SELECT n FROM x), b AS (WITH x AS (SELECT 2 AS n) SELECT n FROM x) "
        "SELECT a.n, b.n AS m FROM a, b",
    )
    assert text.count("`x` AS (") == 1
    assert text.count("`x_1` AS (") == 1


def test_rank_is_chosen_in_a_derived_table_before_the_limit(lowered: Rendered) -> None:
    text = lowered("databricks", "SELECT a FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) = 1 LIMIT 2")
    assert "QUALIFY" not in text
    assert text.endswith("WHERE `_df_rank` = 1 LIMIT 2")


@pytest.mark.parametrize(("value", "text"), [("it's", "'it\\'s'"), ("a\\b", "'a\\\\b'")])
def test_text_is_escaped_by_backslashes(value: str, text: str) -> None:
    assert DIALECT.publish.text(value) == text


@pytest.mark.parametrize(
    ("kind", "canonical"),
    [("bigint", "BIGINT"), ("decimal(10,2)", "DECIMAL(10,2)"), ("string", "VARCHAR"), ("int", "INTEGER")],
)
def test_types_are_told_in_common_words(kind: str, canonical: str) -> None:
    assert DIALECT.publish.canonical_type(kind) == canonical
