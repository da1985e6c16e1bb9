"""DuckDB: the embedded engine. It reads what the compiler writes as it is, so it needs no passes."""

from __future__ import annotations

from dataflow_provider.dialects.author_rules import AuthorRules
from dataflow_provider.dialects.base import Sampling, SqlDialect
from dataflow_provider.dialects.publish_duckdb import DUCKDB_PUBLISH

DUCKDB = SqlDialect(
    name="duckdb",
    sqlglot="duckdb",
    parameter_mark="$",
    stage_schema="_dataflow",
    publish=DUCKDB_PUBLISH,
    emits=None,
    sampling=Sampling(native=True),
    reads_files=True,
    keeps_with=True,
    table_functions=frozenset(
        {"range", "generate_series", "generate_subscripts", "unnest", "repeat", "repeat_row", "json_each", "json_tree"}
    ),
    forbidden_function=(
        r"read_\w+|\w+_scan|\w+_scan_dumb|scan_\w+|glob|sniff_csv|parquet_\w+|query|query_table|getenv|which_secret|"
        r"json_execute_serialized_sql|write_log|\w+_external_resource\w*|python_\w+|pandas_\w+|arrow_\w+|"
        r"copy_database|import_database|(force_)?checkpoint|(enable|disable)_\w+|pragma_\w+|duckdb_secrets|nextval|setval"
    ),
    author_rules=AuthorRules(
        first_words=frozenset(
            {"(", "DESCRIBE", "FROM", "PIVOT", "SHOW", "SUMMARIZE", "TABLE", "UNPIVOT", "VACUUM", "VALUES"}
        ),
        made=frozenset({"FUNCTION", "MACRO", "TYPE"}),
    ),
)
