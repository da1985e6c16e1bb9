"""Snowflake: QUALIFY and star changes as DuckDB has them; every DDL commits; TRY_CAST reads texts only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.publish_snowflake import SNOWFLAKE_PUBLISH
from dataflow_provider.dialects.transaction import TransactionPlan

if TYPE_CHECKING:
    from sqlglot import exp

NAME = "Snowflake"


def _legalise(tree: exp.Expr) -> exp.Expr:
    """The passes of this engine in their order; imported late, since the Dag factory must not pay for sqlglot."""
    from sqlglot import exp

    from dataflow_provider.dialects.literals import try_cast_texts
    from dataflow_provider.dialects.passes import drop_materialized, refuse_sample, refuse_unions_by_name
    from dataflow_provider.dialects.select_lists import (
        concat_reasons,
        order_row_numbers,
        refuse_long_names,
        refuse_star_words,
    )

    for step in (
        refuse_star_words(NAME, ()),
        refuse_unions_by_name(NAME),
        refuse_sample(NAME),
        refuse_long_names(NAME, 255),
        drop_materialized,
        order_row_numbers(exp.null),
        # Its CONCAT_WS answers NULL as soon as one text is.
        concat_reasons(by=exp.DPipe),
        try_cast_texts,
    ):
        tree = step(tree)
    return tree


SNOWFLAKE = SqlDialect(
    name="snowflake",
    sqlglot="snowflake",
    parameter_mark=":",
    stage_schema="_dataflow",
    publish=SNOWFLAKE_PUBLISH,
    table_functions=frozenset({"flatten", "explode", "generator", "split_to_table", "strtok_split_to_table"}),
    forbidden_function=(
        r"system\$\w+|get_presigned_url|build_stage_file_url|build_scoped_file_url|get_stage_location|"
        r"get_absolute_path|get_relative_path|infer_schema|result_scan|read_only|external_\w+|directory|to_file|"
        r"ai_\w+|complete|try_complete|snowflake\.cortex\.\w+|nextval"
    ),
    forbidden_table=r"@.*|\$\w+",
    legalise=(_legalise,),
    transaction=TransactionPlan(ddl_commits=True),
    casts_any_type=True,
)
