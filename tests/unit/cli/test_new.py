from __future__ import annotations

import json
from pathlib import Path

import pytest

from dataflow_provider.cli.main import main
from dataflow_provider.spec.format import format_pipeline
from dataflow_provider.spec.loader import load_pipeline


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "yaml_pipelines").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_new_writes_a_valid_file_in_canonical_layout(project: Path) -> None:
    assert main(["new", "first_steps", "--workspace", "billing"]) == 0
    path = project / "yaml_pipelines" / "billing" / "first_steps.yaml"
    assert load_pipeline(path).findings == ()
    assert format_pipeline(path.read_text("utf-8")) == path.read_text("utf-8")


def test_new_inside_the_pipelines_folder_finds_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = project / "yaml_pipelines" / "billing"
    inner.mkdir()
    monkeypatch.chdir(inner)
    assert main(["new", "other", "--workspace", "crm"]) == 0
    assert (project / "yaml_pipelines" / "crm" / "other.yaml").is_file()


def test_new_of_an_existing_file_changes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "first_steps", "--json"]) == 0
    path = Path(json.loads(capsys.readouterr().out)["path"])
    path.write_text("mine")
    assert main(["new", "first_steps"]) == 1
    assert "DF-CLI-004" in capsys.readouterr().err
    assert path.read_text() == "mine"


@pytest.mark.parametrize("arguments", [["Bad-Id"], ["../escape"], ["fine", "--workspace", "../up"]])
def test_new_with_a_bad_name_writes_nothing(project: Path, arguments: list[str]) -> None:
    assert main(["new", *arguments]) == 1
    assert not any((project / "yaml_pipelines").iterdir())


def test_new_connector_writes_a_package_and_never_over_another(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", "connector", "acme_cloud", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["path"] == "acme-cloud-connector"
    assert all((project / answer["path"] / path).is_file() for path in answer["files"])
    assert main(["new", "connector", "acme_cloud"]) == 1
    assert "DF-CLI-004" in capsys.readouterr().err
    for name in ("postgres", "Acme", "a-b"):
        assert main(["new", "connector", name]) == 1
        assert "DF-CLI-003" in capsys.readouterr().err
    assert main(["new", "one", "two"]) == 1
