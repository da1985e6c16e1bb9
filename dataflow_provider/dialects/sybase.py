"""Sybase ASE: no WITH, no window functions, no MERGE; sqlglot's T-SQL put right by passes. Not run on a server.

Nodes become derived tables inside each other; what takes a window function is refused. The database must allow
`select into`, which makes the stage tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataflow_provider.dialects.author_rules import AuthorRules
from dataflow_provider.dialects.base import Sampling, SqlDialect
from dataflow_provider.dialects.publish_sybase import SYBASE_PUBLISH
from dataflow_provider.dialects.transaction import TransactionPlan

if TYPE_CHECKING:
    from sqlglot import exp

NAME = "Sybase ASE"


@dataclass(frozen=True)
class SybaseDialect(SqlDialect):
    """Its tables are made by SELECT INTO; a `#` in front keeps one for the session."""

    def temporary_parts(self, name: str) -> tuple[str, ...]:
        return (f"#{name}",)

    def _create(self, table: str, kind: str, select: str) -> tuple[str, ...]:
        # The first FROM at the beginning of a line is the statement's own: those of derived tables are indented.
        items, from_, rows = select.partition("\nFROM ")
        return (f"{items}\nINTO {table}{from_}{rows}",)

    def drop_table(self, table: str) -> str:
        return f"DROP TABLE {table}"


def _legalise(tree: exp.Expr) -> exp.Expr:
    """The passes of this engine in their order; imported late, since the Dag factory must not pay for sqlglot."""
    from sqlglot import exp

    from dataflow_provider.dialects import literals, matching, passes, row_limits, select_lists, truth, with_clauses

    kind = exp.DataType.Type
    for step in (
        matching.refuse_searches(NAME),
        matching.spell_lengths("CHAR_LENGTH"),
        select_lists.refuse_nodes(NAME, _lacking()),
        passes.refuse_star_changes(NAME),
        passes.refuse_unions_by_name(NAME),
        passes.refuse_full_joins(NAME),
        row_limits.refuse_offset(NAME),
        select_lists.refuse_long_names(NAME, 253),
        passes.drop_materialized(NAME),
        with_clauses.inline_with(NAME),
        row_limits.unwrap_statement,
        row_limits.drop_idle_orders,
        row_limits.refuse_inner_limits(NAME),
        select_lists.cross_join_on_truth,
        select_lists.order_nulls_by_case,
        literals.widen_first_texts(""),
        truth.spell_null_safe,
        truth.spell_booleans(values=True),
        literals.spell_types(
            {
                kind.TIMESTAMP: "BIGDATETIME",
                kind.TIMESTAMPNTZ: "BIGDATETIME",
                kind.TEXT: "VARCHAR(4000)",
                kind.BOOLEAN: "BIT",
            }
        ),
    ):
        tree = step(tree)
    return tree


def _lacking() -> dict[type[exp.Expr], tuple[str, str]]:
    """Return what the engine lacks: kind of node → what people call it, and the nearest alternative."""
    from sqlglot import exp

    return {
        exp.Qualify: (
            "the choice of rows by ROW_NUMBER(), which `deduplicate` takes",
            "Aggregate by the keys with MIN or MAX, or deduplicate on another connection.",
        ),
        exp.Window: ("a window function", "Aggregate and join the result back, or use another connection."),
        exp.TryCast: (
            "a cast that notices bad values",
            "Let a filter before it judge the text, such as by `isnumeric(…) = 1`, and cast with `on_error: fail`.",
        ),
        exp.Intersect: ("INTERSECT", "Use a `transform.join` with `how: semi`."),
        exp.Except: ("EXCEPT", "Use a `transform.join` with `how: anti`."),
    }


SYBASE = SybaseDialect(
    name="sybase",
    sqlglot="tsql",
    parameter_mark=":",
    stage_schema=None,
    publish=SYBASE_PUBLISH,
    emits=frozenset({"CHAR_LENGTH()", "HASH()", "National"}),
    sampling=Sampling(row_hash="LOWER(HASH(_df_row, 'md5'))", joins_texts="+"),
    table_functions=frozenset(),
    forbidden_function=r"(\w+\.)*(xp|sp)_\w+|openxml|xmlextract|xmlparse|syb_sendmsg|syb_quit|java\.\w+.*|sun\.\w+.*",
    forbidden_table=r".*\..*\..*\..*",
    author_rules=AuthorRules(phrases=frozenset({("EXEC",), ("EXECUTE",), ("PROXY_TABLE",)})),
    legalise=(_legalise,),
    transaction=TransactionPlan(ddl_commits=True),
    live_tested=False,
    replaces_tables=False,
    full_join="none",
)
