"""Databricks: Delta tables, every statement atomic alone, no tables of a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataflow_provider.dialects.allowed import WINDOWS, WITH_CLAUSES
from dataflow_provider.dialects.author_rules import AuthorRules
from dataflow_provider.dialects.base import Sampling, SqlDialect
from dataflow_provider.dialects.publish_databricks import COLUMN_MAPPING, DATABRICKS_PUBLISH
from dataflow_provider.dialects.transaction import TransactionPlan

if TYPE_CHECKING:
    from sqlglot import exp

NAME = "Databricks"


@dataclass(frozen=True)
class DatabricksDialect(SqlDialect):
    """Its stage tables are Delta tables, whatever a session's default is: a MERGE must read the same rows twice.

    Their columns have any names.
    """

    def _create(self, table: str, kind: str, select: str) -> tuple[str, ...]:
        return (f"CREATE OR REPLACE {kind} {table} USING DELTA {COLUMN_MAPPING} AS\n{select}",)


def _legalise(tree: exp.Expr) -> exp.Expr:
    """The passes of this engine in their order; imported late, since the Dag factory must not pay for sqlglot."""
    from sqlglot import exp

    from dataflow_provider.dialects import passes, select_lists, with_clauses

    for step in (
        select_lists.refuse_star_words(NAME, ("replace", "rename")),
        passes.refuse_unions_by_name(NAME),
        select_lists.refuse_long_names(NAME, 255),
        passes.drop_materialized(NAME),
        # sqlglot moves them without keeping equal names apart.
        with_clauses.hoist_with,
        select_lists.order_row_numbers(exp.null),
        # It has QUALIFY; the tests' stand-in has none.
        passes.derive_qualify,
    ):
        tree = step(tree)
    return tree


DATABRICKS = DatabricksDialect(
    name="databricks",
    sqlglot="databricks",
    parameter_mark=":",
    bucket="PMOD(HASH({column}), {count})",
    stage_schema="_dataflow",
    publish=DATABRICKS_PUBLISH,
    emits=WITH_CLAUSES
    | {"HASH()", "PMOD()"}
    | WINDOWS
    | {
        "RegexpLike",
        "Boolean",
        "CONCAT()",
        "CONCAT_WS()",
        "MD5",
        "Mod",
        "NullSafeEQ",
        "NullSafeNEQ",
        "Qualify",
        "Rand",
        "TryCast",
    },
    sampling=Sampling(random="RAND() * 1000000", row_hash="MD5(_df_row)", joins_texts="CONCAT"),
    table_functions=frozenset(
        {"explode", "explode_outer", "posexplode", "posexplode_outer", "inline", "inline_outer", "range", "stack"}
    ),
    forbidden_function=(
        r"read_\w+|cloud_files\w*|java_method|reflect|try_reflect|secret|try_secret|list_secrets|http_request|"
        r"remote_query|ai_\w+|vector_search|event_log|table_changes|get_warehouse_events"
    ),
    forbidden_table=r"(csv|json|text|parquet|orc|avro|delta|iceberg|xml|binaryfile|hudi)\..*",
    author_rules=AuthorRules(
        first_words=frozenset({"OPTIMIZE", "VACUUM"}),
        calls=frozenset({"AI_QUERY", "HTTP_REQUEST", "JAVA_METHOD", "READ_FILES", "REFLECT", "REMOTE_QUERY", "SECRET"}),
        phrases=frozenset({("LOCATION", "''"), ("DIRECTORY", "''")}),
    ),
    legalise=(_legalise,),
    transaction=TransactionPlan(ddl_commits=True, statements_share=False),
    temporary_tables=False,
)
