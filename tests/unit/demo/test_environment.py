"""The environment of the demo's Airflow: its own, on loopback, and no other installation's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataflow_provider.connectors.connections import WAREHOUSE_ID, EnvironmentConnections
from dataflow_provider.demo.environment import DemoFolders, airflow_environment
from dataflow_provider.demo.home import DemoHome


@pytest.fixture
def home(tmp_path: Path) -> Iterator[DemoHome]:
    home = DemoHome(tmp_path / ".demo")
    home.lock()
    yield home
    home.unlock()


def build(home: DemoHome, folders: DemoFolders | None = None, **settings: str) -> dict[str, str]:
    folders = folders or DemoFolders(home.root.parent / "yaml_pipelines")
    return airflow_environment(home, folders, port=8123, instance="abc", settings=settings)


def test_environment_drops_what_the_caller_set_for_another_airflow(
    home: DemoHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_CONN_PRODUCTION", "postgres://u:p@prod/db")
    environment = build(home)
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert "AIRFLOW_CONN_PRODUCTION" not in environment


def test_environment_keeps_a_proxy_away_from_loopback(home: DemoHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    assert build(home)["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"


def test_environment_warehouse_is_that_of_the_project(home: DemoHome) -> None:
    connection = EnvironmentConnections(environment=build(home)).get(WAREHOUSE_ID)
    assert connection.host == str(home.root.parent / ".dataflow" / "warehouse.duckdb")


def test_environment_lists_one_bundle_for_each_folder_given(home: DemoHome, tmp_path: Path) -> None:
    folders = DemoFolders(tmp_path / "yaml_pipelines", tmp_path / "extra", tmp_path / "examples")
    bundles = json.loads(build(home, folders)["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"])
    assert [bundle["name"] for bundle in bundles] == ["dataflow", "extra", "examples"]
    only = json.loads(build(home)["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"])
    assert [bundle["name"] for bundle in only] == ["dataflow"]


def test_environment_settings_of_the_caller_win(home: DemoHome) -> None:
    assert build(home, AIRFLOW__CORE__PARALLELISM="1")["AIRFLOW__CORE__PARALLELISM"] == "1"


def test_environment_secrets_stay_from_start_to_start(home: DemoHome) -> None:
    first, second = build(home), build(DemoHome(home.root))
    for name in ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET"):
        assert first[name] == second[name]
