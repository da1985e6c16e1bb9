"""The tour's parts that need no running Airflow."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dataflow_provider.demo.tour import SHOWN, ShownRun, Tour, find_project
from dataflow_provider.errors import AuthorError

ROOT = Path(__file__).resolve().parents[3]


def make_project(folder: Path) -> Path:
    (folder / "yaml_pipelines" / "telecom").mkdir(parents=True)
    shutil.copy(ROOT / "yaml_pipelines" / "telecom" / "hello_world.yaml", folder / "yaml_pipelines" / "telecom")
    return folder


def test_find_project_prefers_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_project(tmp_path / "mine"))
    assert find_project(None) == tmp_path / "mine"


def test_find_project_elsewhere_is_the_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_project(None) == ROOT


def test_find_project_takes_the_wanted_folder_only(tmp_path: Path) -> None:
    assert find_project(make_project(tmp_path / "mine")) == tmp_path / "mine"
    with pytest.raises(AuthorError, match=r"DF-DEMO-005.*--project DIR") as caught:
        find_project(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_shown_pipelines_are_samples() -> None:
    samples = {path.stem for path in (ROOT / "yaml_pipelines").glob("*/*.yaml")}
    assert set(SHOWN) <= samples


def test_tour_as_json_rounds_its_seconds() -> None:
    run = ShownRun("hello_world", "manual__x", "success", 3.14159)
    assert Tour("http://127.0.0.1:8080", (run,), 41.98765).to_json() == {
        "ok": True,
        "url": "http://127.0.0.1:8080",
        "seconds": 42.0,
        "runs": [{"pipeline": "hello_world", "run_id": "manual__x", "state": "success", "seconds": 3.1}],
    }
