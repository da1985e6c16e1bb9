"""Connections through the API: tested, looked into, with secrets masked and pages kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dataflow_provider.api.routes import connections as routes
from dataflow_provider.connectors.inspection import SchemaCache
from tests.unit.api.conftest import Api, Auth, Project


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as raw:
        raw.execute("CREATE SCHEMA mart; CREATE TABLE mart.usage (day DATE NOT NULL PRIMARY KEY, amount DECIMAL(9,2))")
    monkeypatch.setenv("AIRFLOW_CONN_DWH", json.dumps({"conn_type": "duckdb", "host": str(path)}))
    monkeypatch.setattr(routes, "pages", SchemaCache())
    return path


def test_connectors_are_listed_with_their_forms(engineer: Api) -> None:
    answer = engineer.get("/connectors")
    found = {one["name"]: one for one in answer["connectors"]}
    assert found["postgres"]["maturity"] == "live-tested"
    assert [field["name"] for field in found["postgres"]["fields"] if field["secret"]] == ["password"]
    assert answer["broken"] == []


def test_connection_that_answers(engineer: Api, warehouse: Path) -> None:
    response = engineer.send("POST", "/connections/dwh/test", {})
    assert response.status_code == 200
    assert response.json()["ok"] is True


def test_connection_that_does_not_answer_is_told_without_its_password(
    engineer: Api, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    spec = {"conn_type": "postgres", "host": "127.0.0.1", "port": unused_port, "login": "ann", "password": "pa55-word"}
    monkeypatch.setenv("AIRFLOW_CONN_GONE", json.dumps(spec))
    answer = engineer.send("POST", "/connections/gone/test", {}).json()
    assert (answer["ok"], answer["code"]) == (False, "DF-CONN-012")
    assert "`gone`" in answer["message"]
    assert "127.0.0.1" in answer["message"]
    assert answer["hint"]
    assert "pa55-word" not in json.dumps(answer)


def test_schema_is_walked_down_to_columns(engineer: Api, warehouse: Path) -> None:
    assert "mart" in [one["name"] for one in engineer.get("/connections/dwh/schema")["entries"]]
    tables = engineer.get("/connections/dwh/schema", schema="mart", search="USA")["entries"]
    assert [(one["name"], one["kind"]) for one in tables] == [("usage", "table")]
    columns = engineer.get("/connections/dwh/schema", schema="mart", table="usage")["entries"]
    assert [(one["name"], one["type"], one["key"]) for one in columns] == [
        ("day", "DATE", 1), ("amount", "DECIMAL(9,2)", None)
    ]  # fmt: skip


def test_pages_are_kept_until_fresh_ones_are_asked_for(engineer: Api, warehouse: Path) -> None:
    def tables(**more: object) -> list[str]:
        found = engineer.get("/connections/dwh/schema", schema="mart", **more)["entries"]
        return [one["name"] for one in found]

    assert tables() == ["usage"]
    with duckdb.connect(str(warehouse)) as raw:
        raw.execute("CREATE TABLE mart.more (a INTEGER)")
    assert tables() == ["usage"]
    assert tables(fresh=True) == ["more", "usage"]


def test_unknown_connection_and_table_without_schema_are_refused(engineer: Api, warehouse: Path) -> None:
    assert engineer.send("GET", "/connections/none/schema").status_code == 404
    refused = engineer.send("GET", "/connections/dwh/schema", table="usage")
    assert (refused.status_code, refused.json()["code"]) == (422, "DF-CONN-017")


def test_connection_of_another_workspace_is_neither_tested_nor_looked_into(
    project: Project, engineer: Api, auth: Auth, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.publish("usage")
    project.publish("bills", workspace="billing")
    monkeypatch.setenv("AIRFLOW__DATAFLOW__WORKSPACE_CONNECTIONS", '{"billing": ["dwh"], "default": ["own"]}')
    asked: tuple[tuple[str, str, Any], ...] = (
        ("POST", "/connections/dwh/test", {}),
        ("GET", "/connections/dwh/schema", None),
    )
    for method, path, body in asked:
        for params in ({}, {"pipeline": "usage"}):
            refused = engineer.send(method, path, body, **params)
            assert (refused.status_code, refused.json()["code"]) == (422, "DF-CONN-022")
        assert engineer.send(method, path, body, pipeline="bills").status_code == 200
    auth.users["engineer"].dags = {"usage"}
    assert engineer.send("GET", "/connections/dwh/schema", pipeline="bills").status_code == 404


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
