"""MariaDB and MySQL 8: no FULL JOIN, DDL commits; CAST makes 0 of any text, so a check judges the texts first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataflow_provider.dialects.allowed import WINDOWS, WITH_CLAUSES
from dataflow_provider.dialects.author_rules import AuthorRules
from dataflow_provider.dialects.base import CAST_SOURCE, Sampling, SqlDialect
from dataflow_provider.dialects.publish_mysql import MYSQL_PUBLISH
from dataflow_provider.dialects.transaction import TransactionPlan

if TYPE_CHECKING:
    from sqlglot import exp

NAME = "MySQL"


def _legalise(tree: exp.Expr) -> exp.Expr:
    """The passes of this engine in their order; imported late, since the Dag factory must not pay for sqlglot."""
    from dataflow_provider.dialects import literals, matching, passes, select_lists
    from dataflow_provider.dialects.try_cast import TryCasts

    for step in (
        matching.spell_searches(matching.by_case),
        passes.derive_qualify,
        passes.refuse_star_changes(NAME),
        passes.refuse_unions_by_name(NAME),
        passes.refuse_full_joins(NAME),
        passes.refuse_infinite_numbers(NAME),
        passes.limit_offsets,
        select_lists.refuse_long_names(NAME, 64),
        passes.drop_materialized(NAME),
        passes.spell_null_order,
        literals.spell_moments,
        _search_by_place,
        _bare_dual,
        TryCasts(NAME, _matches, lenient=True).guard,
        _whole_moments,
    ):
        tree = step(tree)
    return tree


def _search_by_place(tree: exp.Expr) -> exp.Expr:
    """`a REGEXP b`, which sqlglot writes as REGEXP_LIKE, is the place of the match: MariaDB has no REGEXP_LIKE."""
    from sqlglot import exp

    for one in [*tree.find_all(exp.RegexpLike)]:
        if one.args.get("flag") is not None:
            continue
        place = exp.Anonymous(this="REGEXP_INSTR", expressions=[one.this.copy(), one.expression.copy()])
        found = exp.paren(exp.GT(this=place, expression=exp.Literal.number(0)))
        if one is tree:
            return found
        one.replace(found)
    return tree


def _bare_dual(tree: exp.Expr) -> exp.Expr:
    """DUAL is a word and no table: between quotes nobody finds it."""
    from sqlglot import exp

    for table in tree.find_all(exp.Table):
        name = table.this
        if isinstance(name, exp.Identifier) and not name.quoted and not table.db and name.name.upper() == "DUAL":
            table.set("this", exp.Var(this="DUAL"))
    return tree


def _whole_moments(tree: exp.Expr) -> exp.Expr:
    """A cast of the product's own to a time keeps the fractions of a second, which DATETIME alone rounds away."""
    from sqlglot import exp

    from dataflow_provider.dialects.try_cast import MOMENTS

    for cast in tree.find_all(exp.Cast):
        if CAST_SOURCE in cast.meta and cast.to.this in MOMENTS and not cast.to.expressions:
            cast.set("to", exp.DataType(this=exp.DType.DATETIME, expressions=[exp.Literal.number(6)]))
    return tree


def _matches(text: exp.Expr, pattern: str) -> exp.Expr:
    """MariaDB has no REGEXP_LIKE; the place of a match both know."""
    from sqlglot import exp

    place = exp.Anonymous(this="REGEXP_INSTR", expressions=[text.copy(), exp.Literal.string(pattern)])
    return exp.GT(this=place, expression=exp.Literal.number(0))


def _foreign_engines() -> frozenset[tuple[str, ...]]:
    """Return how a table is put into files or other servers; `''` is any name in quotes, which may be one of these."""
    engines = ("CONNECT", "CSV", "FEDERATED", "FEDERATEDX", "OQGRAPH", "S3", "SPHINX", "SPIDER", "''")
    return frozenset(("ENGINE", *equals, engine) for engine in engines for equals in (("=",), ()))


MYSQL = SqlDialect(
    name="mysql",
    sqlglot="mysql",
    parameter_mark=":",
    bucket="MOD(CRC32({column}), {count})",
    stage_schema="_dataflow",
    unions_whole=True,
    publish=MYSQL_PUBLISH,
    emits=WITH_CLAUSES
    | {"CRC32()"}
    | WINDOWS
    | {
        "Boolean",
        "CONCAT()",
        "CONCAT_WS()",
        "Introducer",
        "MD5",
        "Mod",
        "NullSafeEQ",
        "NullSafeNEQ",
        "REGEXP_INSTR()",
        "Rand",
    },
    sampling=Sampling(random="RAND() * 1000000", row_hash="MD5(_df_row)", joins_texts="CONCAT"),
    table_functions=frozenset({"json_table"}),
    forbidden_function=r"load_file|sys_exec|sys_eval|sleep|benchmark|get_lock|release_lock|is_used_lock|is_free_lock|"
    r"nextval|setval|lastval|master_\w+|source_pos_wait|wait_\w+|sys\..*",
    author_rules=AuthorRules(
        first_words=frozenset({"OPTIMIZE", "REPLACE"}),
        calls=frozenset({"LOAD_FILE", "SYS_EXEC", "SYS_EVAL"}),
        phrases=frozenset({("INTO", "OUTFILE"), ("INTO", "DUMPFILE"), ("DATA", "DIRECTORY"), ("INDEX", "DIRECTORY")})
        | _foreign_engines(),
    ),
    legalise=(_legalise,),
    transaction=TransactionPlan(ddl_commits=True),
    replaces_tables=False,
    max_join_tables=61,
    full_join="none",
    strict_cast=False,
    casts_any_type=False,
)
