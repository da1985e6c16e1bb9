"""Oracle: every SELECT has a FROM, no AS before aliases, no boolean, casts by DEFAULT NULL ON CONVERSION ERROR."""

from __future__ import annotations

import pytest

from dataflow_provider.dialects.publish import Layout, Merge
from dataflow_provider.dialects.registry import get_dialect
from tests.unit.dialects.conftest import Rendered

DIALECT = get_dialect("oracle")


def test_select_has_a_from_and_aliases_no_as(lowered: Rendered) -> None:
    text = lowered("oracle", "SELECT l.a FROM t AS l CROSS JOIN (SELECT 'a' AS n) AS n")
    assert text == 'SELECT "l"."a" FROM "t" "l" CROSS JOIN (SELECT \'a\' AS "n" FROM "DUAL") "n"'


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("INT", 'CAST("a" AS NUMBER(38) DEFAULT NULL ON CONVERSION ERROR)'),
        ("DOUBLE", 'CAST("a" AS BINARY_DOUBLE DEFAULT NULL ON CONVERSION ERROR)'),
        ("VARCHAR", 'CAST("a" AS VARCHAR2(4000))'),
    ],
)
def test_cast_that_may_fail_has_a_default(kind: str, wanted: str, lowered: Rendered) -> None:
    assert lowered("oracle", f"SELECT TRY_CAST(a AS {kind}) AS n FROM t") == f'SELECT {wanted} AS "n" FROM "t"'


def test_first_rows_and_the_place_of_null(lowered: Rendered) -> None:
    text = lowered("oracle", "SELECT a FROM t ORDER BY a DESC NULLS LAST LIMIT 3 OFFSET 2")
    assert text.endswith('ORDER BY "a" DESC NULLS LAST OFFSET 2 ROWS FETCH FIRST 3 ROWS ONLY')


def test_moment_does_not_hang_on_a_setting(lowered: Rendered) -> None:
    text = lowered("oracle", "SELECT a FROM t WHERE a >= CAST('2026-01-01 00:00:00' AS TIMESTAMP)")
    assert text.endswith("""WHERE "a" >= TIMESTAMP '2026-01-01 00:00:00'""")


def test_rows_of_the_session_outlive_a_commit() -> None:
    parts = DIALECT.temporary_parts("df_x")
    (sql,) = DIALECT.create_temporary(DIALECT.quoted(parts), "SELECT 1 FROM DUAL")
    assert sql.startswith('CREATE PRIVATE TEMPORARY TABLE "ORA$PTT_df_x" ON COMMIT PRESERVE DEFINITION AS')


def test_key_is_never_set_as_it_stands_in_on() -> None:
    merge = Merge("t", "SELECT * FROM s", [("k", "k")], [("k", "k"), ("v", "v")], [("k", "k"), ("v", "v")])
    (sql,) = DIALECT.publish.merge(merge)
    assert 'UPDATE SET t."v" = s."v"\n' in sql
    assert "WHEN MATCHED AND" not in sql


@pytest.mark.parametrize(
    ("terms", "clause"),
    [
        (['"a"'], 'PARTITION BY LIST ("a") AUTOMATIC (PARTITION "DF_NULL" VALUES (NULL))'),
        (['"a"', '"b"'], 'PARTITION BY LIST ("a", "b") AUTOMATIC (PARTITION "DF_NULL" VALUES ((NULL, NULL)))'),
        (["HASH (a) PARTITIONS 8"], "PARTITION BY HASH (a) PARTITIONS 8"),
    ],
)
def test_partitions_are_by_value_or_as_written(terms: list[str], clause: str) -> None:
    assert f" {clause} AS " in DIALECT.publish.create_table('"t"', "SELECT * FROM s", {}, Layout(partition_by=terms))


@pytest.mark.parametrize(
    ("kind", "canonical"),
    [("NUMBER(10,2)", "DECIMAL(10,2)"), ("NUMBER(5)", "DECIMAL(5,0)"), ("NUMBER", "NUMERIC"), ("DATE", "TIMESTAMP_S"),
     ("VARCHAR2(40 CHAR)", "VARCHAR"), ("TIMESTAMP(6)", "TIMESTAMP"), ("INTERVAL DAY(2) TO SECOND(6)", "")],
)  # fmt: skip
def test_types_are_told_in_common_words(kind: str, canonical: str) -> None:
    assert DIALECT.publish.canonical_type(kind) == canonical
