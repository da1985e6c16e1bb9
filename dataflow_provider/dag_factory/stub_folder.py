"""The stubs of one pipelines folder, kept equal to the YAML on disk; every write is atomic, nothing is parsed."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dataflow_provider.dag_factory.discovery import PipelineFile, find_pipeline, find_pipelines
from dataflow_provider.dag_factory.stub import render_stub

logger = logging.getLogger(__name__)


class StubFolder:
    """Mirrors `pipelines` into `stubs`; remembers what it has seen, so that an unchanged file costs one `stat`."""

    def __init__(self, pipelines: Path, stubs: Path) -> None:
        self.pipelines = pipelines
        self.stubs = stubs
        self._seen: dict[str, PipelineFile] = {}

    def sync(self) -> None:
        """Stubs equal the pipelines on disk: new and changed ones are written, those of removed pipelines deleted.

        A pipelines folder that is missing as a whole (a volume not mounted yet) leaves all stubs as they are.
        """
        self.stubs.mkdir(parents=True, exist_ok=True)
        if not self.pipelines.is_dir():
            logger.error("pipelines folder missing path=%s", self.pipelines)
            return
        files = find_pipelines(self.pipelines)
        for file in files:
            if self._seen.get(file.relative) != file:
                self._write(file)
        self._remove_all_but({stub_path(file) for file in files})
        self._seen = {file.relative: file for file in files}

    def sync_one(self, pipeline_id: str) -> None:
        """The stub of one pipeline equals its YAML; no other file is looked at."""
        self.stubs.mkdir(parents=True, exist_ok=True)
        for file in find_pipeline(self.pipelines, pipeline_id):
            self._write(file)

    def _write(self, file: PipelineFile) -> None:
        origin, yaml = file.origin, ""
        try:
            yaml = "" if origin.refused else read_yaml(origin.path)
        except FileNotFoundError:
            return  # removed since it was listed: the next refresh sees it gone
        except OSError as exc:
            logger.warning("pipeline unreadable path=%s error=%s", origin.path, exc)
            origin = replace(origin, refused="unreadable")
        if write_if_changed(self.stubs / stub_path(file), render_stub(origin, yaml), file.mtime_ns):
            logger.info("pipeline changed path=%s", origin.shown)

    def _remove_all_but(self, wanted: set[str]) -> None:
        prefix = len(str(self.stubs)) + 1
        for path in stub_files(self.stubs):
            if path[prefix:].replace(os.sep, "/") not in wanted:
                Path(path).unlink(missing_ok=True)
                logger.info("pipeline removed stub=%s", path)


def stub_path(file: PipelineFile) -> str:
    """Return the path of a file's stub below the stub folder: `w/x.py`, or `w/x.yml.py` for a `.yml`."""
    return file.relative.removesuffix(".yaml") + ".py"


def stub_files(stubs: Path) -> Iterator[str]:
    """Yield the paths of all stubs in a stub folder."""
    for folder, _, names in os.walk(stubs):
        yield from (os.path.join(folder, name) for name in names if name.endswith(".py"))


def read_yaml(path: str) -> str:
    """Return a file's text; bytes that are not UTF-8 become lone surrogates, so that nothing is lost."""
    return Path(path).read_bytes().decode("utf-8", errors="surrogateescape")


def write_if_changed(path: Path, text: str, mtime_ns: int) -> bool:
    """Put `text` in place in one step and return True; an equal file is not touched.

    A new file takes the given time (never one in the future: Airflow would parse it again and again). A file that
    replaces another takes the time of now, because Airflow parses again only what is younger than its last parse, and
    that parse may have met the old stub after the YAML was saved.
    """
    content = text.encode("utf-8")
    try:
        if path.read_bytes() == content:
            return False
        stamp = time.time_ns()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        stamp = min(mtime_ns, time.time_ns())
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(draft, 0o644)
        os.utime(draft, ns=(stamp, stamp))
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return True
