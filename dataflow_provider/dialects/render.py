"""A finished tree as the engine's text: every name quoted, nothing dropped in silence."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError

from dataflow_provider.dialects.allowed import refuse_unlisted
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.errors import AuthorError


def render(tree: exp.Expr, dialect: SqlDialect, *, pretty: bool = True) -> str:
    """Return the SQL of the tree in the engine's dialect; the tree is used up.

    Raises:
        AuthorError: when the engine cannot say what the tree means; the generator would otherwise leave it out.
    """
    for legalise in dialect.legalise:
        tree = legalise(tree)
    refuse_unlisted(tree, dialect)
    try:
        return tree.sql(
            dialect=dialect.sqlglot,
            pretty=pretty,
            identify=True,
            unsupported_level=ErrorLevel.RAISE,
            comments=True,
            copy=False,
        )
    except RecursionError as exc:
        raise AuthorError(
            "DF-SQL-021", "a part of this SQL is nested too deeply", hint="Split it over several nodes."
        ) from exc
    except UnsupportedError as exc:
        raise AuthorError(
            "DF-SQL-021",
            f"`{dialect.name}` cannot carry out a part of this SQL: {exc}",
            hint="Write that part in another way.",
        ) from exc
