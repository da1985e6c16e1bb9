"""What a database holds, asked of its own catalogue: schemas, tables and views, columns with types and keys.

Every query answers the same columns, so that an engine is three texts. Only the connection's own catalogue is looked
at. Names and searches go in as escaped literals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dataflow_provider.connectors.base import SqlSession
from dataflow_provider.connectors.catalogue_sql import COLUMNS, SCHEMAS, TABLES
from dataflow_provider.connectors.requests import SchemaEntry, SchemaPage, SchemaRequest
from dataflow_provider.dialects.base import SqlDialect
from dataflow_provider.errors import AuthorError

Row = tuple[Any, ...]
_SHOWN = frozenset({"databricks"})
"""Engines whose statements (SHOW, DESCRIBE) cannot be filtered, ordered and cut by a query around them."""


@dataclass(frozen=True)
class Question:
    """A statement, and what makes an entry of one of its rows."""

    sql: str
    entry: Callable[[Row], SchemaEntry]
    ordered: str


def catalogue_question(dialect: SqlDialect, request: SchemaRequest) -> Question:
    """Return how the engine is asked for what the request names.

    Raises:
        AuthorError: `DF-CONN-017` for a table without its schema, where the engine has schemas.
    """
    name, text = dialect.name, dialect.publish.text
    if request.table is not None:
        if request.schema is None and name != "sqlite":
            raise AuthorError("DF-CONN-017", f"the table `{request.table}` is named without its schema")
        schema = request.schema or "main"
        path = (schema, request.table)
        sql = _filled(COLUMNS[name], dialect, schema, request.table)
        return Question(sql, lambda row: _column(path, row), "position")
    if request.schema is not None:
        parent = request.schema
        return Question(_filled(TABLES[name], dialect, parent), lambda row: _table(parent, row), "name")
    return Question(SCHEMAS[name].format(text=text), _schema, "name")


def page_sql(dialect: SqlDialect, request: SchemaRequest, question: Question) -> str:
    """Return the statement of all entries that fit the search, in order."""
    if dialect.name in _SHOWN:
        return question.sql
    quote = dialect.publish.quote
    found = "found" if not request.search else f"found WHERE {_like(dialect, request.search)}"
    return f"SELECT * FROM (\n{question.sql}\n) {found} ORDER BY {quote(question.ordered)}"


def discover(session: SqlSession, dialect: SqlDialect, request: SchemaRequest) -> SchemaPage:
    """Return a page of what the catalogue says; no more rows are fetched than up to its end."""
    question, end = catalogue_question(dialect, request), request.offset + request.limit
    if dialect.name in _SHOWN:
        _, rows = session.fetch_rows(page_sql(dialect, request, question))
        wanted = [one for one in map(question.entry, _until_details(rows)) if _fits(one, request.search)]
        if request.table is None:
            wanted.sort(key=lambda one: one.name)
    else:
        _, rows = session.fetch_rows(page_sql(dialect, request, question), end + 1)
        wanted = [question.entry(row) for row in rows]
    return SchemaPage(tuple(wanted[request.offset : end]), len(wanted) > end)


def _fits(entry: SchemaEntry, search: str) -> bool:
    return search.casefold() in entry.name.casefold()


def _until_details(rows: Sequence[Row]) -> Sequence[Row]:
    """DESCRIBE of a partitioned table tells more behind a row without a name."""
    end = next((at for at, row in enumerate(rows) if not row[0] or str(row[0]).startswith("#")), len(rows))
    return rows[:end]


def _filled(sql: str, dialect: SqlDialect, schema: str, table: str = "") -> str:
    publish = dialect.publish
    return sql.format(
        schema=publish.text(schema), table=publish.text(table), quoted_schema=publish.quote(schema),
        quoted_table=publish.quote(table),
    )  # fmt: skip


def _like(dialect: SqlDialect, search: str) -> str:
    escaped = search.lower()
    for special in ("!", "%", "_", "["):
        escaped = escaped.replace(special, f"!{special}")
    return f"LOWER({dialect.publish.quote('name')}) LIKE {dialect.publish.text(f'%{escaped}%')} ESCAPE '!'"


def _schema(row: Row) -> SchemaEntry:
    return SchemaEntry("schema", _text(row[0]), (_text(row[0]),))


def _table(schema: str, row: Row) -> SchemaEntry:
    name, kind, rows = (*row, None, None)[:3] if len(row) < 3 else row[:3]
    if not isinstance(kind, str) or kind not in ("table", "view"):
        # SHOW TABLES answers schema, name and whether it is temporary.
        name, kind, rows = row[1], "table", None
    return SchemaEntry(kind, _text(name), (schema, _text(name)), rows=None if rows is None else max(int(rows), 0))


def _column(path: tuple[str, ...], row: Row) -> SchemaEntry:
    name, kind, nullable, key = (*row, None, None)[:4]
    if nullable not in (0, 1, True, False):
        nullable = key = None
    return SchemaEntry(
        "column", _text(name), (*path, _text(name)), type=_text(kind),
        nullable=None if nullable is None else bool(nullable), key=int(key) if key else None,
    )  # fmt: skip


def _text(value: object) -> str:
    return str(value).rstrip()
