"""The Dag bundle of a pipelines folder: Airflow sees one stub per YAML, each with its own import error and parse time.

The Dag processor mirrors the whole folder at each refresh; a worker only the one file that its task needs.
"""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.base import BaseDagBundle
from airflow.sdk import get_parsing_context

from dataflow_provider.dag_factory.stub_folder import StubFolder
from dataflow_provider.settings import Settings


class LocalPipelineBundle(BaseDagBundle):
    """A folder of pipelines, `<path>/<workspace>/<id>.yaml`, as Airflow Dags.

    Args:
        path: The pipelines folder; `[dataflow] pipelines_folder` when omitted.
        kwargs: What every bundle takes: `name`, `refresh_interval`, `version`, `view_url_template`.
    """

    supports_versioning = False

    def __init__(self, *, path: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pipelines = Path(path) if path else Settings.load().pipelines_folder
        # Two installations of one machine share the storage folder; the digest keeps their stubs apart.
        digest = hashlib.sha256(str(pipelines.absolute()).encode()).hexdigest()[:12]
        self._folder = StubFolder(pipelines, self.base_dir / "stubs" / digest)

    @property
    def path(self) -> Path:
        """The folder of stubs."""
        return self._folder.stubs

    @property
    def pipelines(self) -> Path:
        """The folder of YAML files."""
        return self._folder.pipelines

    def initialize(self) -> None:
        mirror(self._folder)
        super().initialize()

    def refresh(self) -> None:
        preload_parser()
        with self.lock():
            self._folder.sync()

    def get_current_version(self) -> None:
        """A folder has no version."""


def mirror(folder: StubFolder) -> None:
    """Write the stub of the Dag this process was started for, or all stubs when it was not started for one."""
    dag_id = get_parsing_context().dag_id
    if dag_id is None:
        folder.sync()
    else:
        folder.sync_one(dag_id)


def preload_parser() -> None:
    """The code that parses pipelines is in memory: the Dag processor forks for each file, and children inherit it."""
    importlib.import_module("dataflow_provider.dag_factory.loading")


def write_stubs(pipelines: Path, stubs: Path) -> None:
    """Write the stubs of a pipelines folder, for tools and benchmarks that run without a bundle."""
    StubFolder(pipelines, stubs).sync()
