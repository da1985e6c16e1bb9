"""The questions to each engine's catalogue: kept as they are asked, readable in the engine's own SQL."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from dataflow_provider.connectors.catalogue import catalogue_question, page_sql
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.inspection import SchemaCache
from dataflow_provider.connectors.requests import SchemaPage, SchemaRequest
from dataflow_provider.dialects.registry import DIALECTS, get_dialect

REQUESTS = (
    SchemaRequest(search="it's_50%"),
    SchemaRequest(schema="O'Hara", search="call"),
    SchemaRequest(schema="mart", table="usage"),
)


@pytest.mark.parametrize("name", DIALECTS)
def test_catalogue_is_asked_in_the_engines_own_sql(name: str, repo_root: Path, update_golden: bool) -> None:
    dialect = get_dialect(name)
    statements = [page_sql(dialect, request, catalogue_question(dialect, request)) for request in REQUESTS]
    for sql in statements:
        tree = sqlglot.parse_one(sql, read=dialect.sqlglot)
        assert name == "databricks" or isinstance(tree, exp.Query), sql
    path = repo_root / "tests" / "golden" / "connectors" / "catalogue" / "expected" / f"{name}.sql"
    text = ";\n\n".join(statements) + ";\n"
    if update_golden:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert path.read_text() == text


def test_cache_is_bounded_expires_and_knows_a_changed_connection() -> None:
    now, asked = [0.0], []
    cache = SchemaCache(ttl_s=60, pages=2, clock=lambda: now[0])

    def get(connection: ConnectionSpec, request: SchemaRequest = REQUESTS[0]) -> None:
        def ask() -> SchemaPage:
            asked.append((connection.password, request))
            return SchemaPage(())

        cache.get(connection, request, ask)

    one, changed = (ConnectionSpec("c", "postgres", password=word) for word in ("a", "b"))
    for _ in range(2):
        get(one)
    assert len(asked) == 1
    get(changed)
    assert len(asked) == 2
    now[0] = 61
    get(one)
    assert len(asked) == 3
    for request in REQUESTS[1:]:
        get(one, request)
    get(one)
    assert len(asked) == 6
