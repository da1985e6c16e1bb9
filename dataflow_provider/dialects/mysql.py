"""MariaDB and MySQL 8: no FULL JOIN, DDL commits; CAST makes 0 of any text, so a check judges the texts first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.publish_mysql import MYSQL_PUBLISH
from dataflow_provider.dialects.transaction import TransactionPlan

if TYPE_CHECKING:
    from sqlglot import exp

NAME = "MySQL"


def _legalise(tree: exp.Expr) -> exp.Expr:
    """The passes of this engine in their order; imported late, since the Dag factory must not pay for sqlglot."""
    from dataflow_provider.dialects.passes import (
        derive_qualify,
        drop_materialized,
        refuse_sample,
        refuse_star_changes,
        refuse_unions_by_name,
        spell_null_order,
    )
    from dataflow_provider.dialects.try_cast import TryCasts

    for step in (
        derive_qualify,
        refuse_star_changes(NAME),
        refuse_unions_by_name(NAME),
        refuse_sample(NAME),
        drop_materialized,
        spell_null_order,
        TryCasts(NAME, _matches).guard,
    ):
        tree = step(tree)
    return tree


def _matches(text: exp.Expr, pattern: str) -> exp.Expr:
    """MariaDB has no REGEXP_LIKE; the place of a match both know."""
    from sqlglot import exp

    place = exp.Anonymous(this="REGEXP_INSTR", expressions=[text.copy(), exp.Literal.string(pattern)])
    return exp.GT(this=place, expression=exp.Literal.number(0))


MYSQL = SqlDialect(
    name="mysql",
    sqlglot="mysql",
    parameter_mark=":",
    stage_schema="_dataflow",
    publish=MYSQL_PUBLISH,
    table_functions=frozenset({"json_table"}),
    forbidden_function=r"load_file|sys_exec|sys_eval|sleep|benchmark|get_lock|release_lock|is_used_lock|is_free_lock",
    legalise=(_legalise,),
    transaction=TransactionPlan(ddl_commits=True),
    replaces_tables=False,
    max_join_tables=61,
    full_join="none",
    strict_cast=False,
    casts_any_type=False,
)
