"""The publishes whose statements are kept for every engine, and their meaning in DuckDB's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from dataflow_provider.dialects.publish_teradata import TERADATA_WITH_MERGE
from dataflow_provider.dialects.registry import get_dialect
from dataflow_provider.spec.nodes import SqlTarget
from dataflow_provider.write_modes.context import WriteContext
from tests.golden.dialects.engines import ENGINES

STAGE = "stage rows"
COLUMNS = ("Key", "group", "at")
WRITES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "append": {"mode": "append"},
        "append_at_least_once": {"mode": "append", "run_id_column": "none"},
        "overwrite": {"mode": "overwrite"},
        "upsert": {"mode": "upsert", "keys": ["Key"]},
        "upsert_two_keys": {"mode": "upsert", "keys": ["Key", "at"]},
        "upsert_keys_only": {"mode": "upsert", "keys": ["Key"], "update_columns": []},
        "upsert_dedupe": {"mode": "upsert", "keys": ["Key"], "dedupe": {"order_by": ["at DESC", "group"]}},
        "merge": {"mode": "merge", "keys": ["Key"], "delete_when": "{0}group{1} = 'gone'"},
        "merge_keys_only": {"mode": "merge", "keys": ["Key"], "delete_when": "{0}group{1} = 'gone'",
                            "update_columns": []},
        "delete_insert_keys": {"mode": "delete_insert", "keys": ["Key"]},
        "delete_insert_two_keys": {"mode": "delete_insert", "keys": ["Key", "at"]},
        "delete_insert_window": {"mode": "delete_insert", "window": {"column": "at"}},
    }
)  # fmt: skip
LAYOUTS: Mapping[str, Mapping[str, list[str]]] = MappingProxyType(
    {
        "databricks": {"partition_by": ["group"]},
        "oracle": {"partition_by": ["group"]},
        "saphana": {"partition_by": ["group"]},
        "snowflake": {"cluster_by": ["group", "at"]},
        "sqlserver": {"cluster_by": ["Key"]},
        "sybase": {"cluster_by": ["Key"]},
        "teradata": {"primary_index": ["Key"], "partition_by": ["RANGE_N(at BETWEEN DATE '2026-01-01' AND DATE)"]},
    }
)  # fmt: skip


def context(engine: str, write: str, **fields: Any) -> WriteContext:
    """Return the publish of a run into a table with odd names; `teradata_merge` is Teradata where MERGE is allowed."""
    dialect = get_dialect(engine.removesuffix("_merge"))
    templates = TERADATA_WITH_MERGE if engine == "teradata_merge" else dialect.publish
    words = ENGINES[dialect.name]
    mode = dict(WRITES[write])
    if "delete_when" in mode:
        mode["delete_when"] = mode["delete_when"].format(*words.quotes)
    target = SqlTarget.model_validate(
        {"type": f"target.{dialect.name}", "connection": "c", "from": "a", "table": 'MART."Usage"', "write": mode}
        | fields
    )
    columns = dict(zip(COLUMNS, (words.integer, words.text, words.moment), strict=True))
    known = {**columns, "_run_id": words.text} if write == "append" else columns
    return WriteContext(
        "p", "t", target, dialect.publish.quote(STAGE), columns, "it's run 1", known,
        datetime(2026, 1, 1), datetime(2026, 1, 2), replace(dialect, publish=templates),
    )  # fmt: skip


# ---------------------------------------------------------------- the same in DuckDB's words

Translate = Callable[[str], Iterable[str]]


def _databricks(sql: str) -> Iterable[str]:
    sql = re.sub(r"\\'", "''", sql.replace("`", '"'))
    return _overwrite(sql, r"INSERT OVERWRITE (\S+)")


def _snowflake(sql: str) -> Iterable[str]:
    return _overwrite(sql.replace("TIMESTAMP_NTZ", "TIMESTAMP"), r"INSERT OVERWRITE INTO (\S+)")


def _overwrite(sql: str, pattern: str) -> Iterable[str]:
    match = re.match(pattern, sql)
    if match is None:
        return [sql]
    return [f"DELETE FROM {match[1]}", re.sub(pattern, r"INSERT INTO \1", sql, count=1)]


def _oracle(sql: str) -> Iterable[str]:
    if not sql.startswith("MERGE"):
        return [sql]
    sql = re.sub(r'SET t\.|, t\.(?="\w+" = s)', lambda match: match[0].replace("t.", ""), sql)
    sql = re.sub(r"(WHEN MATCHED THEN UPDATE [^\n]*)\nDELETE WHERE (.*)", r"WHEN MATCHED AND \2 THEN DELETE\n\1", sql)
    return [re.sub(r"WHEN NOT MATCHED (THEN INSERT [^\n]*)\nWHERE (.*)", r"WHEN NOT MATCHED AND \2 \1", sql)]


def _teradata(sql: str) -> Iterable[str]:
    pattern = r"UPDATE t FROM (?P<table>\S+) AS t, (?P<rows>.*) AS s\nSET (?P<set>.*)\nWHERE (?P<met>.*)"
    sql = re.sub(pattern, r"UPDATE \g<table> AS t SET \g<set> FROM \g<rows> AS s WHERE \g<met>", sql, flags=re.DOTALL)
    return [re.sub(r"(DELETE FROM \S+) ALL$", r"\1", sql.replace(" (CASESPECIFIC)", ""))]


def _brackets(sql: str) -> str:
    sql = re.sub(r"\[((?:[^\]]|\]\])+)\]", lambda match: '"' + match[1].replace("]]", "]") + '"', sql)
    return re.sub(r"\bN'", "'", sql).replace("DATETIME2(6)", "TIMESTAMP").replace("BIGDATETIME", "TIMESTAMP")


def _sqlserver(sql: str) -> Iterable[str]:
    sql = _brackets(sql).replace(" WITH (UPDLOCK, HOLDLOCK)", "").replace(" COLLATE Latin1_General_BIN2", "")
    sql = sql.replace("DELETE t FROM", "DELETE FROM")
    pattern = r"UPDATE t SET (?P<set>.*)\nFROM (?P<table>\S+) AS t JOIN (?P<rows>.*) s ON (?P<met>.*)"
    sql = re.sub(pattern, r"UPDATE \g<table> AS t SET \g<set> FROM \g<rows> s WHERE \g<met>", sql, flags=re.DOTALL)
    return [sql.replace("TRUNCATE TABLE", "DELETE FROM")]


def _sybase(sql: str) -> Iterable[str]:
    pattern = r"UPDATE (?P<table>\S+) SET (?P<set>.*)\nFROM (?P=table), (?P<rows>.*)"
    sql = re.sub(r"COMPARE\((.*?), ('(?:[^']|'')*'), 'binary'\) = 0", r"\1 = \2", _brackets(sql))
    return [re.sub(pattern, r"UPDATE \g<table> SET \g<set> FROM \g<rows>", sql, flags=re.DOTALL)]


AS_DUCKDB: Mapping[str, Translate] = MappingProxyType(
    {
        "databricks": _databricks,
        "oracle": _oracle,
        "saphana": lambda sql: [sql],
        "snowflake": _snowflake,
        "sqlserver": _sqlserver,
        "sybase": _sybase,
        "teradata": _teradata,
        "teradata_merge": _teradata,
    }
)
