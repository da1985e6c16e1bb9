"""Names in authors' texts on engines that fold them: the column there is, else what the engine would make of it."""

from __future__ import annotations

import pytest

from dataflow_provider.compiler.compiled import Columns
from dataflow_provider.compiler.real_names import name_expression, name_query
from dataflow_provider.compiler.sqltext import parse_expression, parse_query
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.dialects.render import render

SOME: Columns = {"MSISDN": "", "Mixed": "", "lower": ""}


def expression(engine: str, text: str, **sides: Columns | None) -> str:
    dialect = get_dialect(engine)
    given = sides or {"": SOME}
    return render(name_expression(parse_expression(text, dialect), given, dialect), dialect, pretty=False)


def query(engine: str, text: str, **inputs: Columns | None) -> str:
    dialect = get_dialect(engine)
    return render(name_query(parse_query(text, dialect), inputs, dialect), dialect, pretty=False)


@pytest.mark.parametrize("engine", ["snowflake", "oracle", "saphana"])
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("msisdn", '"MSISDN"'),
        ("mixed", '"Mixed"'),
        ("Lower", '"lower"'),
        ("unknown", '"UNKNOWN"'),
        ('"lower"', '"lower"'),
        ('"unknown"', '"unknown"'),
    ],
)
def test_bare_name_becomes_the_column_there_is(engine: str, text: str, wanted: str) -> None:
    assert expression(engine, f"{text} = 1") == f"{wanted} = 1"


def test_name_as_the_engine_folds_it_goes_before_one_of_other_case() -> None:
    assert expression("snowflake", "a = 1", **{"": {"a": "", "A": ""}}) == '"A" = 1'
    assert expression("postgres", "A = 1", **{"": {"A": "", "a": ""}}) == '"a" = 1'


def test_unknown_columns_are_folded() -> None:
    assert expression("oracle", "a = 1", **{"": None}) == '"A" = 1'
    assert expression("postgres", "A = 1", **{"": None}) == '"a" = 1'


def test_sides_of_a_join_keep_their_alias() -> None:
    text = expression("snowflake", "L.msisdn = r.Key AND key > 1", l=SOME, r={"KEY": ""})
    assert text == '"l"."MSISDN" = "r"."KEY" AND "KEY" > 1'


@pytest.mark.parametrize(
    ("engine", "text", "wanted"),
    [
        ("oracle", "rownum <= 5", "ROWNUM <= 5"),
        ("oracle", '"rownum" <= 5', '"rownum" <= 5'),
        ("teradata", "session = 5", "SESSION = 5"),
        ("sqlserver", "Mixed = 1", "[Mixed] = 1"),
        ("duckdb", "mIxed = 1", '"mIxed" = 1'),
    ],
)
def test_word_that_is_no_column_stays_bare(engine: str, text: str, wanted: str) -> None:
    assert expression(engine, text) == wanted


def test_column_goes_before_a_word_of_its_name() -> None:
    assert expression("oracle", "rownum <= 5", **{"": {"ROWNUM": ""}}) == '"ROWNUM" <= 5'


def test_query_names_columns_through_its_scopes() -> None:
    text = (
        "WITH Part AS (SELECT msisdn, lower AS renamed FROM calls WHERE mixed > 1) "
        'SELECT p.MSISDN, p.Renamed, "Own" AS own FROM part p JOIN calls ON calls.Lower = p.renamed ORDER BY own'
    )
    assert query("snowflake", text, calls=SOME) == (
        'WITH "PART" AS (SELECT "MSISDN", "lower" AS "RENAMED" FROM "CALLS" WHERE "Mixed" > 1) '
        'SELECT "P"."MSISDN", "P"."RENAMED", "Own" AS "OWN" FROM "PART" AS "P" '
        'JOIN "CALLS" ON "CALLS"."lower" = "P"."RENAMED" ORDER BY "OWN"'
    )


def test_query_finds_columns_of_the_query_around_it() -> None:
    text = "SELECT mixed FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.lower = a.Mixed AND msisdn > 1)"
    assert query("oracle", text, a=SOME, b={"lower": ""}) == (
        'SELECT "Mixed" FROM "A" WHERE EXISTS(SELECT 1 FROM "B" WHERE "B"."lower" = "A"."Mixed" AND "MSISDN" > 1)'
    )


def test_query_on_real_tables_is_folded_as_the_engine_does() -> None:
    assert query("postgres", 'SELECT Id, "Id" FROM Raw.Orders o') == 'SELECT "id", "Id" FROM "raw"."orders" AS "o"'
