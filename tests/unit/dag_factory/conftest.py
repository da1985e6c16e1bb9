"""Pipelines to build Dags from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

HEAD = "apiVersion: dataflow/v1\nkind: Pipeline\n"
NODES = """\
nodes:
  calls: {type: source.duckdb, table: cdr.voice}
  long_calls: {type: transform.filter, from: calls, where: duration_s > 60}
  mart:
    type: target.duckdb
    from: long_calls
    table: mart.calls
    write: {mode: overwrite}
"""

WritePipeline = Callable[..., Path]


@pytest.fixture
def pipelines(tmp_path: Path) -> Path:
    """An empty pipelines folder of a project."""
    folder = tmp_path / "project" / "yaml_pipelines"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def write_pipeline(pipelines: Path) -> WritePipeline:
    """Write a pipeline file: a sound one, with `top` as further top-level lines, or exactly `text`."""

    def write(pipeline_id: str, *, workspace: str = "telecom", top: str = "", text: str | None = None) -> Path:
        path = pipelines / workspace / f"{pipeline_id}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{HEAD}id: {pipeline_id}\n{top}{NODES}" if text is None else text, encoding="utf-8")
        return path

    return write
