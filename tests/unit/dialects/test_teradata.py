"""Teradata: its own shells of statements, TOP and ORDER BY only in front, MERGE where the keys cover the index."""

from __future__ import annotations

import pytest

from dataflow_provider.dialects.publish_teradata import TERADATA_PUBLISH, TERADATA_WITH_MERGE
from dataflow_provider.dialects.registry import get_dialect
from tests.unit.dialects.conftest import Rendered

DIALECT = get_dialect("teradata")


def test_tables_are_made_without_if_exists_and_with_an_index() -> None:
    (stage,) = DIALECT.create_stage('"t"', "SELECT 1")
    (kept,) = DIALECT.create_temporary('"t"', "SELECT 1")
    assert stage.startswith('CREATE MULTISET TABLE "t" AS (\n')
    assert stage.endswith(") WITH DATA NO PRIMARY INDEX")
    assert kept.startswith('CREATE VOLATILE MULTISET TABLE "t" AS (\n')
    assert kept.endswith(") WITH DATA NO PRIMARY INDEX ON COMMIT PRESERVE ROWS")
    assert DIALECT.drop_table('"t"') == 'DROP TABLE "t"'


def test_overwrite_deletes_all_as_there_is_no_truncate() -> None:
    assert DIALECT.publish.overwrite('"t"', ["a"], "SELECT 1")[0] == 'DELETE FROM "t" ALL'


def test_limit_inside_is_a_rank_and_in_front_a_top(written: Rendered) -> None:
    inner = written("teradata", "SELECT * FROM (SELECT TOP 3 a FROM t ORDER BY a) AS d")
    assert 'QUALIFY ROW_NUMBER() OVER (ORDER BY "a") <= 3' in inner
    assert "TOP" not in inner
    assert written("teradata", "SELECT TOP 3 a FROM t ORDER BY a") == 'SELECT TOP 3 "a" FROM "t" ORDER BY "a"'


def test_running_window_always_carries_its_frame(lowered: Rendered) -> None:
    text = "SELECT SUM(a) OVER (ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s FROM t"
    assert "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW" in lowered("teradata", text)


def test_cast_that_may_fail_leaves_out_empty_texts_which_are_0(lowered: Rendered) -> None:
    text = lowered("teradata", "SELECT TRY_CAST(a AS INT) AS n FROM t")
    unicode_text = 'CAST("a" AS VARCHAR(4000) CHARACTER SET UNICODE)'
    assert (
        text == f'SELECT CASE WHEN TRIM({unicode_text}) <> \'\' THEN TRYCAST({unicode_text} AS INT) END AS "n" FROM "t"'
    )


def test_substring_is_written_as_the_engine_reads_it(written: Rendered) -> None:
    assert written("teradata", "SELECT SUBSTR(a, 1, 2) FROM t") == 'SELECT SUBSTR("a", 1, 2) FROM "t"'
    assert written("teradata", "SELECT SUBSTRING(a FROM 2) FROM t") == 'SELECT SUBSTR("a", 2) FROM "t"'


def test_there_is_no_boolean_and_no_null_safe_operator(lowered: Rendered) -> None:
    text = lowered("teradata", "SELECT TRUE AS b FROM t JOIN u ON t.a IS NOT DISTINCT FROM u.a")
    assert text.startswith('SELECT 1 AS "b"')
    assert "DISTINCT" not in text


def test_whether_keys_cover_the_primary_index_is_asked_of_the_target() -> None:
    question = DIALECT.publish.question("mart.usage", ["it's", "day"])
    assert question is not None
    assert "DBC.IndicesV" in question
    assert "IN (UPPER('it''s'), UPPER('day'))" in question
    assert DIALECT.publish.question("usage", []) is None


@pytest.mark.parametrize(("answer", "templates"), [(1, TERADATA_WITH_MERGE), (0, TERADATA_PUBLISH)])
def test_merge_is_used_where_the_keys_cover_the_primary_index(answer: int, templates: object) -> None:
    assert DIALECT.publish.for_server(answer) is templates


@pytest.mark.parametrize(
    ("kind", "canonical"),
    [("BYTEINT", "TINYINT"), ("DECIMAL(18,2)", "DECIMAL(18,2)"), ("VARCHAR(20)", "VARCHAR"),
     ("TIMESTAMP(6) WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE"), ("FLOAT", "DOUBLE"), ("PERIOD(DATE)", "")],
)  # fmt: skip
def test_types_are_told_in_common_words(kind: str, canonical: str) -> None:
    assert DIALECT.publish.canonical_type(kind) == canonical
