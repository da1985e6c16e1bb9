"""SAP HANA: the general dialect put right, no FILTER, texts judged by LIKE_REGEXPR."""

from __future__ import annotations

import pytest

from dataflow_provider.dialects.passes import UnsupportedHereError
from dataflow_provider.dialects.registry import get_dialect
from tests.unit.dialects.conftest import Rendered

DIALECT = get_dialect("saphana")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("MOD(a, 2)", 'MOD("a", 2)'),
        ("LOCATE(a, 'x')", "LOCATE(\"a\", 'x')"),
        ("STRING_AGG(a, ',' ORDER BY b)", 'STRING_AGG("a", \',\' ORDER BY "b")'),
        ("STRING_AGG(a, ',')", "STRING_AGG(\"a\", ',')"),
        ("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP"),
        ("DAYOFMONTH(a)", 'DAYOFMONTH("a")'),
        ("CAST(a AS NVARCHAR(10))", 'CAST("a" AS NVARCHAR(10))'),
        ("CAST(a AS VARCHAR)", 'CAST("a" AS NVARCHAR(5000))'),
        ("TO_VARCHAR(a, 'YYYY')", "TO_VARCHAR(\"a\", 'YYYY')"),
        ("ADD_DAYS(a, 1)", 'ADD_DAYS("a", 1)'),
        ("TRUE", "TRUE"),
    ],
)
def test_function_is_called_by_the_name_it_has_here(text: str, wanted: str, written: Rendered) -> None:
    assert written("saphana", f"SELECT {text} AS x FROM t") == f'SELECT {wanted} AS "x" FROM "t"'


def test_select_has_a_from(lowered: Rendered) -> None:
    assert lowered("saphana", "SELECT 1 AS a") == 'SELECT 1 AS "a" FROM "DUMMY"'


def test_filter_of_an_aggregate_is_refused(lowered: Rendered) -> None:
    with pytest.raises(UnsupportedHereError, match=r"DF-SQL-021.*FILTER.*CASE WHEN"):
        lowered("saphana", "SELECT SUM(a) FILTER (WHERE b > 1) AS s FROM t")


def test_text_is_judged_before_it_is_cast(lowered: Rendered) -> None:
    text = lowered("saphana", "SELECT TRY_CAST(a AS INT) AS n FROM t")
    assert "CAST(\"a\" AS NVARCHAR(5000)) LIKE_REGEXPR '^ *[+-]?[0-9]{1,35} *$'" in text
    with pytest.raises(UnsupportedHereError, match="notices every bad value"):
        lowered("saphana", "SELECT TRY_CAST(a AS DATE) AS d FROM t")


def test_full_join_on_more_than_equality_is_made_of_two(lowered: Rendered) -> None:
    assert DIALECT.full_join == "equality"


def test_tables_are_column_tables() -> None:
    assert DIALECT.create_stage('"t"', "SELECT 1") == ('CREATE COLUMN TABLE "t" AS (\nSELECT 1\n) WITH DATA',)
    assert DIALECT.quoted(DIALECT.temporary_parts("df_x")) == '"#df_x"'


@pytest.mark.parametrize(
    ("kind", "canonical"),
    [("NVARCHAR(10)", "VARCHAR"), ("DECIMAL(10,2)", "DECIMAL(10,2)"), ("SECONDDATE", "TIMESTAMP_S"),
     ("DECIMAL", "NUMERIC"), ("TINYINT", "UTINYINT"), ("ST_POINT", "")],
)  # fmt: skip
def test_types_are_told_in_common_words(kind: str, canonical: str) -> None:
    assert DIALECT.publish.canonical_type(kind) == canonical
