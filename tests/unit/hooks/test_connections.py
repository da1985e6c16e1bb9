"""The embedded warehouse of a task: the project's, but never one in a checkout that Airflow removes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataflow_provider.connectors.connections import WAREHOUSE_ID
from dataflow_provider.errors import AuthorError
from dataflow_provider.hooks.connections import connections_of
from dataflow_provider.spec.project import Project


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH", str(tmp_path / "bundles"))
    return tmp_path / "bundles/pipelines/versions/abc/yaml_pipelines/w/p.yaml"


def test_a_checkout_has_no_embedded_warehouse(checkout: Path) -> None:
    with pytest.raises(AuthorError, match="dataflow_warehouse") as caught:
        connections_of(Project.of(checkout)).get(WAREHOUSE_ID)
    assert caught.value.code == "DF-CONN-001"


def test_the_setting_says_where_the_warehouse_of_a_checkout_lies(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__DATAFLOW__WAREHOUSE", str(tmp_path / "w.duckdb"))
    assert connections_of(Project.of(checkout)).get(WAREHOUSE_ID).host == str(tmp_path / "w.duckdb")


def test_a_folder_of_ones_own_has_one(checkout: Path, tmp_path: Path) -> None:
    project = Project.of(tmp_path / "own/yaml_pipelines/w/p.yaml")
    assert connections_of(project).get(WAREHOUSE_ID).host == str(tmp_path / "own/.dataflow/warehouse.duckdb")
