"""SQL Server: SELECT INTO, texts beyond the code page, casts of empty texts, WITH only in front."""

from __future__ import annotations

import pytest

from dataflow_provider.dialects.publish import Merge
from dataflow_provider.dialects.registry import get_dialect
from tests.unit.dialects.conftest import Rendered

DIALECT = get_dialect("sqlserver")


def test_table_is_replaced_by_a_drop_and_a_select_into() -> None:
    drop, build = DIALECT.create_stage("[t]", "WITH [a] AS (\n  SELECT 1\n  FROM [x]\n)\nSELECT\n  *\nFROM [a]")
    assert drop == "DROP TABLE IF EXISTS [t]"
    assert build == "WITH [a] AS (\n  SELECT 1\n  FROM [x]\n)\nSELECT\n  *\nINTO [t]\nFROM [a]"


def test_table_of_the_session_carries_its_mark_everywhere() -> None:
    assert DIALECT.quoted(DIALECT.temporary_parts("df_x")) == "[#df_x]"


def test_place_of_null_is_told_in_windows_too(lowered: Rendered) -> None:
    frame = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    text = lowered("sqlserver", f"SELECT SUM(a) OVER (ORDER BY b NULLS LAST {frame}) AS s FROM t")
    assert f"ORDER BY CASE WHEN [b] IS NULL THEN 1 ELSE 0 END, [b] {frame}" in text


def test_empty_text_is_no_number(lowered: Rendered) -> None:
    text = lowered("sqlserver", "SELECT TRY_CAST(a AS INT) AS n FROM t")
    wanted = "CASE WHEN TRIM(CAST([a] AS NVARCHAR(MAX))) <> '' THEN TRY_CAST([a] AS INTEGER) END"
    assert text == f"SELECT {wanted} AS [n] FROM [t]"
    assert not DIALECT.strict_cast


def test_texts_keep_their_characters(lowered: Rendered) -> None:
    assert lowered("sqlserver", "SELECT 'ż' AS z FROM t") == "SELECT N'ż' AS [z] FROM [t]"
    assert DIALECT.publish.text("it's ż") == "N'it''s ż'"


def test_hash_of_an_author_stays_as_written(written: Rendered) -> None:
    text = "SELECT CONVERT(VARCHAR(32), HASHBYTES('MD5', [a]), 2) AS [h] FROM [t]"
    assert written("sqlserver", text) == text


def test_there_is_no_boolean_value(lowered: Rendered) -> None:
    assert lowered("sqlserver", "SELECT TRUE AS b FROM t WHERE FALSE") == "SELECT 1 AS [b] FROM [t] WHERE 1 = 0"


def test_rows_are_updated_and_inserted_under_range_locks() -> None:
    merge = Merge("[t]", "SELECT * FROM s", [("k", "k")], [("v", "v")], [("k", "k"), ("v", "v")])
    update, insert = DIALECT.publish.merge(merge)
    assert "WITH (UPDLOCK, HOLDLOCK)" in update
    assert "WITH (UPDLOCK, HOLDLOCK)" in insert
    assert not any(sql.startswith("MERGE") for sql in (update, insert))


@pytest.mark.parametrize("table", ["usage", "mart.usage"])
def test_lock_is_taken_by_the_name_the_engine_finds(table: str) -> None:
    lock = DIALECT.publish.lock(table)
    assert lock is not None
    assert "sp_getapplock" in lock.take
    assert ("SCHEMA_NAME()" in lock.take) == (table == "usage")


@pytest.mark.parametrize(
    ("kind", "canonical"),
    [("tinyint", "UTINYINT"), ("bit", "BOOLEAN"), ("nvarchar(max)", "VARCHAR"), ("datetime2(7)", "TIMESTAMP"),
     ("datetimeoffset(7)", "TIMESTAMP WITH TIME ZONE"), ("numeric(9,2)", "DECIMAL(9,2)"), ("hierarchyid", "")],
)  # fmt: skip
def test_types_are_told_in_common_words(kind: str, canonical: str) -> None:
    assert DIALECT.publish.canonical_type(kind) == canonical
