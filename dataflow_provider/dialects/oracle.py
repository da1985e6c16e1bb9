"""Oracle: DDL commits, the empty text is NULL, no boolean type, every SELECT has a FROM.

Names are quoted, so a leading `_` is allowed in them. Not run on a server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataflow_provider.dialects.allowed import WINDOWS, WITH_CLAUSES
from dataflow_provider.dialects.author_rules import AuthorRules
from dataflow_provider.dialects.base import Sampling, SqlDialect
from dataflow_provider.dialects.publish_oracle import ORACLE_PUBLISH
from dataflow_provider.dialects.transaction import TransactionPlan

if TYPE_CHECKING:
    from sqlglot import exp

NAME = "Oracle"
PRIVATE_PREFIX = "ORA$PTT_"
"""What the names of private temporary tables begin with unless a DBA has chosen otherwise."""


@dataclass(frozen=True)
class OracleDialect(SqlDialect):
    """Rows of a global temporary table would go at each commit; those of a private one stay with the session."""

    def temporary_parts(self, name: str) -> tuple[str, ...]:
        return (f"{PRIVATE_PREFIX}{name}",)

    def create_stage(self, table: str, select: str) -> tuple[str, ...]:
        return (f"CREATE TABLE {table} AS\n{select}",)

    def create_temporary(self, table: str, select: str) -> tuple[str, ...]:
        return (f"CREATE PRIVATE TEMPORARY TABLE {table} ON COMMIT PRESERVE DEFINITION AS\n{select}",)

    def drop_table(self, table: str) -> str:
        return f"DROP TABLE {table} PURGE"


def _legalise(tree: exp.Expr) -> exp.Expr:
    """The passes of this engine in their order; imported late, since the Dag factory must not pay for sqlglot."""
    from sqlglot import exp

    from dataflow_provider.dialects import literals, passes, row_limits, select_lists, truth, with_clauses

    kind = exp.DataType.Type
    for step in (
        passes.derive_qualify,
        passes.refuse_star_changes(NAME),
        passes.refuse_unions_by_name(NAME),
        select_lists.refuse_long_names(NAME, 128),
        passes.drop_materialized(NAME),
        with_clauses.hoist_with,
        select_lists.order_row_numbers(exp.null),
        row_limits.drop_idle_orders,
        select_lists.qualify_stars,
        select_lists.select_from(lambda: exp.Table(this=exp.to_identifier("DUAL", quoted=True))),
        select_lists.concat_reasons(by=exp.DPipe),
        literals.try_cast_by_default,
        truth.spell_null_safe,
        truth.spell_booleans(values=True),
        literals.spell_moments,
        literals.spell_types(
            {
                kind.TEXT: "VARCHAR2(4000)",
                kind.VARCHAR: "VARCHAR2(4000)",
                kind.BOOLEAN: "NUMBER(1)",
                kind.SMALLINT: "NUMBER(38)",
                kind.INT: "NUMBER(38)",
                kind.BIGINT: "NUMBER(38)",
                kind.TIMESTAMPNTZ: "TIMESTAMP",
            }
        ),
    ):
        tree = step(tree)
    return tree


ORACLE = OracleDialect(
    name="oracle",
    sqlglot="oracle",
    parameter_mark=":",
    bucket="ORA_HASH({column}, {count} - 1)",
    stage_schema=None,
    publish=ORACLE_PUBLISH,
    emits=WITH_CLAUSES
    | {"ORA_HASH()"}
    | WINDOWS
    | {
        "RegexpLike",
        "DPipe",
        "Introducer",
        "RAWTOHEX()",
        "Rand",
        "StandardHash",
        "SUBSTR()",
    },
    sampling=Sampling(
        random="DBMS_RANDOM.VALUE(0, 1000000)", row_hash="LOWER(RAWTOHEX(STANDARD_HASH(_df_row, 'MD5')))"
    ),
    table_functions=frozenset({"json_table", "xmltable"}),
    forbidden_function=(
        r"utl_\w+(\..*)?|(sys\.)?(utl_\w+|dbms_(?!lob\.(substr|getlength|instr)|random\.|crypto\.hash|utility\.get_hash)\w+|"
        r"owa_\w+|apex_\w+|htp|htf)\..*|httpuritype|dburitype|xdburitype|bfilename|sys_dburigen|xmltype|dbms_\w+|"
        r"extractvalue|userenv"
    ),
    forbidden_table=r".*@.*",
    pseudo_columns=frozenset(
        {"rownum", "level", "rowid", "ora_rowscn", "sysdate", "systimestamp", "user", "uid", "sessiontimezone"}
    ),
    author_rules=AuthorRules(
        calls=frozenset({"HTTPURITYPE", "BFILENAME", "DBURITYPE", "XDBURITYPE"}),
        phrases=frozenset({("ORGANIZATION", "EXTERNAL"), ("DATABASE", "LINK")}),
    ),
    legalise=(_legalise,),
    transaction=TransactionPlan(ddl_commits=True),
    live_tested=False,
    replaces_tables=False,
)
