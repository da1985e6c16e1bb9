"""Snowflake: what it silently reads otherwise, and what its texts and times are."""

from __future__ import annotations

from datetime import datetime

import pytest

from dataflow_provider.dialects.passes import UnsupportedHereError
from dataflow_provider.dialects.registry import get_dialect
from tests.unit.dialects.conftest import Rendered

PUBLISH = get_dialect("snowflake").publish


def test_cast_that_may_fail_reads_a_text(lowered: Rendered) -> None:
    text = lowered("snowflake", "SELECT TRY_CAST(a AS INT) FROM t")
    assert text == 'SELECT TRY_CAST(CAST("a" AS VARCHAR) AS INT) FROM "t"'


def test_author_keeps_a_regular_expression_that_is_anchored(written: Rendered) -> None:
    assert written("snowflake", "SELECT REGEXP_LIKE(a, 'x') FROM t") == 'SELECT REGEXP_LIKE("a", \'x\') FROM "t"'
    text = "SELECT REGEXP_INSTR(a, 'x') > 0 FROM t"
    assert "REGEXP_INSTR(\"a\", 'x') > 0" in written("snowflake", text)


def test_qualify_and_changed_stars_are_its_own(lowered: Rendered) -> None:
    text = lowered("snowflake", "SELECT * EXCLUDE (a) FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY b) = 1 LIMIT 2")
    assert text == (
        'SELECT * EXCLUDE ("a") FROM "t" QUALIFY ROW_NUMBER() OVER (PARTITION BY "b" ORDER BY "b" NULLS FIRST) = 1 '
        "LIMIT 2"
    )


def test_columns_nobody_knows_are_refused(lowered: Rendered) -> None:
    with pytest.raises(UnsupportedHereError, match=r"DF-SQL-021.*nobody knows.*schema"):
        lowered("snowflake", "SELECT COLUMNS(c -> c LIKE 'a%') FROM t")


def test_backslash_in_a_text_is_itself() -> None:
    assert PUBLISH.text("a\\b'c") == "'a\\\\b''c'"


def test_time_is_without_a_zone_whatever_the_account_says() -> None:
    assert PUBLISH.timestamp(datetime(2026, 1, 1)) == "CAST('2026-01-01 00:00:00.000000' AS TIMESTAMP_NTZ)"


@pytest.mark.parametrize(
    ("kind", "canonical"),
    [
        ("NUMBER(38,0)", "DECIMAL(38,0)"),
        ("NUMBER(10, 2)", "DECIMAL(10,2)"),
        ("VARCHAR(16777216)", "VARCHAR"),
        ("TIMESTAMP_NTZ(9)", "TIMESTAMP"),
        ("TIMESTAMP_TZ(6)", "TIMESTAMP WITH TIME ZONE"),
        ("VARIANT", ""),
    ],
)
def test_types_are_told_in_common_words(kind: str, canonical: str) -> None:
    assert PUBLISH.canonical_type(kind) == canonical


def test_names_without_quotes_are_upper_case() -> None:
    assert PUBLISH.table('mart."Daily Usage"') == '"MART"."Daily Usage"'
