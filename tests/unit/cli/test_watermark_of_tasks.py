"""`dataflow watermark` and `dataflow run` where tasks of Airflow keep watermarks too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from airflow.sdk import DAG

from dataflow_provider.airflow_compat import read_asset_states, replace_asset_state
from dataflow_provider.cli.main import main
from dataflow_provider.dag_factory.loading import load_folder
from tests.unit.cli.test_watermark import PIPELINE
from tests.unit.conftest import SyncDags

MARK = {"column": "id", "kind": "integer", "value": "7"}


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sync_dags: SyncDags) -> Path:
    """A pipeline whose Dag Airflow knows, and that tasks have read up to 7."""
    path = tmp_path / "yaml_pipelines" / "w" / "daily.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(PIPELINE)
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    load_folder(namespace, tmp_path / "yaml_pipelines")
    dag: DAG = namespace["pipeline_daily"]
    sync_dags(dag)
    replace_asset_state("dataflow.daily.calls", {"watermark": MARK, "runs": ["a", "b"]})
    (tmp_path / ".dataflow").mkdir()
    with duckdb.connect(str(tmp_path / ".dataflow" / "warehouse.duckdb")) as raw:
        raw.execute("CREATE TABLE calls AS SELECT range AS id FROM range(1, 4)")
    return path


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_both_are_shown_warned_of_and_set_apart(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = answer(capsys, "watermark", "show", "daily")["watermarks"]
    assert (one["kept_in"], one["value"], one["frozen_runs"]) == ("airflow", "7", 2)
    # A watermark of its own: the run reads from the first row, and says that there is another one.
    findings = answer(capsys, "run", str(pipeline))["findings"]
    assert [(finding["code"], finding["severity"]) for finding in findings] == [("DF-RUN-086", "warning")]
    marks = answer(capsys, "watermark", "show", "daily")["watermarks"]
    assert [(one["kept_in"], one["value"]) for one in marks] == [("local", "3"), ("airflow", "7")]
    answer(capsys, "watermark", "reset", "daily", "--in", "airflow", "--to", "2")
    marks = answer(capsys, "watermark", "show", "daily")["watermarks"]
    assert [(one["kept_in"], one["value"]) for one in marks] == [("local", "3"), ("airflow", "2")]
    answer(capsys, "watermark", "reset", "daily")
    assert read_asset_states("dataflow.daily.") == {}
    assert [one["kept_in"] for one in answer(capsys, "watermark", "show", "daily")["watermarks"]] == [None]


def test_reset_of_a_source_that_airflow_does_not_know_is_refused(
    pipeline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.write_text(PIPELINE.replace("calls:", "other:").replace("from: calls", "from: other"))
    assert main(["watermark", "reset", "daily", "--node", "other", "--in", "airflow", "--to", "1", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "DF-RUN-088"
