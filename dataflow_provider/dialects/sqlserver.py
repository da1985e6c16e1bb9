"""SQL Server: everything transactional; no boolean values, WITH only in front, SELECT INTO makes tables.

Not run on a server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataflow_provider.dialects.allowed import WINDOWS, WITH_CLAUSES
from dataflow_provider.dialects.author_rules import AuthorRules
from dataflow_provider.dialects.base import Sampling, SqlDialect
from dataflow_provider.dialects.publish_sqlserver import SQLSERVER_PUBLISH

if TYPE_CHECKING:
    from sqlglot import exp

NAME = "SQL Server"


@dataclass(frozen=True)
class SqlServerDialect(SqlDialect):
    """Its tables are made by SELECT INTO; a `#` in front keeps one for the session."""

    def temporary_parts(self, name: str) -> tuple[str, ...]:
        return (f"#{name}",)

    def _create(self, table: str, kind: str, select: str) -> tuple[str, ...]:
        # The last FROM at the beginning of a line is that of `SELECT * FROM …` behind the WITH, which is ours.
        items, from_, rows = select.rpartition("\nFROM ")
        return (self.drop_table(table), f"{items}\nINTO {table}{from_}{rows}")


def _legalise(tree: exp.Expr) -> exp.Expr:
    """The passes of this engine in their order; imported late, since the Dag factory must not pay for sqlglot."""
    from sqlglot import exp

    from dataflow_provider.dialects import literals, matching, passes, row_limits, select_lists, truth, with_clauses

    for step in (
        matching.refuse_searches(NAME),
        matching.count_characters,
        passes.derive_qualify,
        passes.refuse_star_changes(NAME),
        passes.refuse_unions_by_name(NAME),
        select_lists.refuse_long_names(NAME, 128),
        passes.drop_materialized(NAME),
        with_clauses.hoist_with,
        select_lists.order_row_numbers(lambda: exp.Subquery(this=exp.Select(expressions=[exp.null()]))),
        row_limits.drop_idle_orders,
        select_lists.order_nulls_by_case,
        literals.try_cast_filled,
        truth.spell_null_safe,
        truth.spell_booleans(values=True),
        literals.national_texts,
        literals.spell_types({exp.DataType.Type.TEXT: "NVARCHAR(MAX)"}),
    ):
        tree = step(tree)
    return tree


SQLSERVER = SqlServerDialect(
    name="sqlserver",
    sqlglot="tsql",
    parameter_mark=":",
    bucket="((BINARY_CHECKSUM({column}) % {count}) + {count}) % {count}",
    stage_schema="_dataflow",
    publish=SQLSERVER_PUBLISH,
    emits=WITH_CLAUSES
    | {"BINARY_CHECKSUM()"}
    | WINDOWS
    | {"BitwiseAnd", "CHECKSUM()", "CONCAT_WS()", "Convert", "MD5", "Mod", "National", "TryCast", "Uuid"},
    sampling=Sampling(
        # RAND() is drawn once for a whole statement.
        random="(CHECKSUM(NEWID()) & 2147483647) % 1000000",
        row_hash="LOWER(CONVERT(VARCHAR(32), HASHBYTES('MD5', _df_row), 2))",
        joins_texts="+",
    ),
    table_functions=frozenset({"string_split", "openjson", "generate_series"}),
    forbidden_function=(
        r"openrowset|openquery|opendatasource|openxml|xp_\w+|(\w+\.)*\[?(xp|sp|fn)_\w+\]?|sp_\w+|"
        r"fn_get_audit_file|fn_xe_file\w*|fn_trace\w*|fn_dblog|fn_dump_dblog"
    ),
    forbidden_table=r".*\..*\..*\..*",
    author_rules=AuthorRules(
        calls=frozenset({"OPENDATASOURCE", "OPENQUERY", "OPENROWSET", "XP_CMDSHELL"}),
        phrases=frozenset({("EXEC",), ("EXECUTE",), ("BULK", "''")}),
    ),
    legalise=(_legalise,),
    live_tested=False,
    replaces_tables=False,
    strict_cast=False,
)
