"""Schemas, tables and columns as each engine's own catalogue tells them."""

from __future__ import annotations

import pytest

from dataflow_provider.connectors.base import SessionOptions, SqlSession
from dataflow_provider.connectors.lock import Holder
from dataflow_provider.connectors.registry import get_connector
from dataflow_provider.connectors.requests import SchemaRequest
from tests.engines.live import LiveEngine


def test_catalogue_tells_tables_columns_and_keys(live_engine: LiveEngine) -> None:
    connector = get_connector(live_engine.name)
    schema = live_engine.schema or "main"
    with live_engine.open() as session:
        make(live_engine, session)
        assert schema in [one.name for one in connector.discover_schema(session, SchemaRequest(limit=1000)).entries]
        tables = connector.discover_schema(session, SchemaRequest(schema=schema)).entries
        assert [(one.name, one.kind) for one in tables] == [("calls", "table"), ("calls_v", "view"), ("it's", "table")]
        assert all(one.rows is None or one.rows >= 0 for one in tables)
        columns = connector.discover_schema(session, SchemaRequest(schema=schema, table="calls")).entries
        assert [(one.name, one.nullable, one.key) for one in columns] == [
            ("b", False, 2), ("a", False, 1), ("note", True, None)
        ]  # fmt: skip
        assert all(one.type for one in columns)


def test_catalogue_is_searched_and_paged(live_engine: LiveEngine) -> None:
    connector = get_connector(live_engine.name)
    schema = live_engine.schema or "main"
    with live_engine.open() as session:
        make(live_engine, session)
        page = connector.discover_schema(session, SchemaRequest(schema=schema, limit=1))
        assert ([one.name for one in page.entries], page.more) == (["calls"], True)
        page = connector.discover_schema(session, SchemaRequest(schema=schema, offset=2, limit=1))
        assert ([one.name for one in page.entries], page.more) == (["it's"], False)
        for search, found in (("CALLS_", ["calls_v"]), ("t'", ["it's"]), ("%", []), ("' OR 1 = 1 --", [])):
            page = connector.discover_schema(session, SchemaRequest(schema=schema, search=search))
            assert [one.name for one in page.entries] == found
        assert connector.discover_schema(session, SchemaRequest(schema="nowhere' --")).entries == ()


def make(engine: LiveEngine, session: SqlSession) -> None:
    calls = engine.table("calls")
    session.execute(
        f"CREATE TABLE {calls} (b INTEGER NOT NULL, a INTEGER NOT NULL, note VARCHAR(20), PRIMARY KEY (a, b))"
    )
    session.execute(f"CREATE VIEW {engine.table('calls_v')} AS SELECT a FROM {calls}")
    odd = engine.table("it's")
    session.execute(f"CREATE TABLE {odd} (a INTEGER)")


def test_snowflake_stand_in_tells_tables_and_columns(request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("fakesnow_server").with_database("CATALOGUE_TEST")
    connector = get_connector("snowflake")
    with connector.open(server.spec, SessionOptions(Holder("tests", "catalogue"))) as session:
        schema = str(server.spec.schema)
        session.execute('CREATE TABLE "CALLS" ("A" INTEGER NOT NULL, "NOTE" VARCHAR(20))')
        tables = connector.discover_schema(session, SchemaRequest(schema=schema, search="call")).entries
        assert [(one.name, one.kind) for one in tables] == [("CALLS", "table")]
        columns = connector.discover_schema(session, SchemaRequest(schema=schema, table="CALLS")).entries
        assert [one.name for one in columns] == ["A", "NOTE"]


def test_databricks_stand_in_tells_tables_and_columns(request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("databricks_server")
    server.query("CREATE SCHEMA IF NOT EXISTS catalogue_test")
    connector = get_connector("databricks")
    spec = server.with_schema("catalogue_test").spec
    with connector.open(spec, SessionOptions(Holder("tests", "catalogue"))) as session:
        session.execute("CREATE OR REPLACE TABLE catalogue_test.calls (a INT, note STRING) USING DELTA")
        names = [one.name for one in connector.discover_schema(session, SchemaRequest(limit=1000)).entries]
        assert "catalogue_test" in names
        tables = connector.discover_schema(session, SchemaRequest(schema="catalogue_test", search="CALL")).entries
        assert [(one.name, one.kind) for one in tables] == [("calls", "table")]
        columns = connector.discover_schema(session, SchemaRequest(schema="catalogue_test", table="calls")).entries
        assert [(one.name, one.type) for one in columns] == [("a", "int"), ("note", "string")]
    server.query("DROP SCHEMA catalogue_test CASCADE")
