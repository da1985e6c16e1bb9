"""Snowflake: QUALIFY and star changes as DuckDB has them; every DDL commits; TRY_CAST reads texts only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataflow_provider.dialects.allowed import WINDOWS, WITH_CLAUSES
from dataflow_provider.dialects.author_rules import AuthorRules
from dataflow_provider.dialects.base import Sampling, SqlDialect
from dataflow_provider.dialects.publish_snowflake import SNOWFLAKE_PUBLISH
from dataflow_provider.dialects.transaction import TransactionPlan

if TYPE_CHECKING:
    from sqlglot import exp

NAME = "Snowflake"


def _legalise(tree: exp.Expr) -> exp.Expr:
    """The passes of this engine in their order; imported late, since the Dag factory must not pay for sqlglot."""
    from sqlglot import exp

    from dataflow_provider.dialects import literals, matching, passes, select_lists

    for step in (
        matching.spell_searches(matching.by_place),
        select_lists.refuse_star_words(NAME, ()),
        passes.refuse_unions_by_name(NAME),
        select_lists.refuse_long_names(NAME, 255),
        passes.drop_materialized(NAME),
        select_lists.order_row_numbers(exp.null),
        # Its CONCAT_WS answers NULL as soon as one text is.
        select_lists.concat_reasons(by=exp.DPipe),
        literals.try_cast_texts,
    ):
        tree = step(tree)
    return tree


SNOWFLAKE = SqlDialect(
    name="snowflake",
    sqlglot="snowflake",
    parameter_mark=":",
    bucket="MOD(MOD(HASH({column}), {count}) + {count}, {count})",
    stage_schema="_dataflow",
    publish=SNOWFLAKE_PUBLISH,
    emits=WITH_CLAUSES
    | {"HASH()"}
    | WINDOWS
    | {
        "REGEXP_INSTR()",
        "Boolean",
        "DPipe",
        "MD5",
        "Mod",
        "NullSafeEQ",
        "NullSafeNEQ",
        "Qualify",
        "SUBSTR()",
        "TableSample",
        "TryCast",
    },
    sampling=Sampling(native=True, row_hash="MD5(_df_row)"),
    table_functions=frozenset({"flatten", "explode", "generator", "split_to_table", "strtok_split_to_table"}),
    forbidden_function=(
        r"system\$\w+|get_presigned_url|build_stage_file_url|build_scoped_file_url|get_stage_location|"
        r"get_absolute_path|get_relative_path|infer_schema|result_scan|read_only|external_\w+|directory|to_file|"
        r"ai_\w+|complete|try_complete|snowflake\.cortex\.\w+|nextval"
    ),
    forbidden_table=r"@.*|\$\w+",
    max_characters=500_000,
    author_rules=AuthorRules(
        calls=frozenset(
            {
                "SYSTEM$SEND_EMAIL",
                "SYSTEM$SEND_SNOWFLAKE_NOTIFICATION",
                "SYSTEM$CANCEL_QUERY",
                "SYSTEM$CANCEL_ALL_QUERIES",
                "SYSTEM$ABORT_SESSION",
                "SYSTEM$ABORT_TRANSACTION",
            }
        ),
    ),
    legalise=(_legalise,),
    transaction=TransactionPlan(ddl_commits=True),
    casts_any_type=True,
)
