"""Connections of Airflow for commands: what Airflow logs while it looks them up stays out of the command's answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataflow_provider.cli.airflow_connections import command_connections
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.hooks.metadata_connections import AirflowDatabase
from dataflow_provider.spec.project import Project


def test_what_airflow_logs_goes_to_stderr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def get(self: AirflowDatabase, conn_id: str) -> ConnectionSpec:
        print("a line of Airflow's log")
        return ConnectionSpec(conn_id, "sqlite", host="x")

    monkeypatch.setattr(AirflowDatabase, "get", get)
    project = Project.of(tmp_path / "yaml_pipelines/w/p.yaml")
    assert command_connections(project).get("dwh").host == "x"
    told = capfd.readouterr()
    assert told.out == ""
    assert "a line of Airflow's log" in told.err
