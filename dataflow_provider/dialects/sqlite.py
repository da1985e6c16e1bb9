"""SQLite: full transactions, no schemas. Its CAST makes 0 of any text, so a check judges the texts first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataflow_provider.dialects.allowed import WINDOWS, WITH_CLAUSES
from dataflow_provider.dialects.author_rules import AuthorRules
from dataflow_provider.dialects.base import Sampling, SqlDialect
from dataflow_provider.dialects.publish_sqlite import SQLITE_PUBLISH

if TYPE_CHECKING:
    from sqlglot import exp

NAME = "SQLite"


def _legalise(tree: exp.Expr) -> exp.Expr:
    """The passes of this engine in their order; imported late, since the Dag factory must not pay for sqlglot."""
    from dataflow_provider.dialects import matching, passes, sqlite_passes

    for step in (
        matching.spell_searches(_matches),
        passes.derive_qualify,
        passes.refuse_star_changes(NAME),
        passes.refuse_unions_by_name(NAME),
        passes.refuse_infinite_numbers(NAME),
        sqlite_passes.join_texts,
        sqlite_passes.spell_moments_as_texts,
        sqlite_passes.SqliteCasts(NAME, _matches, lenient=True).guard,
        sqlite_passes.quote_by_backticks,
    ):
        tree = step(tree)
    return tree


def _matches(text: exp.Expr, pattern: str) -> exp.Expr:
    """REGEXP is a function of the session (`connectors/impl/sqlite.py`)."""
    from sqlglot import exp

    found = exp.Anonymous(this="REGEXP", expressions=[exp.Literal.string(pattern), text.copy()])
    return exp.EQ(this=found, expression=exp.Literal.number(1))


SQLITE = SqlDialect(
    name="sqlite",
    sqlglot="sqlite",
    parameter_mark=":",
    stage_schema=None,
    publish=SQLITE_PUBLISH,
    emits=WITH_CLAUSES
    | WINDOWS
    | {
        "Boolean",
        "DF_MD5()",
        "DPipe",
        "LTRIM()",
        "Mod",
        "NullSafeEQ",
        "NullSafeNEQ",
        "REGEXP()",
        "REPLACE()",
        "Rand",
        "TYPEOF()",
    },
    sampling=Sampling(random="ABS(RANDOM() % 1000000)", row_hash="DF_MD5(_df_row)"),
    table_functions=frozenset({"json_each", "json_tree", "generate_series"}),
    forbidden_table=r"(main\.|temp\.)?pragma_\w+",
    forbidden_function=r"load_extension|readfile|writefile|edit|fts3_tokenizer|sqlite_\w+",
    author_rules=AuthorRules(
        first_words=frozenset({"REINDEX", "REPLACE"}),
        calls=frozenset({"LOAD_EXTENSION", "READFILE", "WRITEFILE", "EDIT", "FTS3_TOKENIZER"}),
    ),
    legalise=(_legalise,),
    replaces_tables=False,
    keeps_with=True,
    max_join_tables=64,
    max_characters=500_000,
    strict_cast=False,
    casts_any_type=False,
    typed_columns=False,
)
