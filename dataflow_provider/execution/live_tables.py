"""Tables of a source as the database has them, beside what the pipeline says of them."""

from __future__ import annotations

from collections.abc import Iterator

from dataflow_provider.compiler.columns import find_column
from dataflow_provider.compiler.compiled import Columns
from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.errors import DataflowError
from dataflow_provider.spec.findings import Problem, Severity
from dataflow_provider.spec.nodes import SqlSource
from dataflow_provider.spec.suggestions import did_you_mean, listed

_MOST_NAMES = 2000
_CATALOGUE = "SELECT table_schema, table_name FROM information_schema.tables"
_NAMES = {
    "duckdb": _CATALOGUE,
    "postgres": _CATALOGUE,
    "mysql": _CATALOGUE,
    "sqlite": "SELECT '', name FROM sqlite_master WHERE type IN ('table', 'view')",
}
"""Where tables are listed, schema and name; other engines are not asked, as their catalogues may be slow."""


def missing_table(session: SqlSession, dialect: SqlDialect, node: str, written: str, connection: str) -> Problem:
    """Return the problem of a table that does not exist, with the name that may be meant."""
    hint = did_you_mean(written, _known_names(session, dialect))
    return Problem(
        "DF-LIVE-001",
        ("nodes", node, "table"),
        f"the table `{written}` does not exist on connection `{connection}`",
        hint or "Check the name, its schema, and whether the connection's user may see it.",
    )


def _known_names(session: SqlSession, dialect: SqlDialect) -> list[str]:
    query = _NAMES.get(dialect.name)
    if query is None:
        return []
    try:
        _, rows = session.fetch_rows(query, _MOST_NAMES)
    except DataflowError:
        return []  # Only the suggestion is lost.
    return [name for schema, table in rows for name in ((f"{schema}.{table}", str(table)) if schema else (str(table),))]


def check_declared(dialect: SqlDialect, node: str, spec: SqlSource, columns: Columns) -> Iterator[Problem]:
    """Yield what a declared `schema` says otherwise than the table: only checks without a database rely on it."""
    for name, kind in (spec.schema_ or {}).items():
        real = find_column(name, columns)
        path = ("nodes", node, "schema", name)
        if real is None:
            yield Problem(
                "DF-LIVE-002",
                path,
                f"`schema` declares the column `{name}`, and the table `{spec.table}` has {listed(columns)}",
                did_you_mean(name, columns) or "Delete it from `schema`.",
                Severity.WARNING,
            )
            continue
        declared, found = dialect.publish.canonical_type(kind.upper()), dialect.publish.canonical_type(columns[real])
        if declared and found and declared.partition("(")[0] != found.partition("(")[0]:
            yield Problem(
                "DF-LIVE-002",
                path,
                f"`schema` declares `{name}` as `{kind}`, and in the table `{spec.table}` it is `{columns[real]}`",
                f"Declare `{columns[real]}`.",
                Severity.WARNING,
            )
