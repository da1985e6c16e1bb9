"""PostgreSQL: everything transactional; no TRY_CAST, no QUALIFY, FULL JOIN on plain equality only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.publish_postgres import POSTGRES_PUBLISH
from dataflow_provider.dialects.transaction import TransactionPlan

if TYPE_CHECKING:
    from sqlglot import exp

NAME = "PostgreSQL"


def _legalise(tree: exp.Expr) -> exp.Expr:
    """The passes of this engine in their order; imported late, since the Dag factory must not pay for sqlglot."""
    from dataflow_provider.dialects.passes import (
        derive_qualify,
        refuse_sample,
        refuse_star_changes,
        refuse_unions_by_name,
    )
    from dataflow_provider.dialects.try_cast import TryCasts

    for step in (
        derive_qualify,
        refuse_star_changes(NAME),
        refuse_unions_by_name(NAME),
        refuse_sample(NAME),
        TryCasts(NAME, _matches).guard,
    ):
        tree = step(tree)
    return tree


def _matches(text: exp.Expr, pattern: str) -> exp.Expr:
    from sqlglot import exp

    return exp.RegexpLike(this=text.copy(), expression=exp.Literal.string(pattern))


POSTGRES = SqlDialect(
    name="postgres",
    sqlglot="postgres",
    parameter_mark=":",
    stage_schema="_dataflow",
    publish=POSTGRES_PUBLISH,
    table_functions=frozenset(
        {"generate_series", "unnest", "regexp_split_to_table", "json_array_elements", "jsonb_each"}
    ),
    forbidden_function=(
        r"pg_read_\w+|pg_ls_\w+|pg_stat_file|lo_\w+|dblink\w*|query_to_xml\w*|cursor_to_xml|table_to_xml\w*|"
        r"database_to_xml\w*|schema_to_xml\w*|pg_terminate_backend|pg_cancel_backend|pg_reload_conf|pg_rotate_logfile|"
        r"set_config|current_setting|pg_sleep\w*|pg_advisory\w*|pg_try_advisory\w*|pg_logical\w*|pg_create\w*|pg_drop\w*|"
        r"pg_switch_wal|pg_export_snapshot|nextval|setval"
    ),
    pseudo_columns=frozenset({"user", "session_user", "current_role", "current_schema", "current_catalog"}),
    legalise=(_legalise,),
    transaction=TransactionPlan(snapshot="SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"),
    replaces_tables=False,
    keeps_with=True,
    guesses_rows=True,
    analyzes=True,
    full_join="equality",
)
