"""Copies of Hello World under other names, so that a demo can show what hundreds of pipelines feel like."""

from __future__ import annotations

import shutil
from pathlib import Path

ORIGINAL = "telecom/hello_world.yaml"
WORKSPACE = "scale"


def write_extra_pipelines(folder: Path, pipelines: Path, count: int) -> None:
    """`folder` holds exactly `count` pipelines `scale_0001` …; with a count of 0 it is gone.

    Files that are already right keep their time of change, so nothing is parsed anew at the next start.
    """
    if count == 0:
        shutil.rmtree(folder, ignore_errors=True)
        return
    original = (pipelines / ORIGINAL).read_text("utf-8")
    workspace = folder / WORKSPACE
    workspace.mkdir(parents=True, exist_ok=True)
    wanted = {f"scale_{number:04d}" for number in range(1, count + 1)}
    for file in workspace.glob("*.yaml"):
        if file.stem not in wanted:
            file.unlink()
    for pipeline_id in sorted(wanted):
        _write_if_changed(workspace / f"{pipeline_id}.yaml", _renamed(original, pipeline_id))


def _renamed(original: str, pipeline_id: str) -> str:
    number = pipeline_id.rpartition("_")[2]
    return (
        original.replace("id: hello_world", f"id: {pipeline_id}", 1)
        .replace("name: Hello World", f"name: Hello World {number}", 1)
        .replace("table: mart.hello_subscribers", f"table: scale.hello_{number}", 1)
    )


def _write_if_changed(file: Path, text: str) -> None:
    if not file.exists() or file.read_text("utf-8") != text:
        file.write_text(text, "utf-8")
