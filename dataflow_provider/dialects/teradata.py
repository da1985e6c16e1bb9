"""Teradata: QUALIFY and TRYCAST as DuckDB has them; no boolean type, TOP and ORDER BY only in front of a statement.

A set operation has the types of its first SELECT, so literals there are as wide as the widest. Not run on a server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataflow_provider.dialects.allowed import WINDOWS, WITH_CLAUSES
from dataflow_provider.dialects.author_rules import AuthorRules
from dataflow_provider.dialects.base import Sampling, SqlDialect
from dataflow_provider.dialects.publish_teradata import TERADATA_PUBLISH
from dataflow_provider.dialects.transaction import TransactionPlan

if TYPE_CHECKING:
    from sqlglot import exp

NAME = "Teradata"


@dataclass(frozen=True)
class TeradataDialect(SqlDialect):
    """Its own shells of statements; a table that is in the way is dropped by whoever builds it, as no IF EXISTS can."""

    def create_stage(self, table: str, select: str) -> tuple[str, ...]:
        return (f"CREATE MULTISET TABLE {table} AS (\n{_derived(select)}\n) WITH DATA NO PRIMARY INDEX",)

    def create_temporary(self, table: str, select: str) -> tuple[str, ...]:
        shell = f"CREATE VOLATILE MULTISET TABLE {table} AS (\n{_derived(select)}\n)"
        return (f"{shell} WITH DATA NO PRIMARY INDEX ON COMMIT PRESERVE ROWS",)

    def drop_table(self, table: str) -> str:
        return f"DROP TABLE {table}"


def _derived(select: str) -> str:
    """A WITH may stand in a derived table, not in front of the query of a new table."""
    return f"SELECT * FROM (\n{select}\n) q"


def _legalise(tree: exp.Expr) -> exp.Expr:
    """The passes of this engine in their order; imported late, since the Dag factory must not pay for sqlglot."""
    from sqlglot import exp

    from dataflow_provider.dialects import literals, matching, passes, row_limits, select_lists, truth, with_clauses

    kind = exp.DataType.Type
    for step in (
        matching.spell_searches(matching.by_place),
        matching.spell_lengths("CHARACTER_LENGTH"),
        select_lists.refuse_star_words(NAME, ("except_", "replace", "rename")),
        passes.refuse_unions_by_name(NAME),
        select_lists.refuse_long_names(NAME, 128),
        passes.drop_materialized(NAME),
        with_clauses.hoist_with,
        select_lists.order_row_numbers(lambda: exp.Literal.number(1)),
        row_limits.rank_limits(NAME),
        row_limits.drop_idle_orders,
        select_lists.qualify_stars,
        literals.widen_first_texts(" CHARACTER SET UNICODE"),
        # SELECT without FROM may not stand in a UNION.
        select_lists.select_from(_one_row),
        select_lists.concat_reasons(by=exp.DPipe),
        literals.try_cast_filled_texts,
        truth.spell_null_safe,
        truth.spell_booleans(values=True),
        literals.spell_moments,
        literals.spell_types(
            {
                kind.TEXT: "VARCHAR(4000) CHARACTER SET UNICODE",
                kind.VARCHAR: "VARCHAR(4000) CHARACTER SET UNICODE",
                kind.BOOLEAN: "BYTEINT",
                kind.TIMESTAMP: "TIMESTAMP(6)",
                kind.TIMESTAMPNTZ: "TIMESTAMP(6)",
            }
        ),
        _own_words,
    ):
        tree = step(tree)
    return tree


def _own_words(tree: exp.Expr) -> exp.Expr:
    """SUBSTRING wants FROM and FOR, which nobody writes here; SUBSTR takes what stands between commas."""
    from sqlglot import exp

    for node in [*tree.find_all(exp.Substring)]:
        arguments = [node.this, node.args.get("start"), node.args.get("length")]
        spelled = exp.Anonymous(this="SUBSTR", expressions=[one for one in arguments if one is not None])
        if node is tree:
            return spelled
        node.replace(spelled)
    return tree


def _one_row() -> exp.Expr:
    from sqlglot import exp

    one = exp.Select(expressions=[exp.alias_(exp.Literal.number(1), "one", quoted=True)])
    return exp.Subquery(this=one, alias=exp.TableAlias(this=exp.to_identifier("d", quoted=True)))


TERADATA = TeradataDialect(
    name="teradata",
    sqlglot="teradata",
    parameter_mark=":",
    bucket="HASHBUCKET(HASHROW({column})) MOD {count}",
    stage_schema=None,
    publish=TERADATA_PUBLISH,
    emits=WITH_CLAUSES
    | {"HASHBUCKET()", "HASHROW()", "Mod"}
    | WINDOWS
    | {
        "CHARACTER_LENGTH()",
        "REGEXP_INSTR()",
        "DPipe",
        "FROM_BYTES()",
        "HASHROW()",
        "Introducer",
        "Qualify",
        "SUBSTR()",
        "TableSample",
        "TryCast",
    },
    sampling=Sampling(native=True, row_hash="LOWER(FROM_BYTES(HASHROW(_df_row), 'base16'))"),
    table_functions=frozenset({"strtok_split_to_table", "regexp_split_to_table", "json_table"}),
    forbidden_function=(
        r"read_nos|write_nos|script|xmlquery|execr|.*foreign_\w+|td_sysfnlib\.\w*nos|syslib\..*|"
        r"tableoperator|executeforeignsql|xmlpublish\w*|dbc\..*"
    ),
    forbidden_table=r".*@.*",
    pseudo_columns=frozenset({"user", "session", "database", "account", "profile", "role", "time"}),
    max_characters=500_000,
    author_rules=AuthorRules(first_words=frozenset({"COLLECT", "SEL", "DEL", "INS", "UPD"})),
    legalise=(_legalise,),
    transaction=TransactionPlan(ddl_commits=True),
    live_tested=False,
    replaces_tables=False,
)
