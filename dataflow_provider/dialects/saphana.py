"""SAP HANA: no dialect of sqlglot's own, so its general one, put right by passes; DDL commits. Not run on a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataflow_provider.dialects.allowed import WINDOWS, WITH_CLAUSES
from dataflow_provider.dialects.author_rules import AuthorRules
from dataflow_provider.dialects.base import Sampling, SqlDialect
from dataflow_provider.dialects.publish_saphana import SAPHANA_PUBLISH
from dataflow_provider.dialects.transaction import TransactionPlan

if TYPE_CHECKING:
    from sqlglot import exp

NAME = "SAP HANA"


@dataclass(frozen=True)
class SapHanaDialect(SqlDialect):
    """Column tables; a local temporary one has a `#` in front."""

    def temporary_parts(self, name: str) -> tuple[str, ...]:
        return (f"#{name}",)

    def create_stage(self, table: str, select: str) -> tuple[str, ...]:
        return (f"CREATE COLUMN TABLE {table} AS (\n{select}\n) WITH DATA",)

    def create_temporary(self, table: str, select: str) -> tuple[str, ...]:
        return (f"CREATE LOCAL TEMPORARY COLUMN TABLE {table} AS (\n{select}\n) WITH DATA",)

    def drop_table(self, table: str) -> str:
        return f"DROP TABLE {table}"


def _legalise(tree: exp.Expr) -> exp.Expr:
    """The passes of this engine in their order; imported late, since the Dag factory must not pay for sqlglot."""
    from sqlglot import exp

    from dataflow_provider.dialects import (
        literals,
        matching,
        passes,
        row_limits,
        select_lists,
        truth,
        try_cast,
        with_clauses,
    )

    kind = exp.DataType.Type
    for step in (
        matching.spell_searches(_matches),
        passes.derive_qualify,
        passes.refuse_star_changes(NAME),
        select_lists.refuse_nodes(NAME, {exp.Filter: ("`FILTER (WHERE …)`", "Aggregate a `CASE WHEN … THEN … END`.")}),
        passes.refuse_unions_by_name(NAME),
        select_lists.refuse_long_names(NAME, 127),
        passes.drop_materialized(NAME),
        with_clauses.hoist_with,
        select_lists.order_row_numbers(exp.null),
        row_limits.drop_idle_orders,
        select_lists.qualify_stars,
        select_lists.select_from(lambda: exp.Table(this=exp.to_identifier("DUMMY", quoted=True))),
        select_lists.concat_reasons(by=exp.DPipe),
        try_cast.TryCasts(NAME, _matches, exact=False).guard,
        truth.spell_null_safe,
        truth.spell_booleans(values=False),
        literals.spell_moments,
        literals.spell_types(
            {kind.TEXT: "NVARCHAR(5000)", kind.VARCHAR: "NVARCHAR(5000)", kind.TIMESTAMPNTZ: "TIMESTAMP"}
        ),
        _own_words,
    ):
        tree = step(tree)
    return tree


def _matches(text: exp.Expr, pattern: str) -> exp.Expr:
    """`x LIKE_REGEXPR '…'`, an operator of which the tree knows only how to write it."""
    from sqlglot import exp

    test = exp.Introducer(this=exp.Var(this="LIKE_REGEXPR"), expression=exp.Literal.string(pattern))
    return exp.Introducer(this=text.copy(), expression=test)


def _own_words(tree: exp.Expr) -> exp.Expr:
    """What the general dialect calls by other names than SAP HANA does."""
    from sqlglot import exp

    for node in [*tree.find_all(exp.Mod, exp.StrPosition, exp.GroupConcat, exp.CurrentTimestamp, exp.DayOfMonth)]:
        spelled = _own_word(node)
        if node is tree:
            return spelled
        node.replace(spelled)
    for one in [*tree.find_all(exp.DataType)]:
        if one.this in (exp.DataType.Type.NVARCHAR, exp.DataType.Type.NCHAR):
            length = f"({one.expressions[0].name})" if one.expressions else ""
            one.replace(exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=f"{one.this.value}{length}"))
    return tree


def _own_word(node: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    if isinstance(node, exp.Mod):
        sides = [side.unnest() for side in (node.this, node.expression)]
        return exp.Anonymous(this="MOD", expressions=sides)
    if isinstance(node, exp.StrPosition):
        # The general dialect takes the first argument of LOCATE for what is looked for; here it is where.
        arguments = [node.args["substr"], node.this, node.args.get("position")]
        return exp.Anonymous(this="LOCATE", expressions=[one for one in arguments if one is not None])
    if isinstance(node, exp.GroupConcat):
        return _string_agg(node)
    if isinstance(node, exp.CurrentTimestamp):
        return exp.Var(this="CURRENT_TIMESTAMP")
    return exp.Anonymous(this="DAYOFMONTH", expressions=[node.this])


def _string_agg(node: exp.GroupConcat) -> exp.Expr:
    """`STRING_AGG(text, separator ORDER BY …)`: the order stands behind the separator."""
    from sqlglot import exp

    value, separator = node.this, node.args.get("separator")
    order = None
    if isinstance(value, exp.Order):
        value, order = value.this, exp.Order(expressions=value.expressions)
    last = separator or exp.Literal.string("")
    if order is not None:
        order.set("this", last)
        last = order
    return exp.Anonymous(this="STRING_AGG", expressions=[value, last])


SAPHANA = SapHanaDialect(
    name="saphana",
    sqlglot="",
    parameter_mark=":",
    stage_schema=None,
    publish=SAPHANA_PUBLISH,
    emits=WITH_CLAUSES
    | WINDOWS
    | {
        "BINTOHEX()",
        "Boolean",
        "DAYOFMONTH()",
        "DPipe",
        "HASH_MD5()",
        "Introducer",
        "LOCATE()",
        "MOD()",
        "Rand",
        "STRING_AGG()",
        "SUBSTR()",
        "ToBinary",
    },
    sampling=Sampling(random="RAND() * 1000000", row_hash="LOWER(BINTOHEX(HASH_MD5(TO_BINARY(_df_row))))"),
    table_functions=frozenset({"json_table", "xmltable", "series_generate_integer", "series_generate_date"}),
    forbidden_function=r"pal_\w+|afl\w*|hana_exec\w*|session_context|_sys_\w+(\..*)?|sys_afl\.\w+|\w+\.nextval",
    forbidden_table=r".*@.*|(sys_remote|_sys_.*|sys_afl)\..*",
    pseudo_columns=frozenset({"current_user", "current_schema", "session_user", "current_connection"}),
    author_rules=AuthorRules(first_words=frozenset({"UPSERT"}), phrases=frozenset({("VIRTUAL", "TABLE")})),
    legalise=(_legalise,),
    transaction=TransactionPlan(ddl_commits=True),
    live_tested=False,
    replaces_tables=False,
    full_join="equality",
)
