"""How a column's values are put into parts: ranges of numbers and times, buckets of texts, NULLs in the first."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from dataflow_provider.connectors.extract_sql import extract_sql, split_bounds
from dataflow_provider.connectors.requests import ExtractRequest, Partition
from dataflow_provider.dialects.registry import DIALECTS, get_dialect
from dataflow_provider.errors import AuthorError

HASHING = ("postgres", "mysql", "snowflake", "databricks", "sqlserver", "oracle", "teradata")


def test_engines_with_a_hash_are_those_that_are_told() -> None:
    assert {name for name, one in DIALECTS.items() if one.bucket is not None} == set(HASHING)


@pytest.mark.parametrize("engine", HASHING)
def test_bucket_of_a_text_is_a_condition_the_engine_parses(engine: str) -> None:
    dialect = get_dialect(engine)
    for index in (0, 1):
        part = Partition("na me", index, 2, hashed=True)
        sql = " ".join(extract_sql(dialect, ExtractRequest("n", {"table": "t"}, partition=part)).split())
        tree = sqlglot.parse_one(sql, read=dialect.sqlglot)
        assert not list(tree.find_all(exp.Command))
        assert {column.name for column in tree.find_all(exp.Column)} == {"na me"}
        # Every engine hashes NULL to something else, so it is never asked for its bucket.
        assert ("IS NULL OR" in sql) == (index == 0), sql
        assert ("NOT" in sql) == (index == 1), sql


def test_buckets_hold_every_text_once() -> None:
    """SQLite has no hash; with one given to it the conditions of PostgreSQL are tried on rows."""
    raw = sqlite3.connect(":memory:")
    raw.create_function("HASHTEXT", 1, lambda text: None if text is None else hash(text) % 2**32 - 2**31)
    raw.execute("CREATE TABLE t (name TEXT)")
    raw.executemany("INSERT INTO t VALUES (?)", [(f"x{n}",) for n in range(200)] + [(None,)] * 3 + [("",)] * 50)
    found: list[Any] = []
    for part in split_bounds("n", "name", 7, "", "x9", hashes_texts=True):
        rows = raw.execute(extract_sql(get_dialect("postgres"), ExtractRequest("n", {"table": "t"}, partition=part)))
        found += [row[0] for row in rows]
    assert sorted(found, key=str) == sorted((row[0] for row in raw.execute("SELECT name FROM t")), key=str)


@pytest.mark.parametrize(("value", "hashes"), [("a", False), (b"a", True), (True, True)])
def test_column_that_cannot_be_cut_is_refused(value: Any, hashes: bool) -> None:
    with pytest.raises(AuthorError, match="DF-CONN-018"):
        split_bounds("n", "c", 2, value, None, hashes_texts=hashes)
