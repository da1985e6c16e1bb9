from __future__ import annotations

from pathlib import Path

import pytest
from airflow.dag_processing.bundles import base
from airflow.dag_processing.dagbag import BundleDagBag

from dataflow_provider.dag_factory.bundles import LocalPipelineBundle
from tests.unit.dag_factory.conftest import WritePipeline


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "get_bundle_storage_root_path", lambda: tmp_path / "storage")


def fill(bundle: LocalPipelineBundle) -> BundleDagBag:
    return BundleDagBag(
        dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name, safe_mode=True, load_op_links=False
    )


def test_bundle_after_create_edit_break_repair_and_delete_shows_what_stands_on_disk(
    pipelines: Path, write_pipeline: WritePipeline
) -> None:
    bundle = LocalPipelineBundle(name="local", path=str(pipelines))
    bundle.initialize()
    assert fill(bundle).dags == {}

    write_pipeline("bills", workspace="billing")
    write_pipeline("calls")
    bundle.refresh()
    assert set(fill(bundle).dags) == {"bills", "calls"}

    write_pipeline("calls", top="owner: team_cdr\n")
    bundle.refresh()
    assert fill(bundle).dags["calls"].owner == "team_cdr"

    broken = write_pipeline("calls", text="apiVersion: dataflow/v1\nkind: Pipeline\nid: calls\nnodse: {}\n")
    bundle.refresh()
    bag = fill(bundle)
    assert set(bag.dags) == {"bills"}
    assert list(bag.import_errors) == ["telecom/calls.py"]
    assert "yaml_pipelines/telecom/calls.yaml:4:1" in bag.import_errors["telecom/calls.py"]

    write_pipeline("calls")
    bundle.refresh()
    assert fill(bundle).import_errors == {}

    broken.unlink()
    bundle.refresh()
    assert set(fill(bundle).dags) == {"bills"}


def test_bundle_with_a_broken_file_reports_all_its_findings(pipelines: Path, write_pipeline: WritePipeline) -> None:
    text = """\
apiVersion: dataflow/v1
kind: Pipeline
id: calls
colour: red
schedule: {cron: "61 6 * * *", timezone: Europe/Warsav}
nodes:
  calls: {type: source.duckdb, table: cdr.voice, tabel: x}
  mart: {type: target.duckdb, from: cals, table: mart.calls}
"""
    write_pipeline("calls", text=text)
    bundle = LocalPipelineBundle(name="local", path=str(pipelines))
    bundle.initialize()
    message = fill(bundle).import_errors["telecom/calls.py"]
    for part in ("calls.yaml:4:", "`colour`", "61 6", "Europe/Warsav", "`tabel`", "`cals`"):
        assert part in message


def test_bundle_with_two_files_of_one_id_reports_both(pipelines: Path, write_pipeline: WritePipeline) -> None:
    write_pipeline("calls")
    write_pipeline("calls", workspace="billing")
    write_pipeline("other")
    bundle = LocalPipelineBundle(name="local", path=str(pipelines))
    bundle.initialize()
    bag = fill(bundle)
    assert set(bag.dags) == {"other"}
    assert "DF-DAG-001" in bag.import_errors["telecom/calls.py"]
    assert "`yaml_pipelines/telecom/calls.yaml`" in bag.import_errors["billing/calls.py"]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("huge", "# " + "x" * 5_000_000, "huge.yaml:1:1"),
        ("empty", "", "empty.yaml:1:1"),
        ("latin", "id: caf\udce9\n", "latin.yaml:1:"),
        ("code", "\rraise SystemExit('ran')\r", "code.yaml:"),
    ],
)
def test_bundle_with_a_file_that_is_no_yaml_reports_it(
    name: str, text: str, expected: str, pipelines: Path, write_pipeline: WritePipeline
) -> None:
    path = write_pipeline(name, text="")
    path.write_bytes(text.encode("utf-8", errors="surrogateescape"))
    write_pipeline("sound")
    bundle = LocalPipelineBundle(name="local", path=str(pipelines))
    bundle.initialize()
    bag = fill(bundle)
    assert expected in bag.import_errors[f"telecom/{name}.py"]
    assert set(bag.dags) == {"sound"}


def test_bundle_in_a_worker_writes_the_stub_of_its_dag_only(
    pipelines: Path, write_pipeline: WritePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "bills")
    for name in ("calls", "bills", "other"):
        write_pipeline(name)
    bundle = LocalPipelineBundle(name="local", path=str(pipelines))
    bundle.initialize()
    assert [path.name for path in bundle.path.rglob("*.py")] == ["bills.py"]


def test_bundles_of_two_folders_with_one_name_keep_apart(
    pipelines: Path, write_pipeline: WritePipeline, tmp_path: Path
) -> None:
    write_pipeline("calls")
    (tmp_path / "empty").mkdir()
    first = LocalPipelineBundle(name="local", path=str(pipelines))
    second = LocalPipelineBundle(name="local", path=str(tmp_path / "empty"))
    first.initialize()
    second.refresh()
    assert set(fill(first).dags) == {"calls"}
    assert fill(second).dags == {}


def test_bundle_without_a_path_serves_the_configured_folder(pipelines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__DATAFLOW__PIPELINES_FOLDER", str(pipelines))
    assert LocalPipelineBundle(name="local").pipelines == pipelines
