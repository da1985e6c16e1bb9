"""SQLite: full transactions, no schemas. Its CAST makes 0 of any text, so a check judges the texts first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.dialects.publish_sqlite import SQLITE_PUBLISH

if TYPE_CHECKING:
    from sqlglot import exp

NAME = "SQLite"
_LONG = (-(2**63), 2**63 - 1)


def _legalise(tree: exp.Expr) -> exp.Expr:
    """The passes of this engine in their order; imported late, since the Dag factory must not pay for sqlglot."""
    from sqlglot import exp

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
        _join_texts,
        TryCasts(
            NAME,
            _matches,
            dict.fromkeys((exp.DType.INT, exp.DType.BIGINT), _LONG),
            digits=18,
            exact=False,
        ).guard,
    ):
        tree = step(tree)
    return tree


def _join_texts(tree: exp.Expr) -> exp.Expr:
    """CONCAT_WS, which SQLite has since 3.44 only, becomes `||`: a NULL part adds nothing, not even the separator."""
    from sqlglot import exp

    for call in [one for one in tree.find_all(exp.Anonymous) if str(one.this).upper() == "CONCAT_WS"]:
        separator, *parts = call.expressions
        pieces = [
            exp.Coalesce(
                this=exp.paren(exp.DPipe(this=separator.copy(), expression=part.copy())),
                expressions=[exp.Literal.string("")],
            )
            for part in parts
        ]
        whole: exp.Expr = pieces[0]
        for piece in pieces[1:]:
            whole = exp.DPipe(this=whole, expression=piece)
        start = exp.Literal.number(len(separator.name) + 1)
        call.replace(exp.Substring(this=exp.paren(whole), start=start))
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
    table_functions=frozenset({"json_each", "json_tree", "generate_series"}),
    forbidden_function=r"load_extension|readfile|writefile|edit|fts3_tokenizer|sqlite_\w+",
    legalise=(_legalise,),
    replaces_tables=False,
    keeps_with=True,
    max_join_tables=64,
    max_characters=500_000,
    strict_cast=False,
    casts_any_type=False,
    typed_columns=False,
)
