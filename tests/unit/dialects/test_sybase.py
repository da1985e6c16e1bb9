"""Sybase ASE: nodes inside each other instead of WITH, no rank, and `''` that is a blank."""

from __future__ import annotations

import pytest

from dataflow_provider.dialects.passes import UnsupportedHereError
from dataflow_provider.dialects.publish import Merge
from dataflow_provider.dialects.registry import get_dialect
from tests.unit.dialects.conftest import Rendered

DIALECT = get_dialect("sybase")


def test_with_becomes_derived_tables(lowered: Rendered) -> None:
    text = lowered("sybase", "WITH a AS (SELECT x FROM t WHERE x > 1) SELECT a.x FROM a CROSS JOIN u")
    assert text == "SELECT [a].[x] FROM (SELECT [x] AS [x] FROM [t] WHERE [x] > 1) AS [a] INNER JOIN [u] ON 1 = 1"


@pytest.mark.parametrize(
    ("text", "feature"),
    [
        ("SELECT a FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY a) = 1", r"ROW_NUMBER.*deduplicate.*MIN or MAX"),
        ("SELECT SUM(a) OVER (PARTITION BY b) AS s FROM t", r"window function.*join"),
        ("SELECT TRY_CAST(a AS INT) AS n FROM t", r"bad values.*isnumeric"),
        ("SELECT a FROM t ORDER BY a LIMIT 1 OFFSET 2", "offset.*condition"),
        ("SELECT a FROM t INTERSECT SELECT a FROM u", "INTERSECT.*semi"),
        ("SELECT a FROM t EXCEPT SELECT a FROM u", "EXCEPT.*anti"),
        ("SELECT COUNT(*) AS n FROM (SELECT a FROM t ORDER BY a LIMIT 1) AS x", "limit inside.*checkpoint"),
    ],
)
def test_what_it_lacks_is_refused_with_the_nearest_alternative(text: str, feature: str, lowered: Rendered) -> None:
    with pytest.raises(UnsupportedHereError, match=rf"(?s)DF-SQL-021: Sybase ASE cannot carry out .*{feature}"):
        lowered("sybase", text)


def test_first_rows_are_taken_in_front_of_the_statement(lowered: Rendered) -> None:
    text = lowered("sybase", "WITH a AS (SELECT x FROM t ORDER BY x NULLS LAST LIMIT 3) SELECT * FROM a")
    assert text.endswith("SELECT TOP 3 [x] FROM [t] ORDER BY CASE WHEN [x] IS NULL THEN 1 ELSE 0 END, [x]")


def test_table_is_made_by_select_into_at_the_statements_own_from() -> None:
    (sql,) = DIALECT.create_stage("[t]", "SELECT\n  *\nFROM (\n  SELECT\n    1\n  FROM [x]\n) AS [a]")
    assert sql == "SELECT\n  *\nINTO [t]\nFROM (\n  SELECT\n    1\n  FROM [x]\n) AS [a]"


def test_empty_text_is_null_and_columns_of_texts_take_it() -> None:
    publish = DIALECT.publish
    assert publish.text("") == "NULL"
    assert publish.text("it's") == "'it''s'"
    kind = publish.text_type(10)
    assert kind == "VARCHAR(10) NULL"
    assert publish.null_of(kind) == "CAST(NULL AS VARCHAR(10))"
    assert publish.add_column("[t]", "a", kind) == "ALTER TABLE [t] ADD [a] VARCHAR(10) NULL"


def test_rows_are_updated_from_the_stage_table_itself() -> None:
    pairs = [("k", "k"), ("v", "v")]
    update, insert = DIALECT.publish.merge(Merge("[t]", "SELECT * FROM [s]", pairs[:1], pairs[1:], pairs, stage="[s]"))
    assert update == "UPDATE [t] SET [v] = s.[v]\nFROM [t], [s] s WHERE [t].[k] = s.[k]"
    assert insert.startswith("INSERT INTO [t] ([k], [v])\nSELECT s.[k], s.[v]")


def test_times_are_the_exact_ones(lowered: Rendered) -> None:
    text = lowered("sybase", "SELECT a FROM t WHERE a >= CAST('2026-01-01 00:00:00' AS TIMESTAMP)")
    assert text.endswith("WHERE [a] >= CAST('2026-01-01 00:00:00' AS BIGDATETIME)")


@pytest.mark.parametrize(
    ("kind", "canonical"),
    [("bigdatetime", "TIMESTAMP"), ("datetime", "TIMESTAMP_MS"), ("univarchar(10)", "VARCHAR"), ("bit", "BOOLEAN"),
     ("numeric(9,2)", "DECIMAL(9,2)"), ("double precision", "DOUBLE")],
)  # fmt: skip
def test_types_are_told_in_common_words(kind: str, canonical: str) -> None:
    assert DIALECT.publish.canonical_type(kind) == canonical
