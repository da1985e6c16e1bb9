"""Connections of the environment, read as Airflow reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dataflow_provider.connectors.connections import ConnectionSpec, EnvironmentConnections, parse_connection
from dataflow_provider.errors import AuthorError

FIELDS = ("conn_type", "host", "port", "schema", "login", "password")

TEXTS = [
    "postgres://user:pa%20ss%2Fw%40rd@db.example:5433/my%20db?sslmode=require&x=a%26b",
    "postgresql://u@h/d",
    "duckdb://%2Fdata%2Ffile.duckdb",
    "my-type://:secret@host",
    "snowflake://u:p@/db?__extra__=%7B%22account%22%3A%20%22x%22%2C%20%22n%22%3A%20%7B%22a%22%3A%201%7D%7D",
    json.dumps({"conn_type": "mysql", "host": "h", "port": "3306", "extra": '{"a": {"b": 1}}'}),
    json.dumps({"conn_type": "duckdb", "host": "/data/file.duckdb", "extra": {"a": 1}}),
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_read_as_airflow_reads_it(text: str) -> None:
    from airflow.sdk import Connection

    ours = parse_connection("c", text)
    theirs = Connection.from_json(text, conn_id="c") if text.startswith("{") else Connection.from_uri(text, conn_id="c")
    assert {name: getattr(ours, name) or None for name in FIELDS} == {
        name: getattr(theirs, name) or None for name in FIELDS
    }
    assert dict(ours.extra) == theirs.extra_dejson


@pytest.mark.parametrize(
    "text",
    ["{broken", "nonsense", '{"host": "h"}', '{"conn_type": "x", "hots": "h"}', "pg://h:port/", '{"conn_type": 1'],
)
def test_unreadable_text_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(AuthorError) as caught:
        parse_connection("dwh", text)
    assert caught.value.code == "DF-CONN-002"
    assert "AIRFLOW_CONN_DWH" in caught.value.message
    assert "broken" not in str(caught.value)


def test_missing_connection_says_how_to_define_it() -> None:
    with pytest.raises(AuthorError) as caught:
        EnvironmentConnections(environment={}).get("dwh")
    assert caught.value.code == "DF-CONN-001"
    assert "AIRFLOW_CONN_DWH" in str(caught.value)


def test_environment_comes_first_then_the_fallback_then_the_warehouse() -> None:
    class Fallback:
        def get(self, conn_id: str) -> ConnectionSpec:
            if conn_id == "b":
                return ConnectionSpec("b", "duckdb", host="from fallback")
            raise AuthorError("DF-CONN-001", "missing")

    def host(conn_id: str, environment: dict[str, str]) -> Any:
        return EnvironmentConnections("/w.duckdb", environment=environment, fallback=Fallback()).get(conn_id).host

    assert host("b", {"AIRFLOW_CONN_B": '{"conn_type": "duckdb", "host": "from environment"}'}) == "from environment"
    assert host("b", {}) == "from fallback"
    assert host("dataflow_warehouse", {}) == "/w.duckdb"
    assert host("dataflow_warehouse", {"AIRFLOW_CONN_DATAFLOW_WAREHOUSE": "duckdb://%2Fmine"}) == "/mine"
    with pytest.raises(AuthorError):
        host("c", {})


def test_memory_is_refused_where_stages_are_processes() -> None:
    environment = {"AIRFLOW_CONN_M": '{"conn_type": "duckdb", "host": ":memory:"}'}
    assert EnvironmentConnections(environment=environment).get("m").host == ":memory:"
    with pytest.raises(AuthorError, match="DF-CONN-007"):
        EnvironmentConnections(environment=environment, one_process=False).get("m")


def test_repr_shows_no_secret() -> None:
    spec = parse_connection("c", "postgres://me:hidden1@h/d?token=hidden2")
    assert "hidden" not in repr(spec)
    assert "me" in repr(spec)
