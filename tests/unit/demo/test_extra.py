"""Copies of Hello World for scale tests: as many as asked, valid, and untouched when already right."""

from __future__ import annotations

from pathlib import Path

from dataflow_provider.demo.extra import write_extra_pipelines
from dataflow_provider.spec.loader import load_pipeline

PIPELINES = Path(__file__).resolve().parents[3] / "yaml_pipelines"


def test_extra_pipelines_are_valid_and_write_tables_of_their_own(tmp_path: Path) -> None:
    write_extra_pipelines(tmp_path, PIPELINES, 12)
    loaded = [load_pipeline(file) for file in sorted((tmp_path / "scale").glob("*.yaml"))]
    assert [item.findings for item in loaded] == [()] * 12
    tables = {getattr(item.require().nodes["hello"], "table", None) for item in loaded}
    assert len(tables) == 12
    assert "mart.hello_subscribers" not in tables


def test_extra_pipelines_again_keep_their_times_and_drop_what_is_too_many(tmp_path: Path) -> None:
    write_extra_pipelines(tmp_path, PIPELINES, 3)
    first = tmp_path / "scale" / "scale_0001.yaml"
    before = first.stat().st_mtime_ns
    write_extra_pipelines(tmp_path, PIPELINES, 2)
    assert first.stat().st_mtime_ns == before
    assert sorted(file.name for file in (tmp_path / "scale").iterdir()) == ["scale_0001.yaml", "scale_0002.yaml"]


def test_extra_pipelines_of_none_leave_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "extra"
    write_extra_pipelines(folder, PIPELINES, 1)
    write_extra_pipelines(folder, PIPELINES, 0)
    write_extra_pipelines(folder, PIPELINES, 0)
    assert not folder.exists()
